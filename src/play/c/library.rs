//! The functions of the C library that need no kernel.

use playground_core::Errno;

use super::call::Parameter::{self, Int, More, Pointer, Size};
use super::evaluate::{Evaluation, Result, wrong};
use super::printf;
use super::ty::Ty;
use super::value::Value;
use super::wait;
use crate::language::{At, Expr};

/// How long a string may be: longer, and a zero byte is missing.
const LONGEST: usize = 1 << 20;
/// What is longer is copied in pieces of so many bytes, which are told as one.
pub const PIECE: u64 = 1 << 20;
/// So many bytes are copied or filled at once, and no more.
const MOST: u64 = 16 << 20;
/// A string is read up to the next multiple of so many bytes, so that no read goes further than a page that is there.
const CHUNK: u64 = 64;

/// The functions, and their parameters.
const LIBRARY: [(&str, &[Parameter]); 11] = [
    ("strcpy", &[Pointer, Pointer]),
    ("memcpy", &[Pointer, Pointer, Size]),
    ("memset", &[Pointer, Int, Size]),
    ("strlen", &[Pointer]),
    ("puts", &[Pointer]),
    ("printf", &[Pointer, More]),
    ("perror", &[Pointer]),
    ("WIFEXITED", &[Int]),
    ("WEXITSTATUS", &[Int]),
    ("WIFSIGNALED", &[Int]),
    ("WTERMSIG", &[Int]),
];

impl Evaluation<'_> {
    pub(super) fn library(&mut self, name: &str, arguments: &[Expr], at: At) -> Result<Value> {
        let Some((name, parameters)) = LIBRARY.iter().find(|(known, _)| *known == name) else {
            return wrong(at, format!("there is no function {name}"));
        };
        let values = self.arguments(name, parameters, arguments, at)?;
        match (*name, values.as_slice()) {
            ("strcpy", [to, from]) => {
                let mut text = self.text(from.bits(), at)?;
                text.push(0);
                self.copied(to, &text, at)
            }
            ("memcpy", [to, from, length]) => {
                self.allow_length(name, &[(from, false), (to, true)], length.bits(), at)?;
                self.in_pieces(to, length.bits(), at, |evaluation, done, length| {
                    evaluation.load(from.bits().wrapping_add(done), length, at)
                })
            }
            ("memset", [to, byte, length]) => {
                self.allow_length(name, &[(to, true)], length.bits(), at)?;
                let byte = byte.bits() as u8;
                self.in_pieces(to, length.bits(), at, |_, _, length| Ok(vec![byte; length as usize]))
            }
            ("strlen", [text]) => Ok(Value::new(Ty::SIZE, self.text(text.bits(), at)?.len() as u64)),
            ("puts", [text]) => {
                let mut text = self.text(text.bits(), at)?;
                text.push(b'\n');
                Ok(self.print(&text))
            }
            ("printf", [form, values @ ..]) => {
                let form = self.text(form.bits(), at)?;
                let text = printf::formatted(self, &form, values, at)?;
                Ok(self.print(&text))
            }
            ("perror", [text]) => self.perror(text, at),
            (_, [status]) => Ok(Value::int(wait::of_status(name, status.as_int()))),
            _ => wrong(at, format!("{name} takes other arguments")),
        }
    }

    /// Stores bytes, and returns where, as the functions that copy do.
    fn copied(&mut self, to: &Value, bytes: &[u8], at: At) -> Result<Value> {
        if !bytes.is_empty() {
            self.store(to.bits(), bytes, at)?;
        }
        Ok(Value::new(to.ty.decayed(), to.bits()))
    }

    /// Refuses a length that would take too long, where all of it is there. Where it is not, the process dies of it in
    /// time.
    fn allow_length(&mut self, name: &str, places: &[(&Value, bool)], length: u64, at: At) -> Result<()> {
        for (place, writes) in places {
            if length <= MOST || !self.reaches(place.bits(), MOST, *writes)? {
                return Ok(());
            }
        }
        wrong(
            at,
            format!(
                "{name} takes at most {MOST} bytes (16 MiB) at once here: do it in parts, as with p + {MOST}"
            ),
        )
    }

    /// Stores bytes piece by piece, each as it is asked for: from where on, and how many. Returns where the first is.
    fn in_pieces(
        &mut self,
        to: &Value,
        length: u64,
        at: At,
        piece: impl Fn(&mut Self, u64, u64) -> Result<Vec<u8>>,
    ) -> Result<Value> {
        let mut done = 0;
        while done < length {
            let bytes = piece(self, done, (length - done).min(PIECE))?;
            self.store(to.bits().wrapping_add(done), &bytes, at)?;
            done += bytes.len() as u64;
        }
        Ok(Value::new(to.ty.decayed(), to.bits()))
    }

    fn print(&mut self, text: &[u8]) -> Value {
        self.printed.extend_from_slice(text);
        Value::int(text.len() as i32)
    }

    fn perror(&mut self, text: &Value, at: At) -> Result<Value> {
        let mut line = self.text(text.bits(), at)?;
        let errno = self.errno();
        line.extend_from_slice(b": ");
        let meaning = if errno == 0 { "Success".to_owned() } else { Errno::from_raw(errno).meaning() };
        line.extend_from_slice(meaning.as_bytes());
        line.push(b'\n');
        self.print(&line);
        Ok(Value::none())
    }

    /// The bytes at an address up to the first zero.
    pub(super) fn text(&mut self, address: u64, at: At) -> Result<Vec<u8>> {
        self.text_up_to(address, None, at)
    }

    /// The bytes at an address up to the first zero, or up to so many: then no zero needs to be there.
    pub(super) fn text_up_to(&mut self, address: u64, most: Option<usize>, at: At) -> Result<Vec<u8>> {
        let (mut text, mut next) = (Vec::new(), address);
        let wanted = most.unwrap_or(LONGEST);
        while text.len() < wanted {
            let length = self.readable(next, (CHUNK - next % CHUNK).min((wanted - text.len()) as u64));
            let bytes = self.load(next, length, at)?;
            match bytes.iter().position(|byte| *byte == 0) {
                Some(end) => {
                    text.extend_from_slice(&bytes[..end]);
                    return Ok(text);
                }
                None => text.extend_from_slice(&bytes),
            }
            next += length;
        }
        if most.is_some() { Ok(text) } else { wrong(at, "no zero byte ends this string") }
    }
}
