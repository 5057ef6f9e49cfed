//! The prompt: one's own calls, typed as in the manual page.
//!
//! | module | what lives there |
//! |---|---|
//! | [`language`] | a line of text becomes statements, and statements become text again |
//! | [`c`] | what the expressions mean: types, values, variables, and the functions of the library |
//! | [`session`] | processes that act line by line, and the way back |
//! | [`level`] | puzzles: a start, a goal, and when it is reached |
//! | `linux` | the kernel of this computer behind a session: on Linux, and not in a browser |
//!
//! **Invariant:** but for `linux` nothing here touches a kernel, a file or a terminal: the same code reads lines in a
//! terminal and in a browser.

pub mod c;
pub mod language;
pub mod level;
#[cfg(all(feature = "terminal", target_os = "linux"))]
pub mod linux;
pub mod session;
