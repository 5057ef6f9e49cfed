//! From registers and memory to a [`Call`] and its [`Outcome`].
//!
//! **Invariant:** a call is decoded as the kernel sees it: where the process passes a pointer that cannot be read, the
//! pointer is told, and the kernel's own `EFAULT` tells the rest.

use std::mem::MaybeUninit;
use std::mem::size_of;
use std::time::Duration;

use nix::libc;
use nix::unistd::Pid;
use playground_core::{Errno, Mode};

use super::abi::{Name, RawSyscall, Width};
use super::memory;
use crate::call::Ownership;
use crate::call::{
    Address, Answer, Call, Cmd, Key, Outcome, RefusedTimeout, SemCmd, SemFlags, SemOp, Semid, ShmInfo,
    ShmLimits, ShmatFlags, ShmgetFlags, Shmid, ShmidDs,
};
use crate::kernel::record_of;

/// More operations than this are refused by the kernel anyway, unless its limit was raised (`SEMOPM`, 500).
const MOST_OPERATIONS: u64 = 4096;

/// `IPC_64`: with the old call `ipc`, a command asks by this bit for the newer form of its record.
const IPC_64: i32 = 0x100;

/// The command, without the bit where the kernel takes it away, too.
fn plain(asked: &RawSyscall, command: u64) -> i32 {
    if asked.multiplexed { command as i32 & !IPC_64 } else { command as i32 }
}

/// What the process asks, at the moment when it asks.
pub(super) fn call(pid: Pid, asked: &RawSyscall) -> Call {
    let [first, second, third, ..] = asked.arguments;
    let (id, flags) = (first as i32, third as i32);
    let (mode, get) = (Mode::from_bits_truncate((flags & 0o777) as u32), flags & !0o777);
    let get = ShmgetFlags::from_bits_retain(get);
    match asked.name {
        Name::Shmget => Call::Shmget { key: Key(id), size: second, flags: get, mode },
        Name::Shmat => Call::Shmat {
            shmid: Shmid(id),
            address: Address(second),
            flags: ShmatFlags::from_bits_retain(flags),
        },
        Name::Shmdt => Call::Shmdt { address: Address(first) },
        Name::Shmctl => {
            Call::Shmctl { shmid: Shmid(id), cmd: command(pid, plain(asked, second), third, form(asked)) }
        }
        Name::Semget => Call::Semget { key: Key(id), nsems: second as i32, flags: get, mode },
        Name::Semop => semop(pid, asked, Ok(None)),
        Name::Semtimedop => semop(pid, asked, timeout(pid, asked)),
        Name::Semctl => {
            Call::Semctl { semid: Semid(id), semnum: second as i32, cmd: sem_command(pid, asked) }
        }
    }
}

fn command(pid: Pid, number: i32, buffer: u64, form: Form) -> Cmd {
    let nowhere = Cmd::BufferAt { number, buffer: Address(buffer) };
    match number {
        libc::IPC_SET => record(pid, buffer, form).map_or(nowhere, |record| Cmd::IpcSet(ownership(&record))),
        _ if Cmd::that_copies_out(number).is_some() && !memory::is_there(pid, buffer) => nowhere,
        libc::IPC_STAT => Cmd::IpcStat,
        libc::IPC_RMID => Cmd::IpcRmid,
        libc::SHM_LOCK => Cmd::ShmLock,
        libc::SHM_UNLOCK => Cmd::ShmUnlock,
        libc::IPC_INFO => Cmd::IpcInfo,
        13 => Cmd::ShmStat,
        14 => Cmd::ShmInfo,
        15 => Cmd::ShmStatAny,
        _ => Cmd::Unknown(number),
    }
}

fn ownership(record: &ShmidDs) -> Ownership {
    let &ShmidDs { uid, gid, mode, .. } = record;
    Ownership { uid, gid, mode: Mode::from_bits_truncate(mode & 0o777) }
}

/// `semop`, or with a timeout `semtimedop`.
fn semop(pid: Pid, asked: &RawSyscall, timeout: Result<Option<Duration>, RefusedTimeout>) -> Call {
    let [semid, sops, nsops, ..] = asked.arguments;
    let semid = Semid(semid as i32);
    let unread = |timeout| Call::SemopAt { semid, sops: Address(sops), nsops, timeout };
    match (operations(pid, sops, nsops), timeout) {
        (_, Err(timeout)) => unread(Some(timeout)),
        (Err(_), _) => unread(None),
        (Ok(ops), Ok(None)) => Call::Semop { semid, ops },
        (Ok(ops), Ok(Some(timeout))) => Call::Semtimedop { semid, ops, timeout },
    }
}

