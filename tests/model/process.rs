//! A process under test: it does what the board says, when its turn comes, and notes what the kernel answered.
//!
//! **Invariant:** it allocates nothing and maps nothing of its own, so that its memory is what the model knows of it.

use std::mem::zeroed;
use std::ptr::{from_mut, null};
use std::sync::atomic::Ordering;
use std::time::Instant;

use nix::libc::{self, c_long};

use super::board::{Board, PATIENCE, RECORD, SEMAPHORES, SET_RECORD, log, step};

/// What a process can be told to do: a step's `OP`.
pub mod op {
    pub const SHMGET: u64 = 0;
    pub const SHMAT: u64 = 1;
    pub const SHMDT: u64 = 2;
    pub const SHMCTL: u64 = 3;
    pub const SEMGET: u64 = 4;
    pub const SEMOP: u64 = 5;
    pub const SEMCTL: u64 = 6;
    pub const LOAD: u64 = 7;
    pub const STORE: u64 = 8;
    pub const MUNMAP: u64 = 9;
    pub const MPROTECT: u64 = 10;
    pub const MMAP: u64 = 11;
    pub const FORK: u64 = 12;
    pub const EXIT: u64 = 13;
    pub const KILL: u64 = 14;
    pub const BECOME: u64 = 15;
    pub const SYSCTL: u64 = 16;
    pub const RLIMIT: u64 = 17;
    pub const UNSHARE: u64 = 18;
    pub const OBSERVE: u64 = 19;
    pub const REAP: u64 = 20;
    pub const AWAIT_SLEEP: u64 = 21;
    pub const MREMAP: u64 = 22;
    pub const PAUSE: u64 = 23;
}

/// `sembuf`, packed into a word.
pub fn pack(number: u16, change: i16, flags: i32) -> u64 {
    u64::from(number) | u64::from(change as u16) << 16 | u64::from(flags as u32) << 32
}

fn sembufs(packed: &[u64; 4]) -> [libc::sembuf; 4] {
    packed.map(|word| libc::sembuf {
        sem_num: word as u16,
        sem_op: (word >> 16) as i16,
        sem_flg: (word >> 32) as i16,
    })
}

fn syscall(number: c_long, args: [u64; 6]) -> (i64, i32) {
    // SAFETY: the calls of a script change this process only in ways that its loop survives, or are meant to end it.
    let value = unsafe { libc::syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]) };
    (value, if value == -1 { nix::errno::Errno::last_raw() } else { 0 })
}

/// Serves until it is killed.
pub fn serve(board: &'static Board, slot: usize) -> ! {
    let mut me = Me { board, slot };
    me.settle_in();
    loop {
        me.board.slots[me.slot].turn.wait(None);
        while me.perform() {}
    }
}

struct Me {
    board: &'static Board,
    slot: usize,
}

impl Me {
    fn settle_in(&self) {
        syscall(libc::SYS_prctl, [libc::PR_SET_PDEATHSIG as u64, libc::SIGKILL as u64, 0, 0, 0, 0]);
        let (pid, _) = syscall(libc::SYS_getpid, [0; 6]);
        self.board.slots[self.slot].pid.store(pid as u32, Ordering::Release);
    }

    /// Performs the step whose turn it is, and says whether the next is its own, too.
    fn perform(&mut self) -> bool {
        let number = self.board.next.load(Ordering::Acquire);
        let step = &self.board.steps[number as usize];
        if step.get(step::LEAVES) == 1 {
            self.board.logs[number as usize].set(log::FROM, seconds());
            // Who falls asleep, or ends, hands over first. What its call returns is noted when it does.
            self.board.hand_over(None);
            let (value, errno, _) = self.act(number as usize);
            self.note_return(value, errno);
            return false;
        }
        self.note(number as usize);
        self.board.hand_over(Some(self.slot))
    }

