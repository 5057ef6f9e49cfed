//! What C's expressions mean: types, values, variables, and the functions of the library that are no system call.
//!
//! An [`evaluate`]d statement asks for what only a kernel knows (a call's answer, the bytes at an address) by an
//! [`Action`](playground_core::machine::Action). Whoever performs it evaluates the statement again, from its start, with the answers so far. So a
//! statement that has to wait is nothing but a list of answers with one missing.
//!
//! **Invariant:** evaluating is a function of the process's variables, the statement and the answers. It touches nothing
//! else, so that the same lines give the same session again.

mod arena;
mod call;
mod constants;
mod declare;
mod evaluate;
mod fields;
mod fixed;
mod library;
mod notes;
mod operators;
mod printf;
mod records;
mod structs;
mod ty;
mod value;
mod wait;

pub use arena::{Arena, Variable};
pub use constants::{CONSTANTS, constant};
pub use evaluate::{Context, Evaluated, Stop, evaluate};
pub use fixed::Fixed;
pub use library::PIECE;
pub use structs::{Field, STRUCTS, Struct};
pub use ty::Ty;
pub use value::Value;
pub use wait::Wait;
