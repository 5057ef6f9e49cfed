//! Two sides, each in a terminal of its own: they meet, and each notices what the other does not do.
//!
//! **Invariant:** each test has a key of its own, and looks only at the segments under it.

use crate::support;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use caps::{CapSet, Capability};
use nix::sys::signal::Signal;
use nix::unistd::geteuid;
use playground::call::{Address, Answer, Call, Cmd, Key, Ownership, ShmatFlags, ShmgetFlags, Shmid, ShmidDs};
use playground::course::{OWNER_RW, SIZE};
use playground::kernel::{Linux, Process};
use playground_core::{Errno, Mode};

use support::{Finished, Run, Terminal, assert_nothing_left, processes_of_session, program};

/// A key that no other test has, nor any other run of the tests.
fn fresh_key() -> Key {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let key = Key((0x5e00_0000 | (std::process::id() & 0xffff) << 8 | number) as i32);
        if find(key).is_none() {
            return key;
        }
    }
}

fn perform(call: Call) -> Result<Answer, Errno> {
    Linux::new().perform(&call).expect("a harmless call")
}

fn find(key: Key) -> Option<Shmid> {
    let look = Call::Shmget { key, size: 0, flags: ShmgetFlags::empty(), mode: Mode::empty() };
    perform(look).ok().map(|answer| Shmid(answer.value() as i32))
}

fn stat(id: Shmid) -> Option<ShmidDs> {
    match perform(Call::Shmctl { shmid: id, cmd: Cmd::IpcStat }) {
        Ok(Answer::Record(record)) => Some(record),
        _ => None,
    }
}

/// One side, in a terminal of its own, which is high enough for each step: that a step comes in parts in a lower one is
/// tried elsewhere.
fn side(name: &str, key: Key, options: &[&str]) -> Terminal {
    Terminal::start(run(name, key, options), 60, 80)
}

fn run(name: &str, key: Key, options: &[&str]) -> Run {
    Run::new(&program("lesson09")).args([name, "--key", &key.to_string()]).args(options)
}

/// A side that goes on without an Enter.
fn running(name: &str, key: Key) -> Terminal {
    side(name, key, &["--pace", "run"])
}

/// Without the line breaks, which depend on the screen.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn until(terminal: &mut Terminal, what: &str) {
    terminal.until(what, |it| words(&it.out()).contains(what));
}

/// Lets it go on to its end, with Enter at this prompt and at each that follows.
fn ended_by_enter(mut terminal: Terminal, mut prompt: usize) -> Finished {
    while terminal.until_prompt_or_end(prompt) {
        terminal.send("\n");
        prompt += 1;
    }
    ended(terminal)
}

fn ended(terminal: Terminal) -> Finished {
    terminal.into_running().finish()
}

/// A segment that no side has made.
struct Foreign {
    process: Linux,
    id: Shmid,
    memory: Address,
}

impl Foreign {
    fn make(key: Key, size: usize, mode: Mode) -> Foreign {
        let mut process = Linux::new();
        let flags = ShmgetFlags::IPC_CREAT | ShmgetFlags::IPC_EXCL;
        let made = process.perform(&Call::Shmget { key, size: size as u64, flags, mode }).unwrap().unwrap();
        Foreign { process, id: Shmid(made.value() as i32), memory: Address::NULL }
    }

    fn attached(mut self) -> Foreign {
        let call = Call::Shmat { shmid: self.id, address: Address::NULL, flags: ShmatFlags::empty() };
        self.memory = Address(self.process.perform(&call).unwrap().unwrap().value() as u64);
        self
    }

    fn holding(mut self, bytes: &[u8]) -> Foreign {
        self.process.store(self.memory, bytes).unwrap();
        self
    }

    fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; SIZE];
        self.process.load(self.memory, &mut bytes).unwrap();
        bytes
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.process.perform(&Call::Shmctl { shmid: self.id, cmd: Cmd::IpcRmid });
        if self.memory != Address::NULL {
            let _ = self.process.perform(&Call::Shmdt { address: self.memory });
        }
    }
}

