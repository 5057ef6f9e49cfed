//! Reading and writing memory in C notation.

use super::event::Direction;
use crate::call::{Address, Call};
use crate::process::{How, Operation};

/// How many bytes of a text are shown.
const MOST: usize = 32;

/// The access as a C programmer would write it; what was read follows as a comment.
pub(super) fn access(direction: Direction, address: Address, bytes: &[u8]) -> String {
    let place = match bytes.len() {
        1 => format!("*(char *) {address}"),
        8 if text(bytes).is_none() => format!("*(uint64_t *) {address}"),
        length => return copy(direction, address, bytes, length),
    };
    match direction {
        Direction::Write => format!("{place} = {}", value(bytes)),
        Direction::Read => format!("{place} // {}", value(bytes)),
    }
}

/// An access that a process did not survive: what it would have read is not known.
pub(super) fn fatal(direction: Direction, address: Address, bytes: &[u8]) -> String {
    let told = access(direction, address, bytes);
    match direction {
        Direction::Write => told,
        Direction::Read => told.split(" //").next().unwrap_or_default().to_owned(),
    }
}

/// What a process was started on.
pub(super) fn operation(operation: &Operation) -> String {
    match operation {
        Operation::Semop(semid, ops) => Call::Semop { semid: *semid, ops: ops.clone() }.to_string(),
        Operation::Count { counter, times, how, .. } => {
            format!("for (i = 0; i < {times}; i++) {}", increment(*counter, *how))
        }
        Operation::Lock(word) => format!("lock({word})"),
        Operation::Unlock(word) => format!("unlock({word})"),
    }
}

fn increment(counter: Address, how: How) -> String {
    let add = format!("*(unsigned *) {counter} += 1");
    match how {
        How::Plain => add,
        How::Atomic => format!("atomic_fetch_add({counter}, 1)"),
        How::Semaphore(set) => {
            let semop = |op| Call::Semop { semid: set, ops: vec![op] };
            format!("{{ {}; {add}; {}; }}", semop(How::TAKE), semop(How::GIVE))
        }
        How::Lock(word) => format!("{{ lock({word}); {add}; unlock({word}); }}"),
    }
}

fn copy(direction: Direction, address: Address, bytes: &[u8], length: usize) -> String {
    match direction {
        Direction::Write => format!("memcpy({address}, {}, {length})", value(bytes)),
        Direction::Read => format!("memcpy(buf, {address}, {length}) // {}", value(bytes)),
    }
}

fn value(bytes: &[u8]) -> String {
    match (text(bytes), bytes) {
        (_, [byte]) => format!("'{}'", byte.escape_ascii()),
        (Some(text), _) => text,
        (None, bytes) => match <[u8; 8]>::try_from(bytes) {
            Ok(number) => format!("{:#x}", u64::from_ne_bytes(number)),
            Err(_) if bytes.iter().all(|byte| *byte == 0) => format!("{} zeros", bytes.len()),
            Err(_) => format!("{} bytes", bytes.len()),
        },
    }
}

/// Bytes that spell a string, as C writes it: the NUL at its end goes without saying.
fn text(bytes: &[u8]) -> Option<String> {
    let text = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let printable = !text.is_empty() && text.iter().all(|byte| (b' '..=b'~').contains(byte));
    let shown = String::from_utf8_lossy(&text[..text.len().min(MOST)]);
    let more = if text.len() > MOST { "..." } else { "" };
    printable.then(|| format!("\"{}\"{more}", shown.escape_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_numbers_and_the_rest_are_told_as_such() {
        let there = Address(0x5000000);
        assert_eq!(access(Direction::Write, there, b"TEST\0"), r#"memcpy(0x5000000, "TEST", 5)"#);
        assert_eq!(access(Direction::Read, there, b"T"), "*(char *) 0x5000000 // 'T'");
        let number = 0x7f00_dead_beef_u64.to_ne_bytes();
        assert_eq!(access(Direction::Write, there, &number), "*(uint64_t *) 0x5000000 = 0x7f00deadbeef");
        assert_eq!(access(Direction::Read, there, &[0; 32]), "memcpy(buf, 0x5000000, 32) // 32 zeros");
        assert_eq!(fatal(Direction::Read, there, &[0]), "*(char *) 0x5000000");
    }
}
