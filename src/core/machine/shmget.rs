//! `shmget`: a new segment, or the one with a key. Source: shmget(2).

use super::Machine;
use super::action::Reply;
use super::caller::Caller;
use super::permission::Permissions;
use super::segment::Segment;
use super::unknown::Unknown;
use crate::Errno;
use crate::call::{Answer, Key, ShmgetFlags, Shmid};

/// The arguments of `shmget`.
#[derive(Clone, Copy)]
pub(super) struct Shmget {
    pub key: Key,
    pub size: u64,
    pub flags: ShmgetFlags,
    pub mode: u32,
}

impl Caller<'_> {
    /// Looks for the key; what has none is always new.
    pub fn shmget(&self, ask: Shmget) -> Result<Shmid, Errno> {
        match self.namespace.segments.with_key(ask.key) {
            Some(segment) => self.existing_segment(segment, ask),
            None if ask.key == Key::PRIVATE || ask.flags.contains(ShmgetFlags::IPC_CREAT) => {
                self.new_segment(ask)
            }
            None => Err(Errno::ENOENT),
        }
    }

    /// `SHM_HUGETLB` concerns a new segment alone, and only where its size passes: what comes of it then depends on how
    /// many huge pages the machine keeps.
    pub fn shmget_of_any_pages(&self, ask: Shmget) -> Reply {
        let answer = self.shmget(ask);
        let is_new = self.namespace.segments.with_key(ask.key).is_none();
        let passes = !matches!(answer, Err(Errno::ENOENT | Errno::EINVAL));
        if ask.flags.contains(ShmgetFlags::SHM_HUGETLB) && is_new && passes {
            return Reply::Unknown(Unknown::HugePages);
        }
        answer.map(Answer::Id).into()
    }

    /// The checks come in this order: `EEXIST` before the size, the size before permission. A wish for no permission
    /// (mode 0) is granted to everybody, and the id is no secret.
    fn existing_segment(&self, segment: &Segment, ask: Shmget) -> Result<Shmid, Errno> {
        if ask.flags.contains(ShmgetFlags::IPC_CREAT | ShmgetFlags::IPC_EXCL) {
            return Err(Errno::EEXIST);
        }
        if ask.size > segment.size {
            return Err(Errno::EINVAL);
        }
        segment.permissions.grant(self.credentials(), ask.mode)?;
        Ok(Shmid(segment.permissions.id))
    }

    fn new_segment(&self, ask: Shmget) -> Result<Shmid, Errno> {
        self.allow_segment(ask)?;
        self.namespace.segments.next_id(self.namespace.limits.shmmni).map(Shmid)
    }

    /// The limits come in this order: of one segment, of all segments' pages, of memory. The number of segments is
    /// looked at last.
    fn allow_segment(&self, ask: Shmget) -> Result<(), Errno> {
        let limits = &self.namespace.limits;
        if ask.size == 0 || ask.size > limits.shmmax {
            return Err(Errno::EINVAL);
        }
        let whole = self.host().whole_pages(ask.size).ok_or(Errno::ENOSPC)?;
        let pages = whole / self.host().page_size;
        if self.namespace.shm_tot.saturating_add(pages) > limits.shmall {
            return Err(Errno::ENOSPC);
        }
        self.find_memory(ask, pages)
    }

    /// No segment may be larger than a file, nor promise more than the machine has; `SHM_NORESERVE` makes no promise.
    fn find_memory(&self, ask: Shmget, pages: u64) -> Result<(), Errno> {
        if ask.size > i64::MAX as u64 {
            return Err(Errno::EINVAL);
        }
        if pages > self.host().memory && !ask.flags.contains(ShmgetFlags::SHM_NORESERVE) {
            return Err(Errno::ENOMEM);
        }
        Ok(())
    }
}

impl Machine {
    /// A segment that is new gets its record. One that was there stays as it is.
    pub(super) fn shmget(&mut self, pid: i32, ask: Shmget, id: Shmid) {
        let (now, pages) = (self.seconds(), self.host.pages(ask.size));
        let Some(process) = self.processes.get(&pid) else { return };
        let permissions = Permissions::new(id.0, ask.key, ask.mode, &process.credentials);
        let Some(namespace) = self.namespace_mut(process.namespace) else { return };
        if namespace.segments.find(id.0).is_err() {
            namespace.segments.insert(Segment::new(permissions, ask.size, pid, now));
            namespace.shm_tot += pages;
        }
    }

    /// An id that was wished for is used up even where no place is free for it.
    pub(super) fn shmget_failed(&mut self, pid: i32, ask: Shmget) {
        let Some(caller) = Caller::new(self, pid) else { return };
        let is_new = caller.namespace.segments.with_key(ask.key).is_none();
        if is_new
            && caller.allow_segment(ask).is_ok()
            && let Some(namespace) = self.namespace_of(pid)
        {
            namespace.segments.refuse(namespace.limits.shmmni);
        }
    }
}
