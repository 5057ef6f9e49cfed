//! Calls on sets of semaphores, most of which succeed.
//!
//! **Invariant:** a choice here makes it likely that something is met; whether it is harmless is asked afterwards.

use std::time::Duration;

use playground_core::Mode;
use playground_core::call::{Call, SemCmd, SemFlags, SemOp, Semid, ShmgetFlags};

use super::generate::{Chooser, MOMENT};
use super::random::Random;

impl Chooser<'_> {
    pub fn semget(&self, random: &mut Random) -> Call {
        let (none, creat, excl) = (ShmgetFlags::empty(), ShmgetFlags::IPC_CREAT, ShmgetFlags::IPC_EXCL);
        let flags = random.pick(&[none, creat, creat, creat, creat | excl, excl]);
        let nsems = random.pick(&[1, 1, 2, 3, 4, 4, 0, -1, 32001]);
        let mode = if random.one_in(3) { self.mode(random) } else { Mode::from_bits_truncate(0o666) };
        Call::Semget { key: self.key(random), nsems, flags, mode }
    }

    pub fn semop(&self, random: &mut Random) -> Call {
        if random.one_in(30) {
            // Too many operations, perhaps on a set that cannot be.
            let semid = if random.one_in(2) { Semid(-1) } else { self.semid(random) };
            return Call::Semop { semid, ops: vec![self.op(random); 501] };
        }
        let semid = self.semid(random);
        let many = random.pick(&[1, 1, 1, 2, 2, 3, 4]);
        let ops = match random.below(30) {
            0 => Vec::new(),
            _ => (0..many).map(|_| self.op(random)).collect(),
        };
        match random.below(5) {
            0 => Call::Semtimedop {
                semid,
                ops,
                timeout: random.pick(&[Duration::ZERO, MOMENT, Duration::from_secs(5000)]),
            },
            _ => Call::Semop { semid, ops },
        }
    }

    fn op(&self, random: &mut Random) -> SemOp {
        let number = if random.one_in(25) { random.pick(&[4, 9, 65535]) } else { random.below(4) as u16 };
        let number = if random.one_in(2) { 0 } else { number };
        let change = if random.one_in(6) {
            random.pick(&[32767, 32766, -32768, 20000])
        } else {
            random.pick(&[0, 0, 1, 1, 2, -1, -1, -2])
        };
        let undo = SemFlags::SEM_UNDO;
        let flags =
            random.pick(&[SemFlags::empty(), undo, undo, SemFlags::IPC_NOWAIT, SemFlags::IPC_NOWAIT | undo]);
        SemOp { number, change, flags }
    }

    pub fn semctl(&self, random: &mut Random) -> Call {
        let semnum = if random.one_in(12) { random.pick(&[-1, 4, 70000]) } else { random.below(4) as i32 };
        let cmd = match random.below(25) {
            0..=5 => SemCmd::SetVal(random.pick(&[0, 0, 1, 1, 2, 5, 32767, 32768, -1])),
            6 => SemCmd::GetVal,
            7 => SemCmd::GetPid,
            8 => SemCmd::GetNcnt,
            9 => SemCmd::GetZcnt,
            10 => SemCmd::GetAll,
            11..=13 => SemCmd::SetAll(self.values(random)),
            14 => SemCmd::IpcStat,
            15..=16 => SemCmd::IpcSet(self.ownership(random)),
            17 => SemCmd::IpcInfo,
            18 | 23 => SemCmd::SemInfo,
            19 => SemCmd::SemStat,
            20 => SemCmd::SemStatAny,
            21..=22 => SemCmd::IpcRmid,
            _ => SemCmd::Other(random.pick(&[-1, 99, 5])),
        };
        Call::Semctl { semid: self.semid(random), semnum, cmd }
    }

    fn values(&self, random: &mut Random) -> Vec<u16> {
        let many = self.namespace().sets.iter().next().map_or(1, |set| set.semaphores.len());
        (0..many).map(|_| random.pick(&[0, 0, 1, 2, 32767, 32768])).collect()
    }
}
