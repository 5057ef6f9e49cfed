//! The narrator: what a lesson speaks to.
//!
//! A lesson says, asks, and makes calls through a [`Story`]. The story lets its [`Process`] act, gathers what the
//! kernel shows, and tells each [`Event`] to a teller: text for people, JSON for programs, or the bare lines that
//! the article's program prints.
//!
//! **Invariant:** a story makes no system call on a segment of its own accord; the lesson does, through it.
//! Evidence comes from `/proc`, which changes nothing.

mod event;
mod explain;
mod json;
mod notation;
mod predict;
mod progress;
mod prompt;
mod schedule;
mod show;
mod source;
mod speeds;
mod text;
mod timeline;
mod traced;
mod whose;
mod work;

use std::cell::RefCell;
use std::io;
use std::panic::Location;
use std::process;
use std::rc::Rc;

use nix::sys::signal::Signal;

use crate::call::{Address, Answer, Call, Cmd, Outcome, Performed, SemCmd, Semid, Shmid};
use crate::error::{Error, Reason, Refusal, Result};
use crate::kernel::{Adjustment, Change, Ending, Faults, Process};
use crate::shm::Bytes;
use crate::trace::{count_copied_bytes, count_system_calls, sealed};

pub use event::Event;
pub(crate) use event::{CallEvent, Change as CellChange};
pub(crate) use explain::{Look, explain};
pub use json::Json;
pub use predict::{Guess, Judge, Verdict};
pub use progress::Progress;
pub use prompt::Prompt;
pub use schedule::{NoSchedule, Schedule, Turn};
pub(crate) use show::{changes, fields};
pub use source::Source;
pub use text::{Plain, Screen, Text};
pub use traced::Traced;
pub use work::Work;

use event::{Access, Direction, Rust};
use show::Seen;

/// Who turns events into something to read.
pub trait Tell {
    /// Tells one event.
    ///
    /// # Errors
    ///
    /// Whatever writing gives, `BrokenPipe` among it.
    fn tell(&mut self, event: &Event) -> io::Result<()>;

    /// Whether a bar may show how far a long measurement is, if there is a terminal for it.
    fn shows_progress(&self) -> bool {
        false
    }

    /// Whether evidence should be gathered at all.
    fn wants_evidence(&self) -> bool {
        true
    }
}

impl<T: Tell + ?Sized> Tell for Box<T> {
    fn tell(&mut self, event: &Event) -> io::Result<()> {
        (**self).tell(event)
    }

    fn wants_evidence(&self) -> bool {
        (**self).wants_evidence()
    }
}

/// One process's part in the telling. Clones speak for the same process.
#[derive(Clone)]
pub struct Story {
    process: Rc<RefCell<Box<dyn Process>>>,
    narrator: Rc<RefCell<Narrator>>,
    /// What the process is called; the one that tells has no name.
    who: Option<String>,
}

/// What all the processes of a story share.
struct Narrator {
    teller: Box<dyn Tell>,
    prompt: Option<Prompt>,
    source: Source,
    isolated: bool,
    steps: usize,
    brief: bool,
    why: Option<String>,
    seen: Seen,
    /// The processes of this story, by what it calls them.
    names: Vec<(i32, String)>,
    /// The first failure to write: told at the next chance to return an error.
    failure: Option<io::Error>,
}

impl Story {
    /// A story that `process` acts in.
    pub fn new(
        process: Box<dyn Process>,
        teller: Box<dyn Tell>,
        prompt: Option<Prompt>,
        source: Source,
        isolated: bool,
    ) -> Story {
        let names = vec![(process.pid(), "us".to_owned())];
        let narrator = Narrator {
            teller,
            prompt,
            source,
            isolated,
            steps: 0,
            brief: false,
            why: None,
            seen: Seen::default(),
            names,
            failure: None,
        };
        Story {
            process: Rc::new(RefCell::new(process)),
            narrator: Rc::new(RefCell::new(narrator)),
            who: None,
        }
    }

    /// From here on each call is told in one line: what earlier lessons taught.
    pub fn so_far(&self) {
        self.section("So far");
    }

    /// The learner has seen it all: what follows only tidies up.
    pub fn tidy_up(&self) -> Result<()> {
        self.pause()?;
        self.section("At the end");
        Ok(())
    }

