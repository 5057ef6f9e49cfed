//! How fast messages go from one process to another, by every mechanism that the system has.
//!
//! | module | what it does |
//! |---|---|
//! | [`message`] | what is sent: every byte depends on the message's number |
//! | [`channel`] | what a mechanism has to do, and the loops that are timed |
//! | [`memory`], [`fresh`], [`stream`], [`queue`] | the mechanisms |
//! | [`ways`] | their names, and how both ends of one are made |
//! | [`trial`] | one measurement: two processes, and a third that watches over them |
//! | [`mod@bench`] | what the mechanisms share, made and removed by a story |
//! | [`figures`] | everything, round after round |
//! | [`sequence`] | whether so many messages arrive, each once and in order |
//! | [`quartiles`] | medians, and what may be said of two of them |
//! | [`copies`] | how often the kernel copies a page, counted |
//! | [`host`] | on what it was measured, and what could not be controlled |
//! | [`plot`], [`look`] | the curves, as SVG, and how each looks |
//!
//! **Invariant:** every message that is timed is checked, byte by byte, when it has arrived; nothing waits without a
//! deadline; a ratio is told only if the rounds agree on it; and nothing here prints.

pub mod bench;
pub mod channel;
pub mod copies;
pub mod figures;
pub mod fresh;
pub mod host;
pub mod look;
pub mod memory;
pub mod message;
mod options;
pub mod plot;
mod progress;
pub mod queue;
pub mod sequence;
mod speeds;
pub mod stream;
pub mod trial;
pub mod ways;

pub use bench::Bench;
pub use figures::{Measurement, ON_ONE_CPU, Plan, Results, SIZES};
pub use host::Host;
pub use message::SMALLEST;
pub use ways::Shared;

pub use options::Speed;
pub use playground_core::quartiles::{self, Finding, Quartiles, Ratio, Scale};
pub use playground_core::ways::{Mechanism, Traffic};
pub use progress::Progress;
pub use speeds::show_speeds;

use linux::{kernel, shm};
use playground_core::{call, course, error, story};

/// What the lessons that measure need beside `playground::prelude`.
pub mod prelude {
    pub use crate::{
        Bench, Host, Measurement, Mechanism, ON_ONE_CPU, Results, SMALLEST, Speed, Traffic, copies,
        show_speeds,
    };
}
