//! What processes do line by line, and the way back.

use play::session::{Session, Told};
use proptest::prelude::*;

/// A session in which these lines have been done.
fn after(lines: &[&str]) -> Session {
    let mut session = Session::empty();
    for line in lines {
        session.line(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    session
}

/// What a line tells of calls, in C notation.
fn calls(session: &mut Session, line: &str) -> Vec<String> {
    let told = session.line(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    told.into_iter()
        .filter_map(|told| match told {
            Told::Call { who, c, .. } | Told::Waits { who, c, .. } => Some(format!("{who} {c}")),
            Told::Ends { who, how, .. } => Some(format!("{who} {how}")),
            _ => None,
        })
        .collect()
}

/// The value of an expression.
fn value(session: &mut Session, expression: &str) -> String {
    let told =
        session.line(&format!("({expression})")).unwrap_or_else(|error| panic!("{expression}: {error}"));
    match told.as_slice() {
        [Told::Value { text }] => text.split("   ").next().unwrap_or_default().to_owned(),
        other => panic!("{expression}: {other:?}"),
    }
}

#[test]
fn a_child_has_its_parents_variables_and_attachments_and_zero_for_an_answer() {
    let mut session = after(&[
        "int id = shmget(IPC_PRIVATE, 100, 0600)",
        "char *p = shmat(id, NULL, 0)",
        "int child = fork()",
        "B: strcpy(p, \"from B\")",
    ]);
    assert_eq!(value(&mut session, "child == B"), "1");
    assert_eq!(value(&mut session, "p[5]"), "66");
    session.line("B:").unwrap();
    assert_eq!(value(&mut session, "child"), "0");
    assert_eq!(value(&mut session, "id"), "0");
    assert_eq!(session.world().segments().next().unwrap().attached, 2);
}

#[test]
fn an_unrelated_process_has_no_variables() {
    let mut session = after(&["int id = 5", "new"]);
    assert_eq!(session.line("B: id").unwrap_err().to_string(), "column 4: there is no variable id");
}

#[test]
fn a_call_that_waits_goes_on_when_it_can_and_its_statement_with_it() {
    let mut session = after(&["int s = semget(IPC_PRIVATE, 1, 0600)", "fork()"]);
    let take = "B: int r = 7 + semop(s, (struct sembuf[]){{0, -1, 0}}, 1)";
    assert_eq!(calls(&mut session, take), ["B semop(0, [{0, -1, 0}], 1)"]);
    let error = session.line("B: getpid()").unwrap_err().to_string();
    assert_eq!(
        error,
        "column 1: process B waits in a call, and can do nothing before it returns. A can act: write A: before a line"
    );
    assert_eq!(
        calls(&mut session, "semctl(s, 0, SETVAL, 1)"),
        ["A semctl(0, 0, SETVAL, 1) = 0", "B semop(0, [{0, -1, 0}], 1) = 0"]
    );
    session.line("B:").unwrap();
    assert_eq!(value(&mut session, "r"), "7");
}

#[test]
fn a_wait_ends_with_the_set_with_the_time_and_with_a_signal() {
    let start = ["int s = semget(IPC_PRIVATE, 1, 0600)", "fork()", "struct sembuf take = {0, -1, 0}"];
    let mut session = after(&start);
    session.line("B: semop(s, &(struct sembuf){0, -1, 0}, 1)").unwrap();
    assert_eq!(
        calls(&mut session, "semctl(s, 0, IPC_RMID)")[1],
        "B semop(0, [{0, -1, 0}], 1) = -1 EIDRM (Identifier removed)"
    );

    let mut session = after(&start);
    session.line("B: semtimedop(s, &(struct sembuf){0, -1, 0}, 1, &(struct timespec){1, 0})").unwrap();
    let told = calls(&mut session, "getpid()");
    assert!(told[0].ends_with("= -1 EAGAIN (Resource temporarily unavailable)"), "{told:?}");

    let mut session = after(&start);
    session.line("B: semop(s, &(struct sembuf){0, -1, 0}, 1)").unwrap();
    assert_eq!(calls(&mut session, "kill(B, SIGKILL)")[1], "B was killed by SIGKILL");
    assert!(
        session.line("B: getpid()").unwrap_err().to_string().ends_with("A can act: write A: before a line")
    );
}

#[test]
fn whoever_waits_no_longer_than_a_time_can_go_on_alone() {
    let mut session = after(&["int s = semget(IPC_PRIVATE, 1, 0600)"]);
    session.line("semtimedop(s, &(struct sembuf){0, -1, 0}, 1, &(struct timespec){9, 0})").unwrap();
    session.line("getpid()").unwrap();
    assert_eq!(value(&mut session, "errno"), "11");
    session.line("semtimedop(s, &(struct sembuf){0, -1, 0}, 1, &(struct timespec){1, 0})").unwrap();
    assert!(session.line("nonsense").is_err());
    session.line("getpid()").unwrap();
    assert_eq!(value(&mut session, "errno"), "11", "a line that is not understood loses no answer");
}

#[test]
fn no_time_passes_that_nobody_would_sit_through() {
    let mut session = after(&["fork()", r#"B: execlp("sleep", "sleep", "5", NULL)"#, "wait(NULL)"]);
    session.line("getpid()").expect("the five seconds pass");

    let mut session = after(&["fork()", r#"B: execlp("sleep", "sleep", "1000", NULL)"#, "wait(NULL)"]);
    assert!(session.line("getpid()").unwrap_err().to_string().contains("A waits in a call"));
    session.line("new").unwrap();

    let mut session = after(&["int s = semget(IPC_PRIVATE, 1, 0600)"]);
    session.line("semtimedop(s, &(struct sembuf){0, -1, 0}, 1, &(struct timespec){90, 0})").unwrap();
    assert!(session.line("getpid()").unwrap_err().to_string().contains("A waits in a call"));
}

#[test]
fn signals_and_protections_have_their_names() {
    let mut session = after(&["fork()", "int id = shmget(IPC_PRIVATE, 4096, 0600)"]);
    session.line("char *p = shmat(id, (void *)0x5000000, 0)").unwrap();
    let told = calls(
        &mut session,
        "mprotect(p, 4096, PROT_READ | PROT_WRITE); mprotect(p, 4096, PROT_NONE); kill(B, 9)",
    );
    assert_eq!(
        told[..3],
        [
            "A mprotect(0x5000000, 4096, PROT_READ|PROT_WRITE) = 0",
            "A mprotect(0x5000000, 4096, PROT_NONE) = 0",
            "A kill(102, SIGKILL) = 0"
        ]
    );
}

#[test]
fn a_refusal_that_concerns_no_table_has_a_reason_too() {
    let mut session = Session::empty();
    for (line, why) in [
        ("setuid(1000)", "not mapped into the namespace"),
        ("setgid(1000)", "not mapped into the namespace"),
        ("execlp(\"no-such-program\", \"x\", NULL)", "No folder of PATH"),
        ("mprotect((void *)0x5000000, 4096, PROT_READ)", "Not all of these pages are mapped"),
        ("munmap((void *)0x5000001, 4096)", "no multiple of a page"),
        ("kill(9999, SIGKILL)", "No process has this id"),
    ] {
        let told = session.line(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let reason = told.iter().find_map(|told| match told {
            Told::Call { why, .. } => why.clone(),
            _ => None,
        });
        assert!(reason.as_ref().is_some_and(|reason| reason.contains(why)), "{line}: {reason:?}");
    }
}

/// The reason and the advice of the last call of a line that was refused, or that waits, or of a process's end.
fn reason(lines: &[&str]) -> String {
    let (last, before) = lines.split_last().unwrap();
    let told = after(before).line(last).unwrap_or_else(|error| panic!("{last}: {error}"));
    let mut said = told.into_iter().filter_map(|told| match told {
        Told::Call { why: Some(why), advice, .. } => Some(why + " " + &advice.unwrap_or_default()),
        Told::Waits { why, .. } | Told::Ends { why: Some(why), .. } => Some(why),
        _ => None,
    });
    said.next_back().unwrap_or_else(|| panic!("{last}: nothing was said"))
}

#[test]
fn a_command_that_no_kernel_knows_is_not_taken_for_a_wrong_number_or_id() {
    let set = "int s = semget(IPC_PRIVATE, 2, 0600); int id = shmget(IPC_PRIVATE, 1, 0600)";
    assert_eq!(reason(&[set, "semctl(s, 0, 99)"]), "semctl knows no command 99. ");
    assert_eq!(reason(&[set, "semctl(77, 0, 99)"]), "semctl knows no command 99. ");
    assert_eq!(reason(&[set, "shmctl(id, 99, NULL)"]), "shmctl knows no command 99. ");
    assert!(reason(&[set, "semctl(s, 2, GETVAL)"]).contains("The set has 2 semaphores"));
    assert!(reason(&[set, "semctl(77, 0, GETVAL)"]).contains("No set has the id 77"));
}

#[test]
fn a_call_waits_for_what_its_own_operations_do_not_bring() {
    let set = "int s = semget(IPC_PRIVATE, 3, 0600); semctl(s, 1, SETVAL, 1)";
    for (ops, wanted) in [
        ("{0, 1, 0}, {2, -1, 0}", "It waits for semaphore 2 to be at least 1. The values are [0, 1, 0]."),
        ("{1, 0, 0}, {2, 5, 0}", "It waits for semaphore 1 to be 0. The"),
        ("{0, 1, 0}, {0, -3, 0}", "It waits for semaphore 0 to be at least 2. The"),
        (
            "{1, -1, 0}, {1, -1, 0}",
            "It waits for semaphore 1 to be at least 1 and semaphore 1 to be at least 2. The",
        ),
        ("{0, 2, 0}, {0, -1, 0}, {1, -2, 0}", "It waits for semaphore 1 to be at least 2. The"),
    ] {
        let call = format!("semop(s, (struct sembuf[]){{{ops}}}, {})", ops.matches('{').count());
        let said = reason(&[set, &call]);
        assert!(said.starts_with(wanted), "{ops}: {said}");
    }
}

#[test]
fn the_flags_of_shmat_are_explained_as_they_are() {
    let start = "int id = shmget(IPC_PRIVATE, 4096, 0600); shmat(id, (void *)0x5000000, 0)";
    let taken = reason(&[start, "shmat(id, (void *)0x5000001, SHM_RND)"]);
    assert!(taken.starts_with("Something is mapped at 0x5000000,"), "{taken}");
    assert!(taken.contains("SHM_REMAP") && !taken.contains("SHM_RND"), "{taken}");
    assert!(reason(&[start, "shmat(id, (void *)0x5000001, 0)"]).contains("add SHM_RND"));
    for call in ["shmat(id, NULL, SHM_REMAP)", "shmat(77, NULL, SHM_REMAP)"] {
        let said = reason(&[start, call]);
        assert!(
            said.starts_with("SHM_REMAP replaces what is mapped at an address, and NULL is none."),
            "{said}"
        );
    }
}

#[test]
fn a_file_that_is_not_there_and_a_number_that_is_no_pointer_are_named() {
    let said = reason(&["ftok(\"/nonexistent\", 'R')"]);
    assert!(said.starts_with("There is no file /nonexistent here.") && !said.contains("model"), "{said}");
    let said = reason(&["printf(\"%s\", 5)"]);
    assert!(said.contains("5 is a number and no address"), "{said}");
    assert!(reason(&["puts(NULL)"]).contains("the pointer is NULL."));
    for line in ["puts(p)", "*p = 1", "char c = *p", "printf(\"%s\", p)"] {
        let said = reason(&["char *p = shmat(77, NULL, 0)", line]);
        assert!(said.contains("is (void *) -1, which shmat returns when it fails"), "{line}: {said}");
    }
}

#[test]
fn an_access_outside_ends_the_process_and_not_the_session() {
    let mut session = after(&["char *p = shmat(shmget(IPC_PRIVATE, 1, 0600), NULL, SHM_RDONLY)", "new"]);
    assert_eq!(calls(&mut session, "p[0] = 1"), ["A is killed by SIGSEGV"]);
    assert_eq!(session.world().current.as_deref(), Some("B"));
    assert_eq!(calls(&mut session, "exit(0)"), ["B exit(0)", "B has ended with exit"]);
    let error = session.line("getpid()").unwrap_err().to_string();
    assert_eq!(error, "column 1: no process is alive: write new, undo or restart");
    session.line("new").unwrap();
    assert_eq!(session.world().current.as_deref(), Some("C"));
}

#[test]
fn only_lines_that_change_something_are_undone() {
    let mut session = after(&["int id = shmget(IPC_PRIVATE, 100, 0600)", "struct shmid_ds buf"]);
    for line in ["shmdt(id)", "ipcs", "puts(\"x\")", "id", "cat /proc/self/maps", "help", "# nothing"] {
        session.line(line).unwrap();
    }
    session.line("shmctl(id, IPC_STAT, &buf)").unwrap();
    let lines: Vec<_> = session.lines().collect();
    assert_eq!(
        lines,
        ["int id = shmget(IPC_PRIVATE, 100, 0600)", "struct shmid_ds buf", "shmctl(id, IPC_STAT, &buf)"]
    );
    session.line("undo 2").unwrap();
    assert!(session.line("buf").is_err() && session.line("id").is_ok());
    session.line("redo").unwrap();
    assert_eq!(value(&mut session, "buf.shm_segsz"), "0");
    session.line("restart").unwrap();
    assert_eq!((session.lines().count(), session.world().segments().count()), (0, 0));
}

#[test]
fn a_line_that_is_not_understood_changes_nothing() {
    let mut session = Session::empty();
    let before = session.world().clone();
    assert!(session.line("int id = shmget(IPC_PRIVATE, 1, 0600); nonsense").is_err());
    assert_eq!(*session.world(), before);
}

#[test]
fn a_session_saved_and_done_again_is_the_same() {
    let lines = [
        "int id = shmget(0x52, 100, IPC_CREAT | 0600)",
        "fork(); B: shmat(id, NULL, 0)",
        "sysctl kernel.shmmni=1",
    ];
    let session = after(&lines);
    let script = session.script();
    let again = after(&script.lines().collect::<Vec<_>>());
    assert_eq!(again.world().machine, session.world().machine);
}

/// Lines of which any order is a session.
const LINES: [&str; 24] = [
    "int id = shmget(IPC_PRIVATE, 8192, 0600)",
    "int key = shmget(0x52, 100, IPC_CREAT | 0640)",
    "id = 0; key = 1",
    "char *p = shmat(id, NULL, 0)",
    "char *q = shmat(key, (void *)0x5000000, SHM_REMAP)",
    "strcpy(p, \"text\"); p[4095] = 1",
    "puts(p)",
    "shmdt(p)",
    "shmdt(q)",
    "shmctl(id, IPC_RMID, NULL)",
    "struct shmid_ds buf; shmctl(id, IPC_STAT, &buf)",
    "fork()",
    "new",
    "A:",
    "B:",
    "C: exit(0)",
    "kill(B, SIGKILL)",
    "setuid(65534)",
    "int s = semget(IPC_PRIVATE, 2, 0600)",
    "semop(0, (struct sembuf[]){{0, -1, SEM_UNDO}, {1, 1, 0}}, 2)",
    "semctl(0, 0, SETVAL, 1)",
    "semctl(0, 0, IPC_RMID)",
    "mprotect(p, 4096, PROT_READ)",
    "sysctl kernel.shmmni=3",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// The kernel's world after undo is the one from before, and after redo the one from after.
    #[test]
    fn undo_and_redo_lead_to_the_worlds_that_were(lines in proptest::collection::vec(proptest::sample::select(&LINES[..]), 1..20)) {
        let mut session = Session::empty();
        let mut worlds = vec![session.world().clone()];
        for line in lines {
            let before = session.lines().count();
            let _ = session.line(line);
            if session.lines().count() > before {
                worlds.push(session.world().clone());
            } else if let Some(last) = worlds.last_mut() {
                *last = session.world().clone();
            }
        }
        let last = worlds.len() - 1;
        for number in (0..last).rev() {
            session.line("undo").unwrap();
            prop_assert_eq!(&session.world().machine.namespaces, &worlds[number].machine.namespaces);
            prop_assert_eq!(&session.world().machine.spaces, &worlds[number].machine.spaces);
        }
        for world in &worlds[1..] {
            session.line("redo").unwrap();
            prop_assert_eq!(&session.world().machine.namespaces, &world.machine.namespaces);
            prop_assert_eq!(&session.world().actors, &world.actors);
        }
    }
}

#[test]
fn what_is_filled_is_written_as_one_call() {
    let mut session =
        after(&["char *p = shmat(shmget(IPC_PRIVATE, 1, 0600), NULL, 0)", "memset(p, 'A', 4096)"]);
    for (language, wanted) in [("c", "memset(p, 65, 4096);"), ("rust", "store(p, &[65; 4096]);")] {
        let told = session.line(language).unwrap();
        let [Told::Lines { lines }] = &told[..] else { panic!("{told:?}") };
        assert!(lines.iter().any(|line| line.trim() == wanted), "{lines:?}");
    }
}
