//! The same lines on both kernels: this computer's, and the model of its rules. What they tell must agree.
//!
//! Every puzzle's start and solution, and random lines:
//!
//! ```text
//! cargo test -p play --test kernels                          what fits in a test run
//! PLAY_SCRIPTS=10000 cargo test -p play --test kernels       more of it; PLAY_SEED=2 other ones
//! ```
//!
//! It is a program without threads, since a process with threads cannot fork what it shares with them.

mod compare;
mod generate;
#[allow(dead_code, reason = "another test needs more of it")]
#[path = "../../model/random.rs"]
mod random;

use std::process::ExitCode;

use compare::{Difference, Pair};
use play::level::Level;
use play::linux::Linux;

/// How many random scripts a test run does.
const USUAL: u64 = 300;
/// How many lines each has.
const LINES: usize = 25;

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        println!("levels: test\nrandom: test");
        return ExitCode::SUCCESS;
    }
    if let Err(why) = Linux::new() {
        eprintln!("NOT RUN: the same lines on both kernels: {why}");
        return ExitCode::SUCCESS;
    }
    let mut failed = false;
    for check in [
        levels,
        undone,
        buffers,
        time_limits,
        ends_of_segments,
        long_copies,
        zombies,
        children,
        random_scripts,
    ] {
        if let Err(difference) = check() {
            println!("{difference}");
            failed = true;
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Every puzzle's file.
fn files() -> Vec<(String, Level)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../lessons/levels");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("levels").map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let level = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).expect("a level");
        (path.display().to_string(), toml::from_str(&text).expect("a level"))
    };
    files.iter().map(level).collect()
}

/// The solution solves it, the start does not, and both kernels say the same meanwhile.
fn levels() -> Result<(), Difference> {
    let users = Linux::new().map(|linux| linux.users());
    let mut count = 0;
    for (name, level) in files() {
        if level.users > 1 && users == Ok(linux::kernel::namespace::Users::RootOnly) {
            eprintln!("NOT RUN: {name}: the namespace has only root here");
            continue;
        }
        let mut pair = Pair::new(&level.start)?;
        pair.must_agree_on(&level, false, &name)?;
        level.solution.iter().try_for_each(|line| pair.line(line))?;
        pair.must_agree_on(&level, true, &name)?;
        count += 1;
    }
    println!("{count} levels, no difference");
    Ok(())
}

/// Back to the start of each solution and on again: both kernels lead to the worlds that were.
fn undone() -> Result<(), Difference> {
    for (_, level) in files().into_iter().filter(|(_, level)| level.users == 1) {
        let mut pair = Pair::new(&level.start)?;
        level.solution.iter().try_for_each(|line| pair.line(line))?;
        ["undo", "redo", "restart", "redo 99", "undo 2"].iter().try_for_each(|line| pair.line(line))?;
    }
    notes_survive_two_ways_back()?;
    println!("undo and redo of each level, no difference");
    Ok(())
}

/// A refused call is not done again: what it left in errno is there after the second undo as after the first.
fn notes_survive_two_ways_back() -> Result<(), Difference> {
    let mut pair = Pair::new(&[])?;
    let lines = ["semget(0x53, 3, 0)", "int a = 1", "int b = 2", "undo", "undo", "errno", "redo 2", "errno"];
    lines.iter().try_for_each(|line| pair.line(line))
}

