//! The calls on sets of semaphores, a function each.
//!
//! **Invariant:** a function is one system call, but for `GETALL`, which has to know how many values there are. Nothing
//! is remembered, watched or refused here.

use std::mem::MaybeUninit;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc::{self, c_int};
use nix::sys::time::TimeSpec;

use crate::call::{Answer, Key, RefusedTimeout, SemCmd, SemLimits, SemOp, Semid, SemidDs};

/// More operations are a mistake of who asks.
const MANY: u64 = 1024;

/// `semget(key, nsems, flags)`: makes a set, or finds one. `flags` hold the mode, too.
pub(super) fn get(key: Key, nsems: i32, flags: c_int) -> nix::Result<Semid> {
    // SAFETY: semget takes three numbers and touches no memory of this process.
    Errno::result(unsafe { libc::semget(key.0, nsems, flags) }).map(Semid)
}

/// `semop(id, ops, nops)`: changes semaphores, and waits until it can.
pub(in crate::kernel) fn operate(id: Semid, ops: &[SemOp]) -> nix::Result<()> {
    let mut ops = sembufs(ops);
    // SAFETY: the pointer and the count describe the vector, which lives until the call returns.
    Errno::result(unsafe { libc::semop(id.0, ops.as_mut_ptr(), ops.len()) }).map(drop)
}

/// `semop(id, {number, change, flags}, 1)`: one operation, and nothing is allocated for it, so that it can be timed.
///
/// # Errors
///
/// `EIDRM`, `EINVAL`: the set was removed. `ERANGE`: the value would be too large. `EINTR`: a signal came.
pub fn operate_one(id: Semid, op: SemOp) -> nix::Result<()> {
    let mut op = sembuf(&op);
    // SAFETY: the pointer leads to one operation, which lives until the call returns.
    Errno::result(unsafe { libc::semop(id.0, &raw mut op, 1) }).map(drop)
}

/// `semtimedop(id, ops, nops, &timeout)`: the same, and gives up after a time.
pub(super) fn operate_within(id: Semid, ops: &[SemOp], timeout: Duration) -> nix::Result<()> {
    let mut ops = sembufs(ops);
    let timeout = TimeSpec::from_duration(timeout);
    let (list, length, timeout) = (ops.as_mut_ptr(), ops.len(), std::ptr::from_ref(timeout.as_ref()));
    // SAFETY: the pointer and the count describe the vector; it and the timeout live until the call returns.
    Errno::result(unsafe { libc::syscall(libc::SYS_semtimedop, id.0, list, length, timeout) }).map(drop)
}

fn sembufs(ops: &[SemOp]) -> Vec<libc::sembuf> {
    ops.iter().map(sembuf).collect()
}

fn sembuf(op: &SemOp) -> libc::sembuf {
    libc::sembuf { sem_num: op.number, sem_op: op.change, sem_flg: op.flags.bits() as i16 }
}

/// `semop(id, NULL, nops)`: the kernel refuses it, and says why.
pub(super) fn operate_nowhere(id: Semid, count: u64) -> nix::Result<()> {
    // SAFETY: the kernel reads the list, and answers EFAULT where there is none; it writes nothing.
    let value = unsafe { libc::syscall(libc::SYS_semop, id.0, std::ptr::null_mut::<libc::sembuf>(), count) };
    Errno::result(value).map(drop)
}

/// `semtimedop(id, ops, nops, timeout)` with a time limit that the kernel refuses: the operations do not count.
pub(super) fn operate_refused(id: Semid, count: u64, timeout: RefusedTimeout) -> nix::Result<()> {
    let mut ops = vec![libc::sembuf { sem_num: 0, sem_op: 0, sem_flg: 0 }; count.min(MANY) as usize];
    let limit: [libc::c_long; 2];
    let pointer = match timeout {
        // It belongs to the kernel: nobody reads there.
        RefusedTimeout::At(_) => std::ptr::without_provenance::<libc::c_long>(usize::MAX),
        RefusedTimeout::Is { seconds, nanoseconds } => {
            limit = [seconds as _, nanoseconds as _];
            limit.as_ptr()
        }
    };
    let list = ops.as_mut_ptr();
    // SAFETY: the kernel reads the limit first, and then no more operations than the list has: for more than `MANY` it
    // answers E2BIG. It writes nothing.
    Errno::result(unsafe { libc::syscall(libc::SYS_semtimedop, id.0, list, count, pointer) }).map(drop)
}

