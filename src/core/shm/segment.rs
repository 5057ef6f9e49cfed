//! A segment: made once, removed once, attached as often as one likes.

use std::path::Path;

use crate::{Errno, Mode};

use super::Attachment;
use crate::call::{Address, Answer, Call, Cmd, Key, ShmatFlags, ShmgetFlags, Shmid, ShmidDs};
use crate::error::{Error, Result};
use crate::story::Story;

/// As often as this the kernel has gone through its whole table, however many segments there are (`IPCMNI`).
const MOST_PLACES: u64 = 2 * 32768;

/// A segment that a process of this story made, and has to remove.
pub struct Segment {
    story: Story,
    id: Shmid,
    size: usize,
    removed: bool,
}

impl Segment {
    /// `shmget(key, size, IPC_CREAT | IPC_EXCL | mode)`: makes a new segment.
    ///
    /// The segment outlives the process: it stays until [`Segment::remove`], `ipcrm -m`, or a reboot. It promises
    /// `size` bytes, and takes memory only page by page as they are touched.
    ///
    /// `size` is in bytes.
    ///
    /// # Errors
    ///
    /// `Refused`, with one of:
    ///
    /// - `EEXIST`: `key` names a segment already. Never for [`Key::PRIVATE`].
    /// - `EINVAL`: `size` is 0, or above `/proc/sys/kernel/shmmax` bytes.
    /// - `ENOMEM`: more memory than the machine could ever give.
    /// - `ENOSPC`: the namespace's `shmmni` (segments) or `shmall` (pages) is used up.
    /// - `ENFILE`: the system's limit on open files is reached; in the kernel a segment is one.
    /// - `ENOSYS`: the kernel has no System V IPC. `EPERM`: a sandbox forbids it.
    ///
    /// Source: [shmget(2)](https://man7.org/linux/man-pages/man2/shmget.2.html).
    #[doc(alias = "shmget")]
    #[track_caller]
    pub fn create(story: &Story, key: Key, size: usize, mode: Mode) -> Result<Segment> {
        Self::make(story, key, size, ShmgetFlags::IPC_CREAT | ShmgetFlags::IPC_EXCL, mode)
    }

    /// `shmget(IPC_PRIVATE, size, flags | mode)`: makes a new segment, whatever the flags are.
    ///
    /// # Errors
    ///
    /// As for [`Segment::create`], and where `flags` have `SHM_HUGETLB`:
    ///
    /// - `EPERM`: with `SHM_HUGETLB`, and no right to huge pages (`CAP_IPC_LOCK`, or the group `vm.hugetlb_shm_group`).
    /// - `ENOMEM`: with `SHM_HUGETLB`, and too few huge pages are free.
    /// - `EINVAL`: with `SHM_HUGETLB`, and the machine has no huge pages of the size that `flags` name.
    ///
    /// Source: [shmget(2)](https://man7.org/linux/man-pages/man2/shmget.2.html).
    #[doc(alias = "IPC_PRIVATE")]
    #[track_caller]
    pub fn create_private(story: &Story, size: usize, flags: ShmgetFlags, mode: Mode) -> Result<Segment> {
        Self::make(story, Key::PRIVATE, size, flags, mode)
    }

    /// `shmget(key, size, IPC_CREAT | IPC_EXCL | mode)` with a key that no segment has: the next one, while `EEXIST`
    /// says that one is taken. The first depends on the process, so that two runs do not meet.
    ///
    /// # Errors
    ///
    /// As for [`Segment::create`], without `EEXIST`.
    ///
    /// Source: [shmget(2)](https://man7.org/linux/man-pages/man2/shmget.2.html).
    #[track_caller]
    pub fn create_with_free_key(story: &Story, size: usize, mode: Mode) -> Result<(Key, Segment)> {
        let mut key = Key(0x5348_0000 | (story.pid() & 0xffff));
        loop {
            match Self::create(story, key, size, mode) {
                Err(Error::Refused(refusal)) if refusal.errno == Errno::EEXIST => key.0 += 1,
                other => return other.map(|segment| (key, segment)),
            }
        }
    }

    /// The segment of an id that `shmget` has just returned, if this process has made it now: with `IPC_CREAT` alone
    /// the call does not say whether it made a segment or found somebody's, and only one's own may be removed.
    ///
    /// # Errors
    ///
    /// `Ended`, if the process is gone.
    pub fn just_made(story: &Story, id: Shmid, size: usize) -> Result<Option<Segment>> {
        // The table says it without a call. Where it cannot be read, the kernel is asked in silence: a leak is worse.
        let users = match story.row_untold(id) {
            Some(row) => (row.cpid, row.lpid, row.nattch),
            None => match story.quietly(&Call::Shmctl { shmid: id, cmd: Cmd::IpcStat })? {
                Ok(Answer::Record(record)) => (record.cpid, record.lpid, record.nattch),
                _ => return Ok(None),
            },
        };
        let ours = users == (story.pid(), 0, 0);
        Ok(ours.then(|| Segment { story: story.clone(), id, size, removed: false }))
    }