/// Both ended well, each knew the other, the article's text arrived, and nothing is left.
fn assert_met(writer: &Finished, reader: &Finished, key: Option<Key>) {
    assert_handed_over("THIS IS A TEST", writer, reader, key);
}

fn assert_handed_over(text: &str, writer: &Finished, reader: &Finished, key: Option<Key>) {
    writer.assert_exited(0);
    reader.assert_exited(0);
    assert!(writer.words().contains(&format!("The reader is process {}.", reader.pid)), "{}", writer.seen());
    assert!(
        reader.words().contains(&format!("process {}, the same lesson", writer.pid)),
        "{}",
        reader.seen()
    );
    assert!(reader.words().contains(&format!("Prints {text}")), "{}", reader.seen());
    for finished in [writer, reader] {
        assert!(finished.words().contains("Done. Nothing that it made is left"), "{}", finished.seen());
        assert_nothing_left(finished);
    }
    assert_eq!(key.and_then(find), None);
}

/// A side gave up in words, with exit status 1, and without a trace.
fn assert_gave_up(finished: &Finished, what: &str) {
    finished.assert_exited(1);
    assert!(finished.words().contains(what), "{what:?} is not said: {}", finished.seen());
    assert!(!finished.words().contains("panicked"), "{}", finished.seen());
    assert_nothing_left(finished);
}

#[test]
fn the_writer_hands_over_a_text_of_ones_own_and_only_the_writer() {
    let key = fresh_key();
    let text = "Grüße aus A";
    let writer = side("writer", key, &["--pace", "run", "--text", text]);
    let reader = running("reader", key);
    assert_handed_over(text, &ended(writer), &ended(reader), Some(key));

    for (name, text, why) in [
        ("reader", "mine", "the writer hands over the text"),
        ("writer", "", "at least one byte"),
        ("writer", &"x".repeat(80), "80 bytes, and 79 fit"),
    ] {
        let refused = run(name, key, &["--text", text]).finish();
        refused.assert_exited(2);
        assert!(refused.err.contains(why), "{}", refused.seen());
    }
}

#[test]
fn the_two_meet_whoever_comes_first() {
    let key = fresh_key();
    let mut writer = running("writer", key);
    until(&mut writer, "Waiting for the reader, up to 60 s.");
    let reader = running("reader", key);
    assert_met(&ended(writer), &ended(reader), Some(key));

    let mut reader = running("reader", key);
    until(&mut reader, "Waiting for the writer, up to 60 s.");
    let writer = running("writer", key);
    assert_met(&ended(writer), &ended(reader), Some(key));
}

#[test]
fn without_a_key_both_sides_make_the_same_one() {
    let side = |name| Terminal::start(Run::new(&program("lesson09")).args([name, "--pace", "run"]), 24, 80);
    let mut writer = side("writer");
    until(&mut writer, "cargo run --bin lesson09 -- reader");
    let reader = side("reader");
    assert_met(&ended(writer), &ended(reader), None);
}

#[test]
fn in_a_terminal_each_step_waits_for_enter() {
    let key = fresh_key();
    let (mut writer, mut reader) = (side("writer", key, &[]), side("reader", key, &[]));
    writer.until_prompt(1);
    reader.until_prompt(1);
    assert_eq!(stat(find(key).expect("the session is there")).expect("a record").nattch, 2);
    writer.send("\n");
    until(&mut writer, "the reader's turn");
    reader.send("\n");
    reader.until_prompt(2);
    reader.send("\n");
    writer.until_prompt(2);
    assert!(writer.screen().contains("[Enter] next"), "{}", writer.screen());
    writer.send("\n");
    assert_met(&ended(writer), &ended(reader), Some(key));
}

