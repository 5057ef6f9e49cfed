//! Two processes that each make one increment, step by step, in an order that somebody else decides.
//!
//! **Invariant:** every step is made by the process whose turn it is, on the segment itself; what is told is what
//! the registers and the counter held after it.

use std::cell::Cell;
use std::fmt;

use super::Attachment;
use crate::error::Result;
use crate::process::Step;
use crate::story::{Schedule, Turn};

/// One increment of each process.
pub struct Interleaved<'a> {
    memory: &'a Attachment,
    runners: [&'a Attachment; 2],
    counter: usize,
    registers: Cell<[Option<u32>; 2]>,
}

/// How things are after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Who has made it.
    pub who: Turn,
    /// The step.
    pub step: Step,
    /// What each process has in its register; nothing before it has loaded.
    pub registers: [Option<u32>; 2],
    /// What the counter says.
    pub counter: u32,
}

impl<'a> Interleaved<'a> {
    /// Sets the counter to 0, for A and B to increment.
    ///
    /// # Errors
    ///
    /// As for [`Attachment::store_word`].
    pub fn begin(
        memory: &'a Attachment,
        runners: [&'a Attachment; 2],
        counter: usize,
    ) -> Result<Interleaved<'a>> {
        memory.store_word(counter, 0)?;
        Ok(Interleaved { memory, runners, counter, registers: Cell::default() })
    }

    /// Lets one of them make a step.
    ///
    /// # Errors
    ///
    /// `Ended`, if it is gone.
    pub fn make(&self, who: Turn, step: Step) -> Result<Moved> {
        let mut registers = self.registers.get();
        registers[who as usize] = Some(self.runners[who as usize].step(self.counter, step)?);
        self.registers.set(registers);
        Ok(Moved { who, step, registers, counter: self.memory.load_word(self.counter)? })
    }

    /// Lets them make all their steps in this order.
    ///
    /// # Errors
    ///
    /// As for [`Interleaved::make`].
    pub fn replay(&self, schedule: &Schedule) -> Result<Vec<Moved>> {
        schedule.moves().map(|(who, step)| self.make(who, step)).collect()
    }
}

impl Moved {
    /// As a row of a table: who, the step in C, both registers, the counter.
    pub fn row(&self) -> [String; 5] {
        let [a, b] = self.registers.map(|r| r.map_or("empty".to_owned(), |r| r.to_string()));
        [self.who.to_string(), self.in_c().to_owned(), a, b, self.counter.to_string()]
    }

    fn in_c(&self) -> &'static str {
        match self.step {
            Step::Load => "r = counter",
            Step::Add => "r = r + 1",
            Step::Store => "counter = r",
        }
    }
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [who, step, a, b, counter] = self.row();
        write!(f, "{who}: {step}. A's register is {a}, B's {b}, the counter {counter}.")
    }
}
