//! `help` and `why`: each name has an answer, and each answer fits.

use play::c::{CONSTANTS, STRUCTS};
use play::language::{FUNCTIONS, names};
use play::session::{Session, Told};

/// What `help` says of a name.
fn help(name: &str) -> Vec<String> {
    let told =
        Session::empty().line(&format!("help {name}")).unwrap_or_else(|error| panic!("{name}: {error}"));
    let [Told::Text { lines }] = &told[..] else { panic!("{name}: {told:?}") };
    lines.clone()
}

#[test]
fn every_name_that_can_be_typed_is_explained() {
    let functions = FUNCTIONS.iter().map(|function| function.name);
    let constants = CONSTANTS.iter().map(|(name, ..)| *name);
    for name in functions.chain(names()).chain(constants).chain(STRUCTS.iter().map(|of| of.name)) {
        let lines = help(name);
        // The first line says what it is, and another what it does.
        assert!(lines.len() > 1, "{name}: {lines:?}");
    }
    for name in
        ["B:", "C", ":c", "errno", "hint", "sizeof", "shm_nattch", "struct sembuf", "shmget()", "sem_op"]
    {
        assert!(!help(name)[0].is_empty(), "{name}");
    }
}

#[test]
fn a_flag_is_explained_function_by_function() {
    let lines = help("IPC_EXCL");
    for function in ["shmget", "semget"] {
        assert!(lines.iter().any(|line| line.trim().starts_with(function)), "{lines:?}");
    }
    let lines = help("EIDRM");
    assert!(lines.iter().any(|line| line.contains("semop") && line.contains("removed")), "{lines:?}");
    // It stands in the row of another name.
    assert!(help("GETZCNT")[1].contains("GETNCNT"), "{:?}", help("GETZCNT"));
}

#[test]
fn a_name_that_means_nothing_is_near_one_that_does() {
    for (typed, near) in
        [("IPC_CRAET", "IPC_CREAT"), ("shmgte", "shmget"), ("undoo", "undo"), ("sembfu", "sembuf")]
    {
        let error = Session::empty().line(&format!("help {typed}")).unwrap_err();
        assert_eq!(error.nearest.as_deref(), Some(near), "{error}");
    }
    assert!(Session::empty().line("help zzzzzz").is_err());
}

#[test]
fn why_tells_of_the_last_answer_that_was_no_success() {
    let why = |session: &mut Session| match &session.line("why").unwrap()[..] {
        [Told::Text { lines }] => lines.join(" "),
        told => panic!("{told:?}"),
    };
    let mut session = Session::empty();
    session
        .line("int s = semget(7, 1, IPC_CREAT | 0600); new; semop(s, &(struct sembuf){0, -3, 0}, 1)")
        .unwrap();
    assert!(why(&mut session).contains("at least 3"), "{}", why(&mut session));
    session.line("B: *(char *)4096").unwrap();
    assert!(why(&mut session).contains("0x1000"), "{}", why(&mut session));
    session.line("new").unwrap();
    session.line("C: getpid(); shmget(9, 1, IPC_CREAT)").unwrap();
    assert_eq!(why(&mut session), "The last answer was no error.");
}

#[test]
fn a_shell_word_that_does_not_fit_says_what_is_missing() {
    for (line, wanted) in [
        ("save", "save needs the name of a file"),
        ("source", "source needs the name of a file"),
        ("sysctl kernel.sem=", "there is no value behind ="),
        ("sysctl kernel.shmmni=many", "many is no number"),
        ("sysctl kernel.sem=5", "kernel.sem is only shown here"),
        ("ipcs -q", "no message queues"),
        ("ipcrm 7", "ipcrm does not take 7 here"),
        ("undo 0", "0 is no number of lines from 1 on"),
    ] {
        let error = Session::empty().line(line).unwrap_err().to_string();
        assert!(error.contains(wanted), "{line}: {error}");
    }
}

#[test]
fn ipcs_shows_one_record_or_says_that_there_is_none() {
    let mut session = Session::empty();
    session.line("shmget(5, 100, IPC_CREAT | 0640); semget(5, 2, IPC_CREAT | 0600)").unwrap();
    let mut lines = |line: &str| match &session.line(line).unwrap()[..] {
        [Told::Text { lines } | Told::Lines { lines }] => lines.join("\n"),
        told => panic!("{told:?}"),
    };
    assert!(lines("ipcs -m -i 0").contains("mode=0640 access_perms=0640\nbytes=100 lpid=0"));
    assert!(lines("ipcs -s -i 0").contains("nsems = 2"));
    assert_eq!(lines("ipcs -m -i 99"), "ipcs: id 99 not found");
    assert_eq!(lines("ipcs -s -i 99"), "ipcs: id 99 not found");
    assert!(lines("ipcs -i 0").contains("a single resource must be specified"));
    assert_eq!(lines("ipcs -m -s"), lines("ipcs"));
}

#[test]
fn a_line_for_a_process_that_cannot_act_names_one_that_can() {
    let mut session = Session::empty();
    session.line("new").unwrap();
    session.line("new").unwrap();
    session.line("kill(B, SIGKILL)").unwrap();
    let error = session.line("B: getpid()").unwrap_err().to_string();
    assert!(error.contains("process B was killed by SIGKILL. A, C can act: write A:"), "{error}");
}
