//! Calls of functions: those of the library are done here, those of the kernel are asked for.

use super::evaluate::{Evaluation, Request, Response, Result, wrong};
use super::ty::Ty;
use super::value::Value;
use crate::language::{At, Expr, Kind, function};

/// What a parameter of a function is, as far as a mistake can be seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Parameter {
    /// An integer.
    Number,
    /// An address.
    Pointer,
    /// So many more of any kind.
    More,
}
use Parameter::{More, Number, Pointer};

/// The functions that the kernel performs, and their parameters. Each returns an `int`, but for `shmat`.
const SYSTEM: [(&str, &[Parameter]); 19] = [
    ("shmget", &[Number, Number, Number]),
    ("shmat", &[Number, Pointer, Number]),
    ("shmdt", &[Pointer]),
    ("shmctl", &[Number, Number, Pointer]),
    ("semget", &[Number, Number, Number]),
    ("semop", &[Number, Pointer, Number]),
    ("semtimedop", &[Number, Pointer, Number, Pointer]),
    ("semctl", &[Number, Number, Number, More]),
    ("ftok", &[Pointer, Number]),
    ("fork", &[]),
    ("exit", &[Number]),
    ("kill", &[Number, Number]),
    ("execlp", &[Pointer, Pointer, More]),
    ("getpid", &[]),
    ("getuid", &[]),
    ("setuid", &[Number]),
    ("setgid", &[Number]),
    ("mprotect", &[Pointer, Number, Number]),
    ("munmap", &[Pointer, Number]),
];

impl Evaluation<'_> {
    pub(super) fn call(&mut self, name: &str, arguments: &[Expr], at: At) -> Result<Value> {
        if let Some((name, parameters)) = SYSTEM.iter().find(|(known, _)| *known == name) {
            let arguments = self.arguments(name, parameters, arguments, at)?;
            return self.system(name, arguments, at);
        }
        self.library(name, arguments, at)
    }

    /// The values of arguments, after a look at their number and their kinds.
    pub(super) fn arguments(
        &mut self,
        name: &str,
        parameters: &[Parameter],
        arguments: &[Expr],
        at: At,
    ) -> Result<Vec<Value>> {
        let fixed = parameters.iter().filter(|parameter| **parameter != More).count();
        let may_have_more = fixed < parameters.len();
        if arguments.len() < fixed || (arguments.len() > fixed && !may_have_more) {
            let prototype = function(name).map_or("", |function| function.prototype);
            return wrong(at, format!("{name} takes other arguments: {prototype}"));
        }
        let mut values = Vec::new();
        for (number, argument) in arguments.iter().enumerate() {
            let value = self.value(argument)?;
            let parameter = parameters.get(number).copied().unwrap_or(More);
            self.note_kind(name, parameter, argument, &value);
            values.push(value);
        }
        Ok(values)
    }

    /// C would warn of an integer where an address is wanted, and of an address where an integer is.
    fn note_kind(&mut self, name: &str, parameter: Parameter, argument: &Expr, value: &Value) {
        let is_null = matches!(argument.kind, Kind::Integer { value: 0, .. });
        match parameter {
            Pointer if value.ty.is_integer() && !is_null => {
                self.note(format!(
                    "{name} wants an address here, and {argument} is a number: C only warns of it."
                ));
            }
            Number if value.ty.is_pointer() => {
                self.note(format!(
                    "{name} wants a number here, and {argument} is an address: C only warns of it."
                ));
            }
            _ => {}
        }
    }

    fn system(&mut self, name: &'static str, arguments: Vec<Value>, at: At) -> Result<Value> {
        let response = self.ask(Request::Call { name, arguments })?.clone();
        let Response::Returned { result, wrote } = response else {
            return wrong(at, "the answer to a call has to be a number");
        };
        self.written(&wrote, result.err());
        let ty = if name == "shmat" { Ty::Void.pointer() } else { Ty::INT };
        Ok(Value::new(ty, result.unwrap_or(-1) as u64))
    }
}