    /// Makes segments and removes them again, untold, until one is at this index of the kernel's table: the segment,
    /// and how many it took. Nothing, if others keep the index in use.
    ///
    /// # Errors
    ///
    /// As for [`Segment::create`].
    pub fn create_at(story: &Story, index: i32, size: usize, mode: Mode) -> Result<Option<(Segment, u64)>> {
        let call = Call::Shmget { key: Key::PRIVATE, size: size as u64, flags: ShmgetFlags::empty(), mode };
        for made in 1..=MOST_PLACES {
            let Ok(Answer::Id(id)) = story.quietly(&call)? else { return Ok(None) };
            if id.index() == index {
                story.know(id);
                return Ok(Some((Segment { story: story.clone(), id, size, removed: false }, made)));
            }
            let _ = story.quietly(&Call::Shmctl { shmid: id, cmd: Cmd::IpcRmid })?;
        }
        Ok(None)
    }

    #[track_caller]
    fn make(story: &Story, key: Key, size: usize, flags: ShmgetFlags, mode: Mode) -> Result<Segment> {
        let answer = story.perform(Call::Shmget { key, size: size as u64, flags, mode })?;
        Ok(Segment { story: story.clone(), id: Shmid(answer.value() as i32), size, removed: false })
    }

    /// Only the id, as `Box::leak`: dropping it removes nothing. The safety net still knows the segment.
    pub fn leak(mut self) -> Shmid {
        self.removed = true;
        self.id
    }

    /// The identifier by which any process may use the segment, if it has permission.
    pub fn id(&self) -> Shmid {
        self.id
    }

    /// `shmat(id, NULL, 0)`: maps the segment where the kernel finds room, for reading and writing.
    ///
    /// # Errors
    ///
    /// `Refused`, with one of:
    ///
    /// - `EACCES`: the permission bits deny it.
    /// - `EINVAL`: the segment is removed.
    /// - `ENOMEM`: no room in the address space.
    ///
    /// Source: [shmop(2)](https://man7.org/linux/man-pages/man2/shmop.2.html).
    #[doc(alias = "shmat")]
    #[track_caller]
    pub fn attach(&self) -> Result<Attachment> {
        self.attach_at(Address::NULL, ShmatFlags::empty())
    }

    /// `shmat(id, address, flags)`: maps the segment at an address.
    ///
    /// # Errors
    ///
    /// `Dangerous`, before the call, if it would replace memory of this process. `Refused`, as for
    /// [`Segment::attach`], and:
    ///
    /// - `EINVAL`: `address` is not a multiple of `SHMLBA` (and `flags` lack `SHM_RND`), or is taken.
    /// - `EPERM`: `address`, rounded, is below `/proc/sys/vm/mmap_min_addr`, and the caller lacks `CAP_SYS_RAWIO`.
    ///
    /// Source: [shmop(2)](https://man7.org/linux/man-pages/man2/shmop.2.html).
    #[doc(alias = "shmat")]
    #[track_caller]
    pub fn attach_at(&self, address: Address, flags: ShmatFlags) -> Result<Attachment> {
        self.id.attach_at(&self.story, address, self.size, flags)
    }

    /// `shmat(id, address, 0)`, and if that address cannot be had, `shmat(id, NULL, 0)`.
    ///
    /// # Errors
    ///
    /// As for [`Segment::attach`].
    #[doc(alias = "shmat")]
    #[track_caller]
    pub fn attach_preferring(&self, address: Address) -> Result<Attachment> {
        self.id.attach_preferring(&self.story, address, self.size)
    }

    /// `shmctl(id, IPC_STAT, &buf)`: the kernel's record of the segment.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EACCES` (no read permission) or `EINVAL` (the segment is gone).
    ///
    /// Source: [shmctl(2)](https://man7.org/linux/man-pages/man2/shmctl.2.html).
    #[doc(alias = "IPC_STAT")]
    #[track_caller]
    pub fn stat(&self) -> Result<ShmidDs> {
        self.id.stat(&self.story)
    }

    /// `shmctl(id, IPC_RMID, NULL)`: marks the segment for destruction. It goes when nobody has it attached.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EINVAL` (it is gone already) or `EPERM` (neither owner nor creator, and no `CAP_SYS_ADMIN`).
    ///
    /// Source: [shmctl(2)](https://man7.org/linux/man-pages/man2/shmctl.2.html).
    #[doc(alias = "IPC_RMID")]
    #[track_caller]
    pub fn remove(mut self) -> Result<()> {
        self.removed = true;
        self.id.remove(&self.story)
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if !self.removed {
            self.story.perform_at_drop(Call::Shmctl { shmid: self.id, cmd: Cmd::IpcRmid });
        }
    }
}

