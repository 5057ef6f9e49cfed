//! The tests of the prompt, in one program.

mod c;
mod handed_in;
mod help;
mod language;
mod levels;
mod looking;
mod prompt;
mod readme;
mod session;
mod told;
mod ways;
