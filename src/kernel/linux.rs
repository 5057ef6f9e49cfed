//! This process, on Linux: the only file that calls `shmget`, `shmat`, `shmdt` and `shmctl`.
//!
//! nix wraps no System V shared memory, so the calls go through its libc and `Errno::result`.
//!
//! **Invariant:** an address is dereferenced only where [`Linux`] has attached a segment and not detached it
//! since: it remembers. So every method is safe to call with any arguments, whatever a lesson tries.
//! The exception is a process that was forked for the purpose: it makes any access, since it has nothing to lose.

mod files;
mod queue;

use std::collections::{BTreeMap, HashMap};
use std::ffi::CStr;
use std::hint::black_box;
use std::mem::{MaybeUninit, size_of};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};
use std::{fs, io};

use nix::NixPath;
use nix::errno::Errno;
use nix::libc::{self, c_int, c_void};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::time::TimeSpec;
use nix::unistd::{ForkResult, SysconfVar, Uid, User, sysconf};

use super::net::{self, Watched};
use super::{Adjustment, Change, Child, Deed, Done, Ending, Faults, ProcFile, Process, Step};
use crate::call::{
    Address, Answer, Call, Cmd, FileCall, Key, Outcome, SemCmd, SemOp, Semid, ShmInfo, ShmLimits, ShmatFlags,
    Shmid, ShmidDs,
};
use crate::error::{Error, Result};
use crate::shm::Bytes;
use files::Files;

pub(super) use files::line_at_stdin;
pub(crate) use queue::{Queueid, make_queue, receive, remove_queue, semop_one, send};

/// The process that runs this code.
#[derive(Debug, Default)]
pub struct Linux {
    /// What is attached, by the address where it starts.
    attached: BTreeMap<usize, Extent>,
    /// How large the segments are that went through `shmget` here.
    sizes: HashMap<Shmid, usize>,
    /// The descriptors that calls have made here, by their numbers; a forked child has copies.
    files: Files,
    /// Whether to make every access, as a forked child does.
    reckless: bool,
    /// What an increment that is made step by step has loaded.
    pub(super) register: u32,
}

#[derive(Clone, Copy, Debug)]
struct Extent {
    length: usize,
    writable: bool,
}

impl Linux {
    /// This process, which has nothing attached yet.
    pub fn new() -> Linux {
        Linux::default()
    }

    /// The same process after a fork, in the child: it makes every access it is told to make, and may die of it.
    pub(super) fn nothing_to_lose(&mut self) -> &mut Linux {
        self.reckless = true;
        self
    }

    fn shmget(&mut self, key: Key, size: usize, flags: c_int) -> nix::Result<Answer> {
        net::hold_signals(|| {
            // SAFETY: shmget takes three numbers and touches no memory of this process.
            let id = Shmid(Errno::result(unsafe { libc::shmget(key.0, size, flags) })?);
            if made_by(self.pid(), key, flags, id) {
                net::watch(Watched::Segment(id));
            }
            // A segment that was found may be larger than asked for, never smaller.
            self.sizes.insert(id, size);
            Ok(Answer::Id(id))
        })
    }

    fn shmat(&mut self, id: Shmid, address: Address, flags: ShmatFlags) -> nix::Result<Answer> {
        let hint = std::ptr::without_provenance::<c_void>(address.0);
        // SAFETY: without SHM_REMAP the kernel maps the segment only where nothing is mapped, and `endangers`
        // has refused a SHM_REMAP that would replace anything but an attachment of ours.
        let mapped = unsafe { libc::shmat(id.0, hint, flags.bits()) };
        let mapped = Address(Errno::result(mapped)?.expose_provenance());
        let writable = !flags.contains(ShmatFlags::SHM_RDONLY);
        let length = self.size_of(id).next_multiple_of(self.page_size());
        self.attached.insert(mapped.0, Extent { length, writable });
        Ok(Answer::Mapped(mapped))
    }