fn operations(pid: Pid, list: u64, count: u64) -> nix::Result<Vec<SemOp>> {
    let length = count.min(MOST_OPERATIONS) as usize * size_of::<libc::sembuf>();
    let bytes = memory::read(pid, list, length)?;
    let operation = |[n0, n1, c0, c1, f0, f1]: &[u8; 6]| SemOp {
        number: u16::from_ne_bytes([*n0, *n1]),
        change: i16::from_ne_bytes([*c0, *c1]),
        flags: SemFlags::from_bits_retain(i16::from_ne_bytes([*f0, *f1]).into()),
    };
    Ok(bytes.as_chunks::<6>().0.iter().map(operation).collect())
}

/// How long a `semtimedop` waits, or why the kernel refuses its limit. The C library's `semop` is one that waits for
/// ever: it has none.
fn timeout(pid: Pid, asked: &RawSyscall) -> Result<Option<Duration>, RefusedTimeout> {
    let pointer = asked.arguments[3];
    // Only the old 32-bit call has 32-bit seconds; `semtimedop_time64` has not.
    let width = if asked.multiplexed { Width::Compat } else { Width::Native };
    if pointer == 0 {
        return Ok(None);
    }
    let unread = |_| RefusedTimeout::At(Address(pointer));
    let [seconds, nanoseconds] = memory::longs(pid, pointer, width).map_err(unread)?;
    match (i64::try_from(seconds), u32::try_from(nanoseconds)) {
        (Ok(_), Ok(nanoseconds @ ..1_000_000_000)) => Ok(Some(Duration::new(seconds, nanoseconds))),
        _ => Err(RefusedTimeout::Is { seconds: seconds as i64, nanoseconds: nanoseconds as i64 }),
    }
}

/// The last argument of `semctl`: the old call `ipc` has a pointer to it.
fn fourth(pid: Pid, asked: &RawSyscall) -> u64 {
    let fourth = asked.arguments[3];
    match asked.multiplexed {
        true => memory::longs::<1>(pid, fourth, Width::Compat).map_or(0, |[value]| value),
        false => fourth,
    }
}

fn sem_command(pid: Pid, asked: &RawSyscall) -> SemCmd {
    let number = plain(asked, asked.arguments[2]);
    match number {
        libc::SETVAL => SemCmd::SetVal(fourth(pid, asked) as i32),
        libc::GETVAL => SemCmd::GetVal,
        libc::GETPID => SemCmd::GetPid,
        libc::GETNCNT => SemCmd::GetNcnt,
        libc::GETZCNT => SemCmd::GetZcnt,
        libc::IPC_RMID => SemCmd::IpcRmid,
        _ => {
            let (other, buffer) = (SemCmd::Other(number), fourth(pid, asked));
            let is_nowhere = other.array_or_record().is_some() && !memory::is_there(pid, buffer);
            if is_nowhere { SemCmd::BufferAt { number, buffer: Address(buffer) } } else { other }
        }
    }
}

/// A call as it is told once the kernel has refused it. Of memory that can be read, the kernel alone says that it cannot be
/// written: then the pointer is told that was passed.
pub(super) fn refused(pid: Pid, asked: &RawSyscall, call: Call, outcome: &Outcome) -> Call {
    match call {
        Call::Shmctl { shmid, cmd } if is_efault(outcome) && Cmd::that_copies_out(cmd.number()).is_some() => {
            let (number, buffer) = (cmd.number(), Address(asked.arguments[2]));
            Call::Shmctl { shmid, cmd: Cmd::BufferAt { number, buffer } }
        }
        Call::Semctl { semid, semnum, cmd } if is_efault(outcome) && cmd.array_or_record().is_some() => {
            let (number, buffer) = (cmd.number(), Address(fourth(pid, asked)));
            Call::Semctl { semid, semnum, cmd: SemCmd::BufferAt { number, buffer } }
        }
        other => other,
    }
}

fn is_efault(outcome: &Outcome) -> bool {
    *outcome == Err(Errno::EFAULT)
}

/// What the kernel answered, at the moment when it has.
pub(super) fn outcome(pid: Pid, asked: &RawSyscall, call: &Call, value: i64, is_error: bool) -> Outcome {
    if is_error {
        return Err(Errno::from_raw(-value as i32));
    }
    Ok(match call {
        Call::Shmget { .. } => Answer::Id(Shmid(value as i32)),
        Call::Shmat { .. } => Answer::Mapped(mapped(pid, asked, value)),
        Call::Shmctl { cmd, .. } => copied_out(pid, asked, *cmd, value as i32).unwrap_or(Answer::Done),
        Call::Semget { .. } => Answer::Set(Semid(value as i32)),
        Call::Semctl { cmd: SemCmd::SetVal(_) | SemCmd::IpcRmid, .. } => Answer::Done,
        Call::Semctl { .. } => Answer::Number(value as i32),
        Call::Shmdt { .. } | Call::Semop { .. } | Call::SemopAt { .. } | Call::Semtimedop { .. } => {
            Answer::Done
        }
        // The filter stops none of these.
        Call::File(_) | Call::Lock(_) | Call::Ftok { .. } => Answer::Done,
    })
}

