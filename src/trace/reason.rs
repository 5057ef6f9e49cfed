//! Why a call was refused, as far as only the calls before it tell: who removed what it wanted, which number was taken
//! for another, and in which namespace the thing is.
//!
//! **Invariant:** names only what was seen; where nothing was, the call, the errno and the kernel's tables explain it,
//! as they do in a lesson.

use playground_core::Errno;

use super::existing;
use super::findings::{is_there, of_key};
use super::permission;
use super::procfs::{self, ProcessFiles};
use super::rules;
use super::space::{Departure, Space};
use super::state::{Namespace, State};
use super::value::{CompletedCall, What};
use super::waits::Around;
use crate::call::{Address, Call, Cmd, Key, Performed, SemCmd, Semid, Shmid};
use crate::error::Reason;
use crate::evidence::maps::Mapping;
use crate::story::explain;

/// What is known before a call returns.
pub(super) struct Known<'a> {
    pub state: &'a State,
    pub namespace: Namespace,
    pub page_size: usize,
}

fn reason(why: String, advice: impl Into<String>) -> Option<Reason> {
    Some(Reason { why, advice: advice.into() })
}

impl Known<'_> {
    /// Why a call was refused, and what to try.
    pub fn why(&self, made: &CompletedCall, errno: Errno) -> Reason {
        let Performed { pid, call, .. } = &made.performed;
        let process = &mut ProcessFiles { pid: *pid, elsewhere: made.elsewhere, page_size: self.page_size };
        let known = if made.filtered {
            by_filter(call, errno)
        } else {
            self.told(made, errno).or_else(|| self.seen(made, errno))
        };
        known.unwrap_or_else(|| explain(call, errno, process))
    }

    fn told(&self, made: &CompletedCall, errno: Errno) -> Option<Reason> {
        let space = self.state.space(made.performed.pid)?;
        match (&made.performed.call, errno) {
            (Call::Shmat { shmid, .. } | Call::Shmctl { shmid, .. }, Errno::EINVAL | Errno::EIDRM) => {
                self.no_segment(*shmid, made, space)
            }
            // Without an operation the kernel does not even look for the set.
            (Call::Semop { ops, .. } | Call::Semtimedop { ops, .. }, Errno::EINVAL) if ops.is_empty() => None,
            (
                Call::Semop { semid, .. }
                | Call::SemopAt { semid, .. }
                | Call::Semtimedop { semid, .. }
                | Call::Semctl { semid, .. },
                Errno::EINVAL | Errno::EIDRM,
            ) => self.no_set(*semid, made, space),
            (Call::Shmctl { cmd: Cmd::BufferAt { number, buffer }, .. }, Errno::EFAULT)
                if Cmd::that_copies_out(*number).is_some() =>
            {
                not_writable(made.performed.pid, *buffer)
            }
            (Call::Semctl { cmd: SemCmd::BufferAt { number, buffer }, .. }, Errno::EFAULT)
                if SemCmd::that_copies_out(*number).is_some() =>
            {
                not_writable(made.performed.pid, *buffer)
            }
            (Call::Shmdt { address }, Errno::EINVAL) => self.no_attachment(*address, space),
            (Call::Shmget { key, .. }, Errno::ENOENT) => self.no_key(*key, made),
            (Call::Semget { key, .. }, Errno::ENOENT) => self.no_set_key(*key),
            (Call::Semop { .. } | Call::Semtimedop { .. }, Errno::EINTR | Errno::EAGAIN) => {
                self.waited(made, errno)
            }
            _ => None,
        }
    }

    /// What the kernel's tables tell, which are those of our own namespace.
    fn seen(&self, made: &CompletedCall, errno: Errno) -> Option<Reason> {
        let Performed { pid, call, .. } = &made.performed;
        if made.elsewhere {
            return None;
        }
        if let Some(unexplained) = rules::unexplained(call, errno, *pid) {
            return Some(unexplained);
        }
        match errno {
            Errno::EACCES => permission::why(call, *pid, |what| self.is_made_here(what)),
            _ => existing::why(call, errno),
        }
    }

    /// Whether the traced program has made it, and has not only found it.
    fn is_made_here(&self, what: What) -> bool {
        let made = match what {
            What::Segment(id) => self.state.segment(self.namespace, id).map(|segment| &segment.made),
            What::Set(id) => self.state.set(self.namespace, id).map(|set| &set.made),
        };
        made.is_some_and(Option::is_some)
    }

    fn no_segment(&self, id: Shmid, made: &CompletedCall, space: &Space) -> Option<Reason> {
        let what = What::Segment(id);
        if is_there(what, made.elsewhere, self.namespace, self.state) {
            return None;
        }
        if let (Shmid(-1), Some(failed)) = (id, space.shmget.last()) {
            return returned_minus_one(failed);
        }
        let removal = self.state.segment(self.namespace, id).and_then(|segment| segment.removed.as_ref());
        if let Some(removal) = removal {
            return removed_by(what, removal, made);
        }
        if self.state.segment_elsewhere(self.namespace, id).is_some() {
            return another_namespace(&format!("Segment {id}"));
        }
        self.a_key(what)
    }

    fn no_set(&self, id: Semid, made: &CompletedCall, space: &Space) -> Option<Reason> {
        let what = What::Set(id);
        if is_there(what, made.elsewhere, self.namespace, self.state) {
            return None;
        }
        if let (Semid(-1), Some(failed)) = (id, space.semget.last()) {
            return returned_minus_one(failed);
        }
        let removal = self.state.set(self.namespace, id).and_then(|set| set.removed.as_ref());
        if let Some(removal) = removal {
            return removed_by(what, removal, made);
        }
        if self.state.has_set_elsewhere(self.namespace, id) {
            return another_namespace(&format!("Set {id}"));
        }
        self.a_key(what)
    }

    fn a_key(&self, what: What) -> Option<Reason> {
        let found = of_key(what, self.namespace, self.state)?;
        let (name, id, key, get) = (what.name(), found.id(), Key(what.id()), getter(what));
        reason(
            format!(
                "{} is no id: it is the key {key} of {name} {id}. A key finds a {name}, and an id names it to all \
                 other calls.",
                what.id()
            ),
            format!("Pass what {get}({key}, …) returned: {id}."),
        )
    }

    fn no_attachment(&self, address: Address, space: &Space) -> Option<Reason> {
        if let Some(segment) = segment_id(address, self.namespace, self.state) {
            return reason(
                format!("{} is the id of segment {segment}, and shmdt takes an address.", address.0),
                "Pass exactly what shmat returned.",
            );
        }
        let former = space.detached_at(address)?;
        let how = match former.how {
            Departure::Detached => "an earlier shmdt has detached it".to_owned(),
            Departure::Unmapped => "munmap has taken it away, which detaches a segment, too".to_owned(),
            Departure::Replaced => {
                "something else was mapped over it, by mmap, or after a munmap; that detaches it, too"
                    .to_owned()
            }
            Departure::Moved(now) => format!("mremap has moved it to {now}"),
        };
        let advice = match former.how {
            Departure::Moved(_) => "Pass the address that mremap returned.",
            Departure::Detached => "Detach only once.",
            _ => {
                "What shmat attached, shmdt alone detaches: leave out the other call. free() of memory around it \
                  calls munmap."
            }
        };
        reason(format!("Segment {} was attached at {address}, and {how}.", former.attachment.shmid), advice)
    }

    fn no_key(&self, key: Key, made: &CompletedCall) -> Option<Reason> {
        let segment = self.state.segment_of_key(self.namespace, key);
        if let Some(removal) = segment.and_then(|segment| segment.removed.as_ref()) {
            let (id, who) = (segment?.shmid, who(removal, made));
            return reason(
                format!(
                    "No segment has the key {key} any more: {who} removed the one that had it, segment {id}."
                ),
                "The process that removes it should be the last one: let it wait for the others (wait, a semaphore) \
                 before IPC_RMID.",
            );
        }
        None
    }

    fn no_set_key(&self, key: Key) -> Option<Reason> {
        let (id, set) = self.state.set_of_key(self.namespace, key)?;
        let removal = set.removed.as_ref()?;
        reason(
            format!(
                "No set has the key {key} any more: process {} removed the one that had it, set {id}.",
                removal.pid
            ),
            "The process that removes it should be the last one.",
        )
    }

    /// A signal, a timeout or IPC_NOWAIT has ended the waiting: for what was it?
    fn waited(&self, made: &CompletedCall, errno: Errno) -> Option<Reason> {
        if made.elsewhere {
            return None;
        }
        let around = Around { state: self.state, namespace: self.namespace, waiting: &[], all_wait: false };
        let Reason { why, advice } = around.explain(&made.performed.call)?;
        let how = match (&made.performed.call, errno) {
            (_, Errno::EINTR) => "A signal came while the process waited.",
            (Call::Semtimedop { .. }, _) => "The time limit has passed, or IPC_NOWAIT forbids waiting.",
            _ => "The call would have to wait, and IPC_NOWAIT forbids it.",
        };
        reason(format!("{how} {why}"), advice)
    }
}