/// The writer waits for the reader, and somebody presses Enter meanwhile: there is no prompt yet to be answered by it.
#[test]
fn what_was_typed_before_a_prompt_does_not_answer_it() {
    let key = fresh_key();
    let mut writer = side("writer", key, &[]);
    until(&mut writer, "Waiting for the reader");
    writer.send("\n\n\n");
    let reader = running("reader", key);
    writer.until_prompt(1);
    thread::sleep(Duration::from_millis(200));
    assert!(writer.screen().contains("[Enter] next"), "{}", writer.screen());
    assert!(!words(&writer.out()).contains("Hand over a text"), "{}", writer.screen());
    let writer = ended_by_enter(writer, 1);
    assert_met(&writer, &ended(reader), Some(key));
}

#[test]
fn a_narrow_terminal_shows_it_all() {
    let key = fresh_key();
    let narrow = |name| Terminal::start(run(name, key, &["--pace", "run", "--ascii"]), 24, 40);
    let (writer, reader) = (narrow("writer"), narrow("reader"));
    let (writer, reader) = (ended(writer), ended(reader));
    assert!(writer.text().lines().all(|line| line.trim_end().chars().count() <= 80), "{}", writer.seen());
    assert_met(&writer, &reader, Some(key));
}

#[test]
fn a_partner_who_never_comes_is_not_waited_for_without_end() {
    let key = fresh_key();
    for (name, absent) in [("writer", "reader"), ("reader", "writer")] {
        let finished = ended(side(name, key, &["--pace", "run", "--timeout", "1"]));
        assert_gave_up(&finished, &format!("no {absent} came in 1 s"));
        let command = format!("cargo run --bin lesson09 -- {absent} --key {key}");
        assert!(finished.words().contains(&command), "{}", finished.seen());
        assert_eq!(find(key), None);
    }
}

#[test]
fn waiting_keeps_no_processor_busy() {
    for name in ["writer", "reader"] {
        let mut terminal = running(name, fresh_key());
        until(&mut terminal, "Waiting for the");
        let before = processor_ticks(terminal.pid());
        thread::sleep(Duration::from_secs(1));
        let busy = processor_ticks(terminal.pid()) - before;
        assert!(busy <= 20, "{name} was busy for {busy} ticks of 100");
        terminal.send("\x03");
        assert_nothing_left(&ended(terminal));
    }
}

/// `utime` and `stime` (proc(5)), a hundred to the second.
fn processor_ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn a_second_writer_leaves_the_first_alone() {
    let key = fresh_key();
    let mut first = running("writer", key);
    until(&mut first, "Waiting for the reader");
    let second = ended(running("writer", key));
    assert_gave_up(&second, &format!("another writer is here already: process {}", first.pid()));
    let reader = running("reader", key);
    assert_met(&ended(first), &ended(reader), Some(key));
}

#[test]
fn a_second_reader_leaves_the_first_alone() {
    let key = fresh_key();
    let mut writer = side("writer", key, &[]);
    let mut first = running("reader", key);
    writer.until_prompt(1);
    until(&mut first, "Read the text");
    let second = ended(running("reader", key));
    assert_gave_up(&second, &format!("another reader is here already: process {}", first.pid()));
    let writer = ended_by_enter(writer, 1);
    assert_met(&writer, &ended(first), Some(key));
}

#[test]
fn a_writer_notices_that_its_reader_was_killed() {
    let key = fresh_key();
    let writer = running("writer", key);
    let mut reader = side("reader", key, &[]);
    reader.until_prompt(1);
    let pid = reader.pid();
    reader.signal(Signal::SIGKILL);
    // A zombie, until this test has waited for it.
    let writer = ended(writer);
    assert_gave_up(
        &writer,
        &format!("the reader, process {pid}, is gone before it has said that the text is read"),
    );
    assert_nothing_left(&ended(reader));
    assert_eq!(find(key), None);
}

