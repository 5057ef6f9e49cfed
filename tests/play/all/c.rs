//! What C's expressions mean.

use play::session::{Session, Told};

/// The value that a line ends with, as it is shown first.
fn value(session: &mut Session, line: &str) -> i64 {
    let told = session.line(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    match told.last() {
        Some(Told::Value { text }) => text.split(' ').next().unwrap().parse().unwrap(),
        other => panic!("{line}: {other:?}"),
    }
}

fn error(session: &mut Session, line: &str) -> String {
    session.line(line).expect_err(line).to_string()
}

/// The notes that a line brings.
fn notes(session: &mut Session, line: &str) -> Vec<String> {
    let told = session.line(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    told.into_iter()
        .filter_map(|told| if let Told::Note { text } = told { Some(text) } else { None })
        .collect()
}

/// What a line prints.
fn printed(session: &mut Session, line: &str) -> String {
    let told = session.line(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    told.into_iter()
        .filter_map(|told| if let Told::Prints { text, .. } = told { Some(text) } else { None })
        .collect()
}

#[test]
fn integers_are_calculated_as_in_c() {
    let mut session = Session::empty();
    for (line, wanted) in [
        ("1 + 2 * 3", 7),
        ("7 / 2 - -7 % 4", 6),
        ("1 << 10 | 0600", 1408),
        ("~0", -1),
        ("!5 + !0", 1),
        ("-1 < 1u", 0),
        ("(unsigned char)300", 44),
        ("(char)200", -56),
        ("2147483647 + 1", -2147483648),
        ("2147483648 - 1", 2147483647),
        ("0x80000000 > 0", 1),
        ("'A' + 1", 66),
        ("sizeof(struct shmid_ds) + sizeof(struct semid_ds)", 216),
        ("sizeof(struct sembuf)", 6),
        ("sizeof 'a' + sizeof(char)", 5),
        ("0 && 1 / 0", 0),
        ("1 || 1 / 0", 1),
    ] {
        assert_eq!(value(&mut session, line), wanted, "{line}");
    }
    assert!(error(&mut session, "1 / 0").contains("divides by zero"));
    assert!(error(&mut session, "1 << 32").contains("shifts by more bits"));
}

#[test]
fn variables_have_types_and_those_without_take_their_values() {
    let mut session = Session::empty();
    let lines =
        "unsigned char u = 255; u += 2; int a[3] = {1, 2, 3}; a[1]++; long sum = a[0] + a[1] + a[2]; (u)";
    assert_eq!(value(&mut session, lines), 1);
    assert_eq!(value(&mut session, "(sum)"), 7);
    assert_eq!(value(&mut session, "x = 5; x = x++ + ++x; (x)"), 12);
    assert_eq!(value(&mut session, "int *q = &a[2]; q - a"), 2);
    assert_eq!(value(&mut session, "*q = 9; a[2]"), 9);
    assert_eq!(value(&mut session, "char t[] = \"TEST\"; sizeof t"), 5);
    assert_eq!(error(&mut session, "IPC_CREAT = 3"), "column 1: IPC_CREAT is a constant, and has no place");
    assert_eq!(
        error(&mut session, "1 + IPC_CRAET"),
        "column 5: there is no variable IPC_CRAET. Did you mean IPC_CREAT?"
    );
    assert_eq!(value(&mut session, "(A)"), 101);
}

#[test]
fn structures_have_the_fields_of_the_manual_page() {
    let mut session = Session::empty();
    session.line("struct shmid_ds buf; buf.shm_perm.mode = 0640; struct shmid_ds *p = &buf").unwrap();
    assert_eq!(value(&mut session, "p->shm_perm.mode"), 0o640);
    assert_eq!(value(&mut session, "struct sembuf x = {1, -1, SEM_UNDO}; x.sem_op"), -1);
    assert_eq!(value(&mut session, "(&(struct sembuf){2, 3, 0})->sem_num"), 2);
    assert_eq!(value(&mut session, "(struct sembuf[]){{0, 4, 0}, {7, -5, 0}}[1].sem_op"), -5);
}

#[test]
fn a_wrong_field_or_sign_names_the_right_one() {
    let mut session = Session::empty();
    session.line("struct shmid_ds buf; struct shmid_ds *to = &buf; struct sembuf one").unwrap();
    for (line, wanted) in [
        ("buf.shm_natch", "struct shmid_ds has no field shm_natch. Did you mean shm_nattch?"),
        ("buf.nattch", "Did you mean shm_nattch?"),
        ("to->mode", "Did you mean shm_perm.mode?"),
        ("buf.shm_perm.mdoe", "struct ipc_perm has no field mdoe. Did you mean mode?"),
        ("struct sembuf x = {.sem_flag = 0}", "Did you mean sem_flg?"),
        ("one.colour", "struct sembuf has no field colour. It has sem_num, sem_op, sem_flg"),
        ("buf->shm_nattch", "buf is a struct shmid_ds and no pointer to one: write buf.shm_nattch"),
        ("buf.shm_perm->mode", "write buf.shm_perm.mode"),
        ("to.shm_nattch", "to is a pointer to a struct shmid_ds: write to->shm_nattch"),
        ("shmctl(0, IPC_STAT, buf)", "buf is a struct: write &buf"),
        ("semop(0, one, 1)", "write &one"),
        ("semctl(0, 0, IPC_STAT, buf)", "write &buf"),
        ("1 + buf", "a struct shmid_ds is no single value"),
    ] {
        assert!(error(&mut session, line).contains(wanted), "{line}: {}", error(&mut session, line));
    }
}

#[test]
fn a_struct_alone_shows_its_fields() {
    let mut session = Session::empty();
    session.line("struct shmid_ds buf; buf.shm_segsz = 4096; buf.shm_perm.mode = 0640").unwrap();
    let told = session.line("buf").unwrap();
    let [Told::Lines { lines }] = &told[..] else { panic!("{told:?}") };
    let has = |name: &str, value: &str| {
        lines.iter().any(|line| line.starts_with(name) && line.contains(&format!("= {value}")))
    };
    assert!(has("buf.shm_segsz", "4096"), "{lines:?}");
    assert!(has("buf.shm_perm.mode", "416   0x1a0   0640"), "{lines:?}");
    let told = session.line("buf.shm_perm").unwrap();
    assert!(matches!(&told[..], [Told::Lines { lines }] if lines.len() == 7), "{told:?}");
}

#[test]
fn an_array_alone_shows_its_elements() {
    let mut session = Session::empty();
    session
        .line("struct sembuf ops[2] = {{0, -1, SEM_UNDO}, {1, 0, 0}}; unsigned short v[2] = {7, 8}")
        .unwrap();
    for (name, wanted) in
        [("ops", &["ops[0].sem_op ", "ops[1].sem_num"][..]), ("v", &["v[0] = 7", "v[1] = 8"])]
    {
        let told = session.line(name).unwrap();
        let [Told::Lines { lines }] = &told[..] else { panic!("{told:?}") };
        assert!(wanted.iter().all(|wanted| lines.iter().any(|line| line.starts_with(wanted))), "{lines:?}");
    }
}

#[test]
fn the_times_of_a_record_are_told_by_the_clock_of_the_model() {
    let mut session = Session::empty();
    session.line("int id = shmget(IPC_PRIVATE, 1, 0600)").unwrap();
    session.line("int other = 1").unwrap();
    session.line("struct shmid_ds buf; shmctl(id, IPC_STAT, &buf)").unwrap();
    let told = session.line("buf").unwrap();
    let [Told::Lines { lines }] = &told[..] else { panic!("{told:?}") };
    let of = |name: &str| lines.iter().find(|line| line.contains(name)).unwrap();
    assert!(of("shm_atime").contains("= 0, never   "), "{lines:?}");
    assert!(of("shm_ctime").contains(" s ago by the model's clock"), "{lines:?}");
    assert!(!of("shm_ctime").contains(" 0 s ago"), "{lines:?}");
}

/// A field that is asked for alone says as much as in its structure.
#[test]
fn a_single_time_of_a_record_is_told_by_the_clock_too() {
    let mut session = Session::empty();
    session.line("int id = shmget(IPC_PRIVATE, 1, 0600)").unwrap();
    session.line("struct shmid_ds buf, *p = &buf; shmctl(id, IPC_STAT, &buf)").unwrap();
    for (line, wanted) in [
        ("buf.shm_ctime", " s ago by the model's clock   "),
        ("p->shm_ctime", " s ago by the model's clock   "),
        ("buf.shm_atime", "0, never   "),
    ] {
        let told = session.line(line).unwrap();
        let [Told::Value { text }] = &told[..] else { panic!("{told:?}") };
        assert!(text.contains(wanted), "{line}: {text}");
    }
    let [Told::Value { text }] = &session.line("buf.shm_segsz").unwrap()[..] else { panic!() };
    assert!(!text.contains("ago"), "{text}");
}

#[test]
fn a_number_that_a_type_does_not_hold_is_told() {
    let mut session = Session::empty();
    for (line, wanted) in [
        ("shmget(0x100000052, 1, 0)", "shmget takes an int here, which has 32 bits: 0x100000052 becomes 82."),
        (
            "shmget(0x52, -1, 0)",
            "shmget takes a size_t here, which has no sign: -1 becomes 18446744073709551615.",
        ),
        ("key_t k = 0x7ffffffff", "int has 32 bits: 34359738367 becomes -1."),
        ("int id = 1L << 40", "int has 32 bits: 1099511627776 becomes 0."),
        ("unsigned short v = 70000", "unsigned short has 16 bits: 70000 becomes 4464."),
        ("semop(1L << 32, NULL, 0)", "semop takes an int here, which has 32 bits: 1L << 32 becomes 0."),
    ] {
        assert_eq!(notes(&mut session, line), [wanted], "{line}");
    }
    for line in ["shmget(0xffffffff, 1, 0)", "char v = 200", "unsigned u = -1", "long l = 1L << 40", "l + 1"]
    {
        assert_eq!(notes(&mut session, line), [""; 0], "{line}");
    }
}

#[test]
fn an_access_that_ends_a_process_is_explained_by_what_it_met() {
    for (line, wanted) in [
        ("memset(p, 'A', 5000)", "The pages of segment 0 end at 0x5001000: from 0x5000000 on 4096 bytes"),
        ("strcpy(p + 4094, \"long\")", "from 0x5000ffe on 2 bytes"),
        ("*(long *)(p + 4092)", "from 0x5000ffc on 4 bytes"),
        ("p[8192]", "Nothing of a segment is mapped at 0x5002000."),
        ("q[1] = 'X'", "Segment 0 is attached at 0x6000001, but its mapping does not let it be written."),
        ("memset(q, 'A', 5000)", "Segment 0 is attached at 0x6000000, but its mapping does not let"),
        ("*(int *)0 = 5", "the pointer is NULL"),
    ] {
        let mut session = Session::empty();
        let start = "int id = shmget(IPC_PRIVATE, 100, 0600); char *p = shmat(id, (void *)0x5000000, 0)";
        session.line(start).unwrap();
        session.line("char *q = shmat(id, (void *)0x6000000, SHM_RDONLY)").unwrap();
        let told = session.line(line).unwrap();
        let why = told.iter().find_map(|told| match told {
            Told::Ends { why, .. } => why.clone(),
            _ => None,
        });
        assert!(why.as_ref().is_some_and(|why| why.contains(wanted)), "{line}: {why:?}");
    }
}

#[test]
fn records_are_copied_into_structures_and_out_of_them() {
    let mut session = Session::empty();
    session
        .line("int id = shmget(0x52, 100, IPC_CREAT | 0640); struct shmid_ds buf; shmctl(id, IPC_STAT, &buf)")
        .unwrap();
    for (field, wanted) in
        [("shm_segsz", 100), ("shm_perm.mode", 0o640), ("shm_perm.__key", 0x52), ("shm_cpid", 101)]
    {
        assert_eq!(value(&mut session, &format!("buf.{field}")), wanted, "{field}");
    }
    assert_eq!(
        value(
            &mut session,
            "buf.shm_perm.mode = 0600; shmctl(id, IPC_SET, &buf); shmctl(id, IPC_STAT, &buf); buf.shm_perm.mode"
        ),
        0o600
    );
    let sets = "int s = semget(IPC_PRIVATE, 2, 0600); unsigned short v[2] = {3, 4}; semctl(s, 0, SETALL, v); v[0] = 0; semctl(s, 0, GETALL, v); v[0] * 10 + v[1]";
    assert_eq!(value(&mut session, sets), 34);
    assert_eq!(value(&mut session, "struct semid_ds sd; semctl(s, 0, IPC_STAT, &sd); sd.sem_nsems"), 2);
    assert_eq!(value(&mut session, "0 + shmctl(id, IPC_SET, NULL)"), -1);
}

#[test]
fn a_buffer_that_is_nowhere_is_answered_with_efault_and_changes_nothing() {
    let mut session = Session::empty();
    let start = "int id = shmget(IPC_PRIVATE, 4096, 0600); char *p = shmat(id, NULL, SHM_RDONLY); int s = semget(IPC_PRIVATE, 2, 0600)";
    session.line(start).unwrap();
    for call in [
        "shmctl(id, IPC_STAT, NULL)",
        "shmctl(id, SHM_INFO, (void *)0x1234)",
        "shmctl(id, IPC_STAT, p)",
        "shmctl(id, IPC_SET, p + 4095)",
        "semctl(s, 0, IPC_STAT, NULL)",
        "semctl(s, 0, GETALL, p)",
        "semctl(s, 0, SETALL, NULL)",
        "semop(s, NULL, 1)",
    ] {
        let before = session.world().machine.namespaces.clone();
        let told = session.line(call).unwrap();
        let [Told::Call { result: None, errno, why: Some(_), advice: Some(_), .. }] = &told[..] else {
            panic!("{call}: {told:?}")
        };
        assert_eq!(format!("{errno:?}"), "Some(EFAULT)", "{call}");
        assert_eq!(session.world().machine.namespaces, before, "{call}");
        assert_eq!(value(&mut session, &format!("0 + {call}")), -1, "{call}");
    }
    assert_eq!(value(&mut session, "shmctl(9, IPC_STAT, NULL); errno"), 22, "the id is looked at first");
}

#[test]
fn memory_is_read_and_written_where_pointers_lead() {
    let mut session = Session::empty();
    session
        .line("p = shmat(shmget(IPC_PRIVATE, 100, 0600), NULL, 0); strcpy(p, \"THIS IS A TEST\"); p[3] = 'X'")
        .unwrap();
    assert_eq!(printed(&mut session, "puts(p)"), "THIX IS A TEST\n");
    let form = "printf(\"%s %5d|%-4x|%04o %c %lu %%\\n\", p + 5, -1, 255, 8, 'z', sizeof(long))";
    assert_eq!(printed(&mut session, form), "IS A TEST    -1|ff  |0010 z 8 %\n");
    assert_eq!(
        value(&mut session, "*(int *)(p + 64) = 5; *(long *)p = (long)(p + 64); *(int *)*(long *)p"),
        5
    );
    assert_eq!(value(&mut session, "memset(p, 'A', 3); p[2] == 'A' && p[3] == p[3]"), 1);
    assert_eq!(value(&mut session, "strlen(\"four\")"), 4);
    assert_eq!(printed(&mut session, "shmdt(NULL); perror(\"shmdt\")"), "shmdt: Invalid argument\n");
    assert_eq!(error(&mut session, "*5"), "column 2: this is of type int, and points to nothing");
}

#[test]
fn printf_shows_signs_precisions_and_widths_as_the_c_library() {
    let mut session = Session::empty();
    session
        .line("char five[5] = \"hello\"; char *p = shmat(shmget(IPC_PRIVATE, 4096, 0600), NULL, 0)")
        .unwrap();
    session.line("memset(p, 'm', 4096)").unwrap();
    for (arguments, wanted) in [
        (
            "\"[%.3s|%6.2s|%-6.2s|%.0s]\", \"abcdef\", \"abcdef\", \"abcdef\", \"abcdef\"",
            "[abc|    ab|ab    |]",
        ),
        ("\"[%5.2d|%.5d|%-6.3d|%.3d]\", 7, 42, 5, -5", "[   07|00042|005   |-005]"),
        ("\"[%+d|%+d|% d|% d|%+5d]\", 3, -3, 3, -3, 8", "[+3|-3| 3|-3|   +8]"),
        ("\"[%+ d|% +d|%+u]\", 1, 2, 3", "[+1|+2|3]"),
        ("\"[%05d|%+05d|%-05d|%05.2d]\", -1, 2, 3, 4", "[-0001|+0002|3    |   04]"),
        (
            "\"[%#06x|%#x|%#X|%.4X|%#o|%#o|%#.0o|%#.3o]\", 255, 0, 255, 10, 8, 0, 0, 8",
            "[0x00ff|0|0XFF|000A|010|0|0|010]",
        ),
        ("\"[%.0d|%.d|%3.0d]\", 0, 0, 0", "[||   ]"),
        ("\"[%.5s|%.2s]\", five, p + 4094", "[hello|mm]"),
        ("\"[%hhd|%5c|%-3c|%8p]\", 200, 'x', 'y', NULL", "[-56|    x|y  |   (nil)]"),
    ] {
        assert_eq!(printed(&mut session, &format!("printf({arguments})")), wanted, "{arguments}");
    }
}

#[test]
fn a_character_has_the_sign_of_a_char() {
    let mut session = Session::empty();
    for (line, wanted) in
        [("'\\xff'", -1), ("'\\200' + 0", -128), ("'\\x7f' + 0", 127), ("char c = '\\xff'; c == '\\xff'", 1)]
    {
        assert_eq!(value(&mut session, line), wanted, "{line}");
    }
    assert_eq!(value(&mut session, "unsigned char u = 255; u == '\\xff'"), 0);
}

#[test]
fn nothing_is_near_a_name_of_one_letter() {
    let mut session = Session::empty();
    session.line("int n = 1; int id = 2").unwrap();
    assert_eq!(error(&mut session, "k + 1"), "column 1: there is no variable k");
    assert_eq!(error(&mut session, "ids + 1"), "column 1: there is no variable ids. Did you mean id?");
}

#[test]
fn what_c_takes_in_silence_is_told() {
    let mut session = Session::empty();
    let null = "shmat does not return NULL when it fails: it returns (void *) -1.";
    assert_eq!(notes(&mut session, "shmat(9, NULL, 0) == NULL"), [null]);
    let id = "shmdt wants an address here, and id is a number: C only warns of it.";
    assert_eq!(notes(&mut session, "int id = 0; shmdt(id)"), [id]);
    assert!(error(&mut session, "shmat(id)").contains("void *shmat(int shmid"));
}

#[test]
fn lists_begin_structures_by_order_by_name_and_without_inner_braces() {
    let mut session = Session::empty();
    session
        .line("struct shmid_ds zeros = {0}; struct shmid_ds some = {.shm_segsz = 7, .shm_cpid = 9}")
        .unwrap();
    session
        .line("struct sembuf give = {.sem_op = 2, .sem_num = 1}; struct sembuf flat[2] = {0, -1, 0, 1, 3, 0}")
        .unwrap();
    session.line("struct semid_ds deep = {.sem_perm = {.mode = 0640}, .sem_nsems = 4}").unwrap();
    for (expression, wanted) in [
        ("zeros.shm_perm.mode + zeros.shm_nattch", 0),
        ("some.shm_segsz * 10 + some.shm_cpid", 79),
        ("give.sem_num * 10 + give.sem_op", 12),
        ("flat[1].sem_op", 3),
        ("(deep.sem_perm.mode == 0640) + deep.sem_nsems", 5),
        ("((struct sembuf){.sem_flg = IPC_NOWAIT}).sem_flg == IPC_NOWAIT", 1),
    ] {
        assert_eq!(value(&mut session, expression), wanted, "{expression}");
    }
    for (line, wanted) in [
        ("struct sembuf x = {.sem_oops = 1}", "struct sembuf has no field sem_oops"),
        ("struct sembuf x = {1, 2, 3, 4}", "4 values are more than struct sembuf holds"),
        ("struct shmid_ds x = {.shm_perm = 1}", "give them in braces"),
        ("int x = {.y = 1}", "int has no field y"),
        ("int x = .y = 1", "a field is named in braces"),
    ] {
        assert!(error(&mut session, line).contains(wanted), "{line}: {}", error(&mut session, line));
    }
}

#[test]
fn no_error_has_words_too() {
    assert_eq!(printed(&mut Session::empty(), "perror(\"shmat\")"), "shmat: Success\n");
}