/// What any process may do that knows the key.
impl Key {
    /// `ftok(path, project)`: makes a key from a file and a number.
    ///
    /// # Errors
    ///
    /// `Refused`, with those of stat(2), `ENOENT` (no such file) among them. In C it returns -1.
    ///
    /// Source: [ftok(3)](https://man7.org/linux/man-pages/man3/ftok.3.html).
    #[track_caller]
    pub fn ftok(story: &Story, path: &Path, project: i32) -> Result<Key> {
        match story.perform(Call::Ftok { path: path.to_owned(), project })? {
            Answer::Key(key) => Ok(key),
            other => unreachable!("ftok answered {other:?}"),
        }
    }

    /// `shmget(key, size, flags | mode)`: finds a segment by its key, or, with `IPC_CREAT`, makes one. Whoever finds
    /// one does not have to remove it: that is why this returns an id, and no [`Segment`].
    ///
    /// # Errors
    ///
    /// `Refused`, with one of:
    ///
    /// - `ENOENT`: no segment has the key, and `flags` lack `IPC_CREAT`.
    /// - `EINVAL`: the segment is smaller than `size` bytes.
    /// - `EACCES`: its permission bits deny what `mode` asks.
    /// - and those of [`Segment::create`].
    ///
    /// Source: [shmget(2)](https://man7.org/linux/man-pages/man2/shmget.2.html).
    #[doc(alias = "shmget")]
    #[track_caller]
    pub fn find(self, story: &Story, size: usize, flags: ShmgetFlags, mode: Mode) -> Result<Shmid> {
        let answer = story.perform(Call::Shmget { key: self, size: size as u64, flags, mode })?;
        Ok(Shmid(answer.value() as i32))
    }
}

/// What any process may do that knows the number and has permission.
impl Shmid {
    /// `shmctl(id, IPC_STAT, &buf)`: the kernel's record of the segment.
    ///
    /// # Errors
    ///
    /// As for [`Segment::stat`].
    #[track_caller]
    pub fn stat(self, story: &Story) -> Result<ShmidDs> {
        match story.perform(Call::Shmctl { shmid: self, cmd: Cmd::IpcStat })? {
            Answer::Record(record) => Ok(record),
            other => unreachable!("IPC_STAT answered {other:?}"),
        }
    }

    /// `shmat(id, NULL, flags)`: maps the segment where the kernel finds room. Its first `size` bytes may be used.
    ///
    /// # Errors
    ///
    /// As for [`Segment::attach`].
    #[track_caller]
    pub fn attach(self, story: &Story, size: usize, flags: ShmatFlags) -> Result<Attachment> {
        self.attach_at(story, Address::NULL, size, flags)
    }

    /// `shmat(id, address, flags)`: maps the segment at an address.
    ///
    /// # Errors
    ///
    /// As for [`Segment::attach_at`].
    #[track_caller]
    pub fn attach_at(
        self,
        story: &Story,
        address: Address,
        size: usize,
        flags: ShmatFlags,
    ) -> Result<Attachment> {
        let answer = story.perform(Call::Shmat { shmid: self, address, flags })?;
        Ok(Attachment::new(story, Address(answer.value() as u64), size))
    }

    /// `shmat(id, address, 0)`, and if that address cannot be had, `shmat(id, NULL, 0)`.
    ///
    /// # Errors
    ///
    /// As for [`Segment::attach`].
    #[track_caller]
    pub fn attach_preferring(self, story: &Story, address: Address, size: usize) -> Result<Attachment> {
        match self.attach_at(story, address, size, ShmatFlags::empty()) {
            Err(Error::Refused(refusal)) if may_be_the_address(refusal.errno) && self.is_there(story)? => {
                let why = &refusal.reason.why;
                story.say(format!(
                    "{address} is not available. {why} We go on at an address that the kernel chooses."
                ));
                self.attach(story, size, ShmatFlags::empty())
            }
            other => other,
        }
    }

    /// Whether the id names a segment at all, asked without a word: EINVAL may be said of the id, too.
    fn is_there(self, story: &Story) -> Result<bool> {
        let asked = story.quietly(&Call::Shmctl { shmid: self, cmd: Cmd::IpcStat })?;
        Ok(asked != Err(Errno::EINVAL))
    }

    /// `shmctl(id, IPC_RMID, NULL)`: marks the segment for destruction.
    ///
    /// # Errors
    ///
    /// As for [`Segment::remove`].
    #[track_caller]
    pub fn remove(self, story: &Story) -> Result<()> {
        story.perform(Call::Shmctl { shmid: self, cmd: Cmd::IpcRmid }).map(drop)
    }
}

/// Whether `shmat` may succeed at another address after this error: at that one it was taken or not aligned
/// (`EINVAL`), above the memory of a program (`ENOMEM`), or so low that only the privileged may map it (`EPERM`).
fn may_be_the_address(errno: Errno) -> bool {
    matches!(errno, Errno::EINVAL | Errno::ENOMEM | Errno::EPERM)
}