    fn note(&mut self, number: usize) {
        let log = &self.board.logs[number];
        log.set(log::FROM, seconds());
        let (value, errno, faults) = self.act(number);
        self.await_woken(number);
        log.set(log::VALUE, value as u64);
        log.set(log::ERRNO, errno as u64);
        log.set(log::FAULTS, faults);
        self.observe(number);
        log.set(log::TO, seconds());
        log.set(log::DONE, 1);
    }

    fn note_return(&self, value: i64, errno: i32) {
        let slot = &self.board.slots[self.slot];
        slot.value.store(value as u64, Ordering::Release);
        slot.errno.store(errno as u32, Ordering::Release);
        slot.returned.store(1, Ordering::Release);
    }

    fn args(&self, number: usize) -> [u64; 6] {
        let step = &self.board.steps[number];
        std::array::from_fn(|at| step.get(step::ARGS + at))
    }

    /// Makes the call, and counts the page faults of a load or a store.
    fn act(&mut self, number: usize) -> (i64, i32, u64) {
        let step = &self.board.steps[number];
        let args = self.args(number);
        let log = &self.board.logs[number];
        let (value, errno) = match step.get(step::OP) {
            op::SHMGET => syscall(libc::SYS_shmget, args),
            op::SHMAT => syscall(libc::SYS_shmat, args),
            op::SHMDT => syscall(libc::SYS_shmdt, args),
            op::SHMCTL => shmctl(args, log),
            op::SEMGET => syscall(libc::SYS_semget, args),
            op::SEMOP => semop(args, step.get(step::ARGS + 6)),
            op::SEMCTL => semctl(args, log),
            op::LOAD => return load(args[0], args[1], log),
            op::STORE => return store(args[0], args[1], args[2]),
            op::MUNMAP => syscall(libc::SYS_munmap, args),
            op::MPROTECT => syscall(libc::SYS_mprotect, args),
            op::MREMAP => syscall(libc::SYS_mremap, args),
            op::MMAP => syscall(libc::SYS_mmap, args),
            op::FORK => self.fork(args[0] as usize),
            op::EXIT => syscall(libc::SYS_exit_group, [0; 6]),
            op::KILL => self.kill(args[0] as usize, args[1]),
            op::BECOME => become_(args),
            op::SYSCTL => sysctl(args),
            op::RLIMIT => setrlimit(args),
            op::UNSHARE => syscall(libc::SYS_unshare, [libc::CLONE_NEWIPC as u64, 0, 0, 0, 0, 0]),
            op::REAP => reap(self.board.slots[args[0] as usize].pid.load(Ordering::Acquire)),
            op::PAUSE => pause(),
            op::AWAIT_SLEEP => self.await_sleep(args[0] as usize, args[1], args[2]),
            _ => (0, 0),
        };
        (value, errno, 0)
    }

    /// The child goes on in this very place, with a slot of its own. Its parent is the observer, who waits for all.
    fn fork(&mut self, slot: usize) -> (i64, i32) {
        let flags = (libc::CLONE_PARENT | libc::SIGCHLD) as u64;
        let flags = if self.slot == 0 { libc::SIGCHLD as u64 } else { flags };
        let (value, errno) = syscall(libc::SYS_clone, [flags, 0, 0, 0, 0, 0]);
        if value == 0 {
            serve(self.board, slot)
        }
        self.board.slots[slot].pid.store(value as u32, Ordering::Release);
        (value, errno)
    }

    fn kill(&self, slot: usize, signal: u64) -> (i64, i32) {
        let pid = self.board.slots[slot].pid.load(Ordering::Acquire);
        syscall(libc::SYS_kill, [pid.into(), signal, 0, 0, 0, 0])
    }

    /// Waits until so many processes sleep on a set, or the one that should has returned instead.
    fn await_sleep(&self, slot: usize, semid: u64, sleepers: u64) -> (i64, i32) {
        let patience = Patience::new();
        let slot = &self.board.slots[slot];
        while waiting(semid) != sleepers && patience.lasts() && slot.returned.load(Ordering::Acquire) == 0 {
            syscall(libc::SYS_sched_yield, [0; 6]);
        }
        (i64::from(slot.returned.load(Ordering::Acquire)), 0)
    }