    /// From here to the next step each call is told in one line: a table that is filled from them says the rest.
    pub fn in_brief(&self, title: &str) {
        self.section(title);
    }

    fn section(&self, title: &str) {
        self.narrator.borrow_mut().brief = true;
        self.tell(Event::Section { title: title.to_owned() });
    }

    /// A step begins, after the learner has had time for the one before.
    ///
    /// # Errors
    ///
    /// `Quit`, if the learner leaves; `Output`.
    pub fn step(&self, title: &str) -> Result<()> {
        self.begin(title, false)
    }

    /// A step that is there to go wrong.
    ///
    /// # Errors
    ///
    /// As for [`Story::step`].
    pub fn experiment(&self, title: &str) -> Result<()> {
        self.begin(title, true)
    }

    fn begin(&self, title: &str, experiment: bool) -> Result<()> {
        self.pause()?;
        let number = {
            let mut narrator = self.narrator.borrow_mut();
            narrator.brief = false;
            narrator.steps += 1;
            narrator.steps
        };
        self.look();
        self.tell(Event::Step { number, experiment, title: title.to_owned() });
        self.unharmed()
    }

    /// Waits for the learner, if there is one, and a step to look at.
    fn pause(&self) -> Result<()> {
        self.unharmed()?;
        if self.narrator.borrow().steps == 0 || !self.waits() {
            return Ok(());
        }
        let why = self.narrator.borrow_mut().why.take();
        loop {
            match self.ask("next")?.as_str() {
                "" => return Ok(()),
                "?" => match &why {
                    Some(text) => self.tell(Event::Why { text: text.clone(), asked: true }),
                    None => self.reply("There is nothing more to say of this step."),
                },
                _ => self.reply("Press Enter to go on, ? and Enter for more, q and Enter to leave."),
            }
        }
    }

    fn waits(&self) -> bool {
        self.narrator.borrow().prompt.is_some()
    }

    fn reply(&self, text: &str) {
        self.tell(Event::Reply { text: text.to_owned() });
    }

    /// Shows a prompt, and returns the learner's line.
    fn ask(&self, wants: &'static str) -> Result<String> {
        self.tell(Event::Wait { wants });
        self.unharmed()?;
        self.narrator.borrow_mut().prompt.as_mut().map_or(Ok(String::new()), Prompt::line)
    }

    /// Says a paragraph.
    pub fn say(&self, text: impl Into<String>) {
        self.tell(Event::Say { text: text.into() });
    }

    /// What a learner reads who asks `?` at the end of the step.
    pub fn why(&self, text: impl Into<String>) {
        let text = text.into();
        self.narrator.borrow_mut().why = Some(text.clone());
        self.tell(Event::Why { text, asked: false });
    }

    /// A sentence that the article has wrong, put right.
    pub fn erratum(&self, code: &str, text: impl Into<String>) {
        self.tell(Event::Erratum { code: code.to_owned(), text: text.into() });
    }

    /// What a type of Rust, or a habit, does about the mistake that was just made.
    pub fn habit(&self, text: impl Into<String>) {
        self.tell(Event::Habit { text: text.into() });
    }

    /// A table that the lesson filled from what the kernel answered.
    pub fn table<const N: usize>(&self, title: &str, heading: [&str; N], rows: &[[String; N]]) {
        self.tell(Event::Table {
            title: title.to_owned(),
            heading: heading.map(str::to_owned).into(),
            rows: rows.iter().map(|row| row.to_vec()).collect(),
        });
    }

    /// A line that the article's own program prints.
    pub fn print(&self, text: impl Into<String>) {
        self.tell(Event::Print { text: text.into() });
    }

    /// A number that this run has counted.
    pub fn count(&self, what: &str, times: u64) {
        self.tell(Event::Count { what: what.to_owned(), times });
    }

    /// Something that spoils what follows.
    pub fn warn(&self, text: impl Into<String>) {
        self.tell(Event::Warning { text: text.into() });
    }

    /// Something that cannot be shown here, and why.
    pub fn missing(&self, text: impl Into<String>) {
        self.tell(Event::Missing { text: text.into() });
    }

