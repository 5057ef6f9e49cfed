//! A difference, as a person reads it: the steps in C notation, and a script that the prompt takes them from.
//!
//! **Invariant:** a script asks for the same ids and addresses as the sequence met, since later steps name them.

use nix::libc;
use playground_core::call::{Address, Answer, Call};
use playground_core::machine::{Action, Identity, Reply, Resource, Setting};

use super::runner::{Person, Step};

/// What the prompt calls a process: A is the first.
fn letter(pid: i32, order: &[i32]) -> String {
    let at = order.iter().position(|one| *one == pid).unwrap_or(order.len());
    char::from(b'A' + at.min(25) as u8).to_string()
}

/// The processes, in the order in which they began.
fn order(people: usize, steps: &[Step]) -> Vec<i32> {
    let children = steps.iter().filter_map(|step| match step.action {
        Action::Fork { child } | Action::Vfork { child } => Some(child),
        _ => None,
    });
    (1..=people as i32).chain(children).collect()
}

/// Each step: who, the call in C notation, and what the model answers.
pub fn in_c(people: &[Person], steps: &[Step]) -> Vec<String> {
    let order = order(people.len(), steps);
    let line = |step: &Step| {
        let who = letter(step.pid, &order);
        format!("{who}: {} = {}", notation(&step.action, &order), answer(&step.reply))
    };
    steps.iter().map(line).collect()
}

fn answer(reply: &Reply) -> String {
    match reply {
        Reply::Returns(Ok(Answer::Mapped(address))) => address.to_string(),
        Reply::Returns(Ok(answer)) => answer.value().to_string(),
        Reply::Returns(Err(errno)) => format!("-1 {errno:?}"),
        Reply::Waits => "?, it waits".to_owned(),
        Reply::Dies(fatal) => format!("?, it ends by {fatal:?}"),
        Reply::Unknown(unknown) => format!("?, {unknown}"),
    }
}

fn notation(action: &Action, order: &[i32]) -> String {
    match action {
        Action::Call(call) => call.to_string(),
        Action::Load { address, length } => format!("memcpy(buf, {address}, {length})"),
        Action::Store { address, bytes } => format!("memcpy({address}, {bytes:?}, {})", bytes.len()),
        Action::Mmap { address: Address::NULL, length } => {
            format!("mmap(NULL, {length}, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)")
        }
        Action::Mmap { address, length } => format!(
            "mmap({address}, {length}, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)"
        ),
        Action::Munmap { address, length } => format!("munmap({address}, {length})"),
        Action::Mprotect { address, length, protection } => {
            format!("mprotect({address}, {length}, {:#x})", protection.bits())
        }
        Action::Mremap { address, old_length, new_length, may_move } => {
            format!("mremap({address}, {old_length}, {new_length}, {})", u8::from(*may_move))
        }
        Action::Fork { .. } => "fork()".to_owned(),
        Action::Vfork { .. } => "vfork()".to_owned(),
        Action::Exec { .. } => "execve(…)".to_owned(),
        Action::Exit => "exit(0)".to_owned(),
        Action::Kill { target, signal } if *signal == libc::SIGKILL => {
            format!("kill({}, SIGKILL)", letter(*target, order))
        }
        Action::Kill { target, signal } => format!("kill({}, {signal})", letter(*target, order)),
        Action::SetIdentity(identity) => identity_in_c(identity),
        Action::Sysctl(setting) => setting_in_words(*setting),
        Action::Setrlimit(Resource::AddressSpace(limit)) => {
            format!("setrlimit(RLIMIT_AS, {})", limit.unwrap_or(u64::MAX))
        }
        Action::Setrlimit(Resource::LockedMemory(limit)) => {
            format!("setrlimit(RLIMIT_MEMLOCK, {})", limit.unwrap_or(u64::MAX))
        }
        Action::Unshare => "unshare(CLONE_NEWIPC)".to_owned(),
    }
}

fn identity_in_c(identity: &Identity) -> String {
    match identity {
        Identity::User(uid) => format!("setuid({uid})"),
        Identity::Group(gid) => format!("setgid({gid})"),
        Identity::Groups(groups) => format!("setgroups({}, {groups:?})", groups.len()),
        Identity::Without(capabilities) => format!("capset(without {capabilities:?})"),
    }
}

