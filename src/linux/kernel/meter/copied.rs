//! Counting the bytes that go between a process and the kernel: each of them is copied.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{self, AssertUnwindSafe};

use nix::errno::Errno;
use nix::sys::wait::waitpid;
use nix::unistd::ForkResult;

use crate::kernel::{exit_now, fork};

/// What the kernel counts for each process (proc(5)): the bytes that went through `read` and through `write`.
const COUNTED: &str = "/proc/self/io";

/// How many bytes `operation` has the kernel copy, by `read` and `write` and their like, when a forked child does it.
///
/// # Errors
///
/// `NotFound`: the kernel counts no such bytes (`CONFIG_TASK_IO_ACCOUNTING`), or hides it. Others: no process can be
/// made, or the operation has failed.
pub fn count_copied_bytes(operation: impl FnOnce() -> io::Result<()>) -> io::Result<u64> {
    let (mut line, mut its) = UnixStream::pair()?;
    match fork()? {
        ForkResult::Parent { child } => {
            drop(its);
            let mut text = String::new();
            let heard = line.read_to_string(&mut text);
            while waitpid(child, None) == Err(Errno::EINTR) {}
            heard?;
            text.parse().map_err(|_| io::Error::new(io::ErrorKind::NotFound, text))
        }
        ForkResult::Child => {
            // A panic must not run the parent's destructors here.
            let told = match panic::catch_unwind(AssertUnwindSafe(|| copied_by(operation))) {
                Ok(Ok(bytes)) => bytes.to_string(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it panicked".to_owned(),
            };
            let _ = its.write_all(told.as_bytes());
            exit_now(0)
        }
    }
}

fn copied_by(operation: impl FnOnce() -> io::Result<()>) -> io::Result<u64> {
    let before = fs::read_to_string(COUNTED)?;
    operation()?;
    let after = fs::read_to_string(COUNTED)?;
    // The first reading was a read, too, which had not been counted when it was made.
    Ok(counted(&after)? - counted(&before)? - before.len() as u64)
}

/// The sum of the first two lines, `rchar: …` and `wchar: …`.
fn counted(text: &str) -> io::Result<u64> {
    let number = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|number| number.trim().parse::<u64>().ok()).ok_or(io::ErrorKind::InvalidData)
    };
    Ok(number("rchar:")? + number("wchar:")?)
}
