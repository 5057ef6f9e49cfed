//! What lines mean, and what is said of those that mean nothing.

use play::language::{At, Binary, Does, Expr, Kind, Statement, Unary, parse};
use proptest::prelude::*;

/// Lines that are printed as they are written.
const LINES: [&str; 27] = [
    "int id = shmget(IPC_PRIVATE, 0x6400, IPC_CREAT | IPC_EXCL | 0600)",
    "char *p = shmat(id, NULL, 0)",
    "strcpy(p, \"THIS IS A TEST\")",
    "p[3] = 'X'",
    "*(int *)(p + 64) = 5",
    "printf(\"%s\\n\", p)",
    "struct shmid_ds buf",
    "shmctl(id, IPC_STAT, &buf)",
    "buf.shm_perm.mode = 0640",
    "struct sembuf x = {0, -1, SEM_UNDO}",
    "semop(s, &(struct sembuf){0, -1, 0}, 1)",
    "struct sembuf y[] = {{.sem_op = -1, .sem_flg = SEM_UNDO}, {1, 1, 0}}",
    "semop(s, (struct sembuf[]){{0, -1, SEM_UNDO}, {1, 1, 0}}, 2)",
    "struct timespec t = {0, 1000000}",
    "*(char *)*(long *)p = 'B'",
    "a = b = c + 1",
    "(a + b) * c - d / (e - f)",
    "-x + !y == ~z",
    "- -x",
    "p++",
    "sizeof(struct shmid_ds) + sizeof buf",
    "unsigned char bytes[16]",
    "int r = 1, *n = p",
    "B: puts(p)",
    "B:",
    "ipcs -m -i 3",
    "sysctl kernel.shmmni=3",
];

fn one(line: &str) -> Statement {
    let mut statements = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    assert_eq!(statements.len(), 1, "{line}");
    statements.remove(0)
}

fn error(line: &str) -> String {
    parse(line).expect_err(line).to_string()
}

#[test]
fn a_line_is_printed_as_it_was_written() {
    for line in LINES {
        assert_eq!(one(line).to_string(), line);
    }
}

#[test]
fn types_that_change_nothing_and_spaces_are_left_out() {
    assert_eq!(one("volatile char * p=q ;").to_string(), "char *p = q");
    assert_eq!(one("char const static*const p=q ;").to_string(), "const char *const p = q");
    assert_eq!(one(" unsigned long  int n ").to_string(), "unsigned long int n");
}

#[test]
fn operators_bind_as_in_c() {
    let same = |line: &str, with_brackets: &str| assert_eq!(one(line), one(with_brackets), "{line}");
    same("a | b & c == d << 1 + 2 * 3", "a | (b & (c == (d << (1 + (2 * 3)))))");
    same("a - b - c", "(a - b) - c");
    same("*p++", "*(p++)");
    same("-p[0].x", "-((p[0]).x)");
    same("a = b += c", "a = (b += c)");
    same("(int)a + b", "((int)a) + b");
}

#[test]
fn several_statements_stand_on_a_line_and_a_process_holds_for_all_after_it() {
    let all: Vec<_> = parse("B: a = 1; puts(\"x;y\"); C: exit(0) # the end").unwrap();
    let printed: Vec<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!(printed, ["B: a = 1", "B: puts(\"x;y\")", "C: exit(0)"]);
    assert_eq!(parse("  # nothing but a comment").unwrap(), []);
    assert_eq!(parse(";;").unwrap(), []);
}

