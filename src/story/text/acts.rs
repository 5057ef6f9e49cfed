//! What a process does: its calls, its accesses, its life.

use std::io;

use colored::Colorize;

use super::{Text, speaker};
use crate::error::Reason;
use crate::story::event::{Access, CallEvent, Direction, Rust};

impl Text {
    pub(super) fn call(&mut self, call: &CallEvent) -> io::Result<()> {
        let told = format!("{}{}", speaker(call.who.as_deref(), call.performed.pid), call.performed);
        if call.brief {
            return self.evidence(&told);
        }
        if call.rust.is_none() {
            self.blank()?;
        }
        self.labelled("C".bold(), &told)?;
        self.statement(call.rust.as_ref())?;
        self.reason(call.reason.as_ref())?;
        self.blank()
    }

    /// Why, and what to try.
    pub(super) fn reason(&mut self, reason: Option<&Reason>) -> io::Result<()> {
        let Some(Reason { why, advice }) = reason else { return Ok(()) };
        self.labelled("Why".red().bold(), why)?;
        self.labelled("Try".bold(), advice)
    }

    pub(super) fn started(&mut self, told: &str, rust: Option<&Rust>, brief: bool) -> io::Result<()> {
        if brief {
            return self.evidence(&format!("{told} ..."));
        }
        self.labelled("Starts".bold(), told)?;
        self.statement(rust)?;
        self.blank()
    }

    pub(super) fn statement(&mut self, rust: Option<&Rust>) -> io::Result<()> {
        let Some(rust) = rust else { return Ok(()) };
        self.labelled("Rust".bold(), &rust.code)?;
        self.labelled("".normal(), &rust.at)
    }

    pub(super) fn access(&mut self, access: &Access) -> io::Result<()> {
        let told = format!("{}{}", speaker(access.who.as_deref(), access.pid), access.c);
        if access.brief {
            return self.evidence(&told);
        }
        self.labelled("C".bold(), &told)?;
        self.statement(access.rust.as_ref())?;
        let doing = if access.direction == Direction::Write { "writing" } else { "reading" };
        match access.faults {
            Some(0) => self.labelled("Faults".bold(), &format!("no page fault while {doing}"))?,
            Some(1) => self.labelled("Faults".bold(), &format!("1 page fault while {doing}"))?,
            Some(faults) => self.labelled("Faults".bold(), &format!("{faults} page faults while {doing}"))?,
            None => {}
        }
        self.blank()
    }

    /// What became of another process.
    pub(super) fn happened(&mut self, label: &str, speaker: &str, what: &str) -> io::Result<()> {
        self.blank()?;
        self.aside(label.bold(), &format!("{speaker}{what}"))
    }
}
