//! What the kernel did, beside what the model says.
//!
//! **Invariant:** a difference is told in both sides' words. A pid is compared by the process it belongs to.

use std::time::Duration;

use playground_core::call::Answer;
use playground_core::machine::{Fatal, Machine, Permissions, Process, Reply, Segment, Set};

use super::FIRST_STEP;
use super::board::{Board, PLACES, RECORD, SEMAPHORES, SET_RECORD, log};

/// Who is who: the model's pid, and the kernel's.
pub struct Pids(pub Vec<(i32, u32)>);

impl Pids {
    /// The kernel's pid of a process of the model; 0 stays 0.
    pub fn real(&self, pid: i32) -> u64 {
        self.0.iter().rev().find(|(model, _)| *model == pid).map_or(0, |(_, real)| (*real).into())
    }
}

type Difference = Result<(), String>;

fn same<T: PartialEq + std::fmt::Debug>(what: impl FnOnce() -> String, kernel: T, model: T) -> Difference {
    if kernel == model { Ok(()) } else { Err(format!("{}: kernel {kernel:?}, model {model:?}", what())) }
}

/// What one log tells.
pub struct Seen<'a> {
    pub board: &'a Board,
    /// Which log.
    pub number: usize,
    pub pids: &'a Pids,
    /// When each step so far began and ended, by the kernel's clock. The model's time is the step's number.
    pub times: &'a [(u64, u64)],
}

