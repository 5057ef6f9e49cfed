//! What a process really asks of the kernel: counted from outside by ptrace, counted by the kernel, or forbidden.
//!
//! **Invariant:** the process that is traced or sealed is one that was forked for it; nothing else ever is.

mod copied;
mod count;
mod sealed;

pub use copied::count_copied_bytes;
pub use count::count_system_calls;
pub use sealed::sealed;
