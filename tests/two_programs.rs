//! The writer and the reader of the book, in C and in Rust, in every pair: all bytes arrive whoever comes first, and
//! whoever is killed, the other learns of it, and nothing is left in the kernel.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::examined::{cc, root};
use crate::support::program_file;

/// The writer and the reader: in C, in Rust.
static PROGRAMS: LazyLock<[[PathBuf; 2]; 2]> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let in_c = ["writer", "reader"].map(|name| {
        let source = root().join(format!("tests/c/transfer/{name}.c"));
        cc(&source, folder, &["-Wall", "-Wextra", "-Werror"])
    });
    [in_c, ["examples/writer", "examples/reader"].map(program_file)]
});

fn writers() -> impl Iterator<Item = &'static Path> {
    PROGRAMS.iter().map(|[writer, _]| writer.as_path())
}

fn readers() -> impl Iterator<Item = &'static Path> {
    PROGRAMS.iter().map(|[_, reader]| reader.as_path())
}

/// A transfer between two programs, in a folder of its own, which gives them a key of their own.
struct Transfer(TempDir);

impl Transfer {
    fn new(bytes: usize) -> Transfer {
        let folder = TempDir::new().expect("a folder");
        let text: Vec<u8> = (0..bytes).map(|n| (n * n / 7) as u8).collect();
        fs::write(folder.path().join("sent"), text).expect("what is sent");
        Transfer(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path()).stderr(Stdio::piped());
        command
    }

    fn writer(&self, program: &Path) -> Child {
        let sent = File::open(self.path("sent")).expect("what is sent");
        self.command(program).stdin(sent).spawn().expect("a writer")
    }

    /// A writer that never comes to the end of its input.
    fn waiting_writer(&self, program: &Path) -> Child {
        self.command(program).stdin(Stdio::piped()).spawn().expect("a writer")
    }

    fn reader(&self, program: &Path) -> Child {
        let got = File::create(self.path("got")).expect("a file");
        self.command(program).stdin(Stdio::null()).stdout(got).spawn().expect("a reader")
    }

    fn key(&self) -> i32 {
        let path = std::ffi::CString::new(self.0.path().as_os_str().as_bytes()).expect("no NUL");
        // SAFETY: the path is a string of C.
        unsafe { libc::ftok(path.as_ptr(), i32::from(b'T')) }
    }

    /// How many segments and sets have the key of this folder.
    fn objects(&self) -> usize {
        let key = self.key().to_string();
        let has_key = |line: &&str| line.split_whitespace().next() == Some(&key);
        let count = |table: &str| {
            let text = fs::read_to_string(format!("/proc/sysvipc/{table}")).expect("a table");
            text.lines().filter(has_key).count()
        };
        count("shm") + count("sem")
    }

    /// Waits until the first of the two has made everything and is there.
    fn await_first(&self) {
        await_that("the first has made a segment and a set", || self.objects() == 2);
        sleep(Duration::from_millis(50));
    }

    /// Both have ended well, all has arrived, and nothing is left.
    fn has_transferred(&self, writer: Child, reader: Child) {
        assert_eq!(ended(writer), (Some(0), String::new()));
        assert_eq!(ended(reader), (Some(0), String::new()));
        assert!(fs::read(self.path("got")).unwrap() == fs::read(self.path("sent")).unwrap());
        assert_eq!(self.objects(), 0);
    }
}

fn await_that(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "it never came to this: {what}");
        sleep(Duration::from_millis(5));
    }
}

/// The exit status, and what was said; a program that waits for ever is ended, and fails the test.
fn ended(mut child: Child) -> (Option<i32>, String) {
    let end = Instant::now() + Duration::from_secs(30);
    while child.try_wait().expect("a child").is_none() && Instant::now() < end {
        sleep(Duration::from_millis(5));
    }
    let _ = kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM);
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("a child");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn end_by(mut child: Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).expect("a child of ours");
    child.wait().expect("a child");
}