fn mapped(pid: Pid, asked: &RawSyscall, value: i64) -> Address {
    let written = || memory::longs::<1>(pid, asked.arguments[3], Width::Compat).ok();
    match (asked.multiplexed, asked.width) {
        (true, _) => Address(written().map_or(0, |[address]| address)),
        (false, Width::Compat) => Address(value as u32 as u64),
        (false, Width::Native) => Address(value as u64),
    }
}

fn copied_out(pid: Pid, asked: &RawSyscall, cmd: Cmd, value: i32) -> nix::Result<Answer> {
    let (buffer, width) = (asked.arguments[2], asked.width);
    Ok(match cmd {
        Cmd::IpcStat => Answer::Record(record(pid, buffer, form(asked))?),
        Cmd::ShmStat | Cmd::ShmStatAny => Answer::Found(Shmid(value), record(pid, buffer, form(asked))?),
        Cmd::IpcInfo => {
            let [shmmax, shmmin, shmmni, _shmseg, shmall] = memory::longs(pid, buffer, width)?;
            Answer::Limits(value, ShmLimits { shmmax, shmmin, shmmni, shmall })
        }
        Cmd::ShmInfo => {
            let [used_ids, shm_tot, shm_rss, shm_swp] = memory::longs(pid, buffer, width)?;
            Answer::Usage(value, ShmInfo { used_ids: used_ids as i32, shm_tot, shm_rss, shm_swp })
        }
        Cmd::IpcSet(_)
        | Cmd::BufferAt { .. }
        | Cmd::IpcRmid
        | Cmd::ShmLock
        | Cmd::ShmUnlock
        | Cmd::Unknown(_) => Answer::Done,
    })
}

/// How a record lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `struct shmid_ds` of this machine.
    Native,
    /// `struct shmid64_ds` of 32-bit programs.
    Compat,
    /// `struct shmid_ds` as it was before Linux 2.4, which the old call `ipc` copies without `IPC_64`.
    Old,
}

fn form(asked: &RawSyscall) -> Form {
    match asked.width {
        Width::Native => Form::Native,
        Width::Compat if asked.multiplexed && asked.arguments[1] as i32 & IPC_64 == 0 => Form::Old,
        Width::Compat => Form::Compat,
    }
}

fn record(pid: Pid, buffer: u64, form: Form) -> nix::Result<ShmidDs> {
    match form {
        Form::Native => native_record(pid, buffer),
        Form::Compat => compat_record(pid, buffer),
        Form::Old => old_record(pid, buffer),
    }
}

fn native_record(pid: Pid, buffer: u64) -> nix::Result<ShmidDs> {
    let bytes = memory::read(pid, buffer, size_of::<libc::shmid_ds>())?;
    let mut record = MaybeUninit::<libc::shmid_ds>::uninit();
    let to = record.as_mut_ptr().cast::<u8>();
    // SAFETY: both sides are as long as a shmid_ds, and they do not overlap.
    unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    // SAFETY: every byte has just been written, and any bytes are a shmid_ds: it holds integers only.
    Ok(record_of(&unsafe { record.assume_init() }))
}

/// `struct shmid64_ds` of i386: `arch/x86/include/uapi/asm/shmbuf.h`. The halves of times come apart there.
fn compat_record(pid: Pid, buffer: u64) -> nix::Result<ShmidDs> {
    let longs: [u64; 19] = memory::longs(pid, buffer, Width::Compat)?;
    let small = |place: usize| longs[place] as u32;
    let time = |low: usize| (longs[low] | longs[low + 1] << 32) as i64;
    Ok(ShmidDs {
        key: Key(small(0) as i32),
        uid: small(1),
        gid: small(2),
        cuid: small(3),
        cgid: small(4),
        mode: small(5) & 0xffff,
        size: longs[9] as usize,
        atime: time(10),
        dtime: time(12),
        ctime: time(14),
        cpid: small(16) as i32,
        lpid: small(17) as i32,
        nattch: longs[18],
    })
}

/// `struct shmid_ds` of `include/uapi/linux/shm.h`, as i386 has it: ids of users and groups have 16 bits there, and times
/// 32.
fn old_record(pid: Pid, buffer: u64) -> nix::Result<ShmidDs> {
    let longs: [u64; 11] = memory::longs(pid, buffer, Width::Compat)?;
    let half = |place: usize, high: bool| (longs[place] >> if high { 16 } else { 0 }) as u16;
    let small = |place: usize, high: bool| u32::from(half(place, high));
    Ok(ShmidDs {
        key: Key(longs[0] as i32),
        uid: small(1, false),
        gid: small(1, true),
        cuid: small(2, false),
        cgid: small(2, true),
        mode: small(3, false),
        size: longs[4] as usize,
        atime: i64::from(longs[5] as i32),
        dtime: i64::from(longs[6] as i32),
        ctime: i64::from(longs[7] as i32),
        cpid: small(8, false) as i32,
        lpid: small(8, true) as i32,
        nattch: u64::from(half(9, false)),
    })
}
