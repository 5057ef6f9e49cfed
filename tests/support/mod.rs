//! What the tests of whole programs have in common: finding the programs, running them, and looking at what they
//! leave behind.
//!
//! **Invariant:** only segments and processes of the programs under test are touched, since other tests and other
//! users make segments in the same table at the same time; and every wait is for a condition, with a deadline.

#![allow(dead_code, unused_imports, reason = "each test file uses a part of this")]

mod built;
mod left;
mod namespace;
mod preload;
mod programs;
mod run;
mod sandbox;
mod terminal;

pub use built::program_file;
pub use left::{assert_nothing_left, clean_up, processes_of_session, remove_names, sets, table};
pub use namespace::{Namespace, can_be_laid, namespaces, new_namespaces};
pub use preload::Preload;
pub use programs::{Program, program, programs, with_every_program};
pub use run::{Finished, Format, Run, Running, deadline};
pub use sandbox::{forbidding, forbidding_command};
pub use terminal::{Terminal, without_colour};
