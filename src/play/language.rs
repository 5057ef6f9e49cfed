//! The language of the prompt: the expressions of C, and a few words of the shell.
//!
//! ```
//! use play::language::parse;
//!
//! let line = parse("B: int id = shmget(IPC_PRIVATE, 0x6400, IPC_CREAT | 0600); ipcs -m")?;
//! assert_eq!(line[0].to_string(), "B: int id = shmget(IPC_PRIVATE, 0x6400, IPC_CREAT | 0600)");
//! assert_eq!(line[1].to_string(), "B: ipcs -m");
//!
//! let error = parse("id = shmgte(IPC_PRIVATE, 1, 0)").unwrap_err();
//! assert_eq!(error.to_string(), "column 6: there is no function shmgte. Did you mean shmget?");
//! # Ok::<(), play::language::Misunderstood>(())
//! ```
//!
//! It is no compiler: there are no loops, no conditions and no functions of one's own. A type may be left out, and so
//! may the semicolon at the end of a line.
//!
//! **Invariant:** every text gives statements or one [`Misunderstood`]; no text panics. A statement that is printed
//! parses into itself.

mod functions;
mod literal;
pub mod manual;
mod misunderstood;
mod parse;
mod print;
mod syntax;
mod token;
mod types;
mod words;

pub use functions::{FUNCTIONS, Function, function};
pub use misunderstood::{Misunderstood, nearest};
pub(crate) use parse::of_the_shell;
pub use parse::{parse, preprocessed};
pub use syntax::{At, Binary, Declaration, Does, Expr, Initial, Kind, Statement, Unary};
pub use types::{Base, Type};
pub(crate) use words::taken;
pub use words::{Table, Word, beginnings, meaning, names};