    /// A command for a second terminal, for as long as the step waits.
    ///
    /// A private namespace has to be entered first, which the user who made it may do.
    pub fn try_it(&self, command: impl Into<String>, shows: &str) {
        let mut command = command.into();
        if self.narrator.borrow().isolated || self.process.borrow().is_apart() {
            command = format!("nsenter -t {} -U -i --preserve-credentials {command}", self.pid());
        }
        self.tell(Event::Try { command, shows: shows.to_owned() });
    }

    /// The process id of who acts in this part of the story.
    pub fn pid(&self) -> i32 {
        self.process.borrow().pid()
    }

    /// The size of a page, in bytes.
    pub fn page_size(&self) -> usize {
        self.process.borrow().page_size()
    }

    /// Makes a system call, and tells it.
    ///
    /// # Errors
    ///
    /// `Refused`, with the errno and its reason; `Ended`, if the process is gone.
    #[track_caller]
    pub fn perform(&self, call: Call) -> Result<Answer> {
        let place = Location::caller();
        self.unharmed()?;
        let outcome = self.process.borrow_mut().perform(&call);
        let outcome = self.told_if_ended(outcome)?;
        self.answered(call, outcome, place)
    }

    /// Tells a call that was made.
    fn answered(&self, call: Call, outcome: Outcome, place: &Location<'_>) -> Result<Answer> {
        let performed = Performed { pid: self.pid(), outcome, call };
        match performed.outcome.clone() {
            Ok(answer) => {
                self.learn(&answer);
                self.tell_call(performed, None, place);
                Ok(answer)
            }
            Err(errno) => {
                let reason = explain(&performed.call, errno, &mut &mut **self.process.borrow_mut());
                self.tell_call(performed.clone(), Some(reason.clone()), place);
                Err(Error::Refused(Box::new(Refusal { performed, errno, reason })))
            }
        }
    }

    /// A segment, or a set of semaphores, that was made or found is one that this story is about.
    fn learn(&self, answer: &Answer) {
        match answer {
            Answer::Id(id) => self.know(*id),
            Answer::Set(id) => self.know_set(*id),
            _ => {}
        }
    }

    fn tell_call(&self, performed: Performed, reason: Option<Reason>, place: &Location<'_>) {
        let (rust, brief) = self.statement(place);
        self.tell(Event::Call(Box::new(CallEvent { performed, who: self.who.clone(), reason, rust, brief })));
    }

    fn statement(&self, place: &Location<'_>) -> (Option<Rust>, bool) {
        let narrator = self.narrator.borrow();
        let wanted = narrator.teller.wants_evidence();
        (wanted.then(|| narrator.source.statement(place)).flatten(), narrator.brief)
    }

    /// Makes a call without a word: for what is asked again and again, while a process waits for another.
    pub(crate) fn quietly(&self, call: &Call) -> Result<Outcome> {
        let outcome = self.process.borrow_mut().perform(call);
        self.told_if_ended(outcome)
    }

    /// Removes a segment without a word: for `Drop`, when there is nobody to tell and nothing to try.
    pub(crate) fn discard(&self, id: Shmid) {
        // During a panic the process may be borrowed; then the safety net removes it.
        if let Ok(mut process) = self.process.try_borrow_mut() {
            let _ = process.perform(&Call::Shmctl { shmid: id, cmd: Cmd::IpcRmid });
        }
    }

    /// Removes a set of semaphores without a word: for `Drop`.
    pub(crate) fn discard_set(&self, semid: Semid) {
        let _ = self.look_at_set(semid, 0, SemCmd::IpcRmid);
    }

    /// Asks about a set of semaphores without a word.
    pub(crate) fn look_at_set(&self, semid: Semid, semnum: i32, cmd: SemCmd) -> Result<i32> {
        let outcome = self.process.borrow_mut().perform(&Call::Semctl { semid, semnum, cmd })?;
        Ok(outcome.map_or(0, |answer| answer.value() as i32))
    }

    /// Detaches without a word: for `Drop`.
    pub(crate) fn let_go(&self, address: Address) {
        if let Ok(mut process) = self.process.try_borrow_mut() {
            let _ = process.perform(&Call::Shmdt { address });
        }
    }

    /// Reads memory, and tells it.
    #[track_caller]
    pub(crate) fn load(&self, address: Address, buffer: &mut [u8]) -> Result<Faults> {
        self.unharmed()?;
        let faults = self.process.borrow_mut().load(address, buffer);
        self.tell_access(Direction::Read, address, buffer, faults, Location::caller())
    }