/// `semctl(id, semnum, cmd, …)`: asks about a set, changes it, or removes it.
///
/// # Errors
///
/// Those of semctl(2).
pub(super) fn control(id: Semid, semnum: i32, cmd: &SemCmd) -> nix::Result<Answer> {
    match cmd {
        SemCmd::SetVal(value) => with_number(id, semnum, cmd, *value).map(|_| Answer::Done),
        SemCmd::GetVal | SemCmd::GetPid | SemCmd::GetNcnt | SemCmd::GetZcnt => {
            with_number(id, semnum, cmd, 0).map(Answer::Number)
        }
        SemCmd::IpcRmid | SemCmd::Other(_) => with_number(id, semnum, cmd, 0).map(|_| Answer::Done),
        SemCmd::GetAll => values(id),
        SemCmd::SetAll(values) => set_values(id, values),
        SemCmd::IpcStat => {
            with_record(id, cmd, blank()).map(|(_, record)| Answer::SetRecord(record_of(&record)))
        }
        SemCmd::SemStat | SemCmd::SemStatAny => with_record(id, cmd, blank())
            .map(|(found, record)| Answer::SetFound(Semid(found), record_of(&record))),
        SemCmd::IpcSet(change) => {
            let mut record = blank();
            record.sem_perm.uid = change.uid;
            record.sem_perm.gid = change.gid;
            record.sem_perm.mode = change.mode.bits() as _;
            with_record(id, cmd, record).map(|_| Answer::Done)
        }
        SemCmd::BufferAt { .. } => nowhere(id, semnum, cmd),
        SemCmd::IpcInfo | SemCmd::SemInfo => limits(id, cmd),
    }
}

/// The commands that take a number or nothing.
fn with_number(id: Semid, semnum: i32, cmd: &SemCmd, value: i32) -> nix::Result<c_int> {
    // SAFETY: no command that gets here reads or writes memory: `SETVAL` takes an int, the others nothing, and a
    // number that is no command is refused.
    Errno::result(unsafe { libc::semctl(id.0, semnum, cmd.number(), value) })
}

/// `semctl(id, semnum, cmd, NULL)`, for the commands that copy an array or a record: the kernel refuses it.
fn nowhere(id: Semid, semnum: i32, cmd: &SemCmd) -> nix::Result<Answer> {
    let nowhere = std::ptr::null_mut::<libc::semid_ds>();
    // SAFETY: the kernel answers EFAULT before it reads or writes anything at NULL.
    Errno::result(unsafe { libc::semctl(id.0, semnum, cmd.number(), nowhere) }).map(|_| Answer::Done)
}

fn blank() -> libc::semid_ds {
    // SAFETY: an all-zero semid_ds is a value of its type: it holds integers only.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// The commands that read or write a record: the call's own value, and the record.
fn with_record(id: Semid, cmd: &SemCmd, mut record: libc::semid_ds) -> nix::Result<(c_int, libc::semid_ds)> {
    // SAFETY: the record is a live semid_ds, which is what these commands read or write.
    let value = Errno::result(unsafe { libc::semctl(id.0, 0, cmd.number(), &raw mut record) })?;
    Ok((value, record))
}

#[allow(clippy::unnecessary_cast, reason = "the fields' types differ between architectures and C libraries")]
fn record_of(record: &libc::semid_ds) -> SemidDs {
    SemidDs {
        key: Key(record.sem_perm.__key),
        uid: record.sem_perm.uid,
        gid: record.sem_perm.gid,
        cuid: record.sem_perm.cuid,
        cgid: record.sem_perm.cgid,
        mode: record.sem_perm.mode as u32,
        otime: record.sem_otime as i64,
        ctime: record.sem_ctime as i64,
        nsems: record.sem_nsems as u64,
    }
}

/// No set has more semaphores: `sem_num` has 16 bits.
const MOST: usize = u16::MAX as usize + 1;

/// `semctl(id, 0, GETALL, values)`.
fn values(id: Semid) -> nix::Result<Answer> {
    // Whoever may not read the record may not read the values either: the errno is the same.
    let (_, record) = with_record(id, &SemCmd::IpcStat, blank())?;
    let mut values = vec![0u16; MOST];
    // SAFETY: the kernel writes as many values as the set has semaphores, and the buffer holds as many as any set.
    Errno::result(unsafe { libc::semctl(id.0, 0, SemCmd::GetAll.number(), values.as_mut_ptr()) })?;
    values.truncate(record.sem_nsems as usize);
    Ok(Answer::Values(values))
}

/// `semctl(id, 0, SETALL, values)`.
fn set_values(id: Semid, values: &[u16]) -> nix::Result<Answer> {
    let mut all = values.to_vec();
    all.resize(values.len().max(MOST), 0);
    let cmd = SemCmd::SetAll(Vec::new()).number();
    // SAFETY: the kernel reads as many values as the set has semaphores, and the buffer holds as many as any set.
    Errno::result(unsafe { libc::semctl(id.0, 0, cmd, all.as_mut_ptr()) }).map(|_| Answer::Done)
}

/// `semctl(id, 0, IPC_INFO | SEM_INFO, &info)`: the limits of the namespace, and the highest index in use.
fn limits(id: Semid, cmd: &SemCmd) -> nix::Result<Answer> {
    let mut info = [0i32; 16];
    // SAFETY: these commands fill a struct seminfo, ten ints; the buffer is larger, and aligned for them.
    let index = Errno::result(unsafe { libc::semctl(id.0, 0, cmd.number(), info.as_mut_ptr()) })?;
    let [_, semmni, semmns, _, semmsl, semopm, _, semusz, semvmx, semaem, ..] = info;
    Ok(Answer::SemLimits(index, SemLimits { semmsl, semmns, semopm, semmni, semvmx, semusz, semaem }))
}

/// `semctl(id, 0, IPC_RMID)`: removes a set at once; async-signal-safe.
pub(in crate::kernel) fn remove(id: Semid) -> nix::Result<()> {
    with_number(id, 0, &SemCmd::IpcRmid, 0).map(drop)
}
