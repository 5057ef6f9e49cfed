//! A kernel made of the rules alone: nothing is there but the [`Machine`].

use std::time::Duration;

use playground_core::Errno;
use playground_core::call::{Call, Outcome, RefusedTimeout};
use playground_core::clock;
use playground_core::machine::{Action, Credentials, Host, Identity, Machine, Reply, Space, Unknown, Woken};
use playground_core::process::Ending;

use super::files::{self, Found};
use super::kernel::{Kernel, Performed};
use super::programs::{PROGRAMS, course, program};

/// Memory of the model's computer, in pages: 16 GiB.
const MEMORY: u64 = 4 << 20;
/// Below this address the model's kernel looks for room.
const TOP: u64 = 0x7fff_f7ff_f000;
/// What is in a process's memory before it attaches anything: a program, a heap and a stack.
const OCCUPIED: [(u64, u64); 3] =
    [(0x40_0000, 0x40_4000), (0x40_5000, 0x42_6000), (0x7fff_fffd_e000, 0x7fff_ffff_f000)];
/// The rules as a kernel.
#[derive(Clone, Copy, Debug)]
pub struct Model;

impl Kernel for Model {
    fn name(&self) -> &'static str {
        "model"
    }

    fn is_a_value(&self) -> bool {
        true
    }

    fn begin(&mut self) -> Result<Machine, String> {
        let mut machine = Machine::new(Host::x86_64(MEMORY));
        machine.files = files::all();
        Ok(machine)
    }

    fn start(&mut self, machine: &mut Machine, next: i32) -> Result<i32, String> {
        machine.begin(next, Credentials::root_beside_nobody(), Space::new(OCCUPIED, TOP));
        Ok(next)
    }

    /// The model's clock begins with the session, at no time of any day.
    fn told_time(&self, time: i64, now: i64) -> String {
        if time == 0 {
            clock::never()
        } else {
            format!("{time}, {} by the model's clock", clock::ago(time, now))
        }
    }

    fn perform(&mut self, machine: &Machine, pid: i32, action: &Action, words: &[String]) -> Performed {
        if matches!(action, Action::Exec { .. }) && program(words).is_some() && course(words).is_none() {
            return Performed::Refused(beyond(words));
        }
        match decide(machine, pid, action, words) {
            Reply::Unknown(Unknown::File) => Performed::Refused(files::unknown()),
            Reply::Unknown(unknown) => Performed::Refused(unknown.to_string()),
            reply => Performed::Reply(reply),
        }
    }

    fn as_root(&mut self, machine: &Machine, init: i32, action: &Action) -> Result<Reply, String> {
        Ok(machine.decide(init, action))
    }

    fn returned(&mut self, woken: &Woken) -> Option<Outcome> {
        Some(woken.outcome.clone())
    }

    fn pass(&mut self, machine: &mut Machine, time: Duration) -> Vec<Woken> {
        machine.pass(time)
    }

    fn ended(&mut self, _: i32, due: Option<i32>) -> Option<Ending> {
        due.map(Ending::Exited)
    }

    fn printed(&mut self, _: i32) -> Vec<u8> {
        Vec::new()
    }

    fn cut_short(&mut self, _: i32) {}

    fn reap(&mut self, _: i32) -> Option<Ending> {
        None
    }

    fn read(&mut self, _: Option<i32>, _: &str) -> Option<String> {
        None
    }
}

/// What the rules say, and where they say nothing, what is true of the processes of a session: none has a handler for a
/// signal, and a file or a program that is not among the few is not there.
fn decide(machine: &Machine, pid: i32, action: &Action, words: &[String]) -> Reply {
    match action {
        Action::Call(Call::Ftok { path, project }) => match files::found(&path.to_string_lossy()) {
            Found::File(path) => {
                machine.decide(pid, &Action::Call(Call::Ftok { path: path.into(), project: *project }))
            }
            Found::Nothing => Errno::ENOENT.into(),
            Found::Unknown => Reply::Unknown(Unknown::File),
        },
        Action::Call(Call::SemopAt { nsops, timeout, .. }) => semop_at(machine, *nsops, *timeout).into(),
        // For setresuid -1 means: as before. For setuid it is nobody.
        Action::SetIdentity(Identity::User(u32::MAX) | Identity::Group(u32::MAX)) => Errno::EINVAL.into(),
        Action::Exec { .. } if program(words).is_none() => Errno::ENOENT.into(),
        Action::Kill { target, signal } if *signal != 0 => {
            machine.decide(pid, &Action::Kill { target: *target, signal: 9 })
        }
        action => machine.decide(pid, action),
    }
}

/// Why the model does not run a program that it has with these words.
fn beyond(words: &[String]) -> String {
    let words = words.get(1..).unwrap_or_default().join(" ");
    format!(
        "the model cannot tell what {words} does: it has {} without files and commands",
        PROGRAMS.join(", ")
    )
}

/// A list of operations at an address that holds none, or a time limit that is none: the kernel reads the limit, looks at
/// the number of operations, reads them, and looks whether the limit is a time. The id comes later.
fn semop_at(machine: &Machine, count: u64, timeout: Option<RefusedTimeout>) -> Errno {
    let most = machine.namespaces.get(&0).map_or(0, |namespace| namespace.limits.semopm);
    match timeout {
        Some(RefusedTimeout::At(_)) => Errno::EFAULT,
        _ if count > most as u64 => Errno::E2BIG,
        Some(RefusedTimeout::Is { .. }) => Errno::EINVAL,
        None => Errno::EFAULT,
    }
}
