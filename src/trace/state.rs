//! A model of what the traced processes have made, and of who has what attached where.
//!
//! It follows the calls that were seen, and the rules of fork(2), execve(2) and exit(2): a copy inherits all
//! attachments, another program has none. What happens to an attachment without a System V call (`munmap`) is found
//! out from `/proc/PID/maps` when the process ends.
//!
//! **Invariant:** nothing enters the model but calls that succeeded, and processes that were seen to begin and end.

use std::collections::{BTreeMap, HashMap};

use super::failures::Failures;
use super::value::{Beginning, How, Made};
use crate::call::{Address, Answer, Call, Cmd, Key, Performed, SemCmd, Semid, ShmatFlags, Shmid};
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

/// A segment in a process's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The segment.
    pub shmid: Shmid,
    /// Where it starts.
    pub address: Address,
    /// How many bytes it spans; 0, where nobody knows.
    pub length: usize,
    /// Whether it may not be written.
    pub read_only: bool,
    /// The `shmat` that attached it, perhaps in a process that this memory was copied from.
    pub made: Performed,
}

impl Attachment {
    fn holds(&self, address: Address) -> bool {
        address.0 >= self.address.0 && address.0 - self.address.0 < self.length
    }
}

/// A process's memory, which threads share, and a `vfork` does for a while.
#[derive(Clone, Debug, Default)]
pub(super) struct Space {
    attached: BTreeMap<Address, Attachment>,
    detached: BTreeMap<Address, Attachment>,
    /// Its calls of `shmget` that failed.
    pub shmget: Failures,
    /// Its calls of `semget` that failed.
    pub semget: Failures,
    /// Its calls of `shmat` that failed.
    pub shmat: Failures,
    /// The `shmat` that was refused its address last, unless its segment was tried otherwise since.
    pub without_fallback: Option<Performed>,
}

impl Space {
    /// The attachment that started at an address, before it was detached.
    pub fn detached_at(&self, address: Address) -> Option<&Attachment> {
        self.detached.get(&address)
    }

    /// A `shmat` of this segment has returned.
    fn tried(&mut self, segment: Shmid, performed: &Performed) {
        self.shmat.note(performed);
        self.without_fallback.take_if(|refused| tries(refused, segment));
    }

    /// Whether a call failed that has not succeeded since.
    pub fn a_call_failed(&self) -> bool {
        [&self.shmget, &self.semget, &self.shmat].into_iter().any(Failures::stands)
    }

    /// The attachment that a byte belongs to.
    pub fn attached_around(&self, address: Address) -> Option<&Attachment> {
        self.attached.values().find(|attachment| attachment.holds(address))
    }

    /// The attachment that a byte belonged to, before it was detached.
    pub fn detached_around(&self, address: Address) -> Option<&Attachment> {
        self.detached.values().find(|attachment| attachment.holds(address))
    }
}

