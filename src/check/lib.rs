//! Judges a run of an exercise by what the kernel saw.
//!
//! ```text
//! src/bin/check.rs ─▶ examiner ──Job──▶ judge, a process of its own ─▶ sandbox: namespaces, limits
//!                        │                  │ runs the program under trace; inspector looks into its segments
//!                        │                  ▼
//!                        │                 Run: calls, bytes, output ─▶ rules ─▶ findings
//!                        ◀──Verdict─────────┘
//!                  text, JSON, JUnit, CSV
//! ```
//!
//! **Invariant:** a submission is hostile until proven otherwise. It is judged by what the kernel did for it, never by
//! what it says of itself; it ends in bounded time; and nothing of it is left, so that the next one is judged as if it
//! had never been.

extern crate self as check;

mod attached;
mod awaited;
mod bounds;
mod build;
mod chance;
mod class;
mod code;
mod compiler;
mod counter;
mod examiner;
mod exercises;
mod forbidden;
mod group;
mod handed_in;
mod held;
mod history;
mod inspector;
mod job;
mod judge;
mod junit;
mod keeper;
mod memory;
mod mounts;
mod observed;
mod orphans;
mod places;
mod progress;
mod report;
mod rules;
mod run;
mod sandbox;
mod scheduled;
mod scratch;
mod script;
mod toolchain;
mod trials;
mod verdict;
mod watch;
mod watchdog;
mod workspace;
mod writers;

pub use build::Libraries;
pub use class::{Marked, Misunderstood, csv, mark, misunderstood, tables};
pub use code::Code;
pub use examiner::Examiner;
pub use exercises::{EXERCISES, Exercise, Texts, exercise};
pub use history::histories;
pub use job::Work;
pub use judge::judge;
pub use junit::junit;
pub use progress::{Progress, State};
pub use report::Report;
pub use scratch::remove_folders_on_signals;
pub use verdict::{Evidence, Finding, Output, Verdict};
pub use watch::{Happened, Watch};
pub use workspace::{Built, Handed, Workspace};

use linux::kernel;
use playground_core::{call, course, error, evidence, story};
