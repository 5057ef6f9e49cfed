//! `printf`: values in a form.

use super::evaluate::{Evaluation, Result, wrong};
use super::value::Value;
use crate::language::At;

/// The text that `printf` makes of a form and values.
pub(super) fn formatted(
    evaluation: &mut Evaluation<'_>,
    form: &[u8],
    values: &[Value],
    at: At,
) -> Result<Vec<u8>> {
    let (mut text, mut values, mut rest) = (Vec::new(), values.iter(), form);
    while let Some((byte, after)) = rest.split_first() {
        if *byte != b'%' {
            text.push(*byte);
            rest = after;
            continue;
        }
        let (directive, after) = Directive::read(after);
        rest = after;
        if directive.conversion == b'%' {
            text.push(b'%');
            continue;
        }
        let Some(value) = values.next() else {
            return wrong(at, "the form of printf names more values than there are");
        };
        text.extend(directive.shown(evaluation, value, at)?);
    }
    Ok(text)
}

/// What stands behind a percent sign.
struct Directive {
    left: bool,
    zeros: bool,
    alternative: bool,
    width: usize,
    /// In bytes.
    size: u8,
    conversion: u8,
}

impl Directive {
    /// Reads a directive. Returns it, and what comes after it.
    fn read(form: &[u8]) -> (Directive, &[u8]) {
        let mut rest = form;
        let mut directive =
            Directive { left: false, zeros: false, alternative: false, width: 0, size: 4, conversion: 0 };
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            match byte {
                b'-' => directive.left = true,
                b'0' if directive.width == 0 => directive.zeros = true,
                b'#' => directive.alternative = true,
                b'0'..=b'9' => directive.width = (directive.width * 10 + usize::from(byte - b'0')).min(999),
                b'l' | b'z' | b'j' | b't' => directive.size = 8,
                b'h' => directive.size /= 2,
                b' ' | b'+' | b'.' => {}
                conversion => {
                    directive.conversion = *conversion;
                    break;
                }
            }
        }
        (directive, rest)
    }

    fn shown(&self, evaluation: &mut Evaluation<'_>, value: &Value, at: At) -> Result<Vec<u8>> {
        let ty = |signed| super::ty::Ty::Integer { size: self.size.max(1), signed };
        let text = match self.conversion {
            b'd' | b'i' => value.cast(ty(true)).signed().to_string(),
            b'u' => value.cast(ty(false)).bits().to_string(),
            b'x' if self.alternative => format!("{:#x}", value.cast(ty(false)).bits()),
            b'x' => format!("{:x}", value.cast(ty(false)).bits()),
            b'X' => format!("{:X}", value.cast(ty(false)).bits()),
            b'o' if self.alternative => format!("0{:o}", value.cast(ty(false)).bits()),
            b'o' => format!("{:o}", value.cast(ty(false)).bits()),
            b'p' if value.bits() == 0 => "(nil)".to_owned(),
            b'p' => format!("{:#x}", value.bits()),
            b'c' => return Ok(self.padded(vec![value.bits() as u8])),
            b's' => {
                let text = evaluation.text(value.bits(), at)?;
                return Ok(self.padded(text));
            }
            other => {
                let shown = char::from(other);
                return wrong(at, format!("printf knows %d %i %u %x %X %o %p %c %s %%, and not %{shown}"));
            }
        };
        Ok(self.padded(text.into_bytes()))
    }

    fn padded(&self, mut text: Vec<u8>) -> Vec<u8> {
        let missing = self.width.saturating_sub(text.len());
        if self.left {
            text.extend(vec![b' '; missing]);
            return text;
        }
        let fill = if self.zeros && self.conversion != b's' { b'0' } else { b' ' };
        let mut padded = vec![fill; missing];
        padded.extend(text);
        padded
    }
}
