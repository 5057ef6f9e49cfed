//! A process that inherits nothing from the one that tells: the same program, run anew.
//!
//! It has no descriptor, no mapping and no attachment of ours; what it knows is what it is told.
//!
//! **Invariant:** an unrelated process lives as a forked child does: it serves, and never outlives who started it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use nix::unistd::{Pid, getpid};

use super::{Linux, child, cleanup, linux};

/// Says to the program that it is to serve, and whom.
const ASKED: &str = "SHM_PLAYGROUND_SERVES";

/// Starts this program anew, with `line` for its standard input.
pub(super) fn start(line: UnixStream) -> io::Result<Pid> {
    // Without /proc only the name is known under which it was started.
    let program = std::env::current_exe()
        .or_else(|error| std::env::args_os().next().map(PathBuf::from).ok_or(error))?;
    let started = Command::new(program)
        .env(ASKED, getpid().to_string())
        .stdin(OwnedFd::from(line))
        .stdout(Stdio::null())
        .spawn()?;
    Ok(Pid::from_raw(started.id() as i32))
}

/// In a program that was started as an unrelated process: serves, and returns how it ended.
pub fn serve_if_asked() -> Option<ExitCode> {
    let asked = std::env::var(ASKED).ok()?;
    let parent = asked.parse().map(Pid::from_raw).ok()?;
    cleanup::install();
    let status = child::serve(&mut Linux::new(), linux::line_at_stdin(), parent);
    Some(if status == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
