//! The kernel's rules for System V shared memory and semaphores, as a value.
//!
//! A [`Machine`] is a small world: processes, their memory, segments, sets, limits, a clock. It can be copied,
//! compared, stored, and read. [`Machine::decide`] says what Linux would answer; [`Machine::effect`] says what an
//! answer changes, whoever gave it. Between the two stands whoever reads this: a model of the kernel gives the answer
//! that was decided; a tracer gives the real kernel's; a player gives the one that was recorded. To undo something,
//! take the value from before.
//!
//! ```
//! use playground_core::call::{Answer, Call, Key, ShmgetFlags, Shmid};
//! use playground_core::machine::{Action, Credentials, Host, Machine, Reply, Space};
//!
//! let mut machine = Machine::new(Host::x86_64(1 << 20));
//! machine.begin(100, Credentials::root(), Space::new([], 0x7000_0000_0000));
//! let get = Call::Shmget { key: Key(7), size: 25600, flags: ShmgetFlags::IPC_CREAT, mode: playground_core::Mode::from_bits_truncate(0o600) };
//! let get = Action::Call(get);
//!
//! let before = machine.clone();
//! let reply = machine.decide(100, &get);
//! assert_eq!(reply, Reply::Returns(Ok(Answer::Id(Shmid(0)))));
//! machine.effect(100, &get, &reply);
//! assert_eq!(machine.namespaces[&0].segments.len(), 1);
//! assert_eq!(before.namespaces[&0].segments.len(), 0);
//! ```
//!
//! Where to read which rule:
//!
//! | file | rule |
//! |---|---|
//! | `ids` | how ids are dealt, and when an old one finds nothing |
//! | `permission`, `credentials` | who may do what |
//! | `shmget`, `shmat`, `shmdt`, `shmctl` | the four calls |
//! | `attachment` | what `shm_nattch`, the times and `shm_lpid` count, and when a segment goes |
//! | `space`, `mapping`, `mremap`, `access` | where `shmat(NULL)` maps, how mappings are cut and moved, what a load or a store meets |
//! | `semget`, `semop`, `waiting`, `semctl` | semaphores: who waits, who goes on, what is undone |
//! | `life` | fork, vfork, exec, exit, kill, unshare |
//! | `settings`, `namespace` | the limits |
//! | `unknown` | what the rules do not cover |
//!
//! **Invariant:** nothing here does anything to the computer it runs on: no call, no file, no clock, no chance. The
//! same value and the same actions give the same world.

mod access;
mod action;
mod attachment;
mod caller;
mod calls;
mod credentials;
mod host;
mod ids;
mod life;
mod mapping;
mod mremap;
mod namespace;
mod permission;
mod process;
mod segment;
mod semctl;
mod semget;
mod semop;
mod set;
mod settings;
mod shmat;
mod shmctl;
mod shmdt;
mod shmget;
mod space;
mod unknown;
mod waiting;

use crate::sorted::SortedMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Errno;
use crate::call::Answer;
use caller::Caller;
use mremap::Mremap;

pub use action::{Action, Fatal, Identity, Reply, Resource, Setting, Woken};
pub use credentials::{Capabilities, Credentials, UserNamespace};
pub use host::Host;
pub use ids::{Entry, PLACES, Table};
pub use namespace::{Limits, Namespace};
pub use permission::Permissions;
pub use process::{Process, State};
pub use segment::Segment;
pub use set::{HIGHEST, Semaphore, Set, Waiter};
pub use space::{Mapping, Protection, Space, Target, View};
pub use unknown::Unknown;

/// A small world with the kernel's rules: see the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// What no process changes.
    pub host: Host,
    /// The time since 1970. It stands still until somebody lets it [`pass`](Machine::pass).
    pub clock: Duration,
    /// The processes, by pid.
    pub processes: SortedMap<i32, Arc<Process>>,
    /// Their memory, by numbers of its own: a child of vfork shares its parent's.
    pub spaces: SortedMap<u64, Arc<Space>>,
    /// The IPC namespaces, by numbers of their own.
    pub namespaces: SortedMap<u64, Arc<Namespace>>,
    /// How many pages each user has locked.
    pub locked: SortedMap<u32, u64>,
    /// Who has ended and not been waited for by its parent, by pid, and whose process it was: `kill` finds it. Who waits
    /// for whom no rule knows: whoever follows the processes keeps this.
    #[serde(default)]
    pub zombies: SortedMap<i32, u32>,
    /// The files that `ftok` knows: device and inode.
    pub files: SortedMap<String, (u64, u64)>,
    /// How many attachments there have been.
    attachments: u64,
}

impl Machine {
    /// A machine without processes, with one IPC namespace.
    pub fn new(host: Host) -> Machine {
        Machine {
            host,
            clock: Duration::from_secs(1),
            processes: SortedMap::default(),
            spaces: SortedMap::default(),
            namespaces: SortedMap::from_iter([(0, Arc::default())]),
            locked: SortedMap::default(),
            zombies: SortedMap::default(),
            files: SortedMap::default(),
            attachments: 0,
        }
    }

    /// A process appears, in the first IPC namespace, with this memory.
    pub fn begin(&mut self, pid: i32, credentials: Credentials, space: Space) {
        let number = self.spaces.keys().next_back().map_or(0, |last| last + 1);
        self.spaces.insert(number, Arc::new(space));
        let process = Process {
            credentials,
            namespace: 0,
            space: number,
            address_space: None,
            locked_memory: None,
            faults: 0,
            state: State::Running,
        };
        self.processes.insert(pid, Arc::new(process));
    }

