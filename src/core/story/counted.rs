//! What the kernel sees of an operation, which a forked child does under its eyes: counted, or said to be hidden.

use std::io;

use super::Story;
use super::event::Event;
use crate::process::{Ending, Meter};

impl Story {
    fn meter(&self) -> &'static dyn Meter {
        self.process.borrow().meter()
    }

    /// Counts the system calls of an operation, which a forked child does; nothing, where tracing is forbidden.
    pub fn count_calls<T>(&self, what: &str, operation: impl FnOnce() -> T) -> Option<u64> {
        self.transcribe(|transcript, _| transcript.left_out(what));
        let mut operation = Some(operation);
        let once = &mut || drop(operation.take().map(|operation| operation()));
        match self.meter().system_calls(once) {
            Ok(times) => {
                self.count(&format!("system calls for {what}"), times);
                Some(times)
            }
            Err(errno) => {
                self.missing(format!(
                    "{what} cannot be counted: ptrace(PTRACE_TRACEME) gave {}. Is this run traced itself, \
                     or tracing forbidden here (kernel.yama.ptrace_scope, a container's seccomp profile)?",
                    errno
                ));
                None
            }
        }
    }

    /// Counts the bytes that the kernel copies for an operation, which a forked child does; nothing, where they are not counted.
    pub fn count_copied_bytes(&self, what: &str, operation: impl FnOnce() -> io::Result<()>) -> Option<u64> {
        let mut operation = Some(operation);
        let once = &mut || operation.take().map_or(Ok(()), |operation| operation());
        match self.meter().copied_bytes(once) {
            Ok(bytes) => {
                self.count(&format!("bytes that the kernel copied: {what}"), bytes);
                Some(bytes)
            }
            Err(error) => {
                self.missing(format!("{what}: what is copied cannot be counted. /proc/self/io: {error}"));
                None
            }
        }
    }

    /// Has a forked child do an operation that may make no system call; nothing, where it cannot be forbidden.
    pub fn seal(&self, name: &str, operation: impl FnOnce()) -> Option<Ending> {
        let mut operation = Some(operation);
        let once = &mut || operation.take().map_or((), |operation| operation());
        match self.meter().sealed(once) {
            Ok((pid, ending)) => {
                self.tell(Event::Fork { pid, who: name.to_owned() });
                self.tell(Event::ended(pid, Some(name.to_owned()), ending));
                Some(ending)
            }
            Err(error) => {
                self.missing(format!(
                    "System calls cannot be forbidden here: {error}. It takes a kernel with CONFIG_SECCOMP_FILTER, on \
                     x86_64, aarch64 or riscv64."
                ));
                None
            }
        }
    }
}