#[test]
fn words_of_the_shell_are_known_by_what_follows_them() {
    assert!(matches!(one("show").does, Does::Word(_)));
    assert!(matches!(one("show = 5").does, Does::Evaluate(_)));
    assert!(matches!(one("undo 3").does, Does::Word(_)));
    assert!(matches!(one("new").does, Does::Word(_)));
    assert!(matches!(one("exit(0)").does, Does::Evaluate(_)));
    assert_eq!(one("ipcs").to_string(), "ipcs");
    assert_eq!(one("sysctl kernel.shmmni = 3").to_string(), "sysctl kernel.shmmni=3");
    assert_eq!(one("sysctl -w kernel.shmmni=3").to_string(), "sysctl kernel.shmmni=3");
    assert_eq!(error("ipcrm 5"), "column 1: ipcrm does not take 5 here: write ipcrm -m ID, or ipcrm -s ID");
    assert_eq!(error("undo all"), "column 1: all is no number of lines from 1 on: write undo [NUMBER]");
}

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    assert_eq!(error("shmgte(1, 2, 3)"), "column 1: there is no function shmgte. Did you mean shmget?");
    assert_eq!(
        error("struct shmidds buf"),
        "column 1: there is no type struct shmidds here. Did you mean struct shmid_ds?"
    );
    assert_eq!(error("shmdt(p"), "column 8: the line ends where ) is missing");
    assert_eq!(error("a = "), "column 5: the line ends where a value is missing");
    assert_eq!(error("a = * / 2"), "column 7: a value is missing before /");
    assert_eq!(error("puts(\"half"), "column 6: this string does not end: a \" is missing");
    assert_eq!(error("puts(“half”)"), "column 6: “ is a typographic quotation mark: C wants \" or '");
    assert_eq!(
        error("a = 08"),
        "column 5: 08 is no number: 8 is no octal digit, and a number that begins with 0 is octal"
    );
    assert_eq!(error("a b"), "column 3: b cannot stand here: end the statement with ; before it");
    for (line, wanted) in [
        ("if (id == -1) puts(p)", "column 1: if belongs into a program"),
        ("return 0", "column 1: return belongs into a function: exit(0)"),
        ("union semun arg", "column 1: a union semun is not needed here"),
        ("id == -1 ? 1 : 2", "column 10: the choice ? : belongs into a program"),
    ] {
        assert!(error(line).starts_with(wanted), "{line}: {}", error(line));
    }
    assert_eq!(error("ä = 1"), "column 1: ä means nothing in C");
    assert!(error(&"(".repeat(500)).contains("nest deeper than 64"));
    assert!(error(&":".repeat(500_000)).contains(": means nothing"));
}

#[test]
fn functions_of_other_programs_have_a_word_of_their_own() {
    for (line, wanted) in [
        ("r = wait4(-1, NULL, 0, NULL)", "column 5: there is no wait4 here: wait(&status) and waitpid("),
        ("B: sleep(1)", "column 4: there is no sleep here: a process rests until you let it go on"),
        ("nanosleep(&t, NULL)", "execlp(\"sleep\", \"sleep\", \"5\", NULL) runs a program that sleeps"),
        ("int q = msgget(IPC_PRIVATE, 0600)", "there is no msgget here: a lesson shows message queues"),
        ("shm_open(\"/x\", 0, 0600)", "A lesson shows POSIX shared memory"),
        ("sem_wait(s)", "here are System V's calls"),
        ("0 + memcmp(p, q, 4)", "column 5: there is no memcmp here: compare bytes"),
        ("strcmp(p, \"x\") == 0", "there is no strcmp here: compare bytes"),
        ("mmap(NULL, 4096, 3, 33, -1, 0)", "shmat is what maps memory here"),
        ("malloc(100)", "declare an array"),
    ] {
        let error = error(line);
        assert!(error.contains(wanted) && !error.contains("Did you mean"), "{line}: {error}");
    }
    assert_eq!(one("wait = sleep + 1").to_string(), "wait = sleep + 1", "variables may have these names");
}

/// A chain nests as brackets do, though it has none: `a + a + a` is `(a + a) + a`.
#[test]
fn a_chain_of_operators_ends_with_a_sentence_and_not_with_the_stack() {
    let many = |link: &str| link.repeat(50_000);
    for chain in [
        format!("x = 1{}", many(" + 1")),
        format!("x = 1{}", many(" && 1")),
        format!("p{}", many("[0]")),
        format!("p{}", many("->next")),
        format!("x{}", many("++")),
        format!("{}1", many("x = ")),
        format!("{}1", many("x += ")),
        format!("int x = 1{}", many(" | 1")),
        format!("int {}x", many("*")),
        format!("x = (int {})1", many("*")),
        format!("struct sembuf x = {{{}1}}", many(".sem_op = ")),
        format!("{}1{}", "(".repeat(50), format!("{})", " * 2".repeat(50)).repeat(50)),
        format!("{}1{}", "getpid(".repeat(30), format!("{})", " + 2".repeat(50)).repeat(30)),
    ] {
        let error = error(&chain);
        assert!(error.contains("brackets and operators nest deeper than 64 here"), "{error}");
    }
}