    fn shmdt(&mut self, address: Address) -> nix::Result<Answer> {
        let start = std::ptr::without_provenance::<c_void>(address.0);
        // SAFETY: shmdt removes only attachments; no reference points into one, and `attached` forgets it.
        Errno::result(unsafe { libc::shmdt(start) })?;
        self.attached.remove(&address.0);
        Ok(Answer::Done)
    }

    fn semget(&mut self, key: Key, nsems: i32, flags: c_int) -> nix::Result<Answer> {
        net::hold_signals(|| {
            // SAFETY: semget takes three numbers and touches no memory of this process.
            let id = Semid(Errno::result(unsafe { libc::semget(key.0, nsems, flags) })?);
            if is_exclusive(key, flags) {
                net::watch(Watched::Set(id));
            }
            Ok(Answer::Set(id))
        })
    }

    fn semtimedop(&mut self, id: Semid, ops: &[SemOp], timeout: Duration) -> nix::Result<Answer> {
        let mut ops = sembufs(ops);
        let timeout = TimeSpec::from_duration(timeout);
        let (list, length, timeout) = (ops.as_mut_ptr(), ops.len(), std::ptr::from_ref(timeout.as_ref()));
        // SAFETY: the pointer and the count describe the vector; it and the timeout live until the call returns.
        Errno::result(unsafe { libc::syscall(libc::SYS_semtimedop, id.0, list, length, timeout) })?;
        Ok(Answer::Done)
    }

    fn semctl(&mut self, id: Semid, semnum: i32, cmd: SemCmd) -> nix::Result<Answer> {
        match cmd {
            SemCmd::IpcRmid => {
                remove_set(id)?;
                net::forget(Watched::Set(id));
                Ok(Answer::Done)
            }
            SemCmd::SetVal(value) => {
                // SAFETY: SETVAL takes an int for its fourth argument.
                Errno::result(unsafe { libc::semctl(id.0, semnum, cmd.number(), value) })?;
                Ok(Answer::Done)
            }
            SemCmd::GetVal | SemCmd::GetPid | SemCmd::GetNcnt | SemCmd::GetZcnt => {
                // SAFETY: these commands take no fourth argument.
                Errno::result(unsafe { libc::semctl(id.0, semnum, cmd.number()) }).map(Answer::Number)
            }
            // `endangers` has refused it.
            SemCmd::Other(_) => Err(Errno::EINVAL),
        }
    }

    fn shmctl(&mut self, id: Shmid, cmd: Cmd) -> nix::Result<Answer> {
        match cmd {
            Cmd::IpcStat => Ok(Answer::Record(stat(id, cmd)?.1)),
            Cmd::ShmStat | Cmd::ShmStatAny => {
                stat(id, cmd).map(|(found, record)| Answer::Found(Shmid(found), record))
            }
            Cmd::IpcInfo => limits(id),
            Cmd::ShmInfo => usage(id),
            Cmd::IpcSet(change) => {
                // SAFETY: an all-zero shmid_ds is a value of its type: it holds integers only.
                let mut record: libc::shmid_ds = unsafe { MaybeUninit::zeroed().assume_init() };
                record.shm_perm.uid = change.uid;
                record.shm_perm.gid = change.gid;
                record.shm_perm.mode = change.mode.bits() as _;
                control(id, cmd, &mut record).map(|_| Answer::Done)
            }
            Cmd::IpcRmid => {
                remove(id)?;
                net::forget(Watched::Segment(id));
                Ok(Answer::Done)
            }
            Cmd::ShmLock | Cmd::ShmUnlock | Cmd::Unknown(_) => {
                // SAFETY: these commands take no buffer: the kernel ignores the third argument.
                Errno::result(unsafe { libc::shmctl(id.0, cmd.number(), std::ptr::null_mut()) })?;
                Ok(Answer::Done)
            }
        }
    }