/// What the traced processes have made, and have attached.
#[derive(Clone, Debug, Default)]
pub struct State {
    segments: BTreeMap<(Namespace, Shmid), Segment>,
    sets: BTreeMap<(Namespace, Semid), Set>,
    /// Which memory a process has.
    memories: HashMap<i32, usize>,
    spaces: HashMap<usize, Space>,
    /// How many memories there have been, so that each has a number of its own.
    numbered: usize,
}

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
    pub(super) fn begin(&mut self, beginning: &Beginning) {
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
        self.memories.insert(pid, space);
        self.forget_unused();
    }

    /// A process is gone, and its memory with it, unless another one has it, too.
    pub(super) fn end(&mut self, pid: i32) {
        self.memories.remove(&pid);
        self.forget_unused();
    }

    fn new_space(&mut self, space: Space) -> usize {
        self.numbered += 1;
        self.spaces.insert(self.numbered, space);
        self.numbered
    }

    fn forget_unused(&mut self) {
        let State { memories, spaces, .. } = self;
        spaces.retain(|number, _| memories.values().any(|used| used == number));
    }

    /// Whether a process's memory is its own, so that it goes when the process does.
    pub(super) fn is_alone(&self, pid: i32) -> bool {
        let Some(number) = self.memories.get(&pid) else { return true };
        self.memories.values().filter(|used| *used == number).count() == 1
    }

    /// Whether another process has this very attachment, too.
    pub(super) fn has_heir(&self, pid: i32, attachment: &Attachment) -> bool {
        self.others(pid).any(|space| space.attached.get(&attachment.address) == Some(attachment))
    }

    /// Whether another process had this very attachment, too, and has detached it.
    pub(super) fn an_heir_detached(&self, pid: i32, attachment: &Attachment) -> bool {
        self.others(pid).any(|space| space.detached_at(attachment.address) == Some(attachment))
    }

    fn others(&self, pid: i32) -> impl Iterator<Item = &Space> {
        let others = self.memories.iter().filter(move |(other, _)| **other != pid);
        others.filter_map(|(_, number)| self.spaces.get(number))
    }

    /// What is really mapped: attachments of segments that appear nowhere are gone.
    pub(super) fn confirm(&mut self, pid: i32, maps: &[Mapping]) {
        let Some(space) = self.memories.get(&pid).and_then(|number| self.spaces.get_mut(number)) else {
            return;
        };
        space.attached.retain(|_, attachment| maps.iter().any(|mapping| mapping.shows(attachment.shmid)));
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
    pub(super) fn apply(&mut self, made: &Made, namespace: Namespace, page: usize) {
        let performed = &made.performed;
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
                };
                self.attach(performed.pid, attachment);
            }
            (Call::Shmat { shmid, .. }, Err(_)) => {
                self.in_space(performed.pid, |space| space.tried(*shmid, performed));
            }
            (Call::Shmdt { address }, Ok(_)) => self.detach(performed.pid, *address),
            (Call::Shmctl { shmid, cmd: Cmd::IpcRmid }, Ok(_)) => {
                self.segment_mut(namespace, *shmid).removed = Some(performed.clone());
            }
            (Call::Semctl { semid, cmd: SemCmd::IpcRmid, .. }, Ok(_)) => {
                self.sets.entry((namespace, *semid)).or_default().removed = Some(performed.clone());
            }
            _ => {}
        }
    }

    fn got(&mut self, made: &Made, namespace: Namespace) {
        let performed = &made.performed;
        let created = made.created.then(|| performed.clone());
        match (&performed.call, &performed.outcome) {
            (Call::Shmget { key, size, .. }, Ok(Answer::Id(id))) if made.created => {
                let (shmid, key, size) = (*id, Some(*key), Some(*size));
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
            Call::Semget { .. } => space.semget.note(performed),
            _ => space.shmget.note(performed),
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
        self.in_space(pid, |space| {
            let start = attachment.address;
            let end = start.offset(attachment.length);
            // What was detached there is covered now, so a use of it would be a use of the new one.
            space.detached.retain(|_, old| old.address >= end || old.address.offset(old.length) <= start);
            space.tried(attachment.shmid, &attachment.made);
            space.attached.insert(start, attachment);
        });
    }

    fn detach(&mut self, pid: i32, address: Address) {
        self.in_space(pid, |space| {
            if let Some(attachment) = space.attached.remove(&address) {
                space.detached.insert(address, attachment);
            }
        });
    }
}

/// Whether a call is a `shmat` of this segment.
fn tries(performed: &Performed, segment: Shmid) -> bool {
    matches!(performed.call, Call::Shmat { shmid, .. } if shmid == segment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::ShmgetFlags;
    use nix::sys::stat::Mode;

    const HERE: Namespace = 1;

    fn made(pid: i32, call: Call, answer: Answer) -> Made {
        let performed = Performed { pid, call, outcome: Ok(answer) };
        Made { performed, tid: pid, created: true, elsewhere: false, reason: None }
    }

    fn beginning(pid: i32, parent: Option<i32>, how: How) -> Beginning {
        Beginning { pid, tid: pid, parent, how }
    }

    /// Process 1 has a segment of 100 bytes attached at 0x5000000.
    fn attached() -> State {
        let mut state = State::default();
        state.begin(&beginning(1, None, How::First));
        let flags = ShmgetFlags::IPC_CREAT;
        let get = Call::Shmget { key: Key(7), size: 100, flags, mode: Mode::empty() };
        state.apply(&made(1, get, Answer::Id(Shmid(5))), HERE, 4096);
        let at = Call::Shmat { shmid: Shmid(5), address: Address::NULL, flags: ShmatFlags::empty() };
        state.apply(&made(1, at, Answer::Mapped(Address(0x5000000))), HERE, 4096);
        state
    }

    #[test]
    fn a_copy_inherits_and_another_program_does_not() {
        let mut state = attached();
        state.begin(&beginning(2, Some(1), How::Copy));
        assert_eq!(state.attached(2).count(), 1);
        state.exec(2);
        assert_eq!((state.attached(2).count(), state.attached(1).count()), (0, 1));
    }

    #[test]
    fn a_vfork_borrows_and_leaves_its_parents_memory_as_it_is() {
        let mut state = attached();
        state.begin(&beginning(2, Some(1), How::Shared));
        assert!(!state.is_alone(2));
        state.exec(2);
        assert!(state.is_alone(1) && state.attached(1).count() == 1);
    }

    #[test]
    fn what_was_detached_is_remembered_by_whole_pages() {
        let mut state = attached();
        state.apply(&made(1, Call::Shmdt { address: Address(0x5000000) }, Answer::Done), HERE, 4096);
        let space = state.space(1).unwrap();
        assert!(space.detached_around(Address(0x5000fff)).is_some());
        assert!(space.detached_around(Address(0x5001000)).is_none());
        assert!(space.attached_around(Address(0x5000000)).is_none());
    }

    #[test]
    fn what_munmap_took_away_is_found_out_from_the_maps() {
        let mut state = attached();
        state.confirm(1, &[]);
        assert_eq!(state.attached(1).count(), 0);
    }
}