fn setting_in_words(setting: Setting) -> String {
    match setting {
        Setting::Shmmax(value) => format!("sysctl kernel.shmmax={value}"),
        Setting::Shmall(value) => format!("sysctl kernel.shmall={value}"),
        Setting::Shmmni(value) => format!("sysctl kernel.shmmni={value}"),
        Setting::ShmNextId(value) => format!("sysctl kernel.shm_next_id={value}"),
        Setting::ShmRmidForced(value) => format!("sysctl kernel.shm_rmid_forced={value}"),
        Setting::Sem([a, b, c, d]) => format!("sysctl kernel.sem={a} {b} {c} {d}"),
        Setting::SemNextId(value) => format!("sysctl kernel.sem_next_id={value}"),
    }
}

/// The steps as lines for `play`. What the prompt has no word for is a comment.
pub fn script(people: &[Person], steps: &[Step]) -> Vec<String> {
    let order = order(people.len(), steps);
    let mut lines = begin(people);
    for step in steps {
        let who = letter(step.pid, &order);
        lines.extend(preparation(step));
        lines.push(match in_play(step, &order) {
            Some(line) if line.starts_with("sysctl") => line,
            Some(line) => format!("{who}: {line}"),
            None => format!("# {who}: {}", notation(&step.action, &order)),
        });
    }
    lines
}

/// The first process is there; the others are made, and become who they are.
fn begin(people: &[Person]) -> Vec<String> {
    let mut lines = vec!["new".to_owned(); people.len().saturating_sub(1)];
    for (at, (uid, gid, _)) in people.iter().enumerate().filter(|(_, (uid, ..))| *uid != 0) {
        let who = char::from(b'A' + at as u8);
        lines.extend([format!("{who}: setgid({gid})"), format!("{who}: setuid({uid})")]);
    }
    lines
}

/// In another world another id would come next.
fn preparation(step: &Step) -> Option<String> {
    match (&step.action, &step.reply) {
        (Action::Call(Call::Shmget { .. }), Reply::Returns(Ok(Answer::Id(id)))) if is_new(step) => {
            Some(format!("A: sysctl kernel.shm_next_id={id}"))
        }
        (Action::Call(Call::Semget { .. }), Reply::Returns(Ok(Answer::Set(id)))) if is_new(step) => {
            Some(format!("A: sysctl kernel.sem_next_id={id}"))
        }
        _ => None,
    }
}

fn is_new(step: &Step) -> bool {
    let count = |machine: &playground_core::machine::Machine| {
        let spaces = machine.namespaces.values();
        spaces.map(|namespace| namespace.segments.len() + namespace.sets.len()).sum::<usize>()
    };
    count(&step.after) > count(&step.before)
}

fn in_play(step: &Step, order: &[i32]) -> Option<String> {
    match (&step.action, &step.reply) {
        (Action::Call(Call::Shmat { shmid, address, flags }), reply) => {
            let at = match reply {
                Reply::Returns(Ok(Answer::Mapped(at))) => at,
                _ => address,
            };
            Some(format!("shmat({shmid}, (void *){:#x}, {flags})", at.0))
        }
        (Action::Call(Call::Shmdt { address }), _) => Some(format!("shmdt((void *){:#x})", address.0)),
        (
            Action::Call(Call::Shmget { .. } | Call::Semget { .. } | Call::Semop { .. })
            | Action::Fork { .. }
            | Action::Exit
            | Action::Kill { .. }
            | Action::SetIdentity(Identity::User(_) | Identity::Group(_))
            | Action::Sysctl(_),
            _,
        ) => Some(notation(&step.action, order)),
        (Action::Call(Call::Shmctl { shmid, cmd: playground_core::call::Cmd::IpcRmid }), _) => {
            Some(format!("shmctl({shmid}, IPC_RMID, NULL)"))
        }
        (Action::Store { address, bytes }, _) if bytes.len() == 1 => {
            Some(format!("*(char *){:#x} = {}", address.0, bytes[0]))
        }
        _ => None,
    }
}
