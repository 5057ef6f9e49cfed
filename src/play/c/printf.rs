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
        directive.note_mismatch(evaluation, value);
        text.extend(directive.shown(evaluation, value, at)?);
    }
    if values.next().is_some() {
        evaluation.note("printf has more values than its form names: C leaves the others out.");
    }
    Ok(text)
}

/// What stands behind a percent sign.
#[derive(Default)]
struct Directive {
    left: bool,
    zeros: bool,
    alternative: bool,
    /// What stands before a number that is not negative: a plus, or a blank.
    plus: &'static str,
    width: usize,
    /// How many digits a number has at least, and how many bytes a text has at most.
    precision: Option<usize>,
    /// In bytes.
    size: u8,
    conversion: u8,
}

/// A number with one more digit. No more than a screen is asked for: a terminal is no place for a million blanks.
fn with_digit(number: usize, digit: u8) -> usize {
    (number * 10 + usize::from(digit - b'0')).min(999)
}

impl Directive {
    /// Reads a directive. Returns it, and what comes after it.
    fn read(form: &[u8]) -> (Directive, &[u8]) {
        let mut rest = form;
        let mut directive = Directive { size: 4, ..Directive::default() };
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            if !directive.takes(*byte) {
                directive.conversion = *byte;
                break;
            }
        }
        (directive, rest)
    }

    /// Takes a byte that stands before the conversion, if it is one.
    fn takes(&mut self, byte: u8) -> bool {
        match (byte, &mut self.precision) {
            (b'0'..=b'9', Some(digits)) => *digits = with_digit(*digits, byte),
            (b'0', None) if self.width == 0 => self.zeros = true,
            (b'0'..=b'9', None) => self.width = with_digit(self.width, byte),
            (b'.', precision @ None) => *precision = Some(0),
            (b'-', _) => self.left = true,
            (b'#', _) => self.alternative = true,
            (b'+', _) => self.plus = "+",
            (b' ', _) if self.plus.is_empty() => self.plus = " ",
            (b' ', _) => {}
            (b'l' | b'z' | b'j' | b't', _) => self.size = 8,
            (b'h', _) => self.size /= 2,
            _ => return false,
        }
        true
    }

    /// A value of another type than the directive is for: C takes its bits for what the directive says.
    fn note_mismatch(&self, evaluation: &mut Evaluation<'_>, value: &Value) {
        let wants_address = matches!(self.conversion, b's' | b'p');
        let wants_long = self.size == 8 && self.conversion != b'c';
        let is_long = value.ty.size() == 8;
        let (given, right) = match &value.ty {
            ty if ty.is_pointer() && !wants_address => ("an address", "%p, or %s for a text"),
            ty if ty.is_integer() && wants_address => ("a number", "%d"),
            ty if ty.is_integer() && is_long && !wants_long => ("a long", "%ld, or %lu without a sign"),
            ty if ty.is_integer() && !is_long && wants_long => ("an int", "%d, or %u without a sign"),
            _ => return,
        };
        let conversion = char::from(self.conversion);
        let length = if wants_long { "l" } else { "" };
        evaluation.note(format!(
            "printf gets {given} for %{length}{conversion}, and takes its bits for what that wants: write {right}."
        ));
    }

    fn shown(&self, evaluation: &mut Evaluation<'_>, value: &Value, at: At) -> Result<Vec<u8>> {
        let ty = |signed| super::ty::Ty::Integer { size: self.size.max(1), signed };
        let (signed, bits) = (value.cast(ty(true)).signed(), value.cast(ty(false)).bits());
        let prefix = |prefix: &'static str| if self.alternative && bits != 0 { prefix } else { "" };
        let text = match self.conversion {
            b'd' | b'i' if signed < 0 => self.number("-", signed.unsigned_abs().to_string()),
            b'd' | b'i' => self.number(self.plus, signed.to_string()),
            b'u' => self.number("", bits.to_string()),
            b'x' => self.number(prefix("0x"), format!("{bits:x}")),
            b'X' => self.number(prefix("0X"), format!("{bits:X}")),
            b'o' => self.number("", format!("{}{bits:o}", prefix("0"))),
            b'p' if value.bits() == 0 => b"(nil)".to_vec(),
            b'p' => format!("{:#x}", value.bits()).into_bytes(),
            b'c' => vec![value.bits() as u8],
            b's' => evaluation.text_up_to(value.bits(), self.precision, at)?,
            other => {
                let shown = char::from(other);
                return wrong(at, format!("printf knows %d %i %u %x %X %o %p %c %s %%, and not %{shown}"));
            }
        };
        Ok(self.padded(text))
    }

    /// A number behind its sign or its prefix, with as many zeros between them as are asked for.
    fn number(&self, before: &str, digits: String) -> Vec<u8> {
        let (digits, least) = match self.precision {
            Some(0) if digits == "0" => {
                (String::new(), usize::from(self.alternative && self.conversion == b'o'))
            }
            Some(least) => (digits, least),
            None if self.zeros && !self.left => (digits, self.width.saturating_sub(before.len())),
            None => (digits, 0),
        };
        format!("{before}{digits:0>least$}").into_bytes()
    }

    fn padded(&self, mut text: Vec<u8>) -> Vec<u8> {
        let mut blanks = vec![b' '; self.width.saturating_sub(text.len())];
        if self.left {
            text.extend(blanks);
            return text;
        }
        blanks.extend(text);
        blanks
    }
}