#[test]
fn a_reader_notices_that_its_writer_was_killed_and_removes_what_it_left() {
    let key = fresh_key();
    let mut writer = side("writer", key, &[]);
    let reader = running("reader", key);
    writer.until_prompt(1);
    let pid = writer.pid();
    writer.signal(Signal::SIGKILL);
    let reader = ended(reader);
    assert_gave_up(&reader, &format!("the writer, process {pid}, is gone before it has handed over a text"));
    assert!(reader.words().contains("The writer cannot remove the segment any more, so we do."));
    assert_nothing_left(&ended(writer));
    assert_eq!(find(key), None);
}

/// Kills a writer that waits: what it leaves is there, under the key.
fn killed_writer(key: Key) -> i32 {
    let mut writer = running("writer", key);
    until(&mut writer, "Waiting for the reader");
    writer.signal(Signal::SIGKILL);
    let writer = ended(writer);
    assert!(find(key).is_some(), "SIGKILL lets nobody tidy up");
    writer.pid
}

#[test]
fn what_a_killed_writer_left_is_cleared_away_by_the_next_pair() {
    for first in ["writer", "reader"] {
        let key = fresh_key();
        let pid = killed_writer(key);
        let mut first = running(first, key);
        until(&mut first, &format!("process {pid}, was killed before it could remove it"));
        until(&mut first, "Waiting for the");
        let is_writer = words(&first.out()).contains("Waiting for the reader");
        let second = running(if is_writer { "reader" } else { "writer" }, key);
        let (writer, reader) = if is_writer { (first, second) } else { (second, first) };
        assert_met(&ended(writer), &ended(reader), Some(key));
    }
}

#[test]
fn a_partner_who_is_there_and_silent_is_told_from_one_who_is_gone() {
    let key = fresh_key();
    let writer = side("writer", key, &["--pace", "run", "--timeout", "2"]);
    let mut reader = side("reader", key, &[]);
    reader.until_prompt(1);
    let pid = reader.pid();
    let writer = ended(writer);
    writer.assert_exited(1);
    for what in
        [&format!("the reader, process {pid}, is there, but 2 s have gone"), "Marked for destruction: "]
    {
        assert!(writer.words().contains(what), "{what:?} is not said: {}", writer.seen());
    }
    // The text was handed over, and stays readable until the last detach.
    let reader = ended_by_enter(reader, 1);
    reader.assert_exited(0);
    assert!(reader.words().contains("Prints THIS IS A TEST"));
    assert_nothing_left(&reader);
    assert_nothing_left(&writer);
}

#[test]
fn a_stopped_writer_is_not_waited_for_without_end() {
    let key = fresh_key();
    let mut writer = running("writer", key);
    until(&mut writer, "Waiting for the reader");
    writer.signal(Signal::SIGSTOP);
    let reader = ended(side("reader", key, &["--pace", "run", "--timeout", "1"]));
    assert_gave_up(&reader, "is there, but 1 s have gone before it has handed over a text");
    assert!(reader.words().contains("Ctrl-Z"));
    writer.signal(Signal::SIGCONT);
    assert_gave_up(&ended(writer), "is gone before it has said that the text is read");
    assert_eq!(find(key), None);
}

#[test]
fn a_session_that_somebody_removed_is_not_waited_in() {
    let key = fresh_key();
    let mut writer = running("writer", key);
    until(&mut writer, "Waiting for the reader");
    let id = find(key).expect("the session");
    perform(Call::Shmctl { shmid: id, cmd: Cmd::IpcRmid }).expect("we are the same user");
    assert_gave_up(&ended(writer), "somebody has removed the segment");
    assert_eq!(stat(id), None);
}

/// Neither side attaches what cannot be a session: nothing in its record moves.
#[test]
fn a_foreign_segment_is_not_even_attached() {
    let key = fresh_key();
    for (size, mode) in [(100, OWNER_RW), (SIZE + 1, OWNER_RW), (SIZE, Mode::from_bits_truncate(0o644))] {
        let foreign = Foreign::make(key, size, mode);
        let before = stat(foreign.id).expect("a record");
        for name in ["writer", "reader"] {
            assert_gave_up(&ended(running(name, key)), "in use by a segment that is none of this lesson's");
            assert_eq!(stat(foreign.id), Some(before), "{name} has touched it");
        }
    }
}

