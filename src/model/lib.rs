//! A kernel made of the [`Machine`](playground_core::machine::Machine): the lessons run on it where there is no Linux.
//!
//! | module | what lives there |
//! |---|---|
//! | `process` | a process that makes calls and touches memory: [`Model`] |
//! | `world` | the machine that all processes of a run share, and what the rules leave open: pids, time |
//! | `image` | what is mapped in a process before it attaches anything |
//! | `proc` | the files of `/proc`, written from the machine, for the same parsers that read the real ones |
//! | `work`, `count` | what a process does on its own while others go on |
//! | `adjust` | other users, other namespaces, other limits |
//! | `tools` | `ipcs` and `ipcrm` |
//! | `meter` | counts calls |
//!
//! Its answers are those of the rules, and the rules are compared with Linux call by call (`tests/model`). Where they
//! do not reach, it says that the model does not know, and never guesses.
//!
//! **Invariant:** nothing here makes a system call, reads a clock, or opens a file. What the model has to know of the
//! machine that it runs on stands in [`Setup`].

mod adjust;
mod count;
mod image;
mod meter;
mod proc;
mod process;
mod tools;
mod work;
mod world;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use process::Model;

/// What a model is told when it begins.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The file of the program that runs, as the maps are to name it.
    pub program: PathBuf,
    /// The time, since 1970. From then on the model's clock goes on only while somebody waits.
    pub time: Duration,
    /// The user for whom the first process acts, with the group of the same number.
    pub user: u32,
    /// Whether the first process is in a private IPC namespace, as its root.
    pub isolated: bool,
    /// The device and the number of a file, for `ftok`; nothing, if it is not there.
    pub file: fn(&Path) -> Option<(u64, u64)>,
}
