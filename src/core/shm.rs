//! What lessons use: a [`Segment`] that was made, an [`Attachment`] that is mapped, and an
//! [`Shmid`](crate::call::Shmid) that anyone may know; and to guard what they share, [`Semaphores`] and a lock.
//!
//! **Invariant:** detach is not destroy. Dropping an attachment detaches it; a segment is removed by
//! [`Segment::remove`]. A segment that is dropped without it is removed silently, as a net for a lesson that
//! failed; never in another process than the one that made it. No reference ever points into shared bytes.

mod attachment;
mod interleaved;
mod manage;
mod race;
mod rights;
mod segment;
mod semaphores;

pub use attachment::Attachment;
pub use interleaved::{Interleaved, Moved};
pub use manage::limits;
pub use race::{Race, Sum, compared};
pub use rights::Rights;
pub use segment::Segment;
pub use semaphores::Semaphores;