#[test]
fn a_foreign_segment_that_looks_like_a_session_is_only_read() {
    let key = fresh_key();
    for text in [b"SOME".as_slice(), b"\0\0\0\0 and more", b"moor"] {
        let mut foreign = Foreign::make(key, SIZE, OWNER_RW).attached().holding(text);
        let before = foreign.bytes();
        for name in ["writer", "reader"] {
            let finished = ended(side(name, key, &["--pace", "run", "--timeout", "1"]));
            assert_gave_up(&finished, "its first bytes are not those of a session");
            assert_eq!(foreign.bytes(), before, "{name} has written into it");
            assert_eq!(find(key), Some(foreign.id), "{name} has removed it");
        }
    }
}

#[test]
fn a_session_of_another_version_or_lesson_is_left_alone() {
    let key = fresh_key();
    let version = [*b"ROOM", 99_u32.to_ne_bytes(), 9_u32.to_ne_bytes(), 1_u32.to_ne_bytes()].concat();
    let lesson = [*b"ROOM", 1_u32.to_ne_bytes(), 17_u32.to_ne_bytes(), 1_u32.to_ne_bytes()].concat();
    for (header, what) in [(version, "version 99, and this program speaks version 1"), (lesson, "lesson 17")]
    {
        let mut foreign = Foreign::make(key, SIZE, OWNER_RW).attached().holding(&header);
        let before = foreign.bytes();
        for name in ["writer", "reader"] {
            assert_gave_up(&ended(running(name, key)), what);
            assert_eq!(foreign.bytes(), before);
            assert_eq!(find(key), Some(foreign.id));
        }
    }
}

/// A host is seen between its shmget and its shmat: nothing is attached yet, and nobody is gone.
#[test]
fn a_session_that_is_being_set_up_is_not_taken_for_one_that_was_left() {
    let key = fresh_key();
    let foreign = Foreign::make(key, SIZE, OWNER_RW);
    let mut reader = running("reader", key);
    until(&mut reader, "Whose it is stands in its header");
    let us = std::process::id();
    let words = [*b"ROOM", 1_u32.to_ne_bytes(), 9_u32.to_ne_bytes(), us.to_ne_bytes()];
    let mut foreign = foreign.attached();
    for (position, word) in words.iter().enumerate().rev() {
        foreign.process.store(foreign.memory.offset(4 * position), word).unwrap();
    }
    until(&mut reader, &format!("It is the writer's: process {us}"));
    assert_eq!(find(key), Some(foreign.id), "the reader has removed it");
}

/// A killed host of another version: nobody has it attached, and still it is not ours to remove.
#[test]
fn what_another_version_has_left_is_left_alone() {
    let key = fresh_key();
    let header = [*b"ROOM", 99_u32.to_ne_bytes(), 9_u32.to_ne_bytes(), 1_u32.to_ne_bytes()].concat();
    let mut foreign = Foreign::make(key, SIZE, OWNER_RW).attached().holding(&header);
    let call = Call::Shmdt { address: std::mem::replace(&mut foreign.memory, Address::NULL) };
    foreign.process.perform(&call).unwrap().unwrap();
    for name in ["writer", "reader"] {
        assert_gave_up(&ended(running(name, key)), "version 99");
        assert_eq!(find(key), Some(foreign.id));
    }
}

