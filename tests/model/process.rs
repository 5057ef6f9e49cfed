//! A process under test: it does what the board says, when its turn comes, and notes what the kernel answered.
//!
//! **Invariant:** it allocates nothing and maps nothing of its own, so that its memory is what the model knows of it.

use std::mem::zeroed;
use std::ptr::from_mut;
use std::sync::atomic::Ordering;

use nix::libc;

use super::board::{Board, RECORD, SET_RECORD, log, step};
use super::perform::{
    Deadline, ShmInfo, become_, ftok, is_left_to_chance, load, look_at_segment, look_at_set, pause, reap,
    remove_all, seconds, semctl, semop, setrlimit, shmctl, start_anew, store, syscall, sysctl, vfork_with,
    waiting,
};

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
    pub const REMOVE_ALL: u64 = 24;
    pub const VFORK: u64 = 25;
    pub const FTOK: u64 = 26;
    pub const EXEC: u64 = 27;
}

/// Serves until it is killed.
pub fn serve(board: &'static Board, slot: usize) -> ! {
    let mut me = Me { board, slot, depth: 0 };
    me.settle_in();
    me.serve()
}

/// Goes on in a program that has just been started, with the step that started it. Started a second time, it gets no
/// capabilities that it had not, and its addresses are the ones that are known.
pub fn serve_anew(slot: usize) -> ! {
    if is_left_to_chance() {
        start_anew(slot);
    }
    let mut me = Me { board: Board::of_the_file(), slot, depth: 0 };
    let number = me.board.next.load(Ordering::Acquire) as usize;
    me.begin_with(number, 0);
    me.serve()
}

struct Me {
    board: &'static Board,
    slot: usize,
    /// How many `vfork`s it comes from: so many stacks are in use.
    depth: usize,
}

impl Me {
    fn settle_in(&self) -> u64 {
        syscall(libc::SYS_prctl, [libc::PR_SET_PDEATHSIG as u64, libc::SIGKILL as u64, 0, 0, 0, 0]);
        let (parent, _) = syscall(libc::SYS_getppid, [0; 6]);
        if self.slot != 0 && parent as u32 != self.board.slots[0].pid.load(Ordering::Acquire) {
            // The observer, whose end is to be this one's, has ended before that was said.
            syscall(libc::SYS_exit_group, [0; 6]);
        }
        let (pid, _) = syscall(libc::SYS_getpid, [0; 6]);
        self.board.slots[self.slot].pid.store(pid as u32, Ordering::Release);
        pid as u64
    }

    fn serve(&mut self) -> ! {
        loop {
            self.board.slots[self.slot].turn.wait(None);
            while self.perform() {}
        }
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
        if step.get(step::OP) == op::VFORK {
            self.vfork(number as usize);
            return false;
        }
        self.note(number as usize);
        self.board.hand_over(Some(self.slot))
    }

    fn note(&mut self, number: usize) {
        let log = &self.board.logs[number];
        log.set(log::FROM, seconds());
        let (value, errno, cost) = self.act(number);
        self.await_woken(number);
        log.set(log::VALUE, value as u64);
        log.set(log::ERRNO, errno as u64);
        log.set(log::COST, cost);
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

    /// Makes the call. Of a load or a store the page faults are counted, and of `semop` the nanoseconds.
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
            op::SEMOP => return semop(args, step.get(step::ARGS + 6)),
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
            op::FTOK => ftok(args[0] as usize, args[1] as i32),
            op::EXEC => start_anew(self.slot),
            op::REAP => reap(self.board.slots[args[0] as usize].pid.load(Ordering::Acquire)),
            op::PAUSE => pause(),
            op::REMOVE_ALL => remove_all(log),
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
            let mut child = Me { board: self.board, slot, depth: self.depth };
            child.settle_in();
            child.serve()
        }
        self.board.slots[slot].pid.store(value as u32, Ordering::Release);
        (value, errno)
    }

    /// The child has the same memory, but for its stack, and notes how its birth went: its parent sleeps until it ends.
    /// Their parent is the observer, too.
    fn vfork(&self, number: usize) {
        self.board.logs[number].set(log::FROM, seconds());
        let slot = self.args(number)[0] as usize;
        let child = Birth { me: Me { board: self.board, slot, depth: self.depth + 1 }, number };
        vfork_with(self.depth, begin, std::ptr::from_ref(&child).cast_mut().cast());
    }

    fn kill(&self, slot: usize, signal: u64) -> (i64, i32) {
        let pid = self.board.slots[slot].pid.load(Ordering::Acquire);
        syscall(libc::SYS_kill, [pid.into(), signal, 0, 0, 0, 0])
    }

    /// Waits until so many processes sleep on a set, or the one that should has returned instead.
    fn await_sleep(&self, slot: usize, semid: u64, sleepers: u64) -> (i64, i32) {
        let deadline = Deadline::new(self.board);
        let slot = &self.board.slots[slot];
        while waiting(semid) != sleepers && deadline.lasts() && slot.returned.load(Ordering::Acquire) == 0 {
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
            let deadline = Deadline::new(self.board);
            while slot.returned.load(Ordering::Acquire) == 0 && deadline.lasts() {
                syscall(libc::SYS_sched_yield, [0; 6]);
            }
            log.set(log::WOKEN + 2 * at, slot.value.load(Ordering::Acquire));
            let errno = if slot.returned.swap(0, Ordering::AcqRel) == 1 {
                slot.errno.load(Ordering::Acquire)
            } else {
                u32::MAX
            };
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
            look_at_segment(step.get(step::PLACE + at), |word, value| {
                log.set(log::RECORDS + at * RECORD + word, value)
            });
        }
        for at in 0..step.get(step::SETS) as usize {
            look_at_set(step.get(step::SET + at), |word, value| {
                log.set(log::SETS + at * SET_RECORD + word, value)
            });
        }
    }
}

/// What a child of `vfork` begins with.
struct Birth {
    me: Me,
    number: usize,
}

/// The child's first and last function.
extern "C" fn begin(birth: *mut libc::c_void) -> libc::c_int {
    // SAFETY: its parent has the value on its own stack, and sleeps. Once that parent is killed, its stack is another
    // one's, so that the child takes a copy.
    let Birth { mut me, number } = unsafe { birth.cast::<Birth>().read() };
    let pid = me.settle_in();
    me.begin_with(number, pid);
    me.serve()
}

impl Me {
    /// Ends a step that somebody else began, and goes on.
    fn begin_with(&mut self, number: usize, value: u64) {
        let log = &self.board.logs[number];
        log.set(log::VALUE, value);
        log.set(log::ERRNO, 0);
        self.observe(number);
        log.set(log::TO, seconds());
        log.set(log::DONE, 1);
        if self.board.hand_over(Some(self.slot)) {
            while self.perform() {}
        }
    }
}
