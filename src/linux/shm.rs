//! Shared bytes in place: for loops that are timed or counted, and locks that must not wait for a story.
//!
//! **Invariant:** no reference ever points into shared bytes: they are copied, or are control words that atomics change.

mod bytes;
mod mapping;
pub(crate) mod mutex;
pub mod ring;
mod sleep;

pub use playground_core::shm::*;

pub use bytes::{Bare, Bytes};
pub use mapping::Mapping;
pub use sleep::{Futex, sleep_on, sleep_while, wake_one, wake_sleeper};
