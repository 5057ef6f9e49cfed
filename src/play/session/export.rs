//! The session as a complete program that makes the same calls, in C or in Rust.
//!
//! What was done is written, not what was typed: each call with its arguments, and where an argument is an id or an address
//! that an earlier call returned, the variable that holds it. With one process the program is a list of calls. With several,
//! the first process is the scheduler: it lets each of the others take its turn, in the session's order.
//!
//! **Invariant:** each call is checked. One that was refused in the session may be refused in the program, too, which
//! then says why and goes on; any other ends the program.

mod call;
mod frame;
mod notation;
mod symbols;

use playground_core::call::{Answer, Call, Outcome};
use playground_core::machine::Action;

use super::log::Entry;
use super::world::World;
use crate::c::Wait;

pub(super) use notation::Language;
use symbols::{Kind, Symbols};

/// A turn of a process.
pub(super) struct Turn {
    /// Its number; nobody's, where the scheduler itself acts for the shell.
    who: Option<usize>,
    /// The lines that it does.
    lines: Vec<String>,
    /// Whether it does not come back from it at once: it waits, or ends.
    leaves: bool,
}

/// The lines of the program.
pub(super) fn program(world: &World, language: Language) -> Vec<String> {
    let letters = world.letters(|_| true);
    let number = |letter: &str| letters.iter().position(|known| *known == letter).unwrap_or_default();
    let many =
        letters.len() > 1 || world.log.iter().any(|entry| matches!(&**entry, Entry::Did { who: None, .. }));
    let mut writer = Writer { language, symbols: Symbols::new(language, many), world };
    let mut turns: Vec<Turn> = Vec::new();
    for entry in world.log.iter().map(|entry| &**entry) {
        match entry {
            Entry::Began { who } => {
                turns.push(Turn { who: None, lines: vec![start(number(who))], leaves: false })
            }
            Entry::Printed { who, text, from } => {
                let lines = writer.print(text, *from);
                turns.push(Turn { who: Some(number(who)), lines, leaves: false });
            }
            Entry::Awaited { who, wait, outcome, waited } => {
                let lines = writer.wait(wait, outcome.as_ref(), &number);
                turns.push(Turn { who: Some(number(who)), lines, leaves: *waited });
            }
            Entry::Did { who, action, words, outcome, waited, name } => {
                let lines = writer.action(action, words, outcome.as_ref(), name.as_deref(), &number);
                let ends =
                    matches!(action, Action::Exit | Action::Exec { .. }) && matches!(outcome, Some(Ok(_)));
                let leaves = ends || *waited || outcome.is_none();
                turns.push(Turn { who: who.as_deref().map(&number), lines, leaves });
            }
        }
    }
    frame::whole(language, many, letters.len(), &writer.symbols, &joined(turns))
}

/// Starts a process: the scheduler does, or one of the session by a fork.
fn start(number: usize) -> String {
    format!("start({number});")
}

/// Turns of the same process one behind the other are one.
fn joined(turns: Vec<Turn>) -> Vec<Turn> {
    let mut joined: Vec<Turn> = Vec::new();
    for turn in turns {
        match joined.last_mut() {
            Some(last) if last.who == turn.who && !last.leaves => {
                last.lines.extend(turn.lines);
                last.leaves = turn.leaves;
            }
            _ => joined.push(turn),
        }
    }
    joined
}

struct Writer<'a> {
    language: Language,
    symbols: Symbols,
    world: &'a World,
}

impl Writer<'_> {
    fn print(&self, text: &[u8], from: Option<u64>) -> Vec<String> {
        let Some(address) = from else { return vec![self.language.say(text)] };
        let read = text.strip_suffix(b"\n").unwrap_or(text);
        let mut lines = vec![self.language.print(&self.address(address), read.len())];
        if read.len() < text.len() {
            lines.push(self.language.say(b"\n"));
        }
        lines
    }

    /// A wait for a child. Nobody asks for the status in the program: what was printed of it is a text there.
    fn wait(&self, wait: &Wait, outcome: Option<&Outcome>, number: &dyn Fn(&str) -> usize) -> Vec<String> {
        let null = self.language.null();
        let call = match wait.name {
            "wait" => format!("wait({null})"),
            name => format!("{name}({}, {null}, {})", self.pid(wait.target, number), wait.options),
        };
        self.language.checked(&call, wait.name, outcome)
    }

    /// The id of a process: of the session's, the variable that holds it.
    fn pid(&self, pid: i32, number: &dyn Fn(&str) -> usize) -> String {
        match self.world.letter_of(pid) {
            Some(letter) if self.symbols.many => self.language.pid(number(letter)),
            Some(_) => "getpid()".to_owned(),
            None => pid.to_string(),
        }
    }

    fn address(&self, address: u64) -> String {
        self.symbols.address(address)
    }

    /// The lines of an action.
    fn action(
        &mut self,
        action: &Action,
        words: &[String],
        outcome: Option<&Outcome>,
        name: Option<&str>,
        number: &dyn Fn(&str) -> usize,
    ) -> Vec<String> {
        let language = self.language;
        let text = match action {
            Action::Call(call) => return self.call(call, outcome, name),
            Action::Load { address, length } => {
                return vec![language.load(&self.address(address.0), *length)];
            }
            Action::Store { address, bytes } => return vec![language.store(&self.address(address.0), bytes)],
            Action::Fork { child } => {
                let Some(letter) = self.world.letter_of(*child).filter(|_| matches!(outcome, Some(Ok(_))))
                else {
                    return Vec::new();
                };
                return vec![start(number(letter))];
            }
            Action::Exit => return vec![format!("_exit({});", words.concat())],
            Action::Exec { .. } => language.exec(words),
            Action::Kill { target, signal } => format!("kill({}, {signal})", self.pid(*target, number)),
            Action::SetIdentity(playground_core::machine::Identity::User(id)) => format!("setuid({id})"),
            Action::SetIdentity(playground_core::machine::Identity::Group(id)) => format!("setgid({id})"),
            Action::Munmap { address, length } => {
                format!("munmap({}, {length})", self.address(address.0))
            }
            Action::Mprotect { address, length, protection } => {
                let address = self.address(address.0);
                format!("mprotect({address}, {length}, {})", protection.bits())
            }
            Action::Sysctl(setting) => return vec![language.sysctl(*setting)],
            _ => return Vec::new(),
        };
        language.checked(&text, super::shown::name(action), outcome)
    }

    /// The lines of a System V call. What it returns gets a variable.
    fn call(&mut self, call: &Call, outcome: Option<&Outcome>, name: Option<&str>) -> Vec<String> {
        let mut lines = call::before(self.language, call);
        let text = call::text(self.language, &self.symbols, call);
        let kind = match outcome {
            Some(Ok(Answer::Id(id))) => Some((Kind::Segment, id.0.into())),
            Some(Ok(Answer::Set(id))) => Some((Kind::Set, id.0.into())),
            Some(Ok(Answer::Key(key))) => Some((Kind::Key, key.0.into())),
            Some(Ok(Answer::Mapped(address))) => Some((Kind::Address, address.0 as i64)),
            _ => None,
        };
        match kind {
            Some((kind, value)) => {
                let variable = self.symbols.add(kind, value, name);
                lines.extend(self.language.assigned(&variable, &text, kind, call.name()));
            }
            None => lines.extend(self.language.checked(&text, call.name(), outcome)),
        }
        lines
    }
}
