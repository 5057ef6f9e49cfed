//! Second processes and other programs: how they begin, what becomes of them, how they end.

use std::cell::RefCell;
use std::rc::Rc;

use crate::Signal;

use super::Story;
use super::event::Event;
use crate::error::{Error, Result};
use crate::process::{Adjustment, Ending, Process, ToolRun};

impl Story {
    /// A second process: a copy of this one, forked, which does what its own part of the story says.
    ///
    /// # Errors
    ///
    /// `Environment`, if no process can be made.
    pub fn fork(&self, name: &str) -> Result<Story> {
        self.unharmed()?;
        let child = self.process.borrow_mut().fork()?;
        self.transcribe(|transcript, pid| transcript.fork(pid, child.pid()));
        Ok(self.joined_by(name, child))
    }

    /// A second process that inherits nothing: this program, run anew. It knows only what it is told.
    ///
    /// # Errors
    ///
    /// `Environment`, if no process can be made, or the program cannot be started again.
    pub fn unrelated(&self, name: &str) -> Result<Story> {
        self.unharmed()?;
        let process = self.process.borrow_mut().spawn()?;
        self.transcribe(|transcript, _| transcript.unrelated(process.pid()));
        let story = self.joined_by(name, process);
        let command = "this program anew".to_owned();
        self.tell(Event::Exec { pid: story.pid(), who: story.who.clone(), command });
        Ok(story)
    }

    fn joined_by(&self, name: &str, process: Box<dyn Process>) -> Story {
        let story = Story {
            process: Rc::new(RefCell::new(process)),
            narrator: Rc::clone(&self.narrator),
            who: Some(name.to_owned()),
        };
        self.narrator.borrow_mut().names.push((story.pid(), name.to_owned()));
        self.tell(Event::Fork { pid: story.pid(), who: name.to_owned() });
        story
    }

    /// Changes what the process is or may: its user, its privileges, its namespace.
    ///
    /// # Errors
    ///
    /// `Environment` in the process that tells the story, and where the system forbids it.
    pub fn adjust(&self, adjustment: Adjustment) -> Result<()> {
        let done = self.process.borrow_mut().adjust(&adjustment);
        self.told_if_ended(done)?;
        self.transcribe(|transcript, pid| transcript.adjusted(pid, &adjustment));
        Ok(())
    }

    /// [`Story::adjust`] where the system allows it; where it does not, says what is missing, and returns `false`.
    ///
    /// # Errors
    ///
    /// `Ended`, if the process is gone.
    pub fn adjust_if_allowed(&self, adjustment: Adjustment) -> Result<bool> {
        match self.adjust(adjustment) {
            Err(Error::Environment { asked, answer, advice }) => {
                self.missing(format!("{asked}: {answer}. {advice}"));
                Ok(false)
            }
            other => other.map(|()| true),
        }
    }

    /// Replaces the program that the process runs.
    ///
    /// # Errors
    ///
    /// `Environment` in the process that tells the story, and if the program cannot be run.
    pub fn exec(&self, program: &str, arguments: &[&str]) -> Result<()> {
        self.process.borrow_mut().exec(program, arguments)?;
        self.transcribe(|transcript, pid| transcript.exec(pid, program, arguments));
        let command = [&[program], arguments].concat().join(" ");
        self.tell(Event::Exec { pid: self.pid(), who: self.who.clone(), command });
        Ok(())
    }

    /// Lets the process exit, as any program does at its end.
    ///
    /// # Errors
    ///
    /// `Environment` in the process that tells the story.
    pub fn exit(&self) -> Result<Ending> {
        self.end(None)
    }

    /// Kills the process.
    ///
    /// # Errors
    ///
    /// As for [`Story::exit`].
    pub fn kill(&self, signal: Signal) -> Result<Ending> {
        self.end(Some(signal))
    }

    fn end(&self, signal: Option<Signal>) -> Result<Ending> {
        let ending = self.process.borrow_mut().end(signal)?;
        self.transcribe(
            |transcript, pid| if signal.is_some() { transcript.killed(pid) } else { transcript.exit(pid) },
        );
        self.tell_ending(ending);
        Ok(ending)
    }

    pub(super) fn told_if_ended<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(Error::Ended { ending, .. }) = result {
            self.tell_ending(ending);
        }
        result
    }

    fn tell_ending(&self, ending: Ending) {
        self.tell(Event::ended(self.pid(), self.who.clone(), ending));
    }

    /// Runs a program of the system, such as `ipcrm`, and shows what it printed. Of a process that has moved into a
    /// namespace of its own, it is run in there.
    ///
    /// Returns its exit status; nothing, if it is not installed.
    pub fn run_tool(&self, program: &str, arguments: &[&str]) -> Option<i32> {
        let way_in = if self.process.borrow().is_apart() { self.way_in() } else { Vec::new() };
        let own = std::iter::once(program).chain(arguments.iter().copied()).map(str::to_owned);
        let words: Vec<String> = way_in.into_iter().chain(own).collect();
        let command = words.join(" ");
        let run = self.process.borrow_mut().run_tool(&words);
        match run {
            Ok(ToolRun { status, output }) => {
                self.tell(Event::Tool { command, status, output });
                status
            }
            Err(error) => {
                self.missing(format!("`{command}` could not be run: {error}. It is part of util-linux."));
                None
            }
        }
    }

    /// Tells what another program printed that the lesson has run.
    pub fn tell_tool(&self, command: &str, status: Option<i32>, output: String) {
        self.tell(Event::Tool { command: command.to_owned(), status, output });
    }
}
