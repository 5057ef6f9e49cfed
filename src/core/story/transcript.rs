//! What a story's processes have done so far, as lines for `play`: there the learner goes on from the same state.
//!
//! An id or an address that a call returned is another one in a new namespace. So each is a variable here, which a
//! forked process inherits as it does at the prompt. Whoever knows an id without having asked for it writes the
//! number that it has in a new namespace: the first object gets 0, the next one 1.
//!
//! **Invariant:** nothing is performed here; what `play` has no words for is a comment that says so.

use std::collections::BTreeMap;

use crate::call::{Address, Answer, Call, Cmd, Outcome, Ownership, SemCmd, SemOp};
use crate::process::Adjustment;

use super::event::Direction;

/// Of one store so many bytes are repeated: more would fill the learner's screen.
const LONGEST: usize = 256;

/// The least page that a machine has: so far a mapping reaches at least.
const PAGE: u64 = 4096;

/// What is known by a name at the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Object {
    Segment(i32),
    Set(i32),
    Address(u64),
}

/// A process: its letter at the prompt, its variables, and where it has attached how many bytes.
#[derive(Clone, Debug, Default)]
struct Actor {
    letter: String,
    names: BTreeMap<Object, String>,
    attached: BTreeMap<u64, u64>,
}

/// The lines so far.
#[derive(Debug, Default)]
pub struct Transcript {
    lines: Vec<String>,
    actors: BTreeMap<i32, Actor>,
    /// The segments and the sets, in the order in which they were made.
    made: Vec<Object>,
    /// The sizes that segments were made with.
    sizes: BTreeMap<i32, u64>,
    /// How many variables of each kind there are.
    named: BTreeMap<&'static str, usize>,
    /// The lines that were there when the last call was added.
    last_call: Option<usize>,
}

/// Where a learner goes on at the prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoFar {
    /// What was done, in the language of `play`.
    pub lines: Vec<String>,
    /// The line that is typed already.
    pub typed: Option<String>,
}

impl Transcript {
    /// The story's own process is the first.
    pub fn of(pid: i32) -> Transcript {
        let mut transcript = Transcript::default();
        transcript.enter(pid, Actor::default());
        transcript
    }

    /// Everything so far.
    pub fn so_far(&self) -> SoFar {
        SoFar { lines: self.lines.clone(), typed: None }
    }

    /// What was done before the last call, with that call typed; nothing, where there was none since `from` lines.
    pub fn what_if(&self, from: usize) -> Option<SoFar> {
        let last = self.last_call.filter(|last| *last >= from)?;
        Some(SoFar { lines: self.lines[..last].to_vec(), typed: Some(self.lines[last].clone()) })
    }

    /// How many lines there are.
    pub fn length(&self) -> usize {
        self.lines.len()
    }

    /// The letter of a process at the prompt.
    pub fn letter(&self, pid: i32) -> Option<&str> {
        self.actors.get(&pid).map(|actor| &*actor.letter)
    }

    fn enter(&mut self, pid: i32, like: Actor) {
        let letter = letter(self.actors.len());
        self.actors.insert(pid, Actor { letter, ..like });
    }

    /// A line that a process does; the first one needs no letter.
    fn add(&mut self, pid: i32, line: &str) {
        let letter = self.actors.get(&pid).map_or("A", |actor| &actor.letter);
        self.lines.push(if letter == "A" { line.to_owned() } else { format!("{letter}: {line}") });
    }

    /// What the prompt has no words for.
    pub fn left_out(&mut self, what: &str) {
        self.lines.push(format!("# left out: {what}"));
    }

    /// A process forks another one.
    pub fn fork(&mut self, parent: i32, child: i32) {
        self.add(parent, "fork()");
        let parent = self.actors.get(&parent).cloned();
        self.enter(child, parent.unwrap_or_default());
    }

    /// A process begins that is unrelated to the others.
    pub fn unrelated(&mut self, pid: i32) {
        self.lines.push("new".to_owned());
        self.enter(pid, Actor::default());
    }

    /// A process becomes another program.
    pub fn exec(&mut self, pid: i32, program: &str, arguments: &[&str]) {
        let words: Vec<String> =
            [&[program, program], arguments].concat().iter().map(|word| quoted(word.as_bytes())).collect();
        self.add(pid, &format!("execlp({}, NULL)", words.join(", ")));
    }

    /// A process ends by itself.
    pub fn exit(&mut self, pid: i32) {
        self.add(pid, "exit(0)");
    }

    /// A process is killed.
    pub fn killed(&mut self, pid: i32) {
        let letter = self.actors.get(&pid).map_or("A", |actor| &actor.letter);
        self.lines.push(format!("kill({letter}, SIGKILL)"));
    }

