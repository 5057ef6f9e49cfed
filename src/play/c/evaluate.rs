//! Finds what a statement means, asking for answers where it needs them.

use std::slice::Iter;

use playground_core::call::{Address, Answer, Outcome};
use playground_core::machine::{Action, Machine};

use super::arena::Arena;
use super::constants::{CONSTANTS, constant};
use super::operators;
use super::ty::Ty;
use super::value::Value;
use super::wait::Wait;
use crate::language::{
    At, Does, Expr, Initial, Kind, Unary, beginnings, function, meaning, nearest, of_the_shell, taken,
};

/// What a statement may know beside its process's variables.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The world, as it is before the statement.
    pub machine: &'a Machine,
    /// The process that acts.
    pub pid: i32,
    /// The id that a new process gets.
    pub next_pid: i32,
    /// The id of a process by its letter.
    pub letters: &'a dyn Fn(&str) -> Option<i32>,
}

/// Why a statement stopped.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// It needs the answer to this.
    Ask(Action),
    /// It asks whether the kernel could copy so many bytes from this address, or to it.
    Reach {
        /// The first byte.
        address: u64,
        /// How many.
        length: u64,
        /// Whether they are written.
        writes: bool,
    },
    /// It starts a program: its name, and then its arguments from the 0th on.
    Exec {
        /// As `execlp` has them, up to `NULL`.
        words: Vec<String>,
    },
    /// It waits for the end of a child.
    Wait(Wait),
    /// It asks how a child has ended that it has waited for, as `wait` writes it.
    Status {
        /// The child's id.
        pid: i32,
    },
    /// It ends the process.
    Exit {
        /// Its exit status.
        status: i32,
    },
    /// It means nothing: where, why, and the name that was perhaps meant.
    Wrong {
        /// The place in the line.
        at: At,
        /// A sentence without its first capital and its full stop.
        message: String,
        /// The name that was perhaps meant.
        nearest: Option<String>,
    },
}

/// What came of a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluated {
    /// The variables after it.
    pub arena: Arena,
    /// The value, where the statement is an expression that has one.
    pub value: Option<Value>,
    /// The fields or the elements, where the statement is a structure or an array.
    pub fields: Vec<(String, Value)>,
    /// What the process printed.
    pub printed: Vec<u8>,
    /// What should be told about the statement: what C takes in silence.
    pub notes: Vec<String>,
}

pub(super) type Result<T> = std::result::Result<T, Stop>;

/// What a statement of C means, with the answers that are there so far.
///
/// # Errors
///
/// The next [`Action`], or what is wrong.
pub fn evaluate(arena: &Arena, does: &Does, answers: &[Outcome], context: Context<'_>) -> Result<Evaluated> {
    let (printed, notes) = (Vec::new(), Vec::new());
    let mut evaluation =
        Evaluation { arena: arena.clone(), answers: answers.iter(), context, printed, notes };
    let mut fields = Vec::new();
    let value = match does {
        Does::Evaluate(expression) if evaluation.has_parts(expression) => {
            let place = evaluation.place(expression)?;
            fields = evaluation.fields(&expression.to_string(), &place, expression.at)?;
            None
        }
        Does::Evaluate(expression) => Some(evaluation.value(expression)?),
        Does::Declare(declared) => evaluation.declare(declared).map(|()| None)?,
        Does::Move | Does::Word(_) => None,
    };
    let Evaluation { arena, printed, notes, .. } = evaluation;
    Ok(Evaluated { arena, value, fields, printed, notes })
}

/// A place in memory that holds a value of a type.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub ty: Ty,
    pub address: u64,
}

pub(super) struct Evaluation<'a> {
    pub arena: Arena,
    answers: Iter<'a, Outcome>,
    pub context: Context<'a>,
    pub printed: Vec<u8>,
    pub notes: Vec<String>,
}

/// What is said where a process's variables would take more than they may.
pub(super) const NO_ROOM: &str = "there is no room for this: the variables and texts of a process take at most 1 MiB here, and restart frees them";

/// A [`Stop`] that says what is wrong.
pub(super) fn wrong<T>(at: At, message: impl Into<String>) -> Result<T> {
    Err(Stop::Wrong { at, message: message.into(), nearest: None })
}

