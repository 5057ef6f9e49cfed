//! What lessons use: a [`Segment`] that was made, an [`Attachment`] that is mapped, and an
//! [`Shmid`](crate::call::Shmid) that anyone may know; and to guard what they share, [`Semaphores`] and a lock.
//!
//! **Invariant:** detach is not destroy. Dropping an attachment detaches it; a segment is removed by
//! [`Segment::remove`]. A segment that is dropped without it is removed silently, as a net for a lesson that
//! failed; never in another process than the one that made it. No reference ever points into shared bytes.

mod attachment;
mod bytes;
mod interleaved;
mod manage;
mod mapping;
pub(crate) mod mutex;
mod race;
mod rights;
pub mod ring;
mod segment;
mod semaphores;
mod sleep;

pub use attachment::Attachment;
pub use bytes::Bytes;
pub use interleaved::{Interleaved, Moved};
pub use manage::{OwnerCalls, limits};
pub use mapping::Mapping;
pub use race::{Race, Sum, compared};
pub use rights::Rights;
pub use segment::{KeyCalls, Segment, ShmidCalls};
pub use semaphores::{Semaphores, SemidCalls};
pub use sleep::{Futex, sleep_on, sleep_while, wake_one, wake_sleeper};