    /// A process becomes another user, or changes a setting.
    pub fn adjusted(&mut self, pid: i32, adjustment: &Adjustment) {
        match adjustment {
            Adjustment::SetIdentity(user) => self.add(pid, &format!("setgid({user}); setuid({user})")),
            Adjustment::Set(name, value) => self.lines.push(format!("sysctl kernel.{name}={value}")),
            other => self.left_out(&format!("{other:?}")),
        }
    }

    /// Bytes that a process wrote.
    pub fn stored(&mut self, pid: i32, address: Address, bytes: &[u8]) {
        if !self.is_attached(pid, address) {
            return self.left_out(&format!("{} bytes stored at {address}", bytes.len()));
        }
        let at = self.address(pid, address);
        let length = bytes.len();
        let line = match bytes {
            [] => return,
            [text @ .., 0] if !text.contains(&0) && length <= LONGEST => {
                format!("strcpy({at}, {})", quoted(text))
            }
            [first, rest @ ..] if length > 1 && rest.iter().all(|byte| byte == first) => {
                format!("memset({at}, {first}, {length})")
            }
            _ => {
                let some = &bytes[..length.min(LONGEST)];
                format!("memcpy({at}, {}, {})", quoted(some), some.len())
            }
        };
        self.add(pid, &line);
        if !line.starts_with("memset") && length > LONGEST {
            self.left_out(&format!("the other {} bytes", length - LONGEST));
        }
    }

    /// A byte that a process read: a page that nobody has touched is there after that.
    pub fn read(&mut self, pid: i32, address: Address) {
        let at = self.address(pid, address);
        self.add(pid, &format!("*(char *)({at})"));
    }

    /// An access that ended its process. A page that must not be written may be read.
    pub fn died(&mut self, pid: i32, address: Address, direction: Direction) {
        match direction {
            Direction::Read => self.read(pid, address),
            Direction::Write => {
                let at = self.address(pid, address);
                self.add(pid, &format!("*(char *)({at}) = 0"));
            }
        }
    }

    /// A number that a process wrote.
    pub fn word(&mut self, pid: i32, address: Address, value: u32) {
        if !self.is_attached(pid, address) {
            return self.left_out(&format!("{value} stored at {address}"));
        }
        let at = self.address(pid, address);
        self.add(pid, &format!("*(int *)({at}) = {value}"));
    }

    /// A call that was made, or that waits.
    pub fn call(&mut self, pid: i32, call: &Call, outcome: Option<&Outcome>) {
        if matches!(call, Call::SemopAt { .. } | Call::File(_) | Call::Lock(_)) {
            return self.left_out(&call.to_string());
        }
        let Some(text) = self.text(pid, call) else { return };
        let object = match outcome {
            Some(Ok(Answer::Id(id))) => Some((Object::Segment(id.0), "int id")),
            Some(Ok(Answer::Set(id))) => Some((Object::Set(id.0), "int s")),
            Some(Ok(Answer::Mapped(address))) => Some((Object::Address(address.0), "char *p")),
            _ => None,
        };
        if let (Call::Shmget { size, .. }, Some((Object::Segment(id), _))) = (call, &object) {
            self.sizes.entry(*id).or_insert(*size);
        }
        if let (Call::Shmat { shmid, .. }, Some((Object::Address(at), _)), Some(actor)) =
            (call, &object, self.actors.get_mut(&pid))
        {
            actor.attached.insert(*at, self.sizes.get(&shmid.0).copied().unwrap_or_default());
        }
        self.last_call = Some(self.lines.len());
        let Some((object, declared)) = object else { return self.add(pid, &text) };
        if !matches!(object, Object::Address(_)) && !self.made.contains(&object) {
            self.made.push(object);
        }
        let count = self.named.entry(declared).or_default();
        *count += 1;
        let declared = if *count == 1 { declared.to_owned() } else { format!("{declared}{count}") };
        let name = declared.rsplit([' ', '*']).next().unwrap_or_default().to_owned();
        self.add(pid, &format!("{declared} = {text}"));
        if let Some(actor) = self.actors.get_mut(&pid) {
            actor.names.insert(object, name);
        }
    }

    /// The call in the language of `play`; nothing, where it only asks for what nobody has to know any more.
    fn text(&self, pid: i32, call: &Call) -> Option<String> {
        Some(match call {
            Call::Shmget { .. } | Call::Semget { .. } => call.to_string(),
            Call::Shmat { shmid, address, flags } => {
                let address =
                    if address.0 == 0 { "NULL".to_owned() } else { format!("(void *){:#x}", address.0) };
                format!("shmat({}, {address}, {flags})", self.id(pid, Object::Segment(shmid.0)))
            }
            Call::Shmdt { address } => format!("shmdt({})", self.address(pid, *address)),
            Call::Shmctl { shmid, cmd } => self.control(&self.id(pid, Object::Segment(shmid.0)), cmd)?,
            Call::Semop { semid, ops } => {
                format!("semop({}, {}, {})", self.id(pid, Object::Set(semid.0)), operations(ops), ops.len())
            }
            Call::Semtimedop { semid, ops, timeout } => format!(
                "semtimedop({}, {}, {}, &(struct timespec){{{}, {}}})",
                self.id(pid, Object::Set(semid.0)),
                operations(ops),
                ops.len(),
                timeout.as_secs(),
                timeout.subsec_nanos()
            ),
            Call::Semctl { semid, semnum, cmd } => {
                self.control_set(&self.id(pid, Object::Set(semid.0)), *semnum, cmd)?
            }
            Call::SemopAt { .. } | Call::File(_) | Call::Lock(_) | Call::Ftok { .. } => return None,
        })
    }