impl Evaluation<'_> {
    /// The answer to an action, if it is there. An error is in `errno` then.
    pub fn act(&mut self, action: Action) -> Result<Outcome> {
        self.answer(Stop::Ask(action))
    }

    /// The answer to what stops the statement, if it is there.
    pub fn answer(&mut self, stop: Stop) -> Result<Outcome> {
        let outcome = self.answers.next().ok_or(stop)?.clone();
        if let Err(errno) = outcome {
            self.set_errno(errno.raw());
        }
        Ok(outcome)
    }

    /// Tells something of the statement, once.
    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The bytes at an address: of a variable, or of the process's memory.
    pub fn load(&mut self, address: u64, length: u64, at: At) -> Result<Vec<u8>> {
        if Arena::holds(address) {
            let bytes = self.arena.load(address, length).map(<[u8]>::to_vec);
            return bytes.map_or_else(|| wrong(at, "this is behind the end of the prompt's variables"), Ok);
        }
        match self.act(Action::Load { address: Address(address), length })? {
            Ok(Answer::Bytes(bytes)) => Ok(bytes),
            _ => wrong(at, "nothing can be read there"),
        }
    }

    /// Changes the bytes at an address.
    pub fn store(&mut self, address: u64, bytes: &[u8], at: At) -> Result<()> {
        self.note_overrun(address, bytes.len() as u64);
        if Arena::holds(address) && !self.arena.is_constant(address) {
            let stored = self.arena.store_over(address, bytes);
            return stored.map_or_else(|| wrong(at, "this is behind the end of the prompt's variables"), Ok);
        }
        self.act(Action::Store { address: Address(address), bytes: bytes.to_vec() }).map(|_| ())
    }

    /// Whether the kernel can copy so many bytes from an address, or to it.
    pub fn reaches(&mut self, address: u64, length: u64, writes: bool) -> Result<bool> {
        let reached = Arena::holds(address) || self.answer(Stop::Reach { address, length, writes })?.is_ok();
        Ok(reached)
    }

    pub fn set_errno(&mut self, errno: i32) {
        if let Some(variable) = self.arena.variable("errno").cloned() {
            let _ = self.arena.store(variable.address, &errno.to_le_bytes());
        }
    }

    /// The number of the last error.
    pub fn errno(&self) -> i32 {
        let variable = self.arena.variable("errno");
        let bytes = variable.and_then(|variable| self.arena.load(variable.address, 4));
        bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_le_bytes)
    }

    /// How many of these bytes are there, where they belong to a variable; elsewhere all may be.
    pub fn readable(&self, address: u64, length: u64) -> u64 {
        if !Arena::holds(address) {
            return length;
        }
        (1..=length).rev().find(|length| self.arena.load(address, *length).is_some()).unwrap_or(length)
    }

    /// Zeros for a string or a list that has no name.
    pub fn reserve(&mut self, size: u64, at: At) -> Result<u64> {
        let room = self.arena.reserve(size);
        room.map_or_else(|| wrong(at, NO_ROOM), Ok)
    }

    pub fn value(&mut self, expression: &Expr) -> Result<Value> {
        let at = expression.at;
        match &expression.kind {
            Kind::Integer { value, text } => Ok(operators::literal(*value, text)),
            // It is a char first, and a char has a sign.
            Kind::Character(byte) => Ok(Value::int((*byte as i8).into())),
            Kind::Name(name) => self.name(name, at),
            Kind::Unary(unary, operand) => self.unary(*unary, operand, at),
            Kind::Binary(binary, left, right) => self.binary(*binary, left, right, at),
            Kind::Assign(with, left, right) => self.assign(*with, left, right, at),
            Kind::Call(name, arguments) => self.call(name, arguments, at),
            Kind::Cast(ty, operand) => Ok(self.value(operand)?.cast((*ty).into())),
            Kind::SizeOfType(ty) => Ok(Value::new(Ty::SIZE, Ty::from(*ty).size())),
            Kind::String(_) | Kind::Index(..) | Kind::Member { .. } | Kind::Compound { .. } => {
                let place = self.place(expression)?;
                self.read(&place, at)
            }
        }
    }

    /// What a place holds; an array is the address of its first element.
    pub fn read(&mut self, place: &Place, at: At) -> Result<Value> {
        match &place.ty {
            Ty::Array(..) => Ok(Value::new(place.ty.decayed(), place.address)),
            Ty::Struct(of) => wrong(
                at,
                format!(
                    "a struct {} is no single value: name a field of it, or take its address with &",
                    of.name
                ),
            ),
            Ty::Void => wrong(at, "a void * points to no value: cast it, as in *(int *)p"),
            ty => {
                let bytes = self.load(place.address, ty.size(), at)?;
                Ok(Value::from_bytes(ty.clone(), &bytes))
            }
        }
    }

    /// A variable's value, a flag's, or the id of the process with this letter.
    fn name(&mut self, name: &str, at: At) -> Result<Value> {
        if let Some(variable) = self.arena.variable(name).cloned() {
            return self.read(&Place { ty: variable.ty, address: variable.address }, at);
        }
        if name == "NULL" {
            return Ok(Value::new(Ty::Void.pointer(), 0));
        }
        if let Some(value) = constant(name) {
            return Ok(Value::int(value as i32));
        }
        if let Some(pid) = (self.context.letters)(name) {
            return Ok(Value::int(pid));
        }
        Err(unknown(&self.arena, name, at))
    }

    /// The place that an expression names.
    pub fn place(&mut self, expression: &Expr) -> Result<Place> {
        let at = expression.at;
        match &expression.kind {
            Kind::Name(name) => match self.arena.variable(name).cloned() {
                Some(variable) => Ok(Place { ty: variable.ty, address: variable.address }),
                None if constant(name).is_some() => {
                    wrong(at, format!("{name} is a constant, and has no place"))
                }
                None => Err(unknown(&self.arena, name, at)),
            },
            Kind::String(bytes) => self.string(bytes, at),
            Kind::Unary(Unary::Dereference, pointer) => self.pointed_to(pointer, 0),
            Kind::Index(base, index) => {
                let index = self.value(index)?;
                self.pointed_to(base, index.signed())
            }
            Kind::Member { base, arrow, field } => self.member(base, *arrow, field, at),
            Kind::Compound { of, array, values } => {
                let length = array.as_ref().map(Option::as_deref);
                self.compound((*of).into(), length, values, at)
            }
            _ => wrong(at, "this is a value, and no place that could be changed or pointed to"),
        }
    }

    fn string(&mut self, bytes: &[u8], at: At) -> Result<Place> {
        let length = bytes.len() as u64 + 1;
        let address = self.reserve(length, at)?;
        self.store(address, bytes, at)?;
        self.arena.seal(address, length);
        Ok(Place { ty: Ty::Array(Ty::CHAR.into(), length), address })
    }

    /// The place that a pointer leads to, so many elements on.
    pub(super) fn pointed_to(&mut self, pointer: &Expr, index: i64) -> Result<Place> {
        let value = self.value(pointer)?;
        let Some(ty) = value.ty.pointee().cloned() else {
            return wrong(pointer.at, format!("this is of type {}, and points to nothing", value.ty));
        };
        let distance = index.wrapping_mul(ty.size() as i64);
        Ok(Place { ty, address: value.bits().wrapping_add_signed(distance) })
    }

    fn compound(
        &mut self,
        ty: Ty,
        length: Option<Option<&Expr>>,
        values: &[Initial],
        at: At,
    ) -> Result<Place> {
        let ty = self.whole(ty, length, values.len() as u64)?;
        let address = self.reserve(ty.size(), at)?;
        self.fill(&Place { ty: ty.clone(), address }, values, at)?;
        Ok(Place { ty, address })
    }

    /// Puts a value into a place, as the place's type has it.
    pub fn write(&mut self, place: &Place, value: &Value, at: At) -> Result<Value> {
        if !(place.ty.is_integer() || matches!(place.ty, Ty::Pointer(_))) {
            return wrong(at, format!("{} cannot be assigned as a whole: name a part of it", place.ty));
        }
        if value.ty == Ty::Void {
            return wrong(at, "this function returns no value");
        }
        let before = value;
        let value = before.cast(place.ty.clone());
        self.note_conversion(place, before, &value);
        self.store(place.address, &value.bytes(), at)?;
        Ok(value)
    }

    /// Makes a variable of a value's type, for a name that is assigned to and has not been declared.
    pub fn place_for(&mut self, target: &Expr, value: &Value) -> Result<Place> {
        if let Kind::Name(name) = &target.kind
            && self.arena.variable(name).is_none()
            && constant(name).is_none()
            && value.ty != Ty::Void
        {
            let ty = value.ty.decayed();
            // What shmat returns is used as text here more often than as anything else.
            let ty = if ty == Ty::Void.pointer() { Ty::CHAR.pointer() } else { ty };
            let variable = self.arena.declare(name, ty);
            self.notes.extend(taken(name));
            return match variable {
                Some(variable) => Ok(Place { ty: variable.ty, address: variable.address }),
                None => wrong(target.at, NO_ROOM),
            };
        }
        self.place(target)
    }
}

/// No variable, no flag and no process has this name.
fn unknown(arena: &Arena, name: &str, at: At) -> Stop {
    if function(name).is_some() {
        let message = format!("{name} is a function: write {name}(), with its arguments: help {name}");
        return Stop::Wrong { at, message, nearest: None };
    }
    if let Some(message) = of_the_shell(name).filter(|_| at.0 == 0) {
        return Stop::Wrong { at, message, nearest: None };
    }
    if let Some((form, _)) = meaning(name) {
        let message = format!("{name} is a word of the prompt, and no variable: write {form}");
        return Stop::Wrong { at, message, nearest: None };
    }
    let names = arena.variables().map(|(name, _)| name).chain(CONSTANTS.iter().map(|(name, ..)| *name));
    // Where a line begins, a word may be meant.
    let words: Vec<&str> = beginnings().filter(|_| at.0 == 0).collect();
    let nearest = nearest(name, names.chain(words));
    Stop::Wrong { at, message: format!("there is no variable {name}"), nearest }
}