    /// Writes memory, and tells it.
    #[track_caller]
    pub(crate) fn store(&self, address: Address, bytes: &[u8]) -> Result<Faults> {
        self.unharmed()?;
        let faults = self.process.borrow_mut().store(address, bytes);
        self.tell_access(Direction::Write, address, bytes, faults, Location::caller())
    }

    fn tell_access(
        &self,
        direction: Direction,
        address: Address,
        bytes: &[u8],
        faults: Result<Faults>,
        place: &Location<'_>,
    ) -> Result<Faults> {
        let (c, survived) = match &faults {
            Ok(faults) => (notation::access(direction, address, bytes), Some(*faults)),
            Err(Error::Ended { .. }) => (notation::fatal(direction, address, bytes), None),
            Err(_) => return faults,
        };
        let (rust, brief) = self.statement(place);
        let (pid, who, bytes) = (self.pid(), self.who.clone(), bytes.to_vec());
        self.tell(Event::Memory(Access {
            pid,
            who,
            direction,
            address,
            bytes,
            faults: survived,
            c,
            rust,
            brief,
        }));
        self.told_if_ended(faults)
    }

    /// Reads at any address, as C would: without asking anyone first.
    ///
    /// # Errors
    ///
    /// `NotAttached` in the process that tells the story; `Ended` in a child that dies of it.
    #[track_caller]
    pub fn peek(&self, address: Address, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.load(address, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes at any address, as C would: without asking anyone first.
    ///
    /// # Errors
    ///
    /// As for [`Story::peek`].
    #[track_caller]
    pub fn poke(&self, address: Address, bytes: &[u8]) -> Result<Faults> {
        self.store(address, bytes)
    }

    /// Writes the same bytes so many times, and tells nothing of it.
    pub(crate) fn store_times(&self, address: Address, bytes: &[u8], times: usize) -> Result<()> {
        self.process.borrow_mut().store_times(address, bytes, times)
    }

    /// Counts the system calls of a deed, which a forked child does; nothing, where tracing is forbidden.
    pub fn count_calls<T>(&self, what: &str, deed: impl FnOnce() -> T) -> Option<u64> {
        match count_system_calls(|| drop(deed())) {
            Ok(times) => {
                self.count(&format!("system calls for {what}"), times);
                Some(times)
            }
            Err(errno) => {
                self.missing(format!(
                    "{what} cannot be counted: ptrace(PTRACE_TRACEME) gave {errno}. Is this run traced itself, \
                     or tracing forbidden here (kernel.yama.ptrace_scope, a container's seccomp profile)?"
                ));
                None
            }
        }
    }

    /// Counts the bytes that the kernel copies for a deed, which a forked child does; nothing, where they are not counted.
    pub fn count_copied_bytes(&self, what: &str, deed: impl FnOnce() -> io::Result<()>) -> Option<u64> {
        match count_copied_bytes(deed) {
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

    /// Has a forked child do a deed that may make no system call; nothing, where it cannot be forbidden.
    pub fn seal(&self, name: &str, deed: impl FnOnce()) -> Option<Ending> {
        match sealed(deed) {
            Ok((pid, ending)) => {
                self.tell(Event::Fork { pid: pid.as_raw(), who: name.to_owned() });
                self.tell(Event::ended(pid.as_raw(), Some(name.to_owned()), ending));
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

    /// Runs a program of the system, such as `ipcrm`, and shows what it printed.
    ///
    /// Returns its exit status; nothing, if it is not installed.
    pub fn run_tool(&self, program: &str, arguments: &[&str]) -> Option<i32> {
        let command = [&[program], arguments].concat().join(" ");
        match process::Command::new(program).args(arguments).stdin(process::Stdio::null()).output() {
            Ok(process::Output { status, stdout, stderr }) => {
                let output =
                    [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
                self.tell(Event::Tool { command, status: status.code(), output });
                status.code()
            }
            Err(error) => {
                self.missing(format!("`{command}` could not be run: {error}. It is part of util-linux."));
                None
            }
        }
    }

    /// A second process: a copy of this one, forked, which does what its own part of the story says.
    ///
    /// # Errors
    ///
    /// `Ground`, if no process can be made.
    pub fn fork(&self, name: &str) -> Result<Story> {
        self.unharmed()?;
        let child = self.process.borrow_mut().fork()?;
        Ok(self.joined_by(name, child))
    }

    /// A second process that inherits nothing: this program, run anew. It knows only what it is told.
    ///
    /// # Errors
    ///
    /// `Ground`, if no process can be made, or the program cannot be started again.
    pub fn stranger(&self, name: &str) -> Result<Story> {
        self.unharmed()?;
        let process = self.process.borrow_mut().spawn()?;
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

    /// Tells what another program printed that the lesson has run.
    pub(crate) fn tell_tool(&self, command: &str, status: Option<i32>, output: String) {
        self.tell(Event::Tool { command: command.to_owned(), status, output });
    }

    /// Makes a call without a word: for `Drop`, when there is nobody to tell and nothing to try.
    pub(crate) fn perform_untold(&self, call: &Call) {
        let _ = self.process.borrow_mut().perform(call);
    }

    /// Changes what the process is or may: its user, its privileges, its namespace.
    ///
    /// # Errors
    ///
    /// `Ground` in the process that tells the story, and where the system forbids it.
    pub fn adjust(&self, adjustment: Adjustment) -> Result<()> {
        let done = self.process.borrow_mut().adjust(&adjustment);
        self.told_if_ended(done)
    }

    /// [`Story::adjust`] where the system allows it; where it does not, says what is missing, and returns `false`.
    ///
    /// # Errors
    ///
    /// `Ended`, if the process is gone.
    pub fn adjust_if_allowed(&self, adjustment: Adjustment) -> Result<bool> {
        match self.adjust(adjustment) {
            Err(Error::Ground { asked, answer, advice }) => {
                self.missing(format!("{asked}: {answer}. {advice}"));
                Ok(false)
            }
            other => other.map(|()| true),
        }
    }

    /// Reads or changes a control word, and tells nothing of it.
    pub(crate) fn word(&self, address: Address, change: Change) -> Result<u32> {
        let before = self.process.borrow_mut().word(address, change);
        self.told_if_ended(before)
    }

    /// The bytes of an attachment, bare.
    pub(crate) fn window<'a>(&self, address: Address, length: usize) -> Result<Bytes<'a>> {
        self.process.borrow_mut().window(address, length)
    }

    /// Replaces the program that the process runs.
    ///
    /// # Errors
    ///
    /// `Ground` in the process that tells the story, and if the program cannot be run.
    pub fn exec(&self, program: &str, arguments: &[&str]) -> Result<()> {
        self.process.borrow_mut().exec(program, arguments)?;
        let command = [&[program], arguments].concat().join(" ");
        self.tell(Event::Exec { pid: self.pid(), who: self.who.clone(), command });
        Ok(())
    }

    /// Lets the process exit, as any program does at its end.
    ///
    /// # Errors
    ///
    /// `Ground` in the process that tells the story.
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
        self.tell_ending(ending);
        Ok(ending)
    }

    fn told_if_ended<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(Error::Ended { ending, .. }) = result {
            self.tell_ending(ending);
        }
        result
    }

    fn tell_ending(&self, ending: Ending) {
        self.tell(Event::ended(self.pid(), self.who.clone(), ending));
    }

    /// Tells an event. A failure to write is kept, and returned by the next call that can fail.
    pub(crate) fn tell(&self, event: Event) {
        let mut narrator = self.narrator.borrow_mut();
        if narrator.failure.is_none() {
            narrator.failure = narrator.teller.tell(&event).err();
        }
    }

    fn wants_evidence(&self) -> bool {
        self.narrator.borrow().teller.wants_evidence()
    }

    /// The error that writing has met since this was last asked.
    pub(crate) fn unharmed(&self) -> Result<()> {
        match self.narrator.borrow_mut().failure.take() {
            Some(failure) => Err(Error::Output(failure)),
            None => Ok(()),
        }
    }
}

/// A story that is told to nobody, for tests.
#[cfg(test)]
pub(crate) fn silent() -> Story {
    let source = Source { file: "nowhere.rs", text: "" };
    Story::new(Box::new(crate::kernel::Linux::new()), Box::new(Plain::new(io::sink())), None, source, false)
}
