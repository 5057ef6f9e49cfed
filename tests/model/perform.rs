//! The calls that a process under test makes, and what it looks at.
//!
//! **Invariant:** one function a call, and nothing is allocated.

use std::cell::UnsafeCell;
use std::mem::zeroed;
use std::ptr::{from_mut, null};
use std::time::Instant;

use nix::libc::{self, c_int, c_long, c_void};

use super::board::{Board, SEMAPHORES, Words, log};

/// Commands that libc lacks.
const SHM_STAT: i32 = 13;
const SHM_INFO: i32 = 14;
const SEM_STAT: i32 = 18;
const SEM_INFO: i32 = 19;

/// The files that `ftok` is asked about.
pub const KEY_FILES: [&core::ffi::CStr; 4] = [c"/", c"/dev/null", c"/proc/version", c"/dev"];

/// A child of `vfork` has its parent's memory, and so a stack that is not its parent's: one for each that comes from
/// another one, however many of those still sleep.
const STACK: usize = 1 << 15;
const DEPTHS: usize = 24;

#[repr(align(16))]
struct Stacks(UnsafeCell<[[u8; STACK]; DEPTHS]>);

// SAFETY: each is used by one process at a time, and no Rust code looks at it.
unsafe impl Sync for Stacks {}

static STACKS: Stacks = Stacks(UnsafeCell::new([[0; STACK]; DEPTHS]));

/// `vfork`, as `clone` does it on the stack of this depth.
pub fn vfork_with(depth: usize, begin: extern "C" fn(*mut c_void) -> c_int, argument: *mut c_void) {
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PARENT | libc::SIGCHLD;
    let end = STACKS.0.get().cast::<[u8; STACK]>().wrapping_add(depth + 1);
    assert!(depth < DEPTHS);
    // SAFETY: the stack is the child's own, and the argument is there until it has ended.
    unsafe { libc::clone(begin, end.cast(), flags, argument) };
}

/// In the environment, this keeps the C library from using rseq(2). With it, the kernel writes to a process's memory
/// whenever another one has had the processor, and after a fork that store copies a page: one fault more, at some time.
pub const WITHOUT_RSEQ: &core::ffi::CStr = c"GLIBC_TUNABLES=glibc.pthread.rseq=0";

/// Starts this very program, for a slot. Its addresses are the same each time: none is left to chance, and its
/// environment and its arguments are equally long.
pub fn start_anew(slot: usize) -> (i64, i32) {
    let slot = [b'0' + (slot / 10) as u8, b'0' + (slot % 10) as u8, 0];
    let arguments = [c"model".as_ptr().cast(), c"--serve".as_ptr().cast(), slot.as_ptr(), null()];
    let environment: [*const u8; 2] = [WITHOUT_RSEQ.as_ptr().cast(), null()];
    syscall(libc::SYS_personality, [libc::ADDR_NO_RANDOMIZE as u64, 0, 0, 0, 0, 0]);
    let path = c"/proc/self/exe".as_ptr() as u64;
    syscall(libc::SYS_execve, [path, arguments.as_ptr() as u64, environment.as_ptr() as u64, 0, 0, 0])
}

/// Whether this program's addresses were left to chance after all: the kernel takes the wish that they are not back from
/// a program that gets capabilities by being started, as root's does where they had been given up.
pub fn is_left_to_chance() -> bool {
    const ASK: u64 = 0xffff_ffff;
    let (personality, _) = syscall(libc::SYS_personality, [ASK, 0, 0, 0, 0, 0]);
    personality & i64::from(libc::ADDR_NO_RANDOMIZE) == 0
}

