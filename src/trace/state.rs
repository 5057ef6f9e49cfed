//! What the traced processes have made, who made it by which call, and who has what attached where.
//!
//! It keeps a record of its own beside the [`Machine`](playground_core::machine::Machine), because a tracer sees only
//! part of a world: segments that others made, of which it knows not even the size, and no call that the filter lets
//! pass unseen; and because it keeps what the kernel forgets, such as who made, removed or detached what is gone. The
//! Machine owns the rules of the kernel's answers ([`rules`](super::rules) asks it), and this record owns one: an
//! attachment comes by `shmat`, goes by `shmdt`, is copied by fork(2), shared by vfork(2), and lost by execve(2) and
//! exit(2). A test tells both the same calls, and demands that they have the same attached.
//!
//! What happens to an attachment without a System V call (`munmap`) is found out from `/proc/PID/maps` when the process
//! ends.
//!
//! **Invariant:** nothing enters the model but calls that succeeded, and processes that were seen to begin and end.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::space::{Attachment, Space};
use super::subject::learned;
use super::value::{CompletedCall, How, ProcessStart};
use crate::call::{Address, Answer, Call, Cmd, Key, Performed, SemCmd, SemOp, Semid, ShmatFlags, Shmid};
use crate::evidence::maps::Mapping;

/// An IPC namespace, by its number in `/proc/PID/ns/ipc`. Ids are unique within one only.
pub(super) type Namespace = u64;

/// A segment that the traced processes made or used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its id.
    pub shmid: Shmid,
    /// Its key, where a `shmget` was seen.
    pub key: Option<Key>,
    /// Its size in bytes, where it is known.
    pub size: Option<usize>,
    /// The `shmget` that made it; none, if it was there before.
    pub made: Option<Performed>,
    /// The `IPC_RMID` that removed it.
    pub removed: Option<Performed>,
}

/// A set of semaphores that the traced processes made or used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub key: Option<Key>,
    pub made: Option<Performed>,
    pub removed: Option<Performed>,
}

/// What the traced processes have made, and have attached.
#[derive(Clone, Debug, Default)]
pub struct State {
    segments: BTreeMap<(Namespace, Shmid), Segment>,
    sets: BTreeMap<(Namespace, Semid), Set>,
    /// Which memory a process has.
    memories: HashMap<i32, usize>,
    spaces: HashMap<usize, Space>,
    /// How many memories and attachments there have been, so that each has a number of its own.
    numbered: usize,
    /// The attachments that a process has detached which had inherited them, with those processes.
    inheritors: HashMap<usize, Vec<i32>>,
    /// The attachments that were left to such a process to detach, by whoever made them.
    handed_over: HashSet<usize>,
    /// What is and was attached by whom, for addresses that turn up in other processes.
    history: Vec<(i32, Attachment)>,
    /// How often a process has taken 1 from a semaphore without giving it back.
    taken: BTreeMap<(Namespace, Semid, u16, i32), i64>,
}

/// No more than so many attachments are remembered when they are gone.
const HISTORY: usize = 1000;

impl State {
    /// Everything that a process has attached now, by address.
    pub fn attached(&self, pid: i32) -> impl Iterator<Item = &Attachment> {
        self.space(pid).into_iter().flat_map(|space| space.attached.values())
    }