    /// Waits until those have returned that this step wakes up.
    fn await_woken(&self, number: usize) {
        let step = &self.board.steps[number];
        let log = &self.board.logs[number];
        for at in 0..step.get(step::WAKES) as usize {
            let slot = &self.board.slots[step.get(step::WOKEN + at) as usize];
            let patience = Patience::new();
            while slot.returned.load(Ordering::Acquire) == 0 && patience.lasts() {
                syscall(libc::SYS_sched_yield, [0; 6]);
            }
            log.set(log::WOKEN + 2 * at, slot.value.load(Ordering::Acquire));
            let errno = if slot.returned.swap(0, Ordering::AcqRel) == 1 { slot.errno.load(Ordering::Acquire) } else { u32::MAX };
            log.set(log::WOKEN + 2 * at + 1, errno.into());
        }
    }

    /// Notes how the segments and the sets are now. Permission is not asked for: these commands need none.
    fn observe(&self, number: usize) {
        let (step, log) = (&self.board.steps[number], &self.board.logs[number]);
        // SAFETY: zeros are a record of numbers.
        let mut info: ShmInfo = unsafe { zeroed() };
        let (highest, _) = syscall(libc::SYS_shmctl, [0, 14, from_mut(&mut info) as u64, 0, 0, 0]);
        log.set(log::HIGHEST, highest as u64);
        log.set(log::USED, info.used_ids as u64);
        log.set(log::PAGES, info.shm_tot);
        log.set(log::RESIDENT, info.shm_rss);
        for at in 0..step.get(step::PLACES) as usize {
            look_at_segment(step.get(step::PLACE + at), |word, value| log.set(log::RECORDS + at * RECORD + word, value));
        }
        for at in 0..step.get(step::SETS) as usize {
            look_at_set(step.get(step::SET + at), |word, value| log.set(log::SETS + at * SET_RECORD + word, value));
        }
    }
}

/// How long something may take.
struct Patience(Instant);

impl Patience {
    fn new() -> Patience {
        Patience(Instant::now() + PATIENCE)
    }

    fn lasts(&self) -> bool {
        Instant::now() < self.0
    }
}

/// The clock that the kernel's records are stamped by.
fn seconds() -> u64 {
    // SAFETY: zeros are a time.
    let mut time: libc::timespec = unsafe { zeroed() };
    // SAFETY: the clock is written to where there is room for it.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME_COARSE, &mut time) };
    time.tv_sec as u64
}

/// Waits for the next second.
fn pause() -> (i64, i32) {
    let now = seconds();
    while seconds() == now {
        let time = libc::timespec { tv_sec: 0, tv_nsec: 5_000_000 };
        syscall(libc::SYS_nanosleep, [std::ptr::from_ref(&time) as u64, 0, 0, 0, 0, 0]);
    }
    (0, 0)
}

/// `struct shm_info`, which libc lacks.
#[repr(C)]
struct ShmInfo {
    used_ids: i32,
    shm_tot: u64,
    shm_rss: u64,
    shm_swp: u64,
    unused: [u64; 2],
}

