//! What a process does: its calls, its accesses, its life.

use std::io;

use colored::Colorize;

use super::{Text, speaker};
use crate::error::Reason;
use crate::story::event::{Access, CallEvent, Rust};

/// What stands for a statement that has made the call before, too.
const SAME: &str = "the same statement";

impl Text {
    pub(super) fn call(&mut self, call: &CallEvent) -> io::Result<()> {
        let told = format!("{}{}", speaker(call.who.as_deref(), call.pid), call.c);
        if call.brief {
            return self.evidence(&told);
        }
        if call.rust.is_none() {
            self.blank()?;
        }
        self.labelled("C".bold(), &told)?;
        self.statement(call.rust.as_deref().zip(call.at.as_deref()))?;
        self.why(call.why.as_deref().zip(call.advice.as_deref()))?;
        self.room_below()
    }

    /// Why, and what to try.
    pub(super) fn reason(&mut self, reason: Option<&Reason>) -> io::Result<()> {
        self.why(reason.map(|Reason { why, advice }| (why.as_str(), advice.as_str())))
    }

    fn why(&mut self, reason: Option<(&str, &str)>) -> io::Result<()> {
        let Some((why, advice)) = reason else { return Ok(()) };
        self.labelled("Why".red().bold(), why)?;
        self.labelled("Try".bold(), advice)
    }

    pub(super) fn started(&mut self, told: &str, rust: Option<&Rust>, brief: bool) -> io::Result<()> {
        if brief {
            return self.evidence(&format!("{told} ..."));
        }
        self.labelled("Starts".bold(), told)?;
        self.statement(rust.map(Rust::parts))?;
        self.room_below()
    }

    /// The statement of the lesson, and where it is; once, where one makes several calls.
    pub(super) fn statement(&mut self, rust: Option<(&str, &str)>) -> io::Result<()> {
        let Some((code, at)) = rust else { return Ok(()) };
        if self.statement.replace(at.to_owned()).is_some_and(|before| before == at) {
            return self.labelled("Rust".bold(), SAME);
        }
        if self.screen.stepping {
            // The place goes behind the statement, and is not torn apart.
            return self.labelled("Rust".bold(), &format!("{code}  //\u{a0}{at}"));
        }
        self.labelled("Rust".bold(), code)?;
        self.labelled("".normal(), at)
    }

    pub(super) fn access(&mut self, access: &Access) -> io::Result<()> {
        let told = format!("{}{}", speaker(access.who.as_deref(), access.pid), access.c);
        if access.brief {
            return self.evidence(&told);
        }
        self.labelled("C".bold(), &told)?;
        self.statement(access.rust.as_ref().map(Rust::parts))?;
        if let Some(faults) = access.page_faults() {
            self.labelled("Faults".bold(), &faults)?;
        }
        self.room_below()
    }

    /// What became of another process.
    pub(super) fn happened(&mut self, label: &str, speaker: &str, what: &str) -> io::Result<()> {
        if !self.screen.stepping {
            self.blank()?;
        }
        self.labelled(label.bold(), &format!("{speaker}{what}"))?;
        self.room_below()
    }
}
