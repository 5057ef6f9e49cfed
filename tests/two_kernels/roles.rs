//! What differs from run to run is compared by its role: the second address that a run tells is A1 in every run.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::UNIX_EPOCH;

use regex::{Captures, Regex};
use serde_json::{Map, Value, json};

/// Whether an event has to be the same on both kernels.
pub fn is_compared(event: &Value) -> bool {
    match event["event"].as_str().unwrap_or_default() {
        // It says which kernel it is.
        "lesson" => false,
        // Libraries lie elsewhere; the attachments among them are compared as maps.
        "space" => false,
        // In which function a process sleeps, no rule says.
        "sleep" => false,
        // The wording of util-linux, and a tool that the model has not, or this machine.
        "tool" => false,
        "missing" => !text(event, "text").contains("could not be run"),
        // How many updates an unguarded counter loses, and how long anything takes.
        "table" => ![
            "the last race",
            "what one increment costs",
            // Numbers of this machine's files.
            "what ftok keeps in the key",
            "several names, one key; one name, several keys",
        ]
        .contains(&text(event, "title")),
        "count" => text(event, "what") != "files made until two had one key",
        // The file has no name but one that a process number is in.
        "call" => !text(event, "c").contains("/proc/"),
        // Where there is one processor, the real race may lose nothing.
        "answer" => !event["options"].to_string().contains("the sum"),
        _ => true,
    }
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or_default()
}

/// Numbers that have no meaning of their own, in the order in which a run tells them.
#[derive(Default)]
pub struct Roles {
    pids: Vec<u64>,
    addresses: Vec<u64>,
    keys: Vec<u64>,
}

/// A word, which may be a number.
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\w+").expect("an expression"));
/// The line of the maps that stands in the way of an attachment.
static TAKEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"is taken by: .*").expect("an expression"));
/// The project number of `ftok` depends on the process.
static PROJECT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(ftok\(.*), \d+\)"#).expect("an expression"));

/// Where a program is built, which is elsewhere on each machine.
static FOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"[^\s"]*/(lesson\d\d)\b"#).expect("an expression"));

/// The numbers of the processes that do something in the events.
pub fn pids(events: &[Value]) -> impl Iterator<Item = u64> {
    events.iter().filter_map(|event| event["pid"].as_u64())
}

/// All other numbers that the events tell.
pub fn numbers_but_pids(events: &[Value]) -> HashSet<u64> {
    let texts = events.iter().map(Value::to_string).collect::<String>();
    let mut numbers: HashSet<_> =
        WORD.find_iter(&texts).filter_map(|word| word.as_str().parse().ok()).collect();
    pids(events).for_each(|pid| {
        numbers.remove(&pid);
    });
    numbers
}

fn role(known: &mut Vec<u64>, kind: &str, number: u64) -> String {
    let at = known.iter().position(|one| *one == number).unwrap_or_else(|| {
        known.push(number);
        known.len() - 1
    });
    format!("{kind}{at}")
}

fn is_address(number: u64) -> bool {
    (1 << 40..1 << 47).contains(&number)
}

/// A time between the first recording and now, in seconds since 1970.
fn is_now(number: u64) -> bool {
    const FIRST: u64 = 1_767_225_600;
    let now = UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    (FIRST..=now + 3600).contains(&number)
}

impl Roles {
    /// A process is known by the first event that it does something in.
    pub fn of(events: &[Value]) -> Roles {
        let mut roles = Roles::default();
        for pid in pids(events) {
            role(&mut roles.pids, "P", pid);
        }
        roles
    }

    /// The event, with roles in place of numbers.
    pub fn in_place_of_numbers(&mut self, event: &Value) -> Value {
        let is_ftok = event["name"] == "ftok";
        let mut event = self.value("", event);
        if is_ftok {
            // The key, as a number; `c` has it as a key.
            event["result"] = json!("a key");
        }
        event
    }

    fn value(&mut self, name: &str, value: &Value) -> Value {
        match value {
            Value::Object(fields) => self.object(fields),
            Value::Array(bytes) if name == "bytes" => self.bytes(bytes),
            Value::Array(values) => values.iter().map(|value| self.value(name, value)).collect(),
            Value::String(text) => json!(self.text(text)),
            Value::Number(number) => match number.as_i64() {
                Some(number) => self.number(name, number),
                None => value.clone(),
            },
            _ => value.clone(),
        }
    }

    /// Where a mapping ends is told by its length: another one may or may not begin there.
    fn object(&mut self, fields: &Map<String, Value>) -> Value {
        let length =
            fields.get("start").and_then(Value::as_u64).zip(fields.get("end").and_then(Value::as_u64));
        let roles = fields.iter().map(|(name, value)| match length {
            Some((start, end)) if name == "end" => (name.clone(), json!(end - start)),
            _ => (name.clone(), self.value(name, value)),
        });
        Value::Object(roles.collect())
    }

    /// Eight bytes may be an address that a lesson stores, four the pid of who holds a lock.
    fn bytes(&mut self, bytes: &[Value]) -> Value {
        let whole = bytes.iter().rev().fold(0_u64, |all, byte| all << 8 | byte.as_u64().unwrap_or_default());
        match bytes.len() {
            8 if is_address(whole) => json!(role(&mut self.addresses, "A", whole)),
            4 if self.pids.contains(&(whole & 0x3fff_ffff)) => {
                json!([whole >> 30, role(&mut self.pids, "P", whole & 0x3fff_ffff)])
            }
            _ => json!(bytes),
        }
    }

    fn number(&mut self, name: &str, number: i64) -> Value {
        let bits = number as u64;
        match name {
            "project" => json!("a project"),
            "key" if number != 0 => json!(role(&mut self.keys, "K", bits & 0xffff_ffff)),
            _ if self.pids.contains(&bits) => json!(role(&mut self.pids, "P", bits)),
            _ if is_address(bits) => json!(role(&mut self.addresses, "A", bits)),
            _ if is_now(bits) => json!("now"),
            _ => json!(number),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let text = TAKEN.replace_all(text, "is taken");
        let text = PROJECT.replace_all(&text, "$1, a project)");
        let text = FOLDER.replace_all(&text, "$1");
        WORD.replace_all(&text, |word: &Captures<'_>| self.word(&word[0])).into_owned()
    }

    fn word(&mut self, word: &str) -> String {
        let hexadecimal = word.strip_prefix("0x").or_else(|| word.strip_prefix("SYSV"));
        match hexadecimal.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
            Some(number) if is_address(number) => return role(&mut self.addresses, "A", number),
            Some(number) if number > 0 && word.len() >= 10 => return role(&mut self.keys, "K", number),
            _ => {}
        }
        match word.parse() {
            Ok(number) if number > 0 => {
                let role = self.number("", number);
                role.as_str().map_or_else(|| word.to_owned(), str::to_owned)
            }
            _ => word.to_owned(),
        }
    }
}
