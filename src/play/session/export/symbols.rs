//! The variables of a program: what earlier calls have returned.
//!
//! **Invariant:** no two variables have the same name, and none has one that the program uses for itself.

use super::notation::Language;

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Segment,
    Set,
    Key,
    Address,
}

/// The variables so far.
pub struct Symbols {
    /// Whether several processes share them.
    pub many: bool,
    language: Language,
    all: Vec<(Kind, i64, String)>,
}

/// Names that the program, or its language, has given away.
const TAKEN: [&str; 26] = [
    "main",
    "fail",
    "report",
    "record",
    "buffer",
    "shared",
    "turn",
    "done",
    "let_go_on",
    "nap",
    "settle",
    "state",
    "run",
    "look",
    "print",
    "as",
    "fn",
    "in",
    "let",
    "loop",
    "match",
    "mod",
    "move",
    "mut",
    "pub",
    "errno",
];
/// How far behind its first byte an address still belongs to an attachment.
const FARTHEST: i64 = 1 << 32;

impl Symbols {
    pub fn new(language: Language, many: bool) -> Symbols {
        Symbols { many, language, all: Vec::new() }
    }

    /// Every variable, with what it holds.
    pub fn all(&self) -> impl Iterator<Item = (Kind, &str)> {
        self.all.iter().map(|(kind, _, name)| (*kind, name.as_str()))
    }

    /// A variable for what a call has returned, as the program writes it.
    pub fn add(&mut self, kind: Kind, value: i64, name: Option<&str>) -> String {
        let usual = match kind {
            Kind::Segment => "segment",
            Kind::Set => "set",
            Kind::Key => "key",
            Kind::Address => "memory",
        };
        let name = name.unwrap_or(usual);
        let is_free =
            |name: &str| !TAKEN.contains(&name) && !self.all.iter().any(|(_, _, used)| used == name);
        let numbered = || (2..).map(|number| format!("{name}_{number}")).find(|name| is_free(name));
        let name = if is_free(name) { name.to_owned() } else { numbered().unwrap_or_default() };
        self.all.push((kind, value, name.clone()));
        self.written(&name)
    }

    fn written(&self, name: &str) -> String {
        if self.many { format!("{}{name}", self.language.shared()) } else { name.to_owned() }
    }

    fn find(&self, fits: impl Fn(Kind, i64) -> bool) -> Option<(i64, String)> {
        let found = self.all.iter().rev().find(|(kind, value, _)| fits(*kind, *value));
        found.map(|(_, value, name)| (*value, self.written(name)))
    }

    /// An id or a key: the variable that holds it, or the number itself.
    pub fn number(&self, kind: Kind, value: i32) -> String {
        let found = self.find(|other, held| other == kind && held == i64::from(value));
        found.map_or_else(|| value.to_string(), |(_, name)| name)
    }

    /// The variable that holds exactly this address.
    pub fn attachment(&self, address: u64) -> Option<String> {
        self.find(|kind, held| kind == Kind::Address && held == address as i64).map(|(_, name)| name)
    }

    /// An address: the variable below it and the distance, or the number itself.
    pub fn address(&self, address: u64) -> String {
        let language = self.language;
        let address = address as i64;
        let distance = |held: i64| address.wrapping_sub(held);
        match self.find(|kind, held| {
            kind == Kind::Address && (0..FARTHEST).contains(&distance(held)) && nearest(self, held, address)
        }) {
            Some((held, name)) => language.offset(&name, distance(held)),
            None => language.raw_address(address as u64),
        }
    }
}

/// Whether no other attachment begins between an address and this one.
fn nearest(symbols: &Symbols, held: i64, address: i64) -> bool {
    let mut others = symbols.all.iter().filter(|(kind, ..)| *kind == Kind::Address);
    !others.any(|(_, other, _)| (held + 1..=address).contains(other))
}
