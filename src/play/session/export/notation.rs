//! How each language writes what a program consists of.

use playground_core::call::{Outcome, Ownership};
use playground_core::machine::Setting;

use super::symbols::Kind;

/// A language that a session can be written in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Language {
    C,
    Rust,
}
use Language::{C, Rust};

impl Language {
    /// What stands before a variable that all processes share.
    pub fn shared(self) -> &'static str {
        self.pick("shared->", "(*shared).")
    }

    fn pick(self, c: &'static str, rust: &'static str) -> &'static str {
        match self {
            C => c,
            Rust => rust,
        }
    }

    fn form(self, c: String, rust: String) -> String {
        match self {
            C => c,
            Rust => rust,
        }
    }

    pub fn null(self) -> String {
        self.pick("NULL", "null_mut()").to_owned()
    }

    pub fn octal(self, number: u32) -> String {
        self.form(format!("0{number:03o}"), format!("0o{number:03o}"))
    }

    pub fn string(self, text: &str) -> String {
        let text = escaped(text.as_bytes());
        self.form(format!("\"{text}\""), format!("c\"{text}\".as_ptr()"))
    }

    /// An address so many bytes behind the one that a variable holds.
    pub fn offset(self, name: &str, distance: i64) -> String {
        match (self, distance) {
            (_, 0) => name.to_owned(),
            (C, _) => format!("{name} + {distance}"),
            (Rust, _) => format!("{name}.wrapping_add({distance})"),
        }
    }

    pub fn raw_address(self, address: u64) -> String {
        self.form(format!("(char *){address:#x}"), format!("({address:#x}usize as *mut u8)"))
    }

    pub fn null_of_bytes(self) -> String {
        self.pick("NULL", "null_mut::<u8>()").to_owned()
    }

    /// An address as one of anything.
    pub fn untyped(self, address: &str) -> String {
        self.form(format!("(void *){address}"), format!("{address}.cast()"))
    }

    pub fn record(self, needed: bool) -> String {
        if needed {
            self.pick("(void *)record", "record.as_mut_ptr().cast()").to_owned()
        } else {
            self.null()
        }
    }

    pub fn buffer(self) -> String {
        self.pick("(void *)record", "record.as_mut_ptr()").to_owned()
    }

    /// Fills in the owner and the mode of a record: both kinds begin with the same words.
    pub fn fill(self, new: &Ownership) -> Vec<String> {
        let mode = self.octal(new.mode.bits());
        let (uid, gid) = (new.uid, new.gid);
        let clear = self.pick("memset(record, 0, sizeof record);", "record = [0; 64];");
        vec![
            clear.to_owned(),
            format!("record[1] = {uid}; // uid"),
            format!("record[2] = {gid}; // gid"),
            format!("record[5] = {mode}; // mode"),
        ]
    }

    pub fn sembuf(self, number: u16, change: i16, flags: &str) -> String {
        self.form(
            format!("{{{number}, {change}, {flags}}}"),
            format!("Sembuf({number}, {change}, ({flags}) as i16)"),
        )
    }

    pub fn sembufs(self, ops: &[String]) -> String {
        let list = ops.join(", ");
        match self {
            // A list in C has at least one element.
            C if ops.is_empty() => "(struct sembuf[]){{0, 0, 0}}".to_owned(),
            C => format!("(struct sembuf[]){{{list}}}"),
            Rust => format!("[{list}].as_mut_ptr()"),
        }
    }

    /// Operations of zeros: for a call that is refused before they count.
    pub fn blank_sembufs(self, count: u64) -> String {
        let count = count.clamp(1, 1024);
        self.form(
            format!("(struct sembuf[{count}]){{{{0, 0, 0}}}}"),
            format!("[const {{ Sembuf(0, 0, 0) }}; {count}].as_mut_ptr()"),
        )
    }

    /// A time limit at an address where nothing can be read.
    pub fn nowhere(self) -> &'static str {
        self.pick("(struct timespec *)-1", "usize::MAX as *const i64")
    }

    pub fn timespec(self, seconds: i64, nanoseconds: i64) -> String {
        self.form(
            format!("&(struct timespec){{{seconds}, {nanoseconds}}}"),
            format!("[{seconds}i64, {nanoseconds}].as_ptr()"),
        )
    }

    pub fn shorts(self, values: &[u16]) -> String {
        let list = values.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        self.form(format!("(unsigned short[]){{{list}}}"), format!("[{list}u16].as_ptr()"))
    }

    /// A call whose value goes into a variable.
    pub fn assigned(self, variable: &str, call: &str, kind: Kind, name: &str) -> Vec<String> {
        let failed = match (kind, self) {
            (Kind::Address, C) => "(void *)-1",
            (Kind::Address, Rust) => "usize::MAX as *mut u8",
            _ => "-1",
        };
        vec![
            format!("{variable} = {call};"),
            self.unless_equal(variable, failed, &format!("fail(\"{name}\")")),
        ]
    }

    fn unless_equal(self, left: &str, right: &str, then: &str) -> String {
        self.form(format!("if ({left} == {right}) {then};"), format!("if {left} == {right} {{ {then} }}"))
    }

    /// A call of which only success counts. One that was refused may be refused.
    pub fn checked(self, call: &str, name: &str, outcome: Option<&Outcome>) -> Vec<String> {
        let failed = match (name, self) {
            ("shmat", C) => "(void *)-1",
            ("shmat", Rust) => "usize::MAX as *mut u8",
            _ => "-1",
        };
        let function = if matches!(outcome, Some(Err(_))) { "report" } else { "fail" };
        vec![self.unless_equal(call, failed, &format!("{function}(\"{name}\")"))]
    }

    pub fn load(self, address: &str, length: u64) -> String {
        format!("look({address}, {length});")
    }

    /// A store: of a string, a byte, or bytes.
    pub fn store(self, address: &str, bytes: &[u8]) -> String {
        match (self, bytes) {
            (C, [text @ .., 0]) if !text.is_empty() && !text.contains(&0) => {
                format!("strcpy({address}, \"{}\");", escaped(text))
            }
            (C, [byte]) if byte.is_ascii_alphanumeric() => format!("*({address}) = '{}';", *byte as char),
            (C, [byte]) => format!("*({address}) = {byte};"),
            (C, [byte, ..]) if is_filled(bytes) => format!("memset({address}, {byte}, {});", bytes.len()),
            (Rust, [byte, ..]) if is_filled(bytes) => {
                format!("store({address}, &[{byte}; {}]);", bytes.len())
            }
            (C, bytes) => format!("memcpy({address}, \"{}\", {});", escaped(bytes), bytes.len()),
            (Rust, bytes) => format!("store({address}, b\"{}\");", escaped(bytes)),
        }
    }

    /// Prints bytes of memory.
    pub fn print(self, address: &str, length: usize) -> String {
        format!("print({address}, {length});")
    }

    /// Prints a text that the program itself holds.
    pub fn say(self, text: &[u8]) -> String {
        let written = escaped(text);
        match self {
            C if text.contains(&0) => self.print(&format!("\"{written}\""), text.len()),
            C => format!("say(\"{written}\");"),
            Rust => format!("say(b\"{written}\");"),
        }
    }

    pub fn pid(self, number: usize) -> String {
        format!("{}pid[{number}]", self.shared())
    }

    pub fn exec(self, words: &[String]) -> String {
        let program = words.first().map(|word| self.string(word)).unwrap_or_else(|| self.null());
        let words: Vec<String> = words.iter().skip(1).map(|word| self.string(word)).collect();
        let end = self.pick("(char *)NULL", "null_mut::<i8>()");
        format!("execlp({program}, {}, {end})", words.join(", "))
    }

    pub fn sysctl(self, setting: Setting) -> String {
        let (name, value) = match setting {
            Setting::Shmmax(value) | Setting::Shmall(value) => (setting_name(setting), value.to_string()),
            Setting::Shmmni(value)
            | Setting::ShmNextId(value)
            | Setting::ShmRmidForced(value)
            | Setting::SemNextId(value) => (setting_name(setting), value.to_string()),
            Setting::Sem(values) => ("sem", values.map(|value| value.to_string()).join(" ")),
        };
        format!("set_limit(\"/proc/sys/kernel/{name}\", \"{value}\");")
    }
}