fn look_at_segment(place: u64, mut note: impl FnMut(usize, u64)) {
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

fn look_at_set(semid: u64, mut note: impl FnMut(usize, u64)) {
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
fn waiting(semid: u64) -> u64 {
    let count = |number: u64, cmd: i32| syscall(libc::SYS_semctl, [semid, number, cmd as u64, 0, 0, 0]).0.max(0) as u64;
    (0..SEMAPHORES as u64).map(|number| count(number, libc::GETNCNT) + count(number, libc::GETZCNT)).sum()
}

fn shmctl(args: [u64; 6], log: &super::board::Words<{ log::WORDS }>) -> (i64, i32) {
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

fn semop(args: [u64; 6], timeout: u64) -> (i64, i32) {
    let mut ops = sembufs(&[args[2], args[3], args[4], args[5]]);
    let time = libc::timespec { tv_sec: (timeout / 1_000_000_000) as i64, tv_nsec: (timeout % 1_000_000_000) as i64 };
    let time = if timeout == u64::MAX { null() } else { std::ptr::from_ref(&time) };
    syscall(libc::SYS_semtimedop, [args[0], ops.as_mut_ptr() as u64, args[1], time as u64, 0, 0])
}

fn semctl(args: [u64; 6], log: &super::board::Words<{ log::WORDS }>) -> (i64, i32) {
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
            return syscall(libc::SYS_semctl, [args[0], args[1], args[2], from_mut(&mut record) as u64, 0, 0]);
        }
        _ => buffer.as_mut_ptr() as u64,
    };
    let done = syscall(libc::SYS_semctl, [args[0], args[1], args[2], argument, 0, 0]);
    (0..6).for_each(|word| log.set(log::ANSWER + word, buffer[word]));
    done
}

fn faults() -> u64 {
    // SAFETY: zeros are a record of use.
    let mut usage: libc::rusage = unsafe { zeroed() };
    // SAFETY: the record is written to where there is room for it.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    usage.ru_minflt as u64
}

/// Reads up to 8 bytes, one by one. Where the model says that this ends the process, it shall.
fn load(address: u64, length: u64, log: &super::board::Words<{ log::WORDS }>) -> (i64, i32, u64) {
    let before = faults();
    let mut bytes = [0u8; 8];
    for (at, byte) in bytes.iter_mut().take(length as usize).enumerate() {
        // SAFETY: nothing of this process's own lies there: the script has seen to that.
        *byte = unsafe { ((address + at as u64) as *const u8).read_volatile() };
    }
    let faults = faults() - before;
    log.set(log::ANSWER, u64::from_le_bytes(bytes));
    (0, 0, faults)
}

/// Writes up to 8 bytes.
fn store(address: u64, length: u64, bytes: u64) -> (i64, i32, u64) {
    let before = faults();
    for (at, byte) in bytes.to_le_bytes().into_iter().take(length as usize).enumerate() {
        // SAFETY: as above.
        unsafe { ((address + at as u64) as *mut u8).write_volatile(byte) };
    }
    (0, 0, faults() - before)
}

fn become_(args: [u64; 6]) -> (i64, i32) {
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
fn without(bits: u64) -> (i64, i32) {
    let header = [0x2008_0522u32, 0];
    let mut data = [0u32; 6];
    let done = syscall(libc::SYS_capget, [header.as_ptr() as u64, data.as_mut_ptr() as u64, 0, 0, 0, 0]);
    if done.0 != 0 {
        return done;
    }
    // Effective and permitted, low words and high words.
    for (at, word) in [(0, bits as u32), (1, bits as u32), (3, (bits >> 32) as u32), (4, (bits >> 32) as u32)] {
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
fn sysctl(args: [u64; 6]) -> (i64, i32) {
    let file = FILES[args[0] as usize];
    let flags = (libc::O_WRONLY | libc::O_CLOEXEC) as u64;
    let (fd, errno) = syscall(libc::SYS_open, [file.as_ptr() as u64, flags, 0, 0, 0, 0]);
    if fd < 0 {
        return (fd, errno);
    }
    let text: [u64; 4] = [args[2], args[3], args[4], args[5]];
    let (value, errno) = syscall(libc::SYS_write, [fd as u64, text.as_ptr() as u64, args[1], 0, 0, 0]);
    syscall(libc::SYS_close, [fd as u64, 0, 0, 0, 0, 0]);
    if value < 0 { (value, errno) } else { (0, 0) }
}

fn setrlimit(args: [u64; 6]) -> (i64, i32) {
    let limit = [args[1], args[1]];
    syscall(libc::SYS_setrlimit, [args[0], limit.as_ptr() as u64, 0, 0, 0, 0])
}

/// Waits for the end of a process, and says by which signal it came.
fn reap(pid: u32) -> (i64, i32) {
    let mut status = 0i32;
    let (value, errno) = syscall(libc::SYS_wait4, [pid.into(), from_mut(&mut status) as u64, 0, 0, 0, 0]);
    if value < 0 { (value, errno) } else { ((status & 0x7f).into(), 0) }
}