/// A buffer that the kernel can copy nothing from or to; one in a segment; and one in a segment that is for reading only.
fn buffers() -> Result<(), Difference> {
    let mut pair = Pair::new(&[])?;
    let lines = [
        "id = shmget(IPC_PRIVATE, 4096, 0600); p = shmat(id, NULL, 0); q = shmat(id, NULL, SHM_RDONLY)",
        "s = semget(IPC_PRIVATE, 2, 0600)",
        "shmctl(id, IPC_STAT, p); ((struct shmid_ds *)p)->shm_nattch; shmctl(id, IPC_SET, q)",
        "shmctl(id, IPC_STAT, q); errno",
        "shmctl(id, IPC_STAT, p + 4000); errno",
        "shmctl(id, IPC_STAT, NULL) + shmdt(q)",
        "shmctl(id, IPC_STAT, p) + shmdt(p); errno",
        "shmctl(id, IPC_STAT, p); shmctl(id, IPC_SET, p); shmctl(9, IPC_STAT, p)",
        "semctl(s, 0, GETALL, NULL); semctl(s, 0, SETALL, NULL); semctl(s, 0, IPC_SET, NULL); semctl(9, 0, SETALL, NULL)",
        "semctl(s, 0, SEM_INFO, NULL); semctl(0, 0, SEM_STAT, NULL); semctl(-1, 0, IPC_STAT, NULL)",
        "semop(s, NULL, 1); semop(s, p, 1); semop(s, NULL, 0); semop(-1, NULL, 1); semop(s, p, 501); semop(-1, p, 501)",
        "struct sembuf op = {0, 1, 0}; semop(s, &op, 2000); semop(-1, &op, 1)",
        "B: getpid()",
        "semtimedop(s, &op, 1, p)",
        "undo; redo",
    ];
    lines.iter().try_for_each(|line| pair.line(line))
}

/// A time limit that is none: what the kernel looks at first decides.
fn time_limits() -> Result<(), Difference> {
    let mut pair = Pair::new(&[])?;
    pair.line("s = semget(IPC_PRIVATE, 1, 0600); struct sembuf op = {0, -1, 0}; struct sembuf many[600]")?;
    let limits = ["{0, 1000000000}", "{-1, 0}", "{0, -1}", "{1L << 62, 2000000000}"];
    for limit in limits {
        pair.line(&format!("struct timespec t = {limit}; semtimedop(s, &op, 1, &t); errno"))?;
        pair.line("semtimedop(s, NULL, 1, &t); semtimedop(s, &op, 0, &t); semtimedop(s, many, 501, &t)")?;
        pair.line(
            "semtimedop(-1, &op, 1, &t); semtimedop(77, &op, 1, &t); semtimedop(s, (void *)1, 501, &t)",
        )?;
    }
    for address in ["(void *)1", "(void *)0x400000"] {
        pair.line(&format!("semtimedop(s, &op, 1, {address}); semtimedop(s, NULL, 1, {address}); errno"))?;
        pair.line(&format!("semtimedop(s, many, 501, {address}); semtimedop(-1, &op, 0, {address})"))?;
    }
    pair.line("semop(s, many, 501); semop(s, many, 500); semop(77, many, 600)")
}

/// One byte too far ends a process by a signal, on whatever lies there: the kernel maps a segment anywhere it likes.
fn ends_of_segments() -> Result<(), Difference> {
    for access in ["p[4096] = 'x'", "p[4096]", "strcpy(p + 4090, \"too long\")", "memset(p, 'A', 4097)"] {
        let mut pair = Pair::new(&[])?;
        pair.line("id = shmget(IPC_PRIVATE, 4096, 0600); p = shmat(id, NULL, 0); new")?;
        pair.line(&format!("A: {access}"))?;
        pair.line("B: shmctl(id = 0, IPC_RMID, NULL)")?;
    }
    Ok(())
}

/// More than a mebibyte at once, up to the end of a segment and over it.
fn long_copies() -> Result<(), Difference> {
    for last in [
        "memset(p + 5, 'B', 3 << 19)",
        "memset(q, 'C', -1)",
        "memcpy(p, q, 2 << 20)",
        "memcpy(q, p, 1 << 40)",
    ] {
        let mut pair = Pair::new(&[])?;
        let lines = [
            "id = shmget(IPC_PRIVATE, 3 << 19, 0600); q = shmat(id, (void *)0x9000000, 0); memset(q, 'A', 3 << 19)",
            "big = shmget(IPC_PRIVATE, 20 << 20, 0600); p = shmat(big, (void *)0x5000000, 0); memcpy(p + 100, q, 3 << 19)",
            "p[99] + p[100] * 1000; p[99 + (3 << 19)] + 1000 * p[100 + (3 << 19)]",
            "memset(p, 0, 17 << 20)",
            "new",
        ];
        lines.iter().try_for_each(|line| pair.line(line))?;
        pair.line(&format!("A: {last}"))?;
        pair.line(
            "B: p = shmat(1, NULL, 0); p[0] + 1000 * p[1500000]; q = shmat(0, NULL, 0); q[0] + q[1500000]",
        )?;
    }
    Ok(())
}