/// Whether so many bytes are all the same that nobody would write them one by one.
fn is_filled(bytes: &[u8]) -> bool {
    bytes.len() > 16 && bytes.iter().all(|byte| *byte == bytes[0])
}

fn setting_name(setting: Setting) -> &'static str {
    match setting {
        Setting::Shmmax(_) => "shmmax",
        Setting::Shmall(_) => "shmall",
        Setting::Shmmni(_) => "shmmni",
        Setting::ShmNextId(_) => "shm_next_id",
        Setting::ShmRmidForced(_) => "shm_rmid_forced",
        Setting::SemNextId(_) => "sem_next_id",
        Setting::Sem(_) => "sem",
    }
}

/// Bytes in a string of either language. A number of two digits in hexadecimal would swallow a digit behind it in C: so
/// the next byte is written likewise.
fn escaped(bytes: &[u8]) -> String {
    let (mut text, mut after_number) = (String::new(), false);
    for byte in bytes {
        let is_plain = matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'{' | b'}');
        match byte {
            b'"' | b'\\' => text.extend(['\\', *byte as char]),
            b'{' | b'}' => text.push(*byte as char),
            b'\n' => text += "\\n",
            _ if is_plain && !(after_number && byte.is_ascii_hexdigit()) => text.push(*byte as char),
            _ => text += &format!("\\x{byte:02x}"),
        }
        after_number = !is_plain && !matches!(byte, b'"' | b'\\' | b'{' | b'}' | b'\n')
            || after_number && byte.is_ascii_hexdigit();
    }
    text
}