/// Whoever waits for the end of what this process prints need not wait for this process and its children.
pub fn print_nowhere() {
    let path = c"/dev/null".as_ptr() as u64;
    let (fd, _) =
        syscall(libc::SYS_openat, [i64::from(libc::AT_FDCWD) as u64, path, libc::O_WRONLY as u64, 0, 0, 0]);
    syscall(libc::SYS_dup3, [fd as u64, libc::STDOUT_FILENO as u64, 0, 0, 0, 0]);
    syscall(libc::SYS_close, [fd as u64, 0, 0, 0, 0, 0]);
}

/// The key of one of the [`KEY_FILES`].
pub fn ftok(file: usize, project: i32) -> (i64, i32) {
    // SAFETY: the path is a C string.
    let key = unsafe { libc::ftok(KEY_FILES[file].as_ptr(), project) };
    (key.into(), 0)
}

/// `sembuf`, packed into a word.
pub fn pack(number: u16, change: i16, flags: i32) -> u64 {
    u64::from(number) | u64::from(change as u16) << 16 | u64::from(flags as u32) << 32
}

pub fn sembufs(packed: &[u64; 4]) -> [libc::sembuf; 4] {
    packed.map(|word| libc::sembuf {
        sem_num: word as u16,
        sem_op: (word >> 16) as i16,
        sem_flg: (word >> 32) as i16,
    })
}

pub fn syscall(number: c_long, args: [u64; 6]) -> (i64, i32) {
    // SAFETY: the calls of a script change this process only in ways that its loop survives, or are meant to end it.
    let value = unsafe { libc::syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]) };
    (value, if value == -1 { nix::errno::Errno::last_raw() } else { 0 })
}

/// How long something may take.
pub struct Deadline(Instant);

impl Deadline {
    pub fn new(board: &Board) -> Deadline {
        Deadline(Instant::now() + board.timeout())
    }

    pub fn lasts(&self) -> bool {
        Instant::now() < self.0
    }
}

/// The clock that the kernel's records are stamped by.
pub fn seconds() -> u64 {
    // SAFETY: zeros are a time.
    let mut time: libc::timespec = unsafe { zeroed() };
    // SAFETY: the clock is written to where there is room for it.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME_COARSE, &mut time) };
    time.tv_sec as u64
}

/// Waits for the next second.
pub fn pause() -> (i64, i32) {
    let now = seconds();
    while seconds() == now {
        let time = libc::timespec { tv_sec: 0, tv_nsec: 5_000_000 };
        syscall(libc::SYS_nanosleep, [std::ptr::from_ref(&time) as u64, 0, 0, 0, 0, 0]);
    }
    (0, 0)
}

/// `struct shm_info`, which libc lacks.
#[repr(C)]
pub struct ShmInfo {
    pub used_ids: i32,
    pub shm_tot: u64,
    pub shm_rss: u64,
    shm_swp: u64,
    unused: [u64; 2],
}

pub fn look_at_segment(place: u64, mut note: impl FnMut(usize, u64)) {
    // SAFETY: zeros are a record.
    let mut record: libc::shmid_ds = unsafe { zeroed() };
    let (id, _) = syscall(libc::SYS_shmctl, [place, 15, from_mut(&mut record) as u64, 0, 0, 0]);
    let perm = &record.shm_perm;
    let words = [
        id as u64,
        perm.__key as u32 as u64,
        perm.uid.into(),
        perm.gid.into(),
        perm.cuid.into(),
        perm.cgid.into(),
        u64::from(perm.mode),
        record.shm_segsz as u64,
        record.shm_nattch,
        record.shm_cpid as u64,
        record.shm_lpid as u64,
    ];
    words.into_iter().enumerate().for_each(|(word, value)| note(word, value));
    // The three times in one word would be too long: they are noted as three, the last two in one.
    note(11, record.shm_atime as u64);
    note(12, (record.shm_dtime as u64) << 32 | record.shm_ctime as u64 & 0xffff_ffff);
}

