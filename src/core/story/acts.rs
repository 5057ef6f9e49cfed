//! What a process does: calls and accesses, each told with what the kernel made of it.
//!
//! **Invariant:** nothing is told that was not done, and what is done is told, but for what is asked again and again while a process waits.

use std::any::Any;
use std::panic::Location;
use std::thread;

use super::event::{Access, CallEvent, Direction, Event, Rust};
use super::transcript::Transcript;
use super::{Story, explain, notation};
use crate::call::{Address, Answer, Call, Outcome, Performed};
use crate::error::{Error, Reason, Refusal, Result};
use crate::process::{Change, Faults, Process};

impl Story {
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
        self.transcribe(|transcript, pid| transcript.call(pid, &call, Some(&outcome)));
        self.answered(call, outcome, place)
    }

    /// Keeps what was done for whoever goes on from here.
    pub(super) fn transcribe(&self, keep: impl FnOnce(&mut Transcript, i32)) {
        let pid = self.pid();
        keep(&mut self.narrator.borrow_mut().transcript, pid);
    }

    /// Tells a call that was made.
    pub(super) fn answered(&self, call: Call, outcome: Outcome, place: &Location<'_>) -> Result<Answer> {
        let performed = Performed { pid: self.pid(), outcome, call };
        match performed.outcome.clone() {
            Ok(answer) => {
                self.learn(&answer);
                self.tell_call(&performed, None, place);
                Ok(answer)
            }
            Err(errno) => {
                let reason = explain(&performed.call, errno, &mut **self.process.borrow_mut());
                self.tell_call(&performed, Some(&reason), place);
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

    fn tell_call(&self, performed: &Performed, reason: Option<&Reason>, place: &Location<'_>) {
        let (rust, brief) = self.statement(place);
        let call = CallEvent::of(performed, reason).by(rust);
        self.tell(Event::Call(Box::new(CallEvent { who: self.who.clone(), brief, ..call })));
    }

    pub(super) fn statement(&self, place: &Location<'_>) -> (Option<Rust>, bool) {
        let narrator = self.narrator.borrow();
        let wanted = narrator.teller.wants_evidence();
        (wanted.then(|| narrator.source.statement(place)).flatten(), narrator.brief)
    }

    /// Makes a call without a word: for what is asked again and again, while a process waits for another.
    pub fn quietly(&self, call: &Call) -> Result<Outcome> {
        let outcome = self.process.borrow_mut().perform(call);
        self.told_if_ended(outcome)
    }

    /// Makes a call for `Drop`, and tells it in one line, if that can be: a failure has nobody to go to.
    pub fn perform_at_drop(&self, call: Call) {
        // During a panic the process may be borrowed; then the safety net does what is left to do.
        let Ok(mut process) = self.process.try_borrow_mut() else { return };
        let (pid, outcome) = (process.pid(), process.perform(&call));
        drop(process);
        if let Ok(outcome) = &outcome {
            self.transcribe(|transcript, pid| transcript.call(pid, &call, Some(outcome)));
        }
        if let Ok(outcome @ Ok(_)) = outcome
            && !thread::panicking()
        {
            let performed = Performed { pid, outcome, call };
            let call = CallEvent::of(&performed, None);
            self.tell(Event::Call(Box::new(CallEvent { who: self.who.clone(), brief: true, ..call })));
        }
    }

    /// Reads memory, and tells it.
    #[track_caller]
    pub fn load(&self, address: Address, buffer: &mut [u8]) -> Result<Faults> {
        self.unharmed()?;
        let faults = self.process.borrow_mut().load(address, buffer);
        self.tell_access(Direction::Read, address, buffer, faults, Location::caller())
    }

    /// Writes memory, and tells it.
    #[track_caller]
    pub fn store(&self, address: Address, bytes: &[u8]) -> Result<Faults> {
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
            Ok(faults) => {
                if direction == Direction::Write {
                    self.transcribe(|transcript, pid| transcript.stored(pid, address, bytes));
                }
                (notation::access(direction, address, bytes), Some(*faults))
            }
            Err(Error::Ended { .. }) => {
                self.transcribe(|transcript, pid| transcript.died(pid, address, direction));
                (notation::fatal(direction, address, bytes), None)
            }
            Err(_) => return faults,
        };
        let (rust, brief) = self.statement(place);
        // What a read has not brought, nobody has seen.
        let seen = survived.is_some() || direction == Direction::Write;
        let (pid, who, bytes) = (self.pid(), self.who.clone(), seen.then(|| bytes.to_vec()));
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
    pub fn store_times(&self, address: Address, bytes: &[u8], times: usize) -> Result<()> {
        self.process.borrow_mut().store_times(address, bytes, times)
    }

    /// Reads or changes a control word, and tells nothing of it.
    pub fn word(&self, address: Address, change: Change) -> Result<u32> {
        let before = self.process.borrow_mut().word(address, change);
        let before = self.told_if_ended(before)?;
        if let Some(value) = change.after(before) {
            self.transcribe(|transcript, pid| transcript.word(pid, address, value));
        }
        Ok(before)
    }

    /// Lets the process itself do what no other kind of process can: nothing, where it is of another kind.
    pub fn with_process<P: Process, T>(&self, operation: impl FnOnce(&mut P) -> T) -> Option<T> {
        let process: &mut dyn Any = &mut **self.process.borrow_mut();
        process.downcast_mut::<P>().map(operation)
    }
}
