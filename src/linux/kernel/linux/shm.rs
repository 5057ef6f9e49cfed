//! The four calls, a function each: the only file that calls `shmget`, `shmat`, `shmdt` and `shmctl`.
//!
//! nix wraps no System V shared memory, so the calls go through its libc and `Errno::result`.
//!
//! **Invariant:** a function is one system call. Nothing is remembered, watched or refused here.

use std::mem::MaybeUninit;

use nix::errno::Errno;
use nix::libc::{self, c_int, c_void};

use crate::call::{Address, Answer, Cmd, Key, Ownership, ShmInfo, ShmLimits, ShmatFlags, Shmid, ShmidDs};

/// `shmget(key, size, flags)`: makes a segment, or finds one. `flags` hold the mode, too.
pub(super) fn get(key: Key, size: u64, flags: c_int) -> nix::Result<Shmid> {
    // SAFETY: shmget takes three numbers and touches no memory of this process.
    Errno::result(unsafe { libc::shmget(key.0, size as usize, flags) }).map(Shmid)
}

/// `shmat(id, address, flags)`: maps a segment, and returns where.
///
/// # Safety
///
/// With `SHM_REMAP` whatever is mapped there is replaced: it must be an attachment, which nothing refers to.
pub(super) unsafe fn attach(id: Shmid, address: Address, flags: ShmatFlags) -> nix::Result<Address> {
    let hint = std::ptr::without_provenance::<c_void>(address.0 as usize);
    // SAFETY: without SHM_REMAP the kernel maps a segment only where nothing is; with it, the caller vouches.
    let mapped = unsafe { libc::shmat(id.0, hint, flags.bits()) };
    Ok(Address::from(Errno::result(mapped)?.expose_provenance()))
}

/// `shmdt(address)`: takes a mapping away. No reference ever points into one.
pub(super) fn detach(address: Address) -> nix::Result<()> {
    let start = std::ptr::without_provenance::<c_void>(address.0 as usize);
    // SAFETY: shmdt removes attachments only, and refuses any other address.
    Errno::result(unsafe { libc::shmdt(start) }).map(drop)
}

/// `shmctl(id, IPC_STAT | SHM_STAT | SHM_STAT_ANY, &record)`: the call's own value, and the record.
pub(super) fn stat(id: Shmid, cmd: Cmd) -> nix::Result<(c_int, ShmidDs)> {
    let mut record = blank();
    let value = control(id, cmd, &mut record)?;
    Ok((value, record_of(&record)))
}

/// `shmctl(id, IPC_SET, &record)`: changes owner and mode.
pub(super) fn set(id: Shmid, change: Ownership) -> nix::Result<()> {
    let mut record = blank();
    record.shm_perm.uid = change.uid;
    record.shm_perm.gid = change.gid;
    record.shm_perm.mode = change.mode.bits() as _;
    control(id, Cmd::IpcSet(change), &mut record).map(drop)
}

fn blank() -> libc::shmid_ds {
    // SAFETY: an all-zero shmid_ds is a value of its type: it holds integers only.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

fn control(id: Shmid, cmd: Cmd, record: &mut libc::shmid_ds) -> nix::Result<c_int> {
    // SAFETY: `record` is a live shmid_ds, which is what these commands read or write.
    Errno::result(unsafe { libc::shmctl(id.0, cmd.number(), record) })
}

/// `shmctl(id, IPC_RMID, NULL)`: marks a segment for destruction; async-signal-safe.
pub(in crate::kernel) fn remove(id: Shmid) -> nix::Result<()> {
    without_buffer(id, Cmd::IpcRmid)
}

/// `shmctl(id, cmd, NULL)`, for the commands to which the third argument says nothing, and those that it is wrong for.
pub(super) fn without_buffer(id: Shmid, cmd: Cmd) -> nix::Result<()> {
    // SAFETY: the kernel reads and writes no buffer for IPC_RMID, SHM_LOCK and SHM_UNLOCK, nor for a number that
    // is no command. For the others it answers EFAULT: nothing is at NULL.
    Errno::result(unsafe { libc::shmctl(id.0, cmd.number(), std::ptr::null_mut()) }).map(drop)
}

/// `shmctl(id, IPC_INFO, &info)`: the limits of the namespace, and the highest index in use.
pub(super) fn limits(id: Shmid) -> nix::Result<Answer> {
    let mut info = [0u64; 16];
    // SAFETY: IPC_INFO fills a struct shminfo, nine unsigned longs; the buffer is larger, and aligned for them.
    let index = Errno::result(unsafe { libc::shmctl(id.0, libc::IPC_INFO, info.as_mut_ptr().cast()) })?;
    let [shmmax, shmmin, shmmni, _shmseg, shmall, ..] = info;
    Ok(Answer::Limits(index, ShmLimits { shmmax, shmmin, shmmni, shmall }))
}

/// `shmctl(id, SHM_INFO, &info)`: what all segments together use, and the highest index in use.
pub(super) fn usage(id: Shmid) -> nix::Result<Answer> {
    let mut info = [0u64; 16];
    // SAFETY: SHM_INFO fills a struct shm_info, an int and five unsigned longs; the buffer is larger, and aligned.
    let index =
        Errno::result(unsafe { libc::shmctl(id.0, Cmd::ShmInfo.number(), info.as_mut_ptr().cast()) })?;
    let [used_ids, shm_tot, shm_rss, shm_swp, ..] = info;
    Ok(Answer::Usage(index, ShmInfo { used_ids: used_ids as i32, shm_tot, shm_rss, shm_swp }))
}

#[allow(clippy::unnecessary_cast, reason = "the fields' types differ between architectures and C libraries")]
/// The record as a value.
pub fn record_of(record: &libc::shmid_ds) -> ShmidDs {
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