    fn file(&mut self, call: &FileCall) -> nix::Result<Answer> {
        let answer = files::perform(&mut self.files, call)?;
        if let (&FileCall::Map { length, writable, .. }, Answer::Mapped(start)) = (call, &answer) {
            self.attached.insert(start.0, Extent { length, writable });
        }
        Ok(answer)
    }

    /// How many bytes of a segment may be touched: what `shmget` asked for here, or else what the kernel says.
    fn size_of(&self, id: Shmid) -> usize {
        match self.sizes.get(&id) {
            Some(&size) if size > 0 => size,
            _ => stat(id, Cmd::IpcStat).map_or(0, |(_, record)| record.size),
        }
    }

    fn attached_for(&self, address: Address, length: usize, writing: bool) -> Result<()> {
        let inside = self.attached.range(..=address.0).next_back().is_some_and(|(start, extent)| {
            let offset = address.0 - start;
            let fits = offset <= extent.length && length <= extent.length - offset;
            fits && (extent.writable || !writing)
        });
        if inside || self.reckless {
            return Ok(());
        }
        let purpose = if writing { "writing" } else { "reading" };
        Err(Error::NotAttached { address, length, purpose })
    }

    /// The control word at an address. It cannot be detached while it is borrowed: that takes `&mut self`.
    pub(super) fn atomic(&self, address: Address, writing: bool) -> Result<&AtomicU32> {
        let unaligned = !address.is_multiple_of(size_of::<u32>());
        if unaligned {
            return Err(Error::Misaligned { offset: address.0, alignment: size_of::<u32>() });
        }
        self.attached_for(address, size_of::<u32>(), writing)?;
        let word = std::ptr::with_exposed_provenance_mut::<u32>(address.0);
        // SAFETY: the address is aligned, and `attached_for` found the word in an attachment that may be written
        // if it has to be. Control words are accessed by atomics only, in every process.
        Ok(unsafe { AtomicU32::from_ptr(word) })
    }

    /// Why a call must not be made in this process, whatever the kernel would say to it.
    fn endangers(&self, call: &Call) -> Option<&'static str> {
        if let Call::Semctl { cmd: SemCmd::Other(_), .. } = call {
            return Some("the command may want a buffer, which the playground does not give it");
        }
        let Call::Shmat { shmid, address, flags } = call else { return None };
        if *address == Address::NULL {
            return None;
        }
        if flags.contains(ShmatFlags::SHM_RND) && address.0 < self.page_size() {
            return Some("the address rounds down to NULL, and for root Linux would map the segment there");
        }
        let length = self.size_of(*shmid).next_multiple_of(self.page_size());
        let replaces_ours = || self.attached.get(&address.0).is_some_and(|extent| extent.length >= length);
        if flags.contains(ShmatFlags::SHM_REMAP) && !replaces_ours() {
            return Some("SHM_REMAP would replace memory that is not an attachment of this process");
        }
        None
    }
}

impl Process for Linux {
    fn pid(&self) -> i32 {
        nix::unistd::getpid().as_raw()
    }

    fn page_size(&self) -> usize {
        sysconf(SysconfVar::PAGE_SIZE).ok().flatten().map_or(4096, |size| size as usize)
    }

    fn perform(&mut self, call: &Call) -> Result<Outcome> {
        if let Some(why) = self.endangers(call) {
            return Err(Error::Dangerous { call: call.to_string(), why });
        }
        Ok(match *call {
            Call::Shmget { key, size, flags, mode } => {
                self.shmget(key, size, flags.bits() | mode.bits() as c_int)
            }
            Call::Shmat { shmid, address, flags } => self.shmat(shmid, address, flags),
            Call::Shmdt { address } => self.shmdt(address),
            Call::Shmctl { shmid, cmd } => self.shmctl(shmid, cmd),
            Call::Semget { key, nsems, flags, mode } => {
                self.semget(key, nsems, flags.bits() | mode.bits() as c_int)
            }
            Call::Semop { semid, ref ops } => semop(semid, ops).map(|()| Answer::Done),
            Call::Semtimedop { semid, ref ops, timeout } => self.semtimedop(semid, ops, timeout),
            Call::Semctl { semid, semnum, cmd } => self.semctl(semid, semnum, cmd),
            Call::File(ref call) => self.file(call),
            Call::Ftok { ref path, project } => key_of(path, project).map(Answer::Key),
        })
    }