/// A child that has ended is a zombie until its parent ends; what `new` started leaves nothing.
fn zombies() -> Result<(), Difference> {
    let mut pair = Pair::new(&[])?;
    let lines = [
        "fork(); new",
        "B: fork()",
        "D: exit(3)",
        "kill(D, 0); kill(D, SIGKILL); kill(D, SIGTERM)",
        "C: exit(0)",
        "kill(C, 0)",
        "kill(B, SIGKILL)",
        "kill(B, 0); kill(D, 0)",
        "fork()",
        "E: fork()",
        "E: execlp(\"true\", \"true\", NULL)",
        "F: getpid()",
        "F: kill(E, 0); kill(F, 0)",
        "undo; redo",
        "A: kill(B, SIGKILL)",
        "A: setuid(65534)",
        "kill(B, 0); kill(E, 0)",
    ];
    lines.iter().try_for_each(|line| pair.line(line))
}

/// A parent that waits: for a child that has ended, that lives, that runs another program, and that is none of its own.
fn children() -> Result<(), Difference> {
    let mut pair = Pair::new(&[])?;
    let lines = [
        "int st = -1; wait(&st); errno; fork()",
        "B: exit(259)",
        "kill(B, 0); wait(&st); st; kill(B, 0); wait(&st); errno",
        "fork(); fork()",
        "waitpid(D, &st, WNOHANG); waitpid(0, NULL, WUNTRACED | WNOHANG); waitpid(-1, NULL, 64)",
        "wait(&st)",
        "D: kill(C, SIGTERM)",
        "WIFEXITED(st); WEXITSTATUS(st); WIFSIGNALED(st); WTERMSIG(st)",
        "D: fork()",
        "waitpid(D, NULL, 0)",
        "undo; redo",
        "E: waitpid(D, NULL, 0)",
        "E: kill(D, SIGKILL)",
        "fork()",
        "F: execlp(\"sleep\", \"sleep\", \"3\", NULL)",
        "waitpid(F, &st, WNOHANG) + wait(&st)",
        "A: st",
        "fork()",
        "G: execlp(\"sleep\", \"sleep\", \"1000\", NULL)",
        "wait(NULL)",
        "getpid()",
        "undo 3",
        "int s = semget(IPC_PRIVATE, 1, 0600)",
        "semtimedop(s, &(struct sembuf){0, -1, 0}, 1, &(struct timespec){90, 0})",
        "getpid()",
        "undo 2",
        "fork(); id = shmget(IPC_PRIVATE, 1, 0600); p = shmat(id, NULL, 0); q = shmat(id, NULL, SHM_RDONLY)",
        "wait(p)",
        "G: *(int *)0 = 1",
        "*(int *)p; fork()",
        "wait(q)",
        "H: exit(1)",
        "errno; wait((void *)1)",
        "undo 2",
        "redo",
    ];
    lines.iter().try_for_each(|line| pair.line(line))
}

fn random_scripts() -> Result<(), Difference> {
    let setting =
        |name: &str, usual| std::env::var(name).map_or(usual, |text| text.parse().expect("a number"));
    let (count, seed) = (setting("PLAY_SCRIPTS", USUAL), setting("PLAY_SEED", 1));
    let mut lines = 0;
    for number in 0..count {
        let mut pair = Pair::new(&[])?;
        for line in generate::script(seed << 32 | number, LINES) {
            pair.line(&line).map_err(|difference| difference.of_script(number))?;
            lines += 1;
        }
    }
    println!("{count} random scripts, {lines} lines, no difference");
    Ok(())
}
