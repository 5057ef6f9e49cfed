//! What C takes in silence or refuses, and what a prompt does not have: each is told in a sentence that says what to type.

use play::session::{Session, Told};

/// A session with a segment of 100 bytes at `p`, and a set of two semaphores.
fn session() -> Session {
    let mut session = Session::empty();
    session
        .line("id = shmget(IPC_PRIVATE, 100, 0600); p = shmat(id, NULL, 0); s = semget(IPC_PRIVATE, 2, 0600)")
        .unwrap();
    session
}

fn notes(session: &mut Session, line: &str) -> String {
    let told = session.line(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let notes = told.into_iter().filter_map(|told| match told {
        Told::Note { text } if !text.starts_with("A new struct") => Some(text),
        _ => None,
    });
    notes.collect::<Vec<_>>().join(" ")
}

/// What a line shows as a value.
fn shows(session: &mut Session, line: &str) -> Vec<String> {
    let told = session.line(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let values = told.into_iter().filter_map(|told| match told {
        Told::Value { text } => Some(text),
        Told::Lines { lines } => lines.first().cloned(),
        _ => None,
    });
    values.collect()
}

#[test]
fn what_c_takes_in_silence_is_told() {
    for (line, wanted) in [
        ("int r = shmat(id, NULL, 0)", "An address is put into int: int has 32 bits"),
        ("long r = shmat(id, NULL, 0)", "An address is put into long. A compiler warns"),
        ("char *z = 5", "The number 5 is put into a char * as an address"),
        ("p == NULL", "shmat does not return NULL when it fails"),
        ("NULL != p", "shmat does not return NULL when it fails"),
        ("!p", "shmat does not return NULL when it fails"),
        ("char *q = shmat(77, NULL, 0); q == NULL", "it returns (void *) -1"),
        ("printf(\"%d\", \"x\")", "printf gets an address for %d"),
        ("printf(\"%d\", sizeof id)", "printf gets a long for %d"),
        ("printf(\"%lu\", id)", "printf gets an int for %lu"),
        ("printf(\"%d\", 1, 2)", "printf has more values than its form names"),
        ("struct sembuf o = {0, 32768, 0}", "short has 16 bits: 32768 becomes -32768"),
        ("semctl(s, 0, SETVAL)", "wants a fourth argument"),
        ("semctl(s, 0, GETALL)", "wants a fourth argument"),
        ("strcpy(p + 98, \"abc\")", "4 bytes are written where segment 0 has 2"),
        ("memset(p, 'A', 101)", "101 bytes are written where segment 0 has 100"),
        ("p[100] = 'x'", "1 byte is written where segment 0 has 0"),
        ("shmget(IPC_PRIVATE, 1, IPC_CREAT | 600)", "600 is decimal, and 01130 in octal"),
        ("struct shmid_ds b; b.shm_perm.mode = 640", "640 is decimal, and 01200 in octal"),
        ("int small; shmctl(id, IPC_STAT, &small)", "112 bytes are written where small has 4"),
        ("unsigned short v[1]; semctl(s, 0, GETALL, v)", "4 bytes are written where v has 2"),
        ("int small; shmctl(id, IPC_SET, &small)", "112 bytes are read where small has 4"),
        ("struct sembuf o = {0, 0, 0}; semop(s, &o, 2)", "12 bytes are read where o has 6"),
        ("char t[4]; strcpy(t, \"much too long\")", "14 bytes are written where t has 4"),
        ("fork(); fork()", "In C B would do the rest of this line, too. Here A does it alone"),
        ("#include <stdio.h>", "#include is not needed here"),
        ("#define SIZE 25600", "int SIZE = 25600"),
    ] {
        let told = notes(&mut session(), line);
        assert!(told.contains(wanted), "{line}: {told}");
    }
}

#[test]
fn what_is_right_brings_no_note() {
    for line in [
        "char *q = shmat(id, NULL, 0)",
        "void *q = (void *)5",
        "long a = (long)p",
        "p == (void *)-1",
        "char *z = NULL; z == NULL",
        "printf(\"%s %p %d %lu %c %%\\n\", p, p, id, sizeof id, 'x')",
        "struct sembuf o = {0, 32767, 0}; o.sem_op = -32768",
        "semctl(s, 0, GETVAL)",
        "strcpy(p + 96, \"abc\")",
        "p[99] = 'x'",
        "shmget(IPC_PRIVATE, 600, IPC_CREAT | 0600)",
        "struct shmid_ds b; shmctl(id, IPC_STAT, &b); b.shm_perm.mode = 0640",
        "fork(); B: fork()",
        "fork()",
        "# 600 is a comment",
    ] {
        assert_eq!(notes(&mut session(), line), "", "{line}");
    }
}

#[test]
fn what_a_prompt_does_not_have_says_what_to_type() {
    for (line, wanted) in [
        ("semop(1, {0, 1, 0}, 1)", "put its type before it, as in (struct sembuf[]){{0, 1, 0}}"),
        ("int main() {", "column 5: main is not needed here: type the lines of its body"),
        ("main()", "main is not needed here"),
        ("void f(int x)", "f would be a function of your own"),
        ("typedef int id_t", "as in int id"),
        ("enum color { RED }", "as in int RED = 0"),
        ("float f = 1.5", "there is no float here"),
        ("double d", "there is no double here"),
        ("x = 1.5", "1.5 has a point, and there are only integers here"),
        ("bool b = true", "declare an int"),
        ("if (id == -1) perror(\"x\")", "type the condition alone"),
        ("while (1)", "as often as it is to be done"),
        ("for (int i = 0; i < 3; i++)", "as often as it is to be done"),
        ("return 0", "exit(0) ends the process"),
        ("}", "type the lines between the braces"),
        ("fork", "fork is a function: write fork()"),
        ("const int x = 1; x = 2", "x is read-only, as x is declared with const"),
        ("const int x = 1; x++", "x is read-only"),
        ("const int a[2] = {1, 2}; a[1] = 0", "a[1] is read-only"),
        ("const char *k = \"abc\"; k[0] = 'x'", "k[0] is read-only"),
        ("const char *k = \"abc\"; *(k + 1) = 'x'", "*(k + 1) is read-only"),
        ("char *const k = p; k = 0", "k is read-only"),
        ("const struct sembuf o = {0, 1, 0}; o.sem_op = 2", "o.sem_op is read-only"),
    ] {
        let error = session().line(line).expect_err(line).to_string();
        assert!(error.contains(wanted), "{line}: {error}");
    }
}

#[test]
fn what_const_allows_is_done() {
    let lines =
        "const char *k = \"abc\"; k = p; char *const m = p; m[0] = 'x'; int *const n = (int *)p; *n = 5";
    session().line(lines).unwrap();
}

#[test]
fn a_string_constant_is_written_at_the_price_of_the_process() {
    for line in ["\"abc\"[0] = 'x'", "char *t = \"abc\"; t[2] = 'x'", "strcpy(\"abc\", \"x\")"] {
        let told = session().line(line).unwrap();
        let ends = told.iter().find_map(|told| match told {
            Told::Ends { how, why, .. } => Some(format!("{how}: {}", why.clone().unwrap_or_default())),
            _ => None,
        });
        let ends = ends.unwrap_or_default();
        assert!(ends.contains("SIGSEGV: This is a string constant"), "{line}: {ends}");
    }
    assert_eq!(shows(&mut session(), "char t[] = \"abc\"; t[0] = 'x'; t[0]"), ["120   'x'   char"]);
}

#[test]
fn a_variable_stands_before_a_word_that_has_another_name() {
    let mut session = session();
    assert!(notes(&mut session, "char c = 'x'").contains("The prompt's word of this name is :c"));
    assert_eq!(shows(&mut session, "c"), ["120   'x'   char"]);
    assert!(shows(&mut session, ":c")[0].contains("A session of the shared-memory playground"));
    session.line("fork(); new").unwrap();
    assert_eq!(shows(&mut session, "B: c"), ["120   'x'   char"]);
    assert!(shows(&mut session, "C: c")[0].contains("A session of the shared-memory playground"));
    assert!(notes(&mut session, "show = 3").contains("The prompt's word of this name is :show"));
    assert_eq!(shows(&mut session, "show"), ["3   int"]);
}

#[test]
fn a_word_that_leads_back_or_out_stays_one() {
    let mut session = session();
    assert!(notes(&mut session, "int undo = 3").contains("(undo) in brackets is this variable"));
    assert_eq!(shows(&mut session, "(undo)"), ["3   int"]);
    assert_eq!(shows(&mut session, "undo - 1"), ["2   int"]);
    session.line("undo").unwrap();
    assert!(session.line("(undo)").is_err());
}

#[test]
fn ftok_says_what_the_model_cannot_know() {
    let mut session = session();
    assert!(notes(&mut session, "k = ftok(\".\", 1)").contains("on your computer this key is another one"));
    assert_eq!(shows(&mut session, "k == -1"), ["0   int"]);
    assert!(notes(&mut session, "k = ftok(NULL, 'R')").contains("returns -1 with EFAULT"));
    assert_eq!(shows(&mut session, "k + 100 * errno"), ["1399   0x577   02567   int"]);
    let error = session.line("ftok(\"prog.c\", 1)").unwrap_err().to_string();
    assert!(error.contains("the model cannot tell whether there is such a file"), "{error}");
}

#[test]
fn calls_with_too_many_operations_or_no_time_are_refused_as_in_c() {
    let mut session = session();
    session.line("struct sembuf o = {0, -1, 0}; struct timespec t = {0, 1000000000}").unwrap();
    for (line, name, wanted) in [
        ("semop(s, &o, 501)", "semop", "E2BIG"),
        ("semop(s, (void *)1, 1)", "semop", "EFAULT"),
        ("semtimedop(s, &o, 1, &t)", "semtimedop", "EINVAL"),
        ("semtimedop(s, &o, 1, (void *)1)", "semtimedop", "EFAULT"),
    ] {
        let told = session.line(line).unwrap();
        let Some(Told::Call { name: called, errno: Some(errno), .. }) = told.first() else {
            panic!("{told:?}")
        };
        assert_eq!((*called, errno.to_string().contains(wanted)), (name, true), "{line}: {errno}");
    }
}

#[test]
fn huge_pages_concern_a_new_segment_alone() {
    let mut session = Session::empty();
    session.line("id = shmget(0x52, 4096, IPC_CREAT | 0600)").unwrap();
    let errno = |session: &mut Session, line: &str| match &session.line(line).unwrap()[0] {
        Told::Call { errno, .. } => errno.map(|errno| errno.to_string()).unwrap_or_default(),
        other => panic!("{other:?}"),
    };
    assert_eq!(errno(&mut session, "shmget(0x52, 0, SHM_HUGETLB)"), "");
    assert!(errno(&mut session, "shmget(0x53, 4096, SHM_HUGETLB)").contains("ENOENT"));
    assert!(errno(&mut session, "shmget(0x53, 0, IPC_CREAT | SHM_HUGETLB)").contains("EINVAL"));
    assert!(errno(&mut session, "shmat(id, (void *)1, SHM_RND)").contains("EPERM"));
    let error = session.line("shmget(0x53, 4096, IPC_CREAT | SHM_HUGETLB)").unwrap_err().to_string();
    assert!(error.contains("the model does not know: it has no huge pages"), "{error}");
}