    fn load(&mut self, address: Address, buffer: &mut [u8]) -> Result<Faults> {
        self.attached_for(address, buffer.len(), false)?;
        let from = std::ptr::with_exposed_provenance::<u8>(address.0);
        // SAFETY: `attached_for` found the bytes in an attachment; a forked child may die of it, and tells so.
        Ok(faults_during(|| unsafe { copy(from, buffer.as_mut_ptr(), buffer.len()) }))
    }

    fn store(&mut self, address: Address, bytes: &[u8]) -> Result<Faults> {
        self.attached_for(address, bytes.len(), true)?;
        let to = std::ptr::with_exposed_provenance_mut::<u8>(address.0);
        // SAFETY: as for `load`, and the attachment is writable.
        Ok(faults_during(|| unsafe { copy(bytes.as_ptr(), to, bytes.len()) }))
    }

    fn store_times(&mut self, address: Address, bytes: &[u8], times: usize) -> Result<()> {
        self.attached_for(address, bytes.len(), true)?;
        let to = std::ptr::with_exposed_provenance_mut::<u8>(address.0);
        for _ in 0..times {
            // SAFETY: as for `store`.
            unsafe { copy(bytes.as_ptr(), to, bytes.len()) }
        }
        Ok(())
    }

    fn word(&mut self, address: Address, change: Change) -> Result<u32> {
        let word = self.atomic(address, change != Change::Load)?;
        Ok(match change {
            Change::Load => word.load(Ordering::Acquire),
            Change::Store(value) => word.swap(value, Ordering::AcqRel),
            Change::Add(value) => word.fetch_add(value, Ordering::AcqRel),
            Change::Exchange { expected, new } => {
                match word.compare_exchange(expected, new, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(before) | Err(before) => before,
                }
            }
        })
    }

    fn step(&mut self, counter: Address, step: Step) -> Result<u32> {
        self.step_of(counter, step)
    }

    fn start(&mut self, _: &Deed) -> Result<()> {
        Err(tells_the_story("do something that may take long"))
    }

    fn finish(&mut self, _: Duration) -> Result<Option<Done>> {
        Err(tells_the_story("have done something that takes long"))
    }

    fn window<'a>(&mut self, address: Address, length: usize) -> Result<Bytes<'a>> {
        self.attached_for(address, length, true)?;
        let start = std::ptr::with_exposed_provenance_mut(address.0);
        // SAFETY: `attached_for` found the bytes in an attachment that may be written, and the caller keeps it.
        Ok(unsafe { Bytes::new(start, length) })
    }

    fn shows(&mut self, file: ProcFile) -> io::Result<String> {
        fs::read_to_string(file.path(self.pid()))
    }

    fn adjust(&mut self, adjustment: &Adjustment) -> Result<()> {
        if !self.reckless {
            return Err(tells_the_story("change what it is"));
        }
        adjustment.apply()
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
    }

    fn processes(&self) -> Vec<i32> {
        let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
        let mut pids: Vec<i32> = names.filter_map(|name| name.to_str()?.parse().ok()).collect();
        pids.sort_unstable();
        pids
    }

    fn fork(&mut self) -> Result<Box<dyn Process>> {
        Ok(Box::new(Child::of(self)?))
    }

    fn spawn(&mut self) -> Result<Box<dyn Process>> {
        Ok(Box::new(Child::stranger()?))
    }

