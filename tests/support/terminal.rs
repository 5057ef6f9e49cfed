//! A pseudo-terminal with a program in it, and the screen that a person would see.

use std::io;
use std::num::NonZero;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::pty::{PtyMaster, Winsize, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::stat::Mode;

use super::run::{Run, Running};

/// A program that runs in a terminal of its own.
pub struct Terminal {
    running: Running,
    rows: u16,
    columns: u16,
}

impl Terminal {
    /// Starts a program in a terminal of this size.
    pub fn start(run: Run, rows: u16, columns: u16) -> Terminal {
        let (ours, its) = pseudo_terminal(rows, columns).expect("a pseudo-terminal");
        let end = || its.try_clone().expect("a further descriptor");
        let mut run = run.before_exec(take_control_of_terminal);
        run.command.stdin(end()).stdout(end()).stderr(end());
        let mut running = run.start();
        running.stdin = Some(ours.try_clone().expect("a further descriptor").into());
        running.stdout = Some(ours.into());
        Terminal { running, rows, columns }
    }

    /// What is on the screen now.
    pub fn screen(&self) -> String {
        let mut parser = vt100::Parser::new(size(self.rows), size(self.columns), 0);
        parser.process(self.running.out().as_bytes());
        parser.screen().contents()
    }

    /// Closes the terminal's window: the kernel sends `SIGHUP`.
    pub fn close(&mut self) {
        self.running.stdin = None;
        self.running.stdout = None;
    }

    /// The program alone, to see it end.
    pub fn into_running(self) -> Running {
        self.running
    }
}

impl Deref for Terminal {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

impl DerefMut for Terminal {
    fn deref_mut(&mut self) -> &mut Running {
        &mut self.running
    }
}

fn size(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).expect("a terminal has rows and columns")
}

/// Both ends of a new terminal. Neither is inherited by programs that other tests start meanwhile: a terminal is
/// closed only when its last descriptor is.
fn pseudo_terminal(rows: u16, columns: u16) -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let ours = posix_openpt(flags)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    resize(&ours, rows, columns)?;
    let its = open(ptsname_r(&ours)?.as_str(), flags, Mode::empty())?;
    Ok((ours.into(), its))
}

fn resize(terminal: &PtyMaster, ws_row: u16, ws_col: u16) -> nix::Result<()> {
    let size = Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: this ioctl reads a `winsize`.
    Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &size) }).map(drop)
}

/// The session's leader gets standard input for its terminal, which then sends it signals.
fn take_control_of_terminal() -> io::Result<()> {
    // SAFETY: this ioctl takes a number.
    Errno::result(unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) })?;
    Ok(())
}

/// Text without the sequences that colour it, as `\x1b[1m` does.
pub fn without_colour(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let plain = parts.next().unwrap_or_default().to_owned();
    parts.fold(plain, |plain, part| plain + part.split_once('m').map_or(part, |(_, rest)| rest))
}