#[test]
fn a_segment_that_its_bits_close_to_us_is_left_alone() {
    let key = fresh_key();
    let foreign = Foreign::make(key, SIZE, Mode::empty());
    for name in ["writer", "reader"] {
        // Root is let past the bits, unless it has lost that right for good.
        let run = run(name, key, &["--pace", "run"]).before_exec(|| {
            if geteuid().is_root() {
                caps::drop(None, CapSet::Bounding, Capability::CAP_IPC_OWNER)
                    .map_err(std::io::Error::other)?;
            }
            Ok(())
        });
        let finished = ended(Terminal::start(run, 24, 80));
        assert_gave_up(&finished, "EACCES");
        assert!(finished.words().contains("--key 0x5eed0001"), "{}", finished.seen());
        assert_eq!(find(key), Some(foreign.id));
    }
}

#[test]
fn another_users_segment_is_left_alone_even_by_root() {
    if !geteuid().is_root() {
        // Only root can make a segment that is another user's; the test before this one is everybody's.
        return;
    }
    let key = fresh_key();
    let mut foreign = Foreign::make(key, SIZE, OWNER_RW);
    let nobodys = Ownership { uid: 65534, gid: 65534, mode: OWNER_RW };
    foreign.process.perform(&Call::Shmctl { shmid: foreign.id, cmd: Cmd::IpcSet(nobodys) }).unwrap().unwrap();
    let before = stat(foreign.id);
    for name in ["writer", "reader"] {
        assert_gave_up(&ended(running(name, key)), "the segment is that of user nobody");
        assert_eq!(stat(foreign.id), before);
    }
}

#[test]
fn a_misuse_is_told_and_makes_nothing() {
    let misuses: [(&[&str], &str); 10] = [
        (&["juggler"], "[possible values: writer, reader]"),
        (&["writer", "reader"], "unexpected argument 'reader'"),
        (&["writer", "--isolated"], "'--isolated' would give each its own"),
        (&["writer", "--key"], "--key"),
        (&["writer", "--key", "0"], "0 is IPC_PRIVATE, and that names no segment"),
        (&["writer", "--key", "0x123456789"], "a key is a number of 32 bits"),
        (&["reader", "--timeout", "0"], "0 is not in 1..=86400"),
        (&["reader", "--timeout", "soon"], "'soon'"),
        (&["--key", "0x5eed0001"], "SIDE"),
        (&["--timeout", "5"], "SIDE"),
    ];
    for (args, what) in misuses {
        let finished = Run::new(&program("lesson09")).args(args).finish();
        finished.assert_exited(2);
        assert!(finished.words().contains(what), "{what:?} is not said: {}", finished.seen());
        assert!(finished.words().contains("--help"), "{}", finished.seen());
        assert_nothing_left(&finished);
    }
    Run::new(&program("lesson01")).args(["writer"]).finish().assert_exited(2);
}

#[test]
fn the_help_tells_how_the_two_sides_are_run() {
    for option in ["-h", "--help"] {
        let finished = Run::new(&program("lesson09")).args([option]).finish();
        finished.assert_exited(0);
        for what in ["lesson09 -- writer", "lesson09 -- reader", "--timeout", "--key", "in any order"] {
            assert!(finished.text().contains(what), "{what:?} is not in {}", finished.seen());
        }
    }
}