pub fn look_at_set(semid: u64, mut note: impl FnMut(usize, u64)) {
    // SAFETY: zeros are a record.
    let mut record: libc::semid_ds = unsafe { zeroed() };
    let (id, _) = syscall(libc::SYS_semctl, [semid, 0, 20, from_mut(&mut record) as u64, 0, 0]);
    let perm = &record.sem_perm;
    note(0, id as u64);
    note(1, perm.__key as u32 as u64);
    note(2, u64::from(perm.uid) << 32 | u64::from(perm.gid));
    note(3, u64::from(perm.cuid) << 32 | u64::from(perm.cgid));
    note(4, u64::from(perm.mode));
    note(5, record.sem_nsems);
    note(6, record.sem_otime as u64);
    note(7, record.sem_ctime as u64);
    for number in 0..(record.sem_nsems as usize).min(SEMAPHORES) {
        let ask = |cmd: i32| syscall(libc::SYS_semctl, [semid, number as u64, cmd as u64, 0, 0, 0]).0 as u64;
        let asked = [libc::GETVAL, libc::GETPID, libc::GETNCNT, libc::GETZCNT].map(ask);
        asked.into_iter().enumerate().for_each(|(word, value)| note(8 + 4 * number + word, value));
    }
}

/// How many processes sleep on a set.
pub fn waiting(semid: u64) -> u64 {
    let count = |number: u64, cmd: i32| {
        syscall(libc::SYS_semctl, [semid, number, cmd as u64, 0, 0, 0]).0.max(0) as u64
    };
    (0..SEMAPHORES as u64).map(|number| count(number, libc::GETNCNT) + count(number, libc::GETZCNT)).sum()
}

pub fn shmctl(args: [u64; 6], log: &Words<{ log::WORDS }>) -> (i64, i32) {
    // The largest buffer that any of the commands fills.
    let mut buffer = [0u64; 16];
    if args[1] == libc::IPC_SET as u64 {
        // SAFETY: zeros are a record.
        let mut record: libc::shmid_ds = unsafe { zeroed() };
        (record.shm_perm.uid, record.shm_perm.gid) = (args[2] as u32, args[3] as u32);
        record.shm_perm.mode = args[4] as _;
        return syscall(libc::SYS_shmctl, [args[0], args[1], from_mut(&mut record) as u64, 0, 0, 0]);
    }
    let done = syscall(libc::SYS_shmctl, [args[0], args[1], buffer.as_mut_ptr() as u64, 0, 0, 0]);
    (0..6).for_each(|word| log.set(log::ANSWER + word, buffer[word]));
    done
}

/// The call, and how many nanoseconds it took.
pub fn semop(args: [u64; 6], timeout: u64) -> (i64, i32, u64) {
    let mut ops = sembufs(&[args[2], args[3], args[4], args[5]]);
    let time = libc::timespec {
        tv_sec: (timeout / 1_000_000_000) as i64,
        tv_nsec: (timeout % 1_000_000_000) as i64,
    };
    let time = if timeout == u64::MAX { null() } else { std::ptr::from_ref(&time) };
    let begin = Instant::now();
    let (value, errno) =
        syscall(libc::SYS_semtimedop, [args[0], ops.as_mut_ptr() as u64, args[1], time as u64, 0, 0]);
    (value, errno, begin.elapsed().as_nanos() as u64)
}

pub fn semctl(args: [u64; 6], log: &Words<{ log::WORDS }>) -> (i64, i32) {
    let cmd = args[2] as i32;
    let mut buffer = [0u64; 16];
    let argument = match cmd {
        libc::SETVAL => args[3],
        libc::SETALL => {
            // Four values of 16 bits lie in one word.
            buffer[0] = args[3];
            buffer.as_mut_ptr() as u64
        }
        libc::IPC_SET => {
            // SAFETY: zeros are a record.
            let mut record: libc::semid_ds = unsafe { zeroed() };
            (record.sem_perm.uid, record.sem_perm.gid) = (args[3] as u32, args[4] as u32);
            record.sem_perm.mode = args[5] as _;
            return syscall(
                libc::SYS_semctl,
                [args[0], args[1], args[2], from_mut(&mut record) as u64, 0, 0],
            );
        }
        _ => buffer.as_mut_ptr() as u64,
    };
    let done = syscall(libc::SYS_semctl, [args[0], args[1], args[2], argument, 0, 0]);
    (0..6).for_each(|word| log.set(log::ANSWER + word, buffer[word]));
    done
}

