//! Puzzles solved in other ways than their solutions, and ways that only look like one.

use play::level::Level;
use play::session::Session;

/// Whether these lines solve a puzzle, at whichever of them.
pub fn solves(name: &str, lines: &[&str]) -> bool {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../lessons/levels");
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|file| file.to_string_lossy().ends_with(&format!("-{name}.toml"))).expect(name);
    let level: Level = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut session = Session::new(&level.start).unwrap();
    lines.iter().any(|line| {
        session.line(line).unwrap_or_else(|error| panic!("{name}: {line}: {error}"));
        level.is_reached(&session)
    })
}

const TAKE: &str = "(struct sembuf[]){{0, -1, SEM_UNDO}}";

/// A second way for each puzzle: with unrelated processes about, by the shell, byte by byte.
#[test]
fn any_way_that_reaches_the_goal_counts() {
    let take = |who: &str| format!("{who}: semop(0, {TAKE}, 1)");
    let (b_takes, both) = (take("B"), "(struct sembuf[]){{0, 1, SEM_UNDO}, {1, 1, SEM_UNDO}}");
    let a_gives_both = format!("A: semop(s, {both}, 2)");
    let ways: [(&str, &[&str]); 31] = [
        (
            "hello",
            &[
                "s = shmget(0x77, 25600, IPC_CREAT | 0600); q = shmat(s, NULL, 0)",
                "new",
                "q[0] = 'h'; q[1] = 105",
            ],
        ),
        ("nobody", &["shmget(1, 1, IPC_CREAT | 0600)", "struct shmid_ds b", "shmctl(0, IPC_SET, &b)"]),
        ("past-the-end", &["fork()", "B: memset(shmat(0, NULL, 0), 'X', 4096)"]),
        ("outlived", &["new", "B: shmat(0, (void *)0x6000000, SHM_RDONLY)"]),
        ("stale", &["shmctl(0, IPC_STAT, &buf)", "B: shmat(0, NULL, SHM_RDONLY)", "ipcrm -m 0"]),
        ("two-views", &["shmat(id, NULL, 0); q = shmat(id, NULL, 0)", "mprotect(q, 4096, PROT_READ)"]),
        ("rounded", &["new", "munmap((void *)0x5000000, 4096)"]),
        ("sandwich", &["munmap((void *)0x5001000, 4096)", "shmat(small, (void *)0x5001000, 0)"]),
        ("twice", &["munmap(p, 4096)", "shmdt(p)"]),
        ("too-large", &["B: shmget(0x52, -1, 0)"]),
        ("failed-key", &["new", "B: shmget(0xffffffff, 1, IPC_CREAT | IPC_EXCL)"]),
        (
            "old-and-new",
            &[
                "ipcrm -m 0",
                "exit(0)",
                "B: strcpy(shmat(shmget(0x52, 200, IPC_CREAT | 0600), NULL, 0), \"NEW\")",
            ],
        ),
        (
            "locked-out",
            &[
                "struct shmid_ds b = {.shm_perm = {.uid = 65534, .mode = 0666}}",
                "shmctl(0, IPC_SET, &b)",
                "strcpy(shmat(0, NULL, 0), \"mine\")",
            ],
        ),
        ("given-away", &["p = shmat(id, NULL, 0)", "memcpy(p, \"mine\", 5)", "ipcrm -m 0"]),
        ("door-shut", &["p[3] = 'e'; p[2] = 't'; p[1] = 'a'; p[0] = 'l'"]),
        (
            "three-is-full",
            &[
                "sysctl kernel.shmall=3",
                "shmget(1, 1, IPC_CREAT); shmget(2, 1, IPC_CREAT)",
                "new",
                "B: shmget(3, 1, IPC_CREAT)",
                "B: shmget(4, 1, IPC_CREAT)",
            ],
        ),
        ("empty-and-full", &["sysctl kernel.shmmni=0", "new", "B: shmget(5, 1, IPC_CREAT | 0600)"]),
        ("own-number", &["new", "sysctl kernel.shm_next_id=4711", "B: shmget(2, 1, IPC_CREAT)"]),
        ("one-byte", &["B: q = shmat(0, (void *)0x5000000, 0)", "B: strcpy(q + 64, \"B\")"]),
        (
            "twelve",
            &[
                "int id = shmget(1, 1, IPC_CREAT | 0600)",
                "fork(); fork()",
                "A: shmat(id, NULL, 0); shmat(id, NULL, 0); shmat(id, NULL, 0); shmat(id, NULL, 0)",
                "B: shmat(id, NULL, 0); shmat(id, NULL, 0); shmat(id, NULL, 0); shmat(id, NULL, 0)",
                "C: shmat(id, NULL, 0); shmat(id, NULL, 0); shmat(id, NULL, 0); shmat(id, NULL, 0)",
            ],
        ),
        ("last-guest", &["fork()", "B: shmat(0, NULL, SHM_RDONLY)", "kill(C, SIGKILL)"]),
        (
            "wait",
            &[
                "s = semget(5, 1, IPC_CREAT | 0600)",
                "new",
                "semctl(s, 0, SETVAL, 1)",
                "B: semop(0, (struct sembuf[]){{0, 0, 0}}, 1)",
            ],
        ),
        ("wake-two", &["semctl(s, 0, SETVAL, 0)"]),
        ("survive-kill", &[&b_takes, "new", "B: kill(B, SIGTERM)"]),
        ("helping-hand", &["semop(s, (struct sembuf[]){{0, 1, 0}}, 1)", "B: exit(0)"]),
        (
            "eidrm",
            &[
                "new",
                "C: semget(7, 1, IPC_CREAT | 0600)",
                "B: semop(0, (struct sembuf[]){{0, -1, 0}}, 1)",
                "ipcrm -s 0",
            ],
        ),
        ("lost-update", &["B: int seen = *n", "int seen = *n", "*n", "*n = seen + 100", "B: *n = seen + 10"]),
        ("spring-cleaning", &["new", "shmctl(2, IPC_RMID, NULL)", "ipcrm -m 1"]),
        (
            "deadlock",
            &[
                "C: semctl(0, 1, SETVAL, 1)",
                &a_gives_both,
                "B: semop(s, (struct sembuf[]){{0, 1, SEM_UNDO}}, 1)",
            ],
        ),
        ("wrong-size", &["new", "ipcrm -m 0", "C: shmget(0x52, 25600, IPC_CREAT)"]),
        ("will-not-go", &["new", "C: semctl(0, 0, SETVAL, 1)", "B: shmdt(p)", "ipcrm -s 0"]),
    ];
    let missed: Vec<_> =
        ways.iter().filter(|(name, lines)| !solves(name, lines)).map(|(name, _)| name).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

/// A third way: more than is asked for, and by other calls. Nothing of it is forbidden by the words of the goal.
#[test]
fn more_than_is_asked_for_does_not_count_against_it() {
    let ways: [(&str, &[&str]); 19] = [
        (
            "hello",
            &[
                "i = shmget(1, 25600, IPC_CREAT | 0600)",
                "shmat(i, NULL, 0); strcpy(shmat(i, NULL, 0), \"hi\")",
            ],
        ),
        ("nobody", &["shmget(IPC_PRIVATE, 1, 0200)"]),
        ("outlived", &["shmget(5, 1, IPC_CREAT)", "shmat(0, NULL, 0); strcpy(shmat(0, NULL, 0), \"SEEN\")"]),
        (
            "stale",
            &[
                "shmctl(id, IPC_STAT, &buf)",
                "B: shmat(0, NULL, 0); shmat(0, NULL, 0)",
                "B: shmctl(0, IPC_RMID, NULL)",
            ],
        ),
        ("rounded", &["shmget(1, 1, IPC_CREAT)", "shmdt((void *)0x5000000)"]),
        ("sandwich", &["shmat(big, NULL, 0)", "shmat(small, (void *)0x5001000, SHM_REMAP)"]),
        ("twice", &["shmget(1, 1, IPC_CREAT)", "munmap(p, 8192)"]),
        ("too-large", &["B: shmget(7, 1, IPC_CREAT)", "B: shmget(0x52, 4096, IPC_CREAT | 0600)"]),
        (
            "failed-key",
            &[
                "B: shmget(7, 1, IPC_CREAT)",
                "B: shmget(ftok(\"/none\", 'Z'), 9, IPC_CREAT | IPC_EXCL | 0600)",
            ],
        ),
        (
            "old-and-new",
            &[
                "B: shmat(id, NULL, 0)",
                "ipcrm -m 0",
                "strcpy(shmat(shmget(0x52, 200, IPC_CREAT | 0600), NULL, 0), \"NEW\")",
            ],
        ),
        (
            "locked-out",
            &[
                "struct shmid_ds b = {.shm_perm = {.uid = 65534, .mode = 0600}}",
                "shmctl(id, IPC_SET, &b)",
                "shmat(id, NULL, 0)",
                "strcpy(shmat(id, NULL, 0), \"mine\")",
            ],
        ),
        (
            "given-away",
            &["p = shmat(id, NULL, 0); shmat(id, NULL, SHM_RDONLY)", "strcpy(p, \"mine\")", "ipcrm -m 0"],
        ),
        (
            "own-number",
            &["shmget(5, 1, IPC_CREAT)", "sysctl kernel.shm_next_id=4711", "shmget(IPC_PRIVATE, 1, 0)"],
        ),
        ("last-guest", &["B: shmat(0, NULL, 0)", "B: shmat(0, NULL, 0)"]),
        ("wake-two", &["semget(5, 1, IPC_CREAT)", "new", "D: semctl(0, 0, SETVAL, 0)"]),
        ("spring-cleaning", &["shmget(9, 1, IPC_CREAT)", "ipcrm -m 1", "C: shmctl(2, IPC_RMID, NULL)"]),
        ("deadlock", &["kill(B, SIGTERM)", "A: semctl(s, 0, SETVAL, 1); semctl(s, 1, SETVAL, 1)"]),
        (
            "wrong-size",
            &["ipcrm -m 0", "shmget(9, 1, IPC_CREAT)", "shmget(0x52, 25600, IPC_CREAT | IPC_EXCL)"],
        ),
        ("will-not-go", &["ipcrm -s 0", "kill(B, 0)", "B: munmap(p, 4096)"]),
    ];
    let missed: Vec<_> =
        ways.iter().filter(|(name, lines)| !solves(name, lines)).map(|(name, _)| name).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

/// What the goal's words forbid, or do not say, does not solve it.
#[test]
fn what_the_words_forbid_does_not_count() {
    assert_not_solved(&[
        ("nobody", &["shmget(IPC_PRIVATE, 1, 0244)"]),
        ("nobody", &["shmget(IPC_PRIVATE, 1, 0); shmget(IPC_PRIVATE, 1, 0)"]),
        ("outlived", &["new", "C: shmat(0, NULL, 0)"]),
        (
            "hello",
            &[
                "id = shmget(1, 25600, IPC_CREAT | 0600)",
                "p = shmat(id, NULL, 0)",
                "strcpy(p, \"hi\"); shmdt(p)",
            ],
        ),
        ("locked-out", &["new", "B: strcpy(shmat(0, NULL, 0), \"mine\")"]),
        ("deadlock", &["kill(A, SIGKILL)", "B: semctl(s, 0, SETVAL, 1); semctl(s, 1, SETVAL, 1)"]),
        ("deadlock", &["C: kill(B, SIGKILL)"]),
        ("spring-cleaning", &["ipcrm -m 0", "ipcrm -m 1", "ipcrm -m 2"]),
        ("own-number", &["ipcrm -m 0", "sysctl kernel.shm_next_id=4711", "shmget(1, 1, IPC_CREAT)"]),
        ("last-guest", &["shmdt(p)", "B: shmat(0, NULL, 0)"]),
        ("wrong-size", &["ipcrm -m 0", "ipcrm -m 1", "shmget(0x52, 25600, IPC_CREAT)"]),
    ]);
}

/// No line of these solves the puzzle, which a look at the world alone would say.
fn assert_not_solved(kind: &[(&str, &[&str])]) {
    let solved: Vec<_> = kind.iter().filter(|(name, lines)| solves(name, lines)).collect();
    assert!(solved.is_empty(), "{solved:?}");
}

#[test]
fn what_was_removed_and_made_again_is_not_what_was_there() {
    let new_lock =
        "A: s = semget(IPC_PRIVATE, 2, 0600); unsigned short v[2] = {1, 1}; semctl(s, 0, SETALL, v)";
    assert_not_solved(&[
        (
            "past-the-end",
            &[
                "ipcrm -m 0",
                "sysctl kernel.shm_next_id=0",
                "p = shmat(shmget(1, 4096, IPC_CREAT | 0600), NULL, 0)",
                "p[4095] = 'X'",
                "shmget(2, 1, IPC_CREAT)",
            ],
        ),
        (
            "outlived",
            &[
                "ipcrm -m 0",
                "p = shmat(shmget(1, 100, IPC_CREAT | 0600), NULL, 0)",
                "strcpy(p, \"DO NOT FORGET\")",
            ],
        ),
        (
            "locked-out",
            &["ipcrm -m 0", "p = shmat(shmget(1, 100, IPC_CREAT | 0600), NULL, 0)", "strcpy(p, \"mine\")"],
        ),
        (
            "last-guest",
            &[
                "shmdt(p)",
                "n = shmget(1, 4096, IPC_CREAT | 0600)",
                "shmat(n, NULL, 0)",
                "B: shmat(shmget(1, 0, 0), NULL, 0)",
                "shmctl(n, IPC_RMID, NULL)",
            ],
        ),
        (
            "wake-two",
            &[
                "semctl(s, 0, IPC_RMID)",
                "semget(9, 1, IPC_CREAT | 0600)",
                "B: semop(semget(9, 1, 0), (struct sembuf[]){{0, 1, 0}}, 1)",
                "C: semop(semget(9, 1, 0), (struct sembuf[]){{0, 1, 0}}, 1)",
            ],
        ),
        ("spring-cleaning", &["ipcrm -m 0", "ipcrm -m 1", "ipcrm -m 2", "shmget(IPC_PRIVATE, 100, 0600)"]),
        (
            "deadlock",
            &[
                "C: semctl(0, 0, IPC_RMID)",
                new_lock,
                "A: semop(s, (struct sembuf[]){{0, -1, 0}, {0, 1, 0}}, 2)",
            ],
        ),
        (
            "wrong-size",
            &["ipcrm -m 1", "shmget(0x53, 100, IPC_CREAT)", "ipcrm -m 0", "shmget(0x52, 25600, IPC_CREAT)"],
        ),
    ]);
}

#[test]
fn nobody_else_does_what_one_process_is_to_do() {
    assert_not_solved(&[
        ("door-shut", &["new", "C: strcpy(shmat(0, NULL, 0), \"late\")", "C: exit(0)"]),
        (
            "given-away",
            &[
                "new",
                "B: strcpy(shmat(0, NULL, 0), \"mine\")",
                "B: exit(0)",
                "shmat(id, NULL, 0)",
                "ipcrm -m 0",
            ],
        ),
        ("one-byte", &["p[64] = 'B'", "B: shmat(0, (void *)0x5000000, 0)"]),
    ]);
}

#[test]
fn an_errno_counts_in_the_world_in_which_it_came() {
    assert_not_solved(&[
        (
            "empty-and-full",
            &["shmget(1, 1, IPC_CREAT)", "sysctl kernel.shmmni=1", "shmget(2, 1, IPC_CREAT)", "ipcrm -m 0"],
        ),
        (
            "three-is-full",
            &[
                "sysctl kernel.shmmni=0",
                "shmget(1, 1, IPC_CREAT)",
                "sysctl kernel.shmmni=3",
                "new",
                "B: shmget(1, 1, IPC_CREAT)",
            ],
        ),
        ("failed-key", &["shmget(5, 1, IPC_CREAT)", "shmget(5, 1, IPC_CREAT | IPC_EXCL)", "ipcrm -m 1"]),
    ]);
}

#[test]
fn a_lock_is_given_back_by_the_kernel_and_not_by_hand() {
    let take = "B: semop(s, (struct sembuf[]){{0, -1, 0}}, 1)";
    let take_to_undo = format!("B: semop(s, {TAKE}, 1)");
    assert_not_solved(&[
        ("survive-kill", &[take, "B: semop(s, (struct sembuf[]){{0, 1, 0}}, 1)", "kill(B, SIGKILL)"]),
        ("survive-kill", &["B: semop(s, (struct sembuf[]){{0, -1, 0}, {0, 1, 0}}, 2)", "kill(B, SIGKILL)"]),
        (
            "survive-kill",
            &["semop(s, (struct sembuf[]){{0, -1, 0}}, 1)", "B: semctl(s, 0, SETVAL, 1)", "kill(B, SIGKILL)"],
        ),
        ("survive-kill", &[&take_to_undo, "B: exit(0)"]),
        ("helping-hand", &["B: semctl(s, 0, SETVAL, 2)", "B: exit(0)"]),
    ]);
}

#[test]
fn what_a_process_has_read_is_not_what_was_typed_for_it() {
    assert_not_solved(&[
        ("stale", &["buf.shm_segsz = 4096", "B: shmat(0, NULL, 0)", "shmctl(id, IPC_RMID, NULL)"]),
        (
            "stale",
            &["B: shmat(0, NULL, 0)", "shmctl(id, IPC_STAT, &buf)", "buf.shm_nattch = 0", "ipcrm -m 0"],
        ),
        ("lost-update", &["A: r = 0; *n = 100", "B: r = 0; *n = 10"]),
        ("lost-update", &["A: r = *n; *n = r + 100", "B: r = *n", "B: r = 0; *n = r + 10"]),
        ("lost-update", &["A: r = *n; *n = r + 100", "B: r = n[1]; *n = r + 10"]),
    ]);
}

/// The way back takes back what was seen, too.
#[test]
fn what_was_undone_does_not_count() {
    assert_not_solved(&[
        (
            "stale",
            &[
                "shmctl(id, IPC_STAT, &buf)",
                "undo",
                "buf.shm_segsz = 4096",
                "B: shmat(0, NULL, 0)",
                "ipcrm -m 0",
            ],
        ),
        ("hello", &["p = shmat(shmget(1, 25600, IPC_CREAT | 0600), NULL, 0)", "restart", "ipcs"]),
    ]);
}