/// What a side does after its partner was interrupted.
enum Then {
    /// There is none.
    Nobody,
    /// It gives up, in these words.
    GivesUp(&'static str),
    /// It has all that it needs, and ends well.
    EndsWell,
}

/// Interrupts one side when it and its partner are where the test wants them; `waits` says whether the partner wants
/// an Enter at each step.
fn interrupted(mut side: Terminal, partner: Option<Terminal>, waits: bool, then: Then) {
    side.send("\x03");
    let side = ended(side);
    assert_eq!(side.status.signal(), Some(Signal::SIGINT as i32), "{}", side.seen());
    if let Some(partner) = partner {
        let partner = if waits { ended_by_enter(partner, 1) } else { ended(partner) };
        match then {
            Then::GivesUp(what) => assert_gave_up(&partner, what),
            Then::EndsWell => partner.assert_exited(0),
            Then::Nobody => unreachable!("there is a partner"),
        }
        assert_nothing_left(&partner);
    }
    assert_nothing_left(&side);
    assert!(processes_of_session(side.pid).is_empty());
}

#[test]
fn ctrl_c_at_the_writer_in_each_state_leaves_nothing() {
    let key = fresh_key();
    let mut writer = running("writer", key);
    until(&mut writer, "Waiting for the reader");
    interrupted(writer, None, false, Then::Nobody);
    assert_eq!(find(key), None);

    // The reader has come, and the writer has not handed over the text.
    let (mut writer, reader) = (side("writer", key, &[]), running("reader", key));
    writer.until_prompt(1);
    interrupted(writer, Some(reader), false, Then::GivesUp("is gone before it has handed over a text"));
    assert_eq!(find(key), None);

    // The writer waits for the reader to read.
    let (mut writer, mut reader) = (running("writer", key), side("reader", key, &[]));
    reader.until_prompt(1);
    until(&mut writer, "the reader's turn");
    interrupted(writer, Some(reader), true, Then::EndsWell);
    assert_eq!(find(key), None);

    // The reader has read and gone, and the segment is there still.
    let (mut writer, mut reader) = (side("writer", key, &[]), running("reader", key));
    writer.until_prompt(1);
    until(&mut reader, "Read the text");
    writer.send("\n");
    writer.until_prompt(2);
    interrupted(writer, Some(reader), false, Then::EndsWell);
    assert_eq!(find(key), None);
}

#[test]
fn ctrl_c_at_the_reader_in_each_state_leaves_nothing() {
    let key = fresh_key();
    let mut reader = running("reader", key);
    until(&mut reader, "Waiting for the writer");
    interrupted(reader, None, false, Then::Nobody);

    // It has come, and the writer waits for it to read.
    let (writer, mut reader) = (running("writer", key), side("reader", key, &[]));
    reader.until_prompt(1);
    interrupted(
        reader,
        Some(writer),
        false,
        Then::GivesUp("is gone before it has said that the text is read"),
    );
    assert_eq!(find(key), None);

    // It waits for the writer to hand over the text.
    let (mut writer, mut reader) = (side("writer", key, &[]), running("reader", key));
    writer.until_prompt(1);
    until(&mut reader, "Read the text");
    interrupted(
        reader,
        Some(writer),
        true,
        Then::GivesUp("is gone before it has said that the text is read"),
    );
    assert_eq!(find(key), None);

    // It has read, and not said so.
    let (writer, mut reader) = (running("writer", key), side("reader", key, &[]));
    reader.until_prompt(1);
    reader.send("\n");
    reader.until_prompt(2);
    interrupted(
        reader,
        Some(writer),
        false,
        Then::GivesUp("is gone before it has said that the text is read"),
    );
    assert_eq!(find(key), None);
}

#[test]
fn q_at_a_prompt_leaves_and_the_partner_notices() {
    let key = fresh_key();
    let (mut writer, reader) = (side("writer", key, &[]), running("reader", key));
    writer.until_prompt(1);
    writer.send("q\n");
    let writer = ended(writer);
    writer.assert_exited(0);
    assert_gave_up(&ended(reader), "is gone before it has handed over a text");
    assert_nothing_left(&writer);

    let (writer, mut reader) = (running("writer", key), side("reader", key, &[]));
    reader.until_prompt(1);
    reader.send("q\n");
    let reader = ended(reader);
    reader.assert_exited(0);
    assert_gave_up(&ended(writer), "is gone before it has said that the text is read");
    assert_nothing_left(&reader);
    assert_eq!(find(key), None);
}

#[test]
fn a_closed_terminal_ends_its_side_and_the_partner_notices() {
    let key = fresh_key();
    let (mut writer, reader) = (side("writer", key, &[]), running("reader", key));
    writer.until_prompt(1);
    writer.close();
    assert_gave_up(&ended(reader), "is gone before it has handed over a text");
    assert_nothing_left(&ended(writer));
    assert_eq!(find(key), None);
}