    fn exec(&mut self, _: &str, _: &[&str]) -> Result<()> {
        Err(tells_the_story("run another program"))
    }

    fn end(&mut self, _: Option<Signal>) -> Result<Ending> {
        Err(tells_the_story("end"))
    }
}

fn sembufs(ops: &[SemOp]) -> Vec<libc::sembuf> {
    ops.iter()
        .map(|op| libc::sembuf { sem_num: op.number, sem_op: op.change, sem_flg: op.flags.bits() as i16 })
        .collect()
}

fn tells_the_story(deed: &str) -> Error {
    Error::ground(
        format!("this process was to {deed}"),
        "it tells the story",
        "Fork a child, and let the child do it.",
    )
}

/// Whether a successful `shmget` has made the segment, rather than found one.
///
/// With `IPC_CREAT` alone only the record can tell, and a process that leaked a segment long ago may have had
/// the same pid: so the segment must be new, too.
pub(super) fn made_by(pid: i32, key: Key, flags: c_int, id: Shmid) -> bool {
    if is_exclusive(key, flags) {
        return true;
    }
    let is_new = |record: &ShmidDs| {
        record.cpid == pid && record.atime == 0 && record.ctime >= seconds_since_1970() - 1
    };
    flags & libc::IPC_CREAT != 0 && stat(id, Cmd::IpcStat).is_ok_and(|(_, record)| is_new(&record))
}

/// Whether the flags alone say that whatever was returned is new.
pub(super) fn is_exclusive(key: Key, flags: c_int) -> bool {
    let exclusive = libc::IPC_CREAT | libc::IPC_EXCL;
    key == Key::PRIVATE || flags & exclusive == exclusive
}

fn seconds_since_1970() -> i64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs() as i64)
}

/// Changes semaphores, and waits until it can.
pub(super) fn semop(id: Semid, ops: &[SemOp]) -> nix::Result<()> {
    let mut ops: Vec<libc::sembuf> = ops
        .iter()
        .map(|op| libc::sembuf { sem_num: op.number, sem_op: op.change, sem_flg: op.flags.bits() as i16 })
        .collect();
    // SAFETY: the pointer and the count describe the vector, which lives until the call returns.
    Errno::result(unsafe { libc::semop(id.0, ops.as_mut_ptr(), ops.len()) }).map(drop)
}

/// Marks a segment for destruction; async-signal-safe.
pub(super) fn remove(id: Shmid) -> nix::Result<()> {
    // SAFETY: IPC_RMID takes no buffer, and the attachments of the segment stay valid.
    Errno::result(unsafe { libc::shmctl(id.0, libc::IPC_RMID, std::ptr::null_mut()) }).map(drop)
}

/// Removes a set of semaphores; async-signal-safe.
pub(super) fn remove_set(id: Semid) -> nix::Result<()> {
    // SAFETY: IPC_RMID takes no fourth argument.
    Errno::result(unsafe { libc::semctl(id.0, 0, libc::IPC_RMID) }).map(drop)
}

/// The four calls as C has them: nothing is remembered, watched or refused, and no call is added.
///
/// For exercises, where a mistake has to reach the kernel as it was made.
pub(crate) mod bare {
    use std::ffi::c_void;

    use nix::errno::Errno;
    use nix::libc::{self, c_int};

    use super::Linux;
    use crate::call::{Answer, Call, Cmd, Outcome, Shmid};

    /// This process's memory, for an access that is made whatever comes of it.
    ///
    /// Whoever asks for it has found out that the bytes are an attachment's, or that nothing at all is there.
    pub(crate) fn memory() -> Linux {
        Linux { reckless: true, ..Linux::default() }
    }