    /// Every segment that was made or used, by id.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.segments.values()
    }

    /// Every process that lives, in order.
    pub fn processes(&self) -> Vec<i32> {
        let mut pids: Vec<_> = self.memories.keys().copied().collect();
        pids.sort_unstable();
        pids
    }

    pub(super) fn space(&self, pid: i32) -> Option<&Space> {
        self.spaces.get(self.memories.get(&pid)?)
    }

    pub(super) fn segment(&self, namespace: Namespace, id: Shmid) -> Option<&Segment> {
        self.segments.get(&(namespace, id))
    }

    pub(super) fn set(&self, namespace: Namespace, id: Semid) -> Option<&Set> {
        self.sets.get(&(namespace, id))
    }

    /// What was made in a namespace, and not removed by any call that was seen.
    pub(super) fn kept(&self, namespace: Namespace) -> (Vec<&Segment>, Vec<(Semid, &Set)>) {
        let here = |place: Namespace| place == namespace;
        let segments =
            self.segments.iter().filter(|((place, _), segment)| here(*place) && segment.made.is_some());
        let sets = self.sets.iter().filter(|((place, _), set)| here(*place) && set.made.is_some());
        (segments.map(|(_, segment)| segment).collect(), sets.map(|((_, id), set)| (*id, set)).collect())
    }

    /// A process begins, or a thread, which has nothing of its own.
    pub(super) fn begin(&mut self, beginning: &ProcessStart) {
        let parents = beginning.parent.and_then(|parent| self.memories.get(&parent)).copied();
        let space = match (beginning.how, parents) {
            (How::Thread, _) => return,
            (How::Shared, Some(parents)) => parents,
            (_, parents) => {
                let copy = parents.and_then(|parents| self.spaces.get(&parents)).cloned();
                self.new_space(copy.unwrap_or_default())
            }
        };
        self.memories.insert(beginning.pid, space);
    }

    /// A process runs another program, in new memory.
    pub(super) fn exec(&mut self, pid: i32) {
        let space = self.new_space(Space::default());
        let former = self.memories.insert(pid, space);
        self.forget(former);
    }

    /// A process is gone, and its memory with it, unless another one has it, too.
    pub(super) fn end(&mut self, pid: i32) {
        let former = self.memories.remove(&pid);
        self.forget(former);
    }

    fn new_space(&mut self, space: Space) -> usize {
        self.numbered += 1;
        self.spaces.insert(self.numbered, space);
        self.numbered
    }

    /// Forgets a memory that nobody has any more.
    fn forget(&mut self, number: Option<usize>) {
        if let Some(number) = number.filter(|number| self.memories.values().all(|used| used != number)) {
            self.spaces.remove(&number);
        }
    }

    /// Whether a process's memory is its own, so that it goes when the process does.
    pub(super) fn is_alone(&self, pid: i32) -> bool {
        let Some(number) = self.memories.get(&pid) else { return true };
        self.memories.values().filter(|used| *used == number).count() == 1
    }

    /// Whether another process has this very attachment, too.
    pub(super) fn has_heir(&self, pid: i32, attachment: &Attachment) -> bool {
        self.others(pid).any(|space| space.has(attachment))
    }

    /// Whether an attachment was left to another process, which had inherited it and has detached it.
    pub(super) fn was_handed_over(&self, pid: i32, attachment: &Attachment) -> bool {
        let detached = |space: &Space| {
            let former = space.detached_at(attachment.address);
            former.is_some_and(|former| former.attachment == *attachment)
        };
        self.handed_over.contains(&attachment.number) || self.others(pid).any(detached)
    }

    fn others(&self, pid: i32) -> impl Iterator<Item = &Space> {
        let others = self.memories.iter().filter(move |(other, _)| **other != pid);
        others.filter_map(|(_, number)| self.spaces.get(number))
    }

    /// What a process is just about to detach that another one has attached; that one's id comes with it.
    pub(super) fn inherited(&self, pid: i32, address: Address) -> Option<(usize, i32)> {
        let attachment = self.space(pid)?.attached_at(address)?;
        (attachment.made.pid != pid).then_some((attachment.number, attachment.made.pid))
    }

    /// A process has detached what it inherited. A daemon, in a session of its own, was left it.
    pub(super) fn inheritor_detached(&mut self, inheritor: i32, number: usize, is_daemon: bool) {
        self.inheritors.entry(number).or_default().push(inheritor);
        if is_daemon {
            self.handed_over.insert(number);
        }
    }

    /// A process ends. What its children have detached, and it did not wait for them, it has left to them: it may only
    /// seem to outlive them.
    pub(super) fn hand_over_to_those_not_waited_for(&mut self, pid: i32, is_zombie: impl Fn(i32) -> bool) {
        let numbers: Vec<_> = self.attached(pid).map(|attachment| attachment.number).collect();
        for number in numbers {
            let inheritors = self.inheritors.get(&number).into_iter().flatten();
            if inheritors.copied().any(&is_zombie) {
                self.handed_over.insert(number);
            }
        }
    }

    /// Whether any process has a segment attached.
    pub(super) fn is_attached(&self, id: Shmid) -> bool {
        self.spaces.values().any(|space| space.attached.values().any(|attachment| attachment.shmid == id))
    }

    /// What is really mapped in a process: what is not, is gone, however it went.
    pub(super) fn confirm(&mut self, pid: i32, maps: &[Mapping]) {
        self.in_space(pid, |space| space.confirm(maps));
    }

    /// The segment or set that has, or had, this key, the latest first.
    pub(super) fn segment_of_key(&self, namespace: Namespace, wanted: Key) -> Option<&Segment> {
        let mut here = self.segments.range((namespace, Shmid(i32::MIN))..=(namespace, Shmid(i32::MAX))).rev();
        here.find(|(_, segment)| segment.key == Some(wanted)).map(|(_, segment)| segment)
    }

    /// As for segments.
    pub(super) fn set_of_key(&self, namespace: Namespace, wanted: Key) -> Option<(Semid, &Set)> {
        let mut here = self.sets.range((namespace, Semid(i32::MIN))..=(namespace, Semid(i32::MAX))).rev();
        here.find(|(_, set)| set.key == Some(wanted)).map(|((_, id), set)| (*id, set))
    }

    /// A segment of this id in another namespace than this one.
    pub(super) fn segment_elsewhere(&self, namespace: Namespace, id: Shmid) -> Option<&Segment> {
        let mut others = self.segments.iter().filter(|((place, _), _)| *place != namespace);
        others
            .find(|((_, other), segment)| *other == id && segment.removed.is_none())
            .map(|(_, segment)| segment)
    }

    /// Whether there is a set of this id in another namespace than this one.
    pub(super) fn has_set_elsewhere(&self, namespace: Namespace, id: Semid) -> bool {
        self.sets.keys().any(|(place, other)| *place != namespace && *other == id)
    }

    /// The attachment of another process, or of this one before it ran another program, that an address belongs to,
    /// if this process has the same segment attached: an address that was copied from there.
    pub(super) fn foreign(&self, pid: i32, address: Address) -> Option<(&Attachment, &Attachment, i32)> {
        let space = self.space(pid)?;
        let own = |shmid| space.attached.values().find(|own| own.shmid == shmid);
        self.history.iter().rev().find_map(|(other, attachment)| {
            let own = attachment.holds(address).then(|| own(attachment.shmid)).flatten()?;
            Some((attachment, own, *other))
        })
    }

    /// Who has taken from a semaphore without giving back.
    pub(super) fn holders(&self, namespace: Namespace, set: Semid, number: u16) -> Vec<i32> {
        let all = (namespace, set, number, i32::MIN)..=(namespace, set, number, i32::MAX);
        self.taken.range(all).filter(|(_, net)| **net > 0).map(|((.., pid), _)| *pid).collect()
    }

    fn operated(&mut self, pid: i32, namespace: Namespace, set: Semid, ops: &[SemOp]) {
        for op in ops {
            *self.taken.entry((namespace, set, op.number, pid)).or_default() -= i64::from(op.change);
        }
    }

    /// How large a segment is that was found, as the kernel's table has it.
    pub(super) fn learn_size(&mut self, namespace: Namespace, id: Shmid, size: usize) {
        self.segment_mut(namespace, id).size = Some(size);
    }

    fn segment_mut(&mut self, namespace: Namespace, shmid: Shmid) -> &mut Segment {
        let unknown = Segment { shmid, key: None, size: None, made: None, removed: None };
        self.segments.entry((namespace, shmid)).or_insert(unknown)
    }

    /// A call has returned.
    pub(super) fn apply(&mut self, made: &CompletedCall, namespace: Namespace, page: usize) {
        let performed = &made.performed;
        let learned = performed.outcome.as_ref().ok().and_then(|answer| learned(&performed.call, answer));
        if let Some(what) = learned {
            self.in_space(performed.pid, |space| space.learns(what));
        }
        match (&performed.call, &performed.outcome) {
            (Call::Shmget { .. } | Call::Semget { .. }, _) => self.got(made, namespace),
            (Call::Shmat { shmid, flags, .. }, Ok(Answer::Mapped(address))) => {
                let size = self.segment_mut(namespace, *shmid).size.unwrap_or(0);
                let attachment = Attachment {
                    shmid: *shmid,
                    address: *address,
                    length: size.next_multiple_of(page),
                    read_only: flags.contains(ShmatFlags::SHM_RDONLY),
                    made: performed.clone(),
                    number: self.numbered,
                };
                self.numbered += 1;
                self.attach(performed.pid, attachment);
                self.in_space(performed.pid, |space| space.shmat.note(made, false));
            }
            (Call::Shmat { shmid, .. }, Err(_)) => {
                self.in_space(performed.pid, |space| {
                    let of_no_segment = *shmid == Shmid(-1) && space.shmget.is_excused();
                    space.shmat.note(made, of_no_segment || made.is_refused_by_a_sandbox());
                    space.tried(*shmid);
                });
            }
            (Call::Shmdt { address }, Ok(_)) => self.in_space(performed.pid, |space| space.detach(*address)),
            (Call::Semop { semid, ops } | Call::Semtimedop { semid, ops, .. }, Ok(_)) => {
                self.operated(performed.pid, namespace, *semid, ops);
            }
            (Call::Shmctl { shmid, cmd: Cmd::IpcRmid }, Ok(_)) => {
                self.segment_mut(namespace, *shmid).removed = Some(performed.clone());
            }
            (Call::Semctl { semid, cmd: SemCmd::IpcRmid, .. }, Ok(_)) => {
                self.sets.entry((namespace, *semid)).or_default().removed = Some(performed.clone());
            }
            _ => {}
        }
    }

    /// A filter's answer is none of the kernel's: whoever is refused by one is not to be blamed for it.
    fn got(&mut self, made: &CompletedCall, namespace: Namespace) {
        let performed = &made.performed;
        let created = made.created.then(|| performed.clone());
        match (&performed.call, &performed.outcome) {
            (Call::Shmget { key, size, .. }, Ok(Answer::Id(id))) if made.created => {
                let (shmid, key, size) = (*id, Some(*key), Some(*size as usize));
                let segment = Segment { shmid, key, size, made: created, removed: None };
                self.segments.insert((namespace, *id), segment);
            }
            (Call::Shmget { key, .. }, Ok(Answer::Id(id))) => {
                self.segment_mut(namespace, *id).key.get_or_insert(*key);
            }
            (Call::Semget { key, .. }, Ok(Answer::Set(id))) if made.created => {
                self.sets.insert((namespace, *id), Set { key: Some(*key), made: created, removed: None });
            }
            _ => {}
        }
        self.in_space(performed.pid, |space| match performed.call {
            Call::Semget { .. } => space.semget.note(made, made.is_refused_by_a_sandbox()),
            _ => space.shmget.note(made, made.is_refused_by_a_sandbox()),
        });
    }

    /// A `shmat` that has failed did so because of its address.
    pub(super) fn refuse(&mut self, performed: &Performed) {
        self.in_space(performed.pid, |space| space.without_fallback = Some(performed.clone()));
    }

    fn in_space(&mut self, pid: i32, change: impl FnOnce(&mut Space)) {
        if let Some(space) = self.memories.get(&pid).and_then(|number| self.spaces.get_mut(number)) {
            change(space);
        }
    }

    fn attach(&mut self, pid: i32, attachment: Attachment) {
        if self.history.len() == HISTORY {
            self.history.drain(..HISTORY / 2);
        }
        self.history.push((pid, attachment.clone()));
        self.in_space(pid, |space| space.attach(attachment));
    }
}

#[cfg(test)]
mod agrees;
#[cfg(test)]
mod tests;
