//! Words: what a lesson says, beside what the kernel answers.

use super::Story;
use super::event::{Event, Fault};

impl Story {
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
        self.tell(Event::Erratum { code: code.to_owned(), fault: Fault::Wrong, text: text.into() });
    }

    /// What the article says nothing of, and should.
    pub fn addition(&self, code: &str, text: impl Into<String>) {
        self.tell(Event::Erratum { code: code.to_owned(), fault: Fault::Missing, text: text.into() });
    }

    /// A sentence that a manual page has wrong, put right.
    pub fn manual_errs(&self, code: &str, text: impl Into<String>) {
        self.tell(Event::Erratum { code: code.to_owned(), fault: Fault::Manual, text: text.into() });
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

    /// A command for a second terminal, for as long as the step waits. One that was offered before is not offered
    /// again.
    ///
    /// A private namespace has to be entered first, which the user who made it may do.
    pub fn try_it(&self, command: impl Into<String>, shows: &str) {
        let mut command = command.into();
        if self.narrator.borrow().isolated || self.process.borrow().is_apart() {
            command = format!("{} {command}", self.way_in().join(" "));
        }
        if self.narrator.borrow().offered.contains(&command) {
            return;
        }
        self.narrator.borrow_mut().offered.push(command.clone());
        self.tell(Event::Try { command, shows: shows.to_owned() });
    }

    /// What to type before a command that is to run in this process's private namespace.
    pub(super) fn way_in(&self) -> Vec<String> {
        let pid = self.pid().to_string();
        ["nsenter", "-t", &pid, "-U", "-i", "--preserve-credentials"].map(str::to_owned).to_vec()
    }
}