    /// What Linux would answer.
    pub fn decide(&self, pid: i32, action: &Action) -> Reply {
        let Some(caller) = Caller::new(self, pid) else { return Reply::Unknown(Unknown::Process) };
        if caller.process.state != State::Running {
            return Reply::Unknown(Unknown::Asleep);
        }
        match action {
            Action::Call(call) => caller.call(call),
            Action::Load { address, length } => caller.load(*address, *length),
            Action::Store { address, bytes } => caller.store(*address, bytes.len() as u64),
            Action::Mmap { address, length } => caller.mmap(*address, *length).map(Answer::Mapped).into(),
            Action::Munmap { address, length } => caller.munmap(*address, *length).into(),
            Action::Mprotect { protection: Protection::EXEC, .. } => Reply::Unknown(Unknown::ExecuteOnly),
            Action::Mprotect { address, length, protection } => {
                caller.mprotect(*address, *length, *protection).into()
            }
            Action::Mremap { address, old_length, new_length, may_move } => {
                caller.mremap(Mremap::new(*address, (*old_length, *new_length), *may_move, self))
            }
            Action::Fork { child } | Action::Vfork { child } => Ok(Answer::Number(*child)).into(),
            Action::Exec { .. } | Action::Exit => Ok(Answer::Done).into(),
            Action::Kill { target, signal } => caller.kill(*target, *signal),
            Action::SetIdentity(identity) => caller.credentials().may_become(identity).into(),
            Action::Sysctl(setting) => caller.sysctl(*setting).into(),
            Action::Setrlimit(resource) => caller.setrlimit(*resource).into(),
            Action::Unshare => caller.unshare().into(),
        }
    }

    /// What the answer changes, and who goes on by that.
    pub fn effect(&mut self, pid: i32, action: &Action, reply: &Reply) -> Vec<Woken> {
        match (action, reply) {
            (_, Reply::Unknown(_)) => Vec::new(),
            (Action::Load { address, length }, Reply::Dies(_)) => {
                self.loaded(pid, *address, *length);
                self.exit(pid)
            }
            (Action::Store { address, bytes }, Reply::Dies(_)) => {
                self.stored(pid, *address, bytes);
                self.exit(pid)
            }
            (_, Reply::Dies(_)) => self.exit(pid),
            (Action::Call(call), Reply::Waits) => {
                self.sleeps(pid, call);
                Vec::new()
            }
            (_, Reply::Waits) => Vec::new(),
            (Action::Call(call), Reply::Returns(Ok(answer))) => self.called(pid, call, answer),
            (action, Reply::Returns(Ok(answer))) => self.done(pid, action, answer),
            (action, Reply::Returns(Err(errno))) => {
                self.failed(pid, action, *errno);
                Vec::new()
            }
        }
    }

    /// What has failed may have changed something before that.
    fn failed(&mut self, pid: i32, action: &Action, errno: Errno) {
        match action {
            Action::Call(call) => self.refused(pid, call, errno),
            Action::Mmap { address, length } => self.mmap_failed(pid, *address, *length),
            Action::Mprotect { address, length, protection } if errno != Errno::EINVAL => {
                self.mprotect(pid, *address, *length, *protection);
            }
            _ => {}
        }
    }

    fn done(&mut self, pid: i32, action: &Action, answer: &Answer) -> Vec<Woken> {
        match (action, answer) {
            (Action::Exit, _) => return self.exit(pid),
            (Action::Kill { target, signal: 9 }, _) => return self.exit(*target),
            (Action::Unshare, _) => return self.unshare(pid),
            (Action::Load { address, length }, _) => self.loaded(pid, *address, *length),
            (Action::Store { address, bytes }, _) => self.stored(pid, *address, bytes),
            (Action::Mmap { length, .. }, Answer::Mapped(address)) => self.mmap(pid, *address, *length),
            (Action::Mprotect { address, length, protection }, _) => {
                self.mprotect(pid, *address, *length, *protection);
            }
            (Action::Munmap { address, length }, _) => self.munmap(pid, *address, *length),
            (Action::Mremap { address, old_length, new_length, may_move }, Answer::Mapped(to)) => {
                let ask = Mremap::new(*address, (*old_length, *new_length), *may_move, self);
                self.mremap(pid, ask, *to);
            }
            (Action::Fork { child }, _) => self.fork(pid, *child),
            (Action::Vfork { child }, _) => self.vfork(pid, *child),
            (Action::Exec { space }, _) => self.exec(pid, space.clone()),
            (Action::SetIdentity(identity), _) => self.become_(pid, identity),
            (Action::Sysctl(setting), _) => self.sysctl(pid, *setting),
            (Action::Setrlimit(resource), _) => self.setrlimit(pid, *resource),
            _ => {}
        }
        Vec::new()
    }

    /// The clock in whole seconds, as records keep it.
    fn seconds(&self) -> i64 {
        self.clock.as_secs() as i64
    }

    fn process_mut(&mut self, pid: i32) -> Option<&mut Process> {
        self.processes.get_mut(&pid).map(Arc::make_mut)
    }

    fn namespace_mut(&mut self, number: u64) -> Option<&mut Namespace> {
        self.namespaces.get_mut(&number).map(Arc::make_mut)
    }

    /// The namespace that a process is in.
    fn namespace_of(&mut self, pid: i32) -> Option<&mut Namespace> {
        self.namespace_mut(self.processes.get(&pid)?.namespace)
    }

    /// The memory of a process.
    fn space_of(&mut self, pid: i32) -> Option<&mut Space> {
        let number = self.processes.get(&pid)?.space;
        self.spaces.get_mut(&number).map(Arc::make_mut)
    }
}
