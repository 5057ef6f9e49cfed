//! The learner's lines from standard input.

use std::env::{self, consts::EXE_SUFFIX};
use std::io::{BufRead, IsTerminal, Stdin};
use std::path::PathBuf;
use std::process::Command;

use playground_core::error::{Error, Result};
use playground_core::story::{Prompt, SoFar};

/// Lines that are typed, or come from a file or a pipe.
pub struct Typed {
    input: Box<dyn BufRead>,
    terminal: Option<Stdin>,
    /// What `play` is to know of this program's own options.
    options: Vec<&'static str>,
}

impl Typed {
    /// Reads lines from standard input. The prompt for the learner's own calls is started with these options.
    pub fn new(input: Stdin, options: Vec<&'static str>) -> Typed {
        Typed { input: Box::new(input.lock()), terminal: input.is_terminal().then_some(input), options }
    }
}

impl Prompt for Typed {
    fn forget_what_was_typed(&self) {
        self.terminal.iter().for_each(forget);
    }

    /// It is a program of its own, which a terminal lends itself to: a line editor is nothing that a lesson is built with.
    fn can_play(&self) -> bool {
        self.terminal.is_some() && play().is_some_and(|play| play.is_file())
    }

    fn play(&mut self, so_far: &SoFar) -> std::result::Result<(), String> {
        let play = play().filter(|play| play.is_file());
        let play =
            play.ok_or("The prompt is a program of its own, which is not built yet: cargo build --bin play")?;
        if self.terminal.is_none() {
            return Err("A prompt of your own takes a terminal: cargo run --bin play".to_owned());
        }
        let mut command = Command::new(play);
        command.args(&self.options).arg(format!("--so-far={}", so_far.lines.join("\n")));
        command.args(so_far.typed.iter().map(|typed| format!("--typed={typed}")));
        match command.status() {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("The prompt did not start: {error}")),
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        // Bytes that are no text are an answer like any other: one that means nothing.
        match self.input.read_until(b'\n', &mut line).unwrap_or(0) {
            0 => Err(Error::Quit),
            _ => Ok(String::from_utf8_lossy(&line).into_owned()),
        }
    }
}

/// The program `play`, where it is built: beside this one.
fn play() -> Option<PathBuf> {
    Some(env::current_exe().ok()?.with_file_name(format!("play{EXE_SUFFIX}")))
}

#[cfg(target_os = "linux")]
fn forget(terminal: &Stdin) {
    use nix::sys::termios::{FlushArg, tcflush};

    // A terminal that is gone will say so when it is read.
    let _ = tcflush(terminal, FlushArg::TCIFLUSH);
}

/// Other systems have other ways, none of which is worth a library: the next question may get an early answer.
#[cfg(not(target_os = "linux"))]
fn forget(_: &Stdin) {}