impl Seen<'_> {
    fn word(&self, at: usize) -> u64 {
        self.board.logs[self.number].get(at)
    }

    /// The answer.
    pub fn reply(&self, reply: &Reply) -> Difference {
        let (value, errno) = (self.word(log::VALUE) as i64, self.word(log::ERRNO) as i32);
        match reply {
            Reply::Returns(Err(expected)) => {
                let expected = expected.raw();
                let got = if errno == 0 { format!("success, {value:#x}") } else { errno_name(errno) };
                same(|| "result".into(), got, errno_name(expected))
            }
            Reply::Returns(Ok(_)) if errno != 0 => {
                Err(format!("result: kernel {}, model {reply:?}", errno_name(errno)))
            }
            Reply::Returns(Ok(answer)) => self.answer(answer, value),
            _ => Ok(()),
        }
    }

    fn answer(&self, answer: &Answer, value: i64) -> Difference {
        let word = |at: usize| self.word(log::ANSWER + at);
        match answer {
            Answer::Bytes(bytes) => {
                let got = word(0).to_le_bytes()[..bytes.len()].to_vec();
                return same(|| "bytes".into(), got, bytes.clone());
            }
            Answer::Values(values) => {
                let got = (0..values.len()).map(|at| (word(at / 4) >> (16 * (at % 4))) as u16).collect();
                same(|| "GETALL".into(), got, values.clone())?;
            }
            Answer::Limits(_, limits) => {
                let got = [word(0), word(1), word(2), word(4)];
                same(
                    || "IPC_INFO".into(),
                    got,
                    [limits.shmmax, limits.shmmin, limits.shmmni, limits.shmall],
                )?;
            }
            Answer::SemLimits(_, limits) => {
                let half = |at: usize| (word(at / 2) >> (32 * (at % 2))) as i32;
                let got = [1, 2, 4, 6, 7, 8, 9].map(half);
                let expected = [
                    limits.semmni,
                    limits.semmns,
                    limits.semmsl,
                    limits.semopm,
                    limits.semusz,
                    limits.semvmx,
                    limits.semaem,
                ];
                // In the order of `struct seminfo`: semmap, semmni, semmns, semmnu, semmsl, semopm, semume, semusz, semvmx, semaem.
                let got = [got[0], got[1], got[2], half(5), got[4], got[5], got[6]];
                same(|| "seminfo".into(), got, expected)?;
            }
            _ => {}
        }
        same(|| "result".into(), value, answer.value())
    }

    /// The page faults of a load or a store.
    pub fn faults(&self, before: &Process, after: &Process) -> Difference {
        same(|| "page faults".into(), self.word(log::COST), after.faults - before.faults)
    }

    /// A call that ran into its time-out has waited for that long.
    pub fn waited(&self, timeout: Duration) -> Difference {
        let took = Duration::from_nanos(self.word(log::COST));
        if took >= timeout { Ok(()) } else { Err(format!("it waited {took:?} of {timeout:?}")) }
    }

    /// Who was woken, with what.
    pub fn woken(&self, woken: &[playground_core::machine::Woken]) -> Difference {
        for (at, woken) in woken.iter().enumerate() {
            let errno = self.word(log::WOKEN + 2 * at + 1) as u32;
            let expected = woken.outcome.as_ref().map_or_else(|errno| errno.raw(), |_| 0) as u32;
            same(|| format!("the call of {} that waited returns", woken.pid), errno, expected)?;
        }
        Ok(())
    }

    /// By which signal it has ended.
    pub fn died_of(&self, fatal: Fatal) -> Difference {
        let signal = match fatal {
            Fatal::Sigsegv => nix::libc::SIGSEGV,
            Fatal::Sigbus => nix::libc::SIGBUS,
        };
        same(|| "it ends with signal".into(), self.word(log::VALUE) as i32, signal)
    }

    /// All segments and sets of a namespace, and their sums.
    pub fn world(&self, machine: &Machine, namespace: u64) -> Difference {
        let now = &machine.namespaces[&namespace];
        let segments = &now.segments;
        let highest = if segments.is_empty() { 0 } else { segments.highest_place() };
        let used = segments.len() as u64;
        let resident: u64 = segments.iter().map(|segment| segment.pages.len() as u64).sum();
        let got = [log::HIGHEST, log::USED, log::PAGES, log::RESIDENT].map(|at| self.word(at));
        same(
            || "SHM_INFO (highest, used, pages, in memory)".into(),
            got,
            [highest as u64, used, now.shm_tot, resident],
        )?;
        for (at, segment) in segments.iter().enumerate().take(PLACES) {
            self.segment(at, segment)?;
        }
        let looks = self.board.steps[self.number].get(super::board::step::SETS) > 0;
        for (at, set) in now.sets.iter().filter(|_| looks).enumerate().take(super::board::SETS) {
            self.set(at, set)?;
        }
        Ok(())
    }

    fn segment(&self, at: usize, segment: &Segment) -> Difference {
        let word = |word: usize| self.word(log::RECORDS + at * RECORD + word);
        let Permissions { id, key, uid, gid, cuid, cgid, mode } = segment.permissions;
        let names = ["id", "key", "uid", "gid", "cuid", "cgid", "mode", "segsz", "nattch", "cpid", "lpid"];
        let model = [
            id as u64,
            key.0 as u32 as u64,
            uid.into(),
            gid.into(),
            cuid.into(),
            cgid.into(),
            mode.into(),
            segment.size,
            segment.attached,
            self.pids.real(segment.cpid),
            self.pids.real(segment.lpid),
        ];
        for (number, name) in names.into_iter().enumerate() {
            same(|| format!("segment {id}: {name}"), word(number), model[number])?;
        }
        self.time(|| format!("segment {id}: atime"), word(11), segment.atime)?;
        self.time(|| format!("segment {id}: dtime"), word(12) >> 32, segment.dtime)?;
        self.time(|| format!("segment {id}: ctime"), word(12) & 0xffff_ffff, segment.ctime)
    }

    fn set(&self, at: usize, set: &Set) -> Difference {
        let word = |word: usize| self.word(log::SETS + at * SET_RECORD + word);
        let Permissions { id, key, uid, gid, cuid, cgid, mode } = set.permissions;
        let pair = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        let nsems = set.semaphores.len() as u64;
        let model = [id as u64, key.0 as u32 as u64, pair(uid, gid), pair(cuid, cgid), mode.into(), nsems];
        for (number, name) in ["id", "key", "uid, gid", "cuid, cgid", "mode", "nsems"].into_iter().enumerate()
        {
            same(|| format!("set {id}: {name}"), word(number), model[number])?;
        }
        self.time(|| format!("set {id}: otime"), word(6), set.otime)?;
        self.time(|| format!("set {id}: ctime"), word(7), set.ctime)?;
        for (number, semaphore) in set.semaphores.iter().enumerate().take(SEMAPHORES) {
            let got = [0, 1, 2, 3].map(|at| word(8 + 4 * number + at));
            let (grow, zero) = (set.waiting_to_grow(number as u16), set.waiting_for_zero(number as u16));
            let model = [semaphore.value as u64, self.pids.real(semaphore.pid), grow as u64, zero as u64];
            same(|| format!("set {id}, semaphore {number} (value, pid, ncnt, zcnt)"), got, model)?;
        }
        Ok(())
    }

    /// A time of the model is the number of the step that moved it, or 0 for never. The kernel's must lie in that
    /// step's own time.
    fn time(&self, what: impl FnOnce() -> String, kernel: u64, model: i64) -> Difference {
        let step = usize::try_from(model - FIRST_STEP).ok().and_then(|step| self.times.get(step)).copied();
        let (from, to) = step.unwrap_or((0, 0));
        if (from..=to).contains(&kernel) {
            return Ok(());
        }
        Err(format!("{}: kernel {kernel}; model: moved between {from} and {to}", what()))
    }
}

fn errno_name(errno: i32) -> String {
    format!("{:?}", nix::errno::Errno::from_raw(errno))
}
