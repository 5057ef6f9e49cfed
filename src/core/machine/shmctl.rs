//! `shmctl`: asks about a segment, changes it, marks it. Source: shmctl(2).

use super::Machine;
use super::caller::Caller;
use super::credentials::Capabilities;
use super::permission::READ;
use super::segment::Segment;
use crate::Errno;
use crate::call::{Answer, Cmd, Key, Outcome, Ownership, ShmInfo, ShmLimits, Shmid, ShmidDs};

impl Caller<'_> {
    pub fn shmctl(&self, shmid: Shmid, cmd: Cmd) -> Outcome {
        if shmid.0 < 0 {
            return Err(Errno::EINVAL);
        }
        match cmd {
            Cmd::IpcStat => {
                self.readable(self.segment(shmid)?).map(|segment| Answer::Record(segment.record()))
            }
            Cmd::ShmStat => self.readable(self.at_place(shmid)?).map(found),
            Cmd::ShmStatAny => self.at_place(shmid).map(found),
            Cmd::IpcSet(new) => self.allow_set(shmid, &new),
            Cmd::IpcRmid => self.allow_change(shmid),
            Cmd::ShmLock | Cmd::ShmUnlock => self.allow_lock(self.segment(shmid)?, cmd),
            Cmd::IpcInfo => Ok(Answer::Limits(self.namespace.segments.highest_place(), self.limits())),
            Cmd::ShmInfo => Ok(Answer::Usage(self.namespace.segments.highest_place(), self.usage())),
            Cmd::BufferAt { number, .. } => self.with_buffer_nowhere(shmid, number),
            Cmd::Unknown(_) => Err(Errno::EINVAL),
        }
    }

    /// What is copied in is copied before anything else is looked at, and what is copied out when all else is well.
    fn with_buffer_nowhere(&self, shmid: Shmid, number: i32) -> Outcome {
        if let Some(cmd) = Cmd::that_copies_out(number) {
            self.shmctl(shmid, cmd)?;
        }
        Err(Errno::EFAULT)
    }

    fn at_place(&self, Shmid(place): Shmid) -> Result<&Segment, Errno> {
        self.namespace.segments.at(place)
    }

    /// To be told of a segment takes permission to read it.
    fn readable<'a>(&self, segment: &'a Segment) -> Result<&'a Segment, Errno> {
        segment.permissions.grant(self.credentials(), READ)?;
        Ok(segment)
    }

    fn allow_set(&self, shmid: Shmid, new: &Ownership) -> Outcome {
        self.segment(shmid)?.permissions.allow_set(self.credentials(), new)?;
        Ok(Answer::Done)
    }

    fn allow_change(&self, shmid: Shmid) -> Outcome {
        self.segment(shmid)?.permissions.allow_change(self.credentials())?;
        Ok(Answer::Done)
    }

    /// Owner, creator and `CAP_IPC_LOCK` may lock and unlock; without it, only where `RLIMIT_MEMLOCK` is not 0, and as
    /// far as it goes. The limit is the machine's, so that only `CAP_IPC_LOCK` over the machine goes beyond it.
    fn allow_lock(&self, segment: &Segment, cmd: Cmd) -> Outcome {
        let locks = cmd == Cmd::ShmLock;
        if !self.credentials().may(Capabilities::IPC_LOCK) {
            let owns = segment.permissions.is_of(self.credentials().uid);
            if !owns || locks && self.process.locked_memory == Some(0) {
                return Err(Errno::EPERM);
            }
        }
        if locks && segment.permissions.mode & ShmidDs::SHM_LOCKED == 0 {
            self.find_lockable(self.host().pages(segment.size))?;
        }
        Ok(Answer::Done)
    }

    fn find_lockable(&self, pages: u64) -> Result<(), Errno> {
        let Some(limit) = self.process.locked_memory else { return Ok(()) };
        let locked = self.machine.locked.get(&self.credentials().uid).copied().unwrap_or(0);
        let fits = locked.saturating_add(pages) <= limit / self.host().page_size;
        let free = self.credentials().may_on_the_machine(Capabilities::IPC_LOCK);
        if fits || free { Ok(()) } else { Err(Errno::ENOMEM) }
    }

    fn limits(&self) -> ShmLimits {
        let limits = &self.namespace.limits;
        ShmLimits { shmmax: limits.shmmax, shmmin: 1, shmmni: limits.shmmni as u64, shmall: limits.shmall }
    }

    fn usage(&self) -> ShmInfo {
        let segments = &self.namespace.segments;
        let in_memory = segments.iter().map(|segment| segment.pages.len() as u64).sum();
        let used_ids = segments.len() as i32;
        ShmInfo { used_ids, shm_tot: self.namespace.shm_tot, shm_rss: in_memory, shm_swp: 0 }
    }
}

fn found(segment: &Segment) -> Answer {
    Answer::Found(Shmid(segment.permissions.id), segment.record())
}

impl Machine {
    pub(super) fn shmctl(&mut self, pid: i32, Shmid(shmid): Shmid, cmd: Cmd) {
        let Some(process) = self.processes.get(&pid) else { return };
        let (namespace, uid) = (process.namespace, process.credentials.uid);
        match cmd {
            Cmd::IpcSet(new) => self.set_segment(namespace, shmid, &new),
            Cmd::IpcRmid => self.mark(namespace, shmid),
            Cmd::ShmLock => self.lock(namespace, shmid, uid),
            Cmd::ShmUnlock => self.unlock(namespace, shmid),
            // The others only ask.
            _ => {}
        }
    }

    fn set_segment(&mut self, namespace: u64, shmid: i32, new: &Ownership) {
        let now = self.seconds();
        if let Some(segment) = self.segment_in(namespace, shmid) {
            segment.permissions.set(new);
            segment.ctime = now;
        }
    }

    /// Detached everywhere, the segment goes at once. Otherwise it is marked, and loses its key, so that nobody finds
    /// it by that: who knows the id may still attach it (Linux; other systems refuse).
    pub(super) fn mark(&mut self, namespace: u64, shmid: i32) {
        match self.segment_in(namespace, shmid) {
            Some(segment) if segment.attached > 0 => {
                segment.permissions.mode |= ShmidDs::SHM_DEST;
                segment.permissions.key = Key::PRIVATE;
            }
            _ => self.remove_segment(namespace, shmid),
        }
    }

    fn lock(&mut self, namespace: u64, shmid: i32, uid: u32) {
        let page_size = self.host.page_size;
        let Some(segment) = self.segment_in(namespace, shmid) else { return };
        if segment.locked_for.is_none() {
            segment.permissions.mode |= ShmidDs::SHM_LOCKED;
            segment.locked_for = Some(uid);
            let pages = segment.size.div_ceil(page_size);
            *self.locked.entry(uid).or_default() += pages;
        }
    }

    /// What was locked counts for who locked it, whoever unlocks it.
    pub(super) fn unlock(&mut self, namespace: u64, shmid: i32) {
        let page_size = self.host.page_size;
        let Some(segment) = self.segment_in(namespace, shmid) else { return };
        segment.permissions.mode &= !ShmidDs::SHM_LOCKED;
        let pages = segment.size.div_ceil(page_size);
        if let Some(uid) = segment.locked_for.take() {
            let locked = self.locked.entry(uid).or_default();
            *locked = locked.saturating_sub(pages);
        }
    }

    fn segment_in(&mut self, namespace: u64, shmid: i32) -> Option<&mut Segment> {
        self.namespace_mut(namespace)?.segments.find_mut(shmid)
    }
}