/// Removes every segment and every set, and says which ids are dealt after that: the next ones follow them.
pub fn remove_all(log: &Words<{ log::WORDS }>) -> (i64, i32) {
    let mut buffer = [0u64; 16];
    let buffer = buffer.as_mut_ptr() as u64;
    let shmctl = |id: i64, cmd: i32| syscall(libc::SYS_shmctl, [id as u64, cmd as u64, buffer, 0, 0, 0]);
    let semctl = |id: i64, cmd: i32| syscall(libc::SYS_semctl, [id as u64, 0, cmd as u64, buffer, 0, 0]);
    remove_each(|place| shmctl(place, SHM_STAT), || shmctl(0, SHM_INFO).0, |id| shmctl(id, libc::IPC_RMID));
    remove_each(|place| semctl(place, SEM_STAT), || semctl(0, SEM_INFO).0, |id| semctl(id, libc::IPC_RMID));
    let (shmid, failed) = syscall(libc::SYS_shmget, [0, 1, 0, 0, 0, 0]);
    let (semid, errno) = syscall(libc::SYS_semget, [0, 1, 0, 0, 0, 0]);
    shmctl(shmid, libc::IPC_RMID);
    semctl(semid, libc::IPC_RMID);
    log.set(log::ANSWER, semid as u64);
    (shmid, failed.max(errno))
}

/// From the highest place in use downwards, until none is.
fn remove_each(
    id_at: impl Fn(i64) -> (i64, i32),
    highest: impl Fn() -> i64,
    remove: impl Fn(i64) -> (i64, i32),
) {
    while let (id, 0) = id_at(highest()) {
        remove(id);
    }
}

/// Page faults of both kinds: which one a kernel takes a first store for depends on its age.
pub fn faults() -> u64 {
    // SAFETY: zeros are a record of use.
    let mut usage: libc::rusage = unsafe { zeroed() };
    // SAFETY: the record is written to where there is room for it.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    (usage.ru_minflt + usage.ru_majflt) as u64
}

/// Reads up to 8 bytes, one by one. Where the model says that this ends the process, it shall.
///
/// It is done once with memory of its own before: the first run of any code, and of a forked process on its stack,
/// has page faults of its own.
pub fn load(address: u64, length: u64, log: &Words<{ log::WORDS }>) -> (i64, i32, u64) {
    let own = [0u8; 8];
    read(own.as_ptr() as u64, length);
    faults();
    let before = faults();
    let bytes = read(address, length);
    let faults = faults() - before;
    log.set(log::ANSWER, bytes);
    (0, 0, faults)
}

#[inline(never)]
pub fn read(address: u64, length: u64) -> u64 {
    // SAFETY: nothing of this process's own lies there, or it is a local of 8 bytes: the script has seen to that.
    let byte = |at: u64| unsafe { ((address + at) as *const u8).read_volatile() };
    (0..length).fold(0, |bytes, at| bytes | u64::from(byte(at)) << (8 * at))
}

/// Writes up to 8 bytes.
pub fn store(address: u64, length: u64, bytes: u64) -> (i64, i32, u64) {
    let mut own = [0u8; 8];
    write(own.as_mut_ptr() as u64, length, bytes);
    faults();
    let before = faults();
    write(address, length, bytes);
    (0, 0, faults() - before)
}

#[inline(never)]
pub fn write(address: u64, length: u64, bytes: u64) {
    for at in 0..length {
        // SAFETY: as above.
        unsafe { ((address + at) as *mut u8).write_volatile((bytes >> (8 * at)) as u8) };
    }
}