/// Memory that a process has and may not write, and the kernel was to write it.
fn not_writable(pid: i32, buffer: Address) -> Option<Reason> {
    let maps = procfs::maps(pid)?;
    let there = maps.iter().find(|mapping| mapping.overlaps(buffer, 1))?;
    if there.perms.contains('w') {
        return None;
    }
    let Mapping { perms, name, .. } = there;
    let what = if name.is_empty() { perms.clone() } else { format!("{perms}, of {name}") };
    reason(
        format!(
            "{buffer} is memory that this process may not write ({what}), and the kernel is to write there."
        ),
        "Pass the address of a variable that is not const: no string constant, no function, and nothing that is \
         attached with SHM_RDONLY.",
    )
}

fn getter(what: What) -> &'static str {
    match what {
        What::Segment(_) => "shmget",
        What::Set(_) => "semget",
    }
}

/// The segment whose id was passed for an address.
pub(super) fn segment_id(address: Address, namespace: Namespace, state: &State) -> Option<Shmid> {
    let id = Shmid(i32::try_from(address.0).ok()?);
    state.segment(namespace, id).filter(|segment| segment.removed.is_none()).map(|segment| segment.shmid)
}

fn by_filter(call: &Call, errno: Errno) -> Option<Reason> {
    reason(
        format!(
            "A seccomp filter answered {} with {errno:?} in the kernel's place, which never saw the call. So it is the \
             sandbox that refuses it, and not a mistake of the program.",
            call.name()
        ),
        "Run it outside the sandbox, or with a profile that allows System V IPC.",
    )
}

fn returned_minus_one(failed: &Performed) -> Option<Reason> {
    reason(
        format!("-1 is no id: it is what {} returned when it failed ({failed}).", failed.call.name()),
        format!("Check what {} returns for -1 before it is used.", failed.call.name()),
    )
}

fn who(removal: &Performed, made: &CompletedCall) -> String {
    match removal.pid == made.performed.pid {
        true => "this process itself".to_owned(),
        false => format!("process {}", removal.pid),
    }
}

fn removed_by(what: What, removal: &Performed, made: &CompletedCall) -> Option<Reason> {
    reason(
        format!("{} {} is removed: {} removed it.", capital(what.name()), what.id(), who(removal, made)),
        "Attach it before it is removed, or let the last process remove it. A C program checks shmat for (void *) \
         -1.",
    )
}

fn another_namespace(what: &str) -> Option<Reason> {
    reason(
        format!(
            "{what} is in another IPC namespace than this process, which has moved (unshare, setns) or was made there: \
             ids and keys mean something within one namespace only."
        ),
        "Processes that share memory share the namespace: leave out CLONE_NEWIPC; of containers, start one with \
         --ipc=container:NAME or --ipc=host.",
    )
}

pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
