//! What a process really asks of the kernel, seen from outside by ptrace.
//!
//! **Invariant:** the traced process is one that was forked for it; nothing else is ever traced.

mod count;

pub use count::count_system_calls;