    fn control(&self, id: &str, cmd: &Cmd) -> Option<String> {
        Some(match cmd {
            Cmd::IpcStat => format!("struct shmid_ds buf; shmctl({id}, IPC_STAT, &buf)"),
            Cmd::IpcSet(owner) => {
                format!("{}; shmctl({id}, IPC_SET, &set)", owned("shmid_ds set", "set.shm_perm", owner))
            }
            Cmd::IpcRmid | Cmd::ShmLock | Cmd::ShmUnlock => format!("shmctl({id}, {cmd}, NULL)"),
            _ => return None,
        })
    }

    fn control_set(&self, id: &str, number: i32, cmd: &SemCmd) -> Option<String> {
        Some(match cmd {
            SemCmd::SetVal(value) => format!("semctl({id}, {number}, SETVAL, {value})"),
            SemCmd::SetAll(values) => {
                let values: Vec<String> = values.iter().map(u16::to_string).collect();
                format!("unsigned short all[] = {{{}}}; semctl({id}, 0, SETALL, all)", values.join(", "))
            }
            SemCmd::IpcSet(owner) => {
                format!("{}; semctl({id}, 0, IPC_SET, &set)", owned("semid_ds set", "set.sem_perm", owner))
            }
            SemCmd::IpcRmid | SemCmd::GetVal | SemCmd::GetPid | SemCmd::GetNcnt | SemCmd::GetZcnt => {
                format!("semctl({id}, {number}, {cmd})")
            }
            _ => return None,
        })
    }

    fn name(&self, pid: i32, object: Object) -> Option<String> {
        self.actors.get(&pid)?.names.get(&object).cloned()
    }

    fn id(&self, pid: i32, object: Object) -> String {
        let (Object::Segment(real) | Object::Set(real)) = object else { return String::new() };
        let of_its_kind =
            |other: &&Object| matches!(other, Object::Segment(_)) == matches!(object, Object::Segment(_));
        let place = || self.made.iter().filter(of_its_kind).position(|other| *other == object);
        self.name(pid, object).unwrap_or_else(|| place().map_or(real, |place| place as i32).to_string())
    }

    /// Whether the process has a segment there: what else it has mapped, the prompt's process has not.
    pub fn is_attached(&self, pid: i32, address: Address) -> bool {
        let below = self.actors.get(&pid).and_then(|actor| actor.attached.range(..=address.0).next_back());
        below.is_some_and(|(start, size)| address.0 - start < size.next_multiple_of(PAGE))
    }

    /// An address: from the nearest variable below it that holds one.
    fn address(&self, pid: i32, address: Address) -> String {
        let names = self.actors.get(&pid).map(|actor| &actor.names);
        let below = names.and_then(|names| {
            let all = Object::Address(0)..=Object::Address(address.0);
            names.range(all).next_back()
        });
        match below {
            Some((Object::Address(base), name)) if *base == address.0 => name.clone(),
            Some((Object::Address(base), name)) => format!("{name} + {}", address.0 - base),
            _ => format!("(char *){:#x}", address.0),
        }
    }
}

/// The fields that `IPC_SET` takes, each as a statement.
fn owned(declared: &str, perm: &str, owner: &Ownership) -> String {
    let Ownership { uid, gid, mode } = owner;
    format!("struct {declared}; {perm}.uid = {uid}; {perm}.gid = {gid}; {perm}.mode = 0{:03o}", mode.bits())
}

fn operations(ops: &[SemOp]) -> String {
    let ops: Vec<String> = ops.iter().map(SemOp::to_string).collect();
    format!("(struct sembuf[]){{{}}}", ops.join(", "))
}

/// Bytes as a string of C: what is no plain letter is written in octal, which no letter behind it can lengthen.
fn quoted(bytes: &[u8]) -> String {
    let byte = |byte: &u8| match byte {
        b'"' | b'\\' => format!("\\{}", *byte as char),
        32..127 => (*byte as char).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    format!("\"{}\"", bytes.iter().map(byte).collect::<String>())
}

/// A, B … Z, AA.
fn letter(number: usize) -> String {
    let last = char::from(b'A' + (number % 26) as u8);
    match (number / 26).checked_sub(1) {
        Some(before) => letter(before) + &last.to_string(),
        None => last.to_string(),
    }
}
