//! Who performs a [`Call`](playground_core::call::Call).
//!
//! A [`Process`] is what a lesson directs: it makes calls, reads and writes its memory, and lets itself be
//! looked at. [`Linux`] is this very process; [`Child`] is another one, forked from it, that does the same on
//! request. Lessons see neither; they speak to the [`Story`](crate::story::Story), so that a model of the
//! kernel's rules could stand here, too.
//!
//! **Invariant:** nothing here prints. `linux/` alone makes System V calls, and `linux/shm.rs` the four that this is
//! about.

mod adjust;
mod child;
mod cleanup;
mod count;
mod ending;
mod interrupts;
mod isolated;
mod linux;
mod meter;
pub mod namespace;
mod refused;
mod unrelated;

pub use playground_core::process::{
    Adjustment, Change, Done, Ending, Faults, How, Look, Meter, Operation, ProcFile, Process, Step, Tally,
    ToolRun,
};

pub use child::Child;
pub use cleanup::{hold_signals, install as install_safety_net, remove_all as remove_what_is_left};
pub use count::semop_one;
pub use ending::{dies_with, ending_of, ending_seen_within, ending_within};
pub use interrupts::Interrupts;
pub use isolated::isolate;
pub use linux::{Linux, ftok, key_of};
pub use linux::{Queueid, make_queue, receive, remove_queue, send, try_send};
pub use linux::{exit_now, fork, portable, raw, record_of, restore_default};
pub use refused::{Refused, refused};
pub use unrelated::serve_if_asked;