    /// Makes a call that needs no more memory than an address.
    pub(crate) fn perform(call: &Call) -> Outcome {
        match *call {
            Call::Shmget { key, size, flags, mode } => {
                let flags = flags.bits() | mode.bits() as c_int;
                // SAFETY: shmget takes three numbers and touches no memory of this process.
                Errno::result(unsafe { libc::shmget(key.0, size, flags) }).map(|id| Answer::Id(Shmid(id)))
            }
            Call::Shmat { shmid, address, flags } => {
                let hint = std::ptr::without_provenance::<c_void>(address.0);
                let flags = flags.bits() & !libc::SHM_REMAP;
                // SAFETY: without SHM_REMAP the kernel maps the segment only where nothing is mapped.
                let mapped = unsafe { libc::shmat(shmid.0, hint, flags) };
                Errno::result(mapped).map(|start| Answer::Mapped(start.expose_provenance().into()))
            }
            Call::Shmdt { address } => {
                let start = std::ptr::without_provenance::<c_void>(address.0);
                // SAFETY: shmdt removes only attachments, which no reference ever points into.
                Errno::result(unsafe { libc::shmdt(start) }).map(|_| Answer::Done)
            }
            Call::Shmctl { shmid, cmd: Cmd::IpcStat } => {
                super::stat(shmid, Cmd::IpcStat).map(|(_, record)| Answer::Record(record))
            }
            Call::Shmctl { shmid, cmd: Cmd::IpcRmid } => super::remove(shmid).map(|()| Answer::Done),
            _ => Err(Errno::ENOSYS),
        }
    }
}

/// `key_t ftok(const char *pathname, int proj_id)`: a key from a file and a number, as the C library makes it.
///
/// # Errors
///
/// Those of stat(2), `ENOENT` among them.
///
/// Source: [ftok(3)](https://man7.org/linux/man-pages/man3/ftok.3.html).
pub fn ftok(path: &CStr, project: i32) -> nix::Result<Key> {
    // SAFETY: the path is a C string that lives until the call returns.
    Errno::result(unsafe { libc::ftok(path.as_ptr(), project) }).map(Key)
}

/// [`ftok`] for a path as Rust has it.
///
/// # Errors
///
/// As for [`ftok`]; `EINVAL` for a path with a NUL in it.
pub fn key_of(path: &Path, project: i32) -> nix::Result<Key> {
    path.with_nix_path(|path| ftok(path, project))?
}

/// A `shmctl` that reads or writes a `struct shmid_ds`; returns the call's own value.
fn control(id: Shmid, cmd: Cmd, record: &mut libc::shmid_ds) -> nix::Result<c_int> {
    // SAFETY: `record` is a live shmid_ds, which is what these commands read or write.
    Errno::result(unsafe { libc::shmctl(id.0, cmd.number(), record) })
}

fn stat(id: Shmid, cmd: Cmd) -> nix::Result<(c_int, ShmidDs)> {
    // SAFETY: an all-zero shmid_ds is a value of its type: it holds integers only.
    let mut record: libc::shmid_ds = unsafe { MaybeUninit::zeroed().assume_init() };
    let value = control(id, cmd, &mut record)?;
    Ok((value, ShmidDs::from(&record)))
}

fn limits(id: Shmid) -> nix::Result<Answer> {
    let mut info = [0u64; 16];
    // SAFETY: IPC_INFO fills a struct shminfo, nine unsigned longs; the buffer is larger, and aligned for them.
    let index = Errno::result(unsafe { libc::shmctl(id.0, libc::IPC_INFO, info.as_mut_ptr().cast()) })?;
    let [shmmax, shmmin, shmmni, _shmseg, shmall, ..] = info;
    Ok(Answer::Limits(index, ShmLimits { shmmax, shmmin, shmmni, shmall }))
}

fn usage(id: Shmid) -> nix::Result<Answer> {
    let mut info = [0u64; 16];
    // SAFETY: SHM_INFO fills a struct shm_info, an int and five unsigned longs; the buffer is larger, and aligned.
    let index =
        Errno::result(unsafe { libc::shmctl(id.0, Cmd::ShmInfo.number(), info.as_mut_ptr().cast()) })?;
    let [used_ids, shm_tot, shm_rss, shm_swp, ..] = info;
    Ok(Answer::Usage(index, ShmInfo { used_ids: used_ids as i32, shm_tot, shm_rss, shm_swp }))
}

