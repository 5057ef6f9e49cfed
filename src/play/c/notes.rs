//! What C takes in silence, and a reader should be told.
//!
//! **Invariant:** a note changes nothing: what C would do is done all the same.

use playground_core::machine::Space;

use super::arena::Arena;
use super::call::Parameter;
use super::evaluate::{Evaluation, Place, Result};
use super::ty::Ty;
use super::value::Value;
use crate::language::{At, Binary, Expr, Kind};

/// What `shmat` returns when it fails.
const FAILED: u64 = u64::MAX;

impl Evaluation<'_> {
    /// C would warn of an integer where an address is wanted, and of an address where an integer is.
    pub(super) fn note_kind(&mut self, name: &str, parameter: Parameter, argument: &Expr, value: &Value) {
        let is_null = matches!(argument.kind, Kind::Integer { value: 0, .. });
        let (wanted, given) = match parameter {
            Parameter::Pointer if value.ty.is_integer() && !is_null => ("an address", "a number"),
            Parameter::Int | Parameter::Size if value.ty.is_pointer() => ("a number", "an address"),
            _ => return,
        };
        self.note(format!("{name} wants {wanted} here, and {argument} is {given}: C only warns of it."));
    }

    /// C would take a number in silence that the parameter's type does not hold.
    pub(super) fn note_cut(&mut self, name: &str, parameter: Parameter, argument: &Expr, value: &Value) {
        let becomes = match parameter {
            Parameter::Int if value.is_cut_by(&Ty::INT) => {
                format!("an int here, which has 32 bits: {argument} becomes {}", value.as_int())
            }
            Parameter::Size if value.is_negative() => {
                format!("a size_t here, which has no sign: {argument} becomes {}", value.bits())
            }
            _ => return,
        };
        self.note(format!("{name} takes {becomes}."));
    }

    /// What becomes of a value in a place of another type.
    pub(super) fn note_conversion(&mut self, place: &Place, before: &Value, after: &Value) {
        let (ty, bits) = (&place.ty, 8 * place.ty.size());
        if before.ty.is_pointer() && ty.is_integer() {
            let cut = if bits < 64 {
                format!(": {ty} has {bits} bits, and the rest of the address is lost")
            } else {
                String::new()
            };
            self.note(format!("An address is put into {ty}{cut}. A compiler warns of it, or refuses it."));
        } else if before.ty.is_integer() && ty.is_pointer() && before.bits() != 0 {
            self.note(format!(
                "The number {} is put into a {ty} as an address. A compiler warns of it, or refuses it.",
                before.in_decimal()
            ));
        } else if before.is_cut_by(ty) || before.changes_sign_in_short(ty) {
            self.note(format!(
                "{ty} has {bits} bits: {} becomes {}.",
                before.in_decimal(),
                after.in_decimal()
            ));
        }
    }

    /// `shmat(…) == NULL` is never true, and neither is `p == NULL` for what it returned.
    pub(super) fn note_null(&mut self, one: &Expr, value: &Value) {
        let is_call = matches!(&one.kind, Kind::Call(name, _) if name == "shmat");
        let begins = |space: &Space| space.views().any(|(mapping, _)| mapping.start == value.bits());
        let is_kept = || {
            matches!(one.kind, Kind::Name(_))
                && value.ty.is_pointer()
                && (value.bits() == FAILED || self.space().is_some_and(begins))
        };
        if is_call || is_kept() {
            self.note("shmat does not return NULL when it fails: it returns (void *) -1.");
        }
    }

    /// The memory of the process that acts.
    pub(super) fn space(&self) -> Option<&Space> {
        let process = self.context.machine.processes.get(&self.context.pid)?;
        self.context.machine.spaces.get(&process.space).map(|space| &**space)
    }

    /// A mode that is written as one says it, and is decimal.
    pub(super) fn note_mode(&mut self, written: &Expr) {
        match &written.kind {
            Kind::Binary(Binary::Or | Binary::Add, left, right) => {
                self.note_mode(left);
                self.note_mode(right);
            }
            Kind::Integer { value, text } if looks_like_a_mode(text) => self.note(format!(
                "{text} is decimal, and 0{value:o} in octal. A mode begins with a 0 in C: 0{text}."
            )),
            _ => {}
        }
    }

    /// More is written than there is room for: in a variable, or in a segment whose last page goes on.
    pub(super) fn note_overrun(&mut self, address: u64, length: u64) {
        let note = if Arena::holds(address) {
            self.arena.at(address).filter(|(_, rest)| length > *rest).map(|(name, rest)| {
                format!(
                    "{} written where {name} has {rest}: the rest goes over what lies behind it, and C says nothing.",
                    bytes_are(length)
                )
            })
        } else {
            self.segment_at(address).filter(|(_, rest)| *rest < length as i64).map(|(id, rest)| {
                format!(
                    "{} written where segment {id} has {}: its last page goes on behind them, so that nothing stops it.",
                    bytes_are(length),
                    rest.max(0)
                )
            })
        };
        if let Some(note) = note {
            self.note(note);
        }
    }

    /// What a call copies from an address. Where a variable has less, zeros stand for what lies behind all variables.
    pub(super) fn load_record(&mut self, address: u64, length: u64, at: At) -> Result<Vec<u8>> {
        let short = self.arena.at(address).filter(|(_, rest)| length > *rest).map(|(name, rest)| {
            format!(
                "{} read where {name} has {rest}: the rest is whatever lies behind it, and C says nothing.",
                bytes_are(length)
            )
        });
        let Some(note) = short else { return self.load(address, length, at) };
        self.note(note);
        let there = self.readable(address, length);
        let mut bytes = self.load(address, there, at)?;
        bytes.resize(length as usize, 0);
        Ok(bytes)
    }

    /// The segment that is mapped at an address, and how many of its bytes lie behind: fewer than 0 in its last page.
    fn segment_at(&self, address: u64) -> Option<(i32, i64)> {
        let mapping = self.space()?.at(address)?;
        let view = mapping.view()?;
        let segments = &self.context.machine.namespaces.get(&view.namespace)?.segments;
        let size = segments.find(view.shmid).ok()?.size;
        let at = view.offset * self.context.machine.host.page_size + (address - mapping.start);
        Some((view.shmid, size as i64 - at as i64))
    }
}

fn bytes_are(length: u64) -> String {
    if length == 1 { "1 byte is".to_owned() } else { format!("{length} bytes are") }
}

/// `600`: three digits of which each could be one of a mode, and no 0 before them.
fn looks_like_a_mode(text: &str) -> bool {
    text.len() == 3 && !text.starts_with('0') && text.bytes().all(|digit| (b'0'..=b'7').contains(&digit))
}
