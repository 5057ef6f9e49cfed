//! What a process really asks of the kernel: counted from outside by ptrace, counted by the kernel, or forbidden.
//!
//! ```text
//! Command ──start──▶ the program, with a filter (filter.rs) that stops it at System V calls and nowhere else
//!    ▲                  │ stop (stop.rs)
//!    └────resume────── run.rs ──decode.rs──▶ Call, Outcome ──▶ state.rs: who has what attached where
//!                       │                                   └▶ findings.rs: the classic mistakes
//!                       └──Step──▶ Observer: narrate.rs tells it as a story; a judge looks and remembers
//! ```
//!
//! [`run_watching`] also watches one word: race.rs tells whether an update of it can be lost, under a schedule
//! (schedule.rs) that lets processes meet where they can.
//!
//! [`run`] returns a [`Trace`], which holds all of it as values.
//!
//! **Invariant:** the process that is traced or sealed is one that was forked for it, with its descendants; nothing
//! else ever is.
//! Tracing changes no segment: the kernel's table and its records are read, never written.

extern crate self as trace;

mod abi;
mod access;
mod attach_failure;
pub mod bpf;
mod calls;
mod collector;
mod creation;
mod deadline;
mod decode;
mod enough;
mod entered;
mod executable;
mod existing;
mod exit_status;
mod exiting;
mod failed_calls;
mod failure;
mod fault_place;
mod filter;
mod findings;
mod hold;
mod inside;
mod instruction;
mod interpreter;
mod leaked;
mod lines;
mod member;
mod memory;
mod narrate;
mod permission;
mod processor;
mod procfs;
mod race;
mod reason;
mod refused_cleanup;
mod request;
mod rows;
mod rules;
mod run;
mod schedule;
mod scheduled;
mod signals;
mod space;
mod start;
mod starved;
mod state;
mod stop;
mod subject;
mod task;
mod turn;
mod value;
mod vfork;
mod waiting;
mod waits;
mod walk;
mod watchpoint;

pub use entered::Entered;
pub use exit_status::Ending;
pub use failure::Error;
pub use findings::Finding;
pub use inside::Inside;
pub use narrate::Narrator;
pub use race::{Form, Nth, Proof, Race, Uses, Watch, WordAccess};
pub use request::request_size;
pub use run::{run, run_watching};
pub use signals::{die_of, pass_on as pass_signals_on};
pub use space::Attachment;
pub use start::Command;
pub use state::{Segment, State};
pub use value::{
    CompletedCall, Fault, How, Limits, Observer, ProcessRecord, ProcessStart, Refused, Step, StopReason,
    Trace,
};
pub use waiting::{Used, is_dozing, is_in_vfork, is_sleeping, is_with_another, used};

pub use playground_core::found::{AccessKind, Code, Left, Place, What};

use linux::kernel;
use playground_core::{call, error, evidence, story};