pub fn become_(args: [u64; 6]) -> (i64, i32) {
    let done = match args[0] {
        0 => syscall(libc::SYS_setresuid, [args[1], args[1], args[1], 0, 0, 0]),
        1 => syscall(libc::SYS_setresgid, [args[1], args[1], args[1], 0, 0, 0]),
        2 => {
            let groups = [args[1] as u32];
            syscall(libc::SYS_setgroups, [1, groups.as_ptr() as u64, 0, 0, 0, 0])
        }
        _ => without(args[1]),
    };
    // Who changes its user is no longer killed with its parent, and hidden from others, unless it asks anew.
    syscall(libc::SYS_prctl, [libc::PR_SET_PDEATHSIG as u64, libc::SIGKILL as u64, 0, 0, 0, 0]);
    syscall(libc::SYS_prctl, [libc::PR_SET_DUMPABLE as u64, 1, 0, 0, 0, 0]);
    done
}

/// `capset`: gives capabilities up, by their numbers as bits.
pub fn without(bits: u64) -> (i64, i32) {
    let header = [0x2008_0522u32, 0];
    let mut data = [0u32; 6];
    let done = syscall(libc::SYS_capget, [header.as_ptr() as u64, data.as_mut_ptr() as u64, 0, 0, 0, 0]);
    if done.0 != 0 {
        return done;
    }
    // Effective and permitted, low words and high words.
    for (at, word) in [(0, bits as u32), (1, bits as u32), (3, (bits >> 32) as u32), (4, (bits >> 32) as u32)]
    {
        data[at] &= !word;
    }
    syscall(libc::SYS_capset, [header.as_ptr() as u64, data.as_ptr() as u64, 0, 0, 0, 0])
}

/// The files of the settings, as `op::SYSCTL` numbers them.
const FILES: [&core::ffi::CStr; 7] = [
    c"/proc/sys/kernel/shmmax",
    c"/proc/sys/kernel/shmall",
    c"/proc/sys/kernel/shmmni",
    c"/proc/sys/kernel/shm_next_id",
    c"/proc/sys/kernel/shm_rmid_forced",
    c"/proc/sys/kernel/sem",
    c"/proc/sys/kernel/sem_next_id",
];

/// Writes a setting: the number has been spelled out by the runner, in the words that follow.
pub fn sysctl(args: [u64; 6]) -> (i64, i32) {
    let file = FILES[args[0] as usize];
    let (here, flags) = (i64::from(libc::AT_FDCWD) as u64, (libc::O_WRONLY | libc::O_CLOEXEC) as u64);
    let (fd, errno) = syscall(libc::SYS_openat, [here, file.as_ptr() as u64, flags, 0, 0, 0]);
    if fd < 0 {
        return (fd, errno);
    }
    let text: [u64; 4] = [args[2], args[3], args[4], args[5]];
    let (value, errno) = syscall(libc::SYS_write, [fd as u64, text.as_ptr() as u64, args[1], 0, 0, 0]);
    syscall(libc::SYS_close, [fd as u64, 0, 0, 0, 0, 0]);
    if value < 0 { (value, errno) } else { (0, 0) }
}

pub fn setrlimit(args: [u64; 6]) -> (i64, i32) {
    let limit = [args[1], args[1]];
    syscall(libc::SYS_setrlimit, [args[0], limit.as_ptr() as u64, 0, 0, 0, 0])
}

/// Waits for the end of a process, and says by which signal it came.
pub fn reap(pid: u32) -> (i64, i32) {
    let mut status = 0i32;
    let (value, errno) = syscall(libc::SYS_wait4, [pid.into(), from_mut(&mut status) as u64, 0, 0, 0, 0]);
    if value < 0 { (value, errno) } else { ((status & 0x7f).into(), 0) }
}
