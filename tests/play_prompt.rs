//! A person at the prompt of `play`, on both kernels: keys, mistakes, and every end, after which nothing is left.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support;

use support::{Run, Terminal, namespaces, program};

const UP: &str = "\x1b[A";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
/// What the line editor sends behind a line that it has drawn: from then on it reads keys.
const PAINTED: &str = "\x1b[?2026l";

/// A prompt in a terminal of 80 columns, and a folder that none but its processes have in their command line.
struct Person {
    terminal: Terminal,
    home: tempfile::TempDir,
}

impl Person {
    fn at(kernel: &str) -> Person {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().to_str().expect("text").to_owned();
        let run = Run::new(&program("play"));
        let run =
            run.args(["--kernel", kernel, "--color", "never", "--home", &path]).env("XDG_STATE_HOME", &path);
        let mut terminal = Terminal::start(run, 24, 80);
        terminal
            .until("the prompt", |running| running.out().contains("A> ") && running.out().ends_with(PAINTED));
        Person { terminal, home }
    }

    /// Types, and waits until something is on the screen, and the prompt reads keys again.
    fn types(&mut self, keys: &str, shows: &str) {
        let told = self.terminal.out().len();
        self.terminal.send(keys);
        let end = Instant::now() + Duration::from_secs(60);
        let reads = |terminal: &Terminal| terminal.out().len() > told && terminal.out().ends_with(PAINTED);
        while !(self.terminal.screen().contains(shows) && reads(&self.terminal)) {
            assert!(Instant::now() < end, "no {shows:?} on\n{}", self.terminal.screen());
            let before = self.terminal.out().len();
            self.terminal.until("something more", |running| running.out().len() > before);
        }
    }

    /// Ends it, and finds nothing left.
    fn leaves(self, keys: &str) {
        let Person { mut terminal, home } = self;
        terminal.send(keys);
        let finished = terminal.into_running().finish();
        finished.assert_exited(0);
        assert_nothing_runs(home.path());
    }
}

/// The processes that have this folder in their command line.
fn running(home: &Path) -> usize {
    let home = home.to_str().expect("text");
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let lines = entries.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(home)).count()
}

fn assert_nothing_runs(home: &Path) {
    let end = Instant::now() + Duration::from_secs(20);
    while running(home) > 0 {
        assert!(Instant::now() < end, "{} processes are left", running(home));
        thread::sleep(Duration::from_millis(2));
    }
}

fn on_each_kernel(deed: impl Fn(Person)) {
    deed(Person::at("model"));
    if namespaces("the prompt on this computer's kernel") {
        deed(Person::at("linux"));
    }
}

#[test]
fn names_are_completed_and_lines_come_again() {
    on_each_kernel(|mut person| {
        person.types("int id = shmg\t", "int id = shmget");
        person.types("(IPC_PRIVATE, 100, 0600)\r", "= 0");
        person.types("id\r", "= 0   int");
        person.types(&format!("{UP}{UP}"), "A> int id = shmget(IPC_PRIVATE, 100, 0600)");
        person.types("\r", "= 1");
        person.leaves("quit\r");
    });
}

#[test]
fn a_line_is_taken_back_and_done_again() {
    on_each_kernel(|mut person| {
        person.types("int id = shmget(0x52, 100, IPC_CREAT | 0600)\r", "segment 0 is new");
        person.types("undo\r", "undo: int id");
        person.types("shmget(0x52, 0, 0)\r", "ENOENT");
        person.types("redo\r", "redo: int id");
        person.types("shmget(0x52, 0, 0)\r", "0x00000052, 0, 0) = 0");
        person.leaves(CTRL_D);
    });
}

#[test]
fn ctrl_c_takes_back_a_wait_and_a_line_that_is_being_typed() {
    on_each_kernel(|mut person| {
        person.types("semget(IPC_PRIVATE, 1, 0600)\r", "set 0 is new");
        person.types("semop(0, (struct sembuf[]){{0, -1, 0}}, 1)\r", "waits");
        person.types("getpid()\r", "process A waits in a call");
        person.types(CTRL_C, "undo: semop");
        person.types("getpid()\r", "= 101");
        person.types(&format!("nonsense{CTRL_C}errno\r"), "= 0   int");
        person.leaves("quit\r");
    });
}

#[test]
fn an_access_beside_everything_ends_the_process_and_not_the_prompt() {
    on_each_kernel(|mut person| {
        person.types("fork()\r", "B   begins");
        person.types("*(int *)0x5000000 = 1\r", "A   is killed by SIGSEGV");
        person.types("getpid()\r", "= 102");
        person.leaves("quit\r");
    });
}

#[test]
fn a_mistake_is_answered_and_the_session_goes_on() {
    on_each_kernel(|mut person| {
        person.types("int id = shmget(IPC_PRIVATE, 100, 0600)\r", "segment 0 is new");
        person.types("shmgte(1)\r", "Did you mean shmget?");
        person.types("puts(\"x)\r", "a \" is missing");
        person.types("99999999999999999999\r", "column 1");
        person.types("save /dev/full\r", "No space left on device");
        person.types("id\r", "= 0   int");
        person.leaves("quit\r");
    });
}

#[test]
fn after_every_end_no_process_is_left() {
    if !namespaces("the ends of the prompt on this computer's kernel") {
        return;
    }
    for signal in [None, Some(Signal::SIGTERM), Some(Signal::SIGHUP), Some(Signal::SIGKILL)] {
        let mut person = Person::at("linux");
        person.types("fork()\r", "B   begins");
        person.types("B: semop(semget(IPC_PRIVATE, 1, 0600), (struct sembuf[]){{0, -1, 0}}, 1)\r", "waits");
        assert!(running(person.home.path()) >= 4, "the prompt, init, and two workers");
        let Person { mut terminal, home } = person;
        match signal {
            Some(signal) => kill(Pid::from_raw(terminal.pid()), signal).expect("it runs"),
            None => terminal.close(),
        }
        terminal.into_running().finish();
        assert_nothing_runs(home.path());
    }
}