#[allow(clippy::unnecessary_cast, reason = "the fields' types differ between architectures and C libraries")]
impl From<&libc::shmid_ds> for ShmidDs {
    fn from(record: &libc::shmid_ds) -> ShmidDs {
        ShmidDs {
            key: Key(record.shm_perm.__key),
            uid: record.shm_perm.uid,
            gid: record.shm_perm.gid,
            cuid: record.shm_perm.cuid,
            cgid: record.shm_perm.cgid,
            mode: record.shm_perm.mode as u32,
            size: record.shm_segsz,
            atime: record.shm_atime as i64,
            dtime: record.shm_dtime as i64,
            ctime: record.shm_ctime as i64,
            cpid: record.shm_cpid,
            lpid: record.shm_lpid,
            nattch: record.shm_nattch as u64,
        }
    }
}

/// Copies byte by byte. Volatile, since the other side of the memory may change at any moment.
///
/// # Safety
///
/// `from` must be valid for reading `length` bytes and `to` for writing them.
#[inline(never)]
unsafe fn copy(from: *const u8, to: *mut u8, length: usize) {
    for at in 0..length {
        // SAFETY: the caller vouches for `length` bytes from `from`.
        let from = unsafe { from.add(at) };
        // SAFETY: the caller vouches for `length` bytes from `to`.
        let to = unsafe { to.add(at) };
        // SAFETY: `from` is one of the bytes that the caller vouched for.
        let byte = unsafe { from.read_volatile() };
        // SAFETY: `to` is one of the bytes that the caller vouched for.
        unsafe { to.write_volatile(byte) };
    }
}

/// The minor page faults of this process while it does something.
fn faults_during(deed: impl FnOnce()) -> Faults {
    // The first round brings in the code that counts and the code that copies, of which a forked child may have
    // no page yet, so that the second counts only the deed.
    black_box(minor_faults());
    let (from, mut to) = (black_box(0), 0);
    // SAFETY: both are single bytes of this very function.
    unsafe { copy(&from, &mut to, 1) };
    black_box(to);
    let before = minor_faults();
    deed();
    minor_faults() - before
}

fn minor_faults() -> Faults {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.minor_page_faults() as Faults)
}

/// Forks this process.
///
/// # Errors
///
/// `EAGAIN`: no more processes are allowed. `EDEADLK`: this process has threads, whose locks a child would
/// inherit locked. `ENOMEM`, `ENOSYS`.
pub(crate) fn fork() -> nix::Result<ForkResult> {
    let threads = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        return Err(Errno::EDEADLK);
    }
    // SAFETY: the process has one thread, so no lock can be held by a thread that the child lacks.
    unsafe { nix::unistd::fork() }
}

/// Ends this process at once: no destructor runs, no buffer is flushed twice.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: _exit takes a number and does not return.
    unsafe { libc::_exit(status) }
}

/// Calls `handler` at the first arrival of each signal; a signal that is ignored stays ignored (`nohup`).
pub(super) fn on_first(signals: &[Signal], handler: extern "C" fn(c_int)) {
    let flags = SaFlags::SA_RESETHAND | SaFlags::SA_ONSTACK;
    let action = SigAction::new(SigHandler::Handler(handler), flags, SigSet::all());
    for &signal in signals {
        // SAFETY: the handler does async-signal-safe things only: atomics, getpid, shmctl, raise.
        let before = unsafe { sigaction(signal, &action) };
        if let Ok(before) = before
            && matches!(before.handler(), SigHandler::SigIgn)
        {
            // SAFETY: this puts back what was there.
            let _ = unsafe { sigaction(signal, &before) };
        }
    }
}