#[test]
fn all_bytes_arrive_whoever_comes_first_in_every_pair_of_languages() {
    // Nothing, less than a block, exactly one, and many with a rest.
    for bytes in [0, 100, 4096, 100_001] {
        for (writer, reader) in writers().flat_map(|writer| readers().map(move |reader| (writer, reader))) {
            let transfer = Transfer::new(bytes);
            let first = transfer.writer(writer);
            transfer.await_first();
            transfer.has_transferred(first, transfer.reader(reader));

            let first = transfer.reader(reader);
            transfer.await_first();
            transfer.has_transferred(transfer.writer(writer), first);

            transfer.has_transferred(transfer.writer(writer), transfer.reader(reader));
        }
    }
}

#[test]
fn a_reader_learns_that_its_writer_was_killed_and_removes_everything() {
    for (writer, reader) in writers().flat_map(|writer| readers().map(move |reader| (writer, reader))) {
        let transfer = Transfer::new(0);
        let first = transfer.waiting_writer(writer);
        transfer.await_first();
        let second = transfer.reader(reader);
        sleep(Duration::from_millis(100));
        end_by(first, Signal::SIGKILL);
        let (status, said) = ended(second);
        assert_eq!((status, said.trim()), (Some(1), "The writer has gone before the end"));
        assert_eq!(transfer.objects(), 0);
    }
}

#[test]
fn a_writer_learns_that_its_reader_was_killed_and_removes_everything() {
    for (writer, reader) in writers().flat_map(|writer| readers().map(move |reader| (writer, reader))) {
        let transfer = Transfer::new(0);
        let first = transfer.reader(reader);
        transfer.await_first();
        let mut second = transfer.waiting_writer(writer);
        sleep(Duration::from_millis(100));
        end_by(first, Signal::SIGKILL);
        // The writer notices with its next block.
        drop(second.stdin.take());
        let (status, said) = ended(second);
        assert_eq!((status, said.trim()), (Some(1), "The reader has gone"));
        assert_eq!(transfer.objects(), 0);
    }
}

#[test]
fn whoever_is_interrupted_while_alone_leaves_nothing() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let transfer = Transfer::new(10);
        for program in writers() {
            let alone = transfer.writer(program);
            transfer.await_first();
            end_by(alone, signal);
            assert_eq!(transfer.objects(), 0);
        }
        for program in readers() {
            let alone = transfer.reader(program);
            transfer.await_first();
            end_by(alone, signal);
            assert_eq!(transfer.objects(), 0);
        }
    }
}

#[test]
fn what_two_killed_processes_left_is_no_hindrance_to_the_next() {
    for ([writer, reader], [next_writer, next_reader]) in PROGRAMS.iter().zip(PROGRAMS.iter().rev()) {
        let transfer = Transfer::new(10_000);
        let (first, second) = (transfer.waiting_writer(writer), transfer.reader(reader));
        transfer.await_first();
        for child in [&first, &second] {
            kill(Pid::from_raw(child.id() as i32), Signal::SIGSTOP).expect("a child of ours");
        }
        end_by(first, Signal::SIGKILL);
        end_by(second, Signal::SIGKILL);
        assert_eq!(transfer.objects(), 2);
        transfer.has_transferred(transfer.writer(next_writer), transfer.reader(next_reader));
    }
}

#[test]
fn a_second_writer_is_turned_away_and_disturbs_nobody() {
    for (writer, another) in writers().zip(PROGRAMS.iter().rev().map(|[writer, _]| writer)) {
        let transfer = Transfer::new(10);
        let first = transfer.writer(writer);
        transfer.await_first();
        let (status, said) = ended(transfer.writer(another));
        assert_eq!((status, said.trim()), (Some(1), "Another process plays this part already"));
        transfer.has_transferred(first, transfer.reader(readers().next().expect("a reader")));
    }
}