#[test]
fn what_stands_side_by_side_does_not_nest() {
    let list = "{0, -1, SEM_UNDO | IPC_NOWAIT}, ".repeat(501);
    one(&format!("semop(s, (struct sembuf[]){{{list}}}, 501)"));
    one(&format!("printf(form{})", ", a + b - c".repeat(100)));
    one(&format!("int x = 1{}", ", y = 2 + 3".repeat(100)));
    one(&format!("x = 1{}", " + 1".repeat(64)));
}

fn expressions() -> impl Strategy<Value = Expr> {
    let here = |kind| Expr { at: At::default(), kind };
    let leaf = prop_oneof![
        any::<u32>().prop_map(|value| Kind::Integer { value: value.into(), text: value.to_string() }),
        any::<u8>().prop_map(Kind::Character),
        proptest::collection::vec(any::<u8>().prop_filter("ends a string", |byte| *byte < 128), 0..6)
            .prop_map(Kind::String),
        "[a-z]{4,6}_".prop_map(Kind::Name),
    ];
    leaf.prop_map(here).prop_recursive(5, 40, 3, move |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            (unary(), boxed.clone()).prop_map(|(unary, operand)| Kind::Unary(unary, operand)),
            (binary(), boxed.clone(), boxed.clone()).prop_map(|(binary, a, b)| Kind::Binary(binary, a, b)),
            (boxed.clone(), boxed.clone()).prop_map(|(a, b)| Kind::Assign(None, a, b)),
            (boxed.clone(), boxed.clone()).prop_map(|(a, b)| Kind::Index(a, b)),
            (boxed, any::<bool>())
                .prop_map(|(base, arrow)| { Kind::Member { base, arrow, field: "shm_nattch".into() } }),
            proptest::collection::vec(inner, 0..4).prop_map(|all| Kind::Call("shmget".into(), all)),
        ]
        .prop_map(here)
    })
}

fn unary() -> impl Strategy<Value = Unary> {
    proptest::sample::select(vec![
        Unary::Minus,
        Unary::Plus,
        Unary::Not,
        Unary::Complement,
        Unary::Dereference,
        Unary::AddressOf,
        Unary::Increment,
        Unary::Decrement,
        Unary::IncrementAfter,
        Unary::DecrementAfter,
        Unary::SizeOf,
    ])
}

fn binary() -> impl Strategy<Value = Binary> {
    proptest::sample::select(vec![
        Binary::Multiply,
        Binary::Remainder,
        Binary::Subtract,
        Binary::ShiftRight,
        Binary::LessOrEqual,
        Binary::Equal,
        Binary::And,
        Binary::ExclusiveOr,
        Binary::Or,
        Binary::Both,
        Binary::Either,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_expression_that_is_printed_parses_into_itself(value in expressions()) {
        let statement = Statement { process: None, does: Does::Evaluate(value) };
        let text = statement.to_string();
        prop_assert_eq!(parse(&text).map_err(|error| format!("{text}: {error}")), Ok(vec![statement]));
    }

    #[test]
    fn no_text_panics(text in ".*") {
        let _ = parse(&text);
    }

    #[test]
    fn no_text_of_known_pieces_panics(pieces in proptest::collection::vec(proptest::sample::select(vec![
        "shmget", "(", ")", "{", "}", "[", "]", "struct", "sembuf", "int", "*", "&", "=", "-", ";", ":", "B", "'", "\"",
        "\\", "0x", "#", "ipcs", "undo", "sizeof", ".", "->", "++", ",", "é",
    ]), 0..20)) {
        let _ = parse(&pieces.join(" "));
        let _ = parse(&pieces.concat());
    }
}
