//! What C's expressions mean. The kernel is a page of memory at 0x5000, and a list of what calls return.

use play::c::{Arena, Request, Response, Stop, evaluate};
use play::language::parse;

const PAGE: u64 = 0x5000;

#[derive(Default)]
struct Session {
    arena: Arena,
    memory: Vec<u8>,
    returns: Vec<Result<i64, i32>>,
    asked: Vec<String>,
    printed: String,
    notes: Vec<String>,
}

impl Session {
    fn new() -> Session {
        Session { memory: vec![0; 4096], ..Session::default() }
    }

    /// Performs a line, and returns the last value, or what is wrong.
    fn line(&mut self, line: &str) -> Result<Option<i64>, String> {
        let mut last = None;
        for statement in parse(line).map_err(|error| error.to_string())? {
            let mut answers = Vec::new();
            let done = loop {
                match evaluate(&self.arena, &statement.does, &answers, &|name| (name == "B").then_some(77)) {
                    Ok(done) => break done,
                    Err(Stop::Ask(request)) => answers.push(self.answer(request)),
                    Err(Stop::Wrong { message, .. }) => return Err(message),
                }
            };
            self.arena = done.arena;
            self.printed += &String::from_utf8_lossy(&done.printed);
            self.notes.extend(done.notes);
            last = done.value.map(|value| value.signed());
        }
        Ok(last)
    }

    fn answer(&mut self, request: Request) -> Response {
        match request {
            Request::Load { address, length } => {
                let start = (address - PAGE) as usize;
                Response::Bytes(self.memory[start..start + length as usize].to_vec())
            }
            Request::Store { address, bytes } => {
                let start = (address - PAGE) as usize;
                self.memory[start..start + bytes.len()].copy_from_slice(&bytes);
                Response::Stored
            }
            Request::Call { name, arguments } => {
                let arguments: Vec<_> = arguments.iter().map(|value| value.signed().to_string()).collect();
                self.asked.push(format!("{name}({})", arguments.join(", ")));
                Response::Returned { result: self.returns.remove(0), wrote: Vec::new() }
            }
        }
    }

    fn value(&mut self, line: &str) -> i64 {
        self.line(line).unwrap_or_else(|error| panic!("{line}: {error}")).unwrap_or_else(|| panic!("{line}"))
    }
}

#[test]
fn integers_are_calculated_as_in_c() {
    let mut session = Session::new();
    for (line, value) in [
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
        ("sizeof(struct shmid_ds)", 112),
        ("sizeof(struct sembuf)", 6),
        ("sizeof 'a' + sizeof(char)", 5),
        ("0 && 1 / 0", 0),
        ("1 || 1 / 0", 1),
    ] {
        assert_eq!(session.value(line), value, "{line}");
    }
    assert!(session.line("1 / 0").unwrap_err().contains("divides by zero"));
    assert!(session.line("1 << 32").unwrap_err().contains("shifts by more bits"));
}

#[test]
fn variables_have_types_and_those_without_take_their_values() {
    let mut session = Session::new();
    session
        .line("unsigned char u = 255; u += 2; int a[3] = {1, 2, 3}; a[1]++; long sum = a[0] + a[1] + a[2]")
        .unwrap();
    assert_eq!(session.value("u"), 1);
    assert_eq!(session.value("sum"), 7);
    assert_eq!(session.value("x = 5; x = x++ + ++x; x"), 12);
    assert_eq!(session.value("int *q = &a[2]; q - a"), 2);
    assert_eq!(session.value("*q = 9; a[2]"), 9);
    assert_eq!(session.value("char t[] = \"TEST\"; sizeof t"), 5);
    assert_eq!(session.line("IPC_CREAT = 3").unwrap_err(), "IPC_CREAT is a constant, and has no place");
    assert_eq!(session.line("y + 1").unwrap_err(), "there is no variable y");
    assert_eq!(session.value("B"), 77);
}

#[test]
fn structures_have_the_fields_of_the_manual_page() {
    let mut session = Session::new();
    session.line("struct shmid_ds buf; buf.shm_perm.mode = 0640; struct shmid_ds *p = &buf").unwrap();
    assert_eq!(session.value("p->shm_perm.mode"), 0o640);
    assert_eq!(session.value("buf.shm_nattch"), 0);
    session.line("struct sembuf x = {1, -1, SEM_UNDO}").unwrap();
    assert_eq!(session.value("x.sem_op"), -1);
    assert_eq!(session.value("(&(struct sembuf){2, 3, 0})->sem_num"), 2);
    assert_eq!(session.value("(struct sembuf[]){{0, 4, 0}, {7, -5, 0}}[1].sem_op"), -5);
    assert!(
        session
            .line("buf.shm_nattach")
            .unwrap_err()
            .starts_with("struct shmid_ds has no field shm_nattach. It has shm_perm")
    );
    assert_eq!(
        session.line("buf").unwrap_err(),
        "a struct shmid_ds is no single value: name one of its fields"
    );
}

#[test]
fn calls_are_asked_for_with_their_values() {
    let mut session = Session::new();
    session.returns = vec![Ok(3), Ok(PAGE as i64), Err(22)];
    session.line("int id = shmget(IPC_PRIVATE, 0x6400, IPC_CREAT | IPC_EXCL | 0600)").unwrap();
    session.line("char *p = shmat(id, NULL, 0)").unwrap();
    assert_eq!(session.value("shmdt(id)"), -1);
    assert_eq!(session.value("errno"), 22);
    assert_eq!(session.asked, ["shmget(0, 25600, 1920)", "shmat(3, 0, 0)", "shmdt(3)"]);
    assert_eq!(session.notes, ["shmdt wants an address here, and id is a number: C only warns of it."]);
    assert!(session.line("shmat(id)").unwrap_err().contains("void *shmat(int shmid"));
}

#[test]
fn memory_is_read_and_written_where_pointers_lead() {
    let mut session = Session::new();
    session.returns = vec![Ok(PAGE as i64)];
    session
        .line("p = shmat(0, NULL, 0); strcpy(p, \"THIS IS A TEST\"); p[3] = 'X'; *(int *)(p + 64) = 5")
        .unwrap();
    assert_eq!(&session.memory[..15], b"THIX IS A TEST\0");
    assert_eq!(session.memory[64..68], [5, 0, 0, 0]);
    session
        .line("puts(p); printf(\"%s %5d|%-4x|%04o %c %lu %%\\n\", p + 5, -1, 255, 8, 'z', sizeof(long))")
        .unwrap();
    assert_eq!(session.printed, "THIX IS A TEST\nIS A TEST    -1|ff  |0010 z 8 %\n");
    assert_eq!(session.value("*(long *)p = (long)(p + 64); *(int *)*(long *)p"), 5);
    assert_eq!(session.value("memset(p, 'A', 3); p[2] == 'A' && p[3] == 0"), 1);
    assert_eq!(session.value("strlen(\"four\")"), 4);
    assert_eq!(session.line("*5").unwrap_err(), "this is of type int, and points to nothing");
}

#[test]
fn what_c_takes_in_silence_is_told() {
    let mut session = Session::new();
    session.returns = vec![Ok(-1)];
    session.line("shmat(9, NULL, 0) == NULL").unwrap();
    assert_eq!(session.notes, ["shmat does not return NULL when it fails: it returns (void *) -1."]);
}
