//! Sequences with a theme: what is rare by chance is made to meet here.
//!
//! **Invariant:** a theme chooses what is likely to matter; whether it is harmless is asked afterwards.

use playground_core::Mode;
use playground_core::call::{
    Address, Call, Cmd, Key, SemCmd, SemFlags, SemOp, Semid, ShmatFlags, ShmgetFlags,
};
use playground_core::machine::{Action, HIGHEST, Resource};

use super::generate::{Chooser, WINDOW};
use super::random::Random;

impl Chooser<'_> {
    /// Several processes on one set: they wait, wake each other, end.
    pub fn on_semaphores(&self, random: &mut Random) -> Action {
        if self.namespace().sets.is_empty() {
            if random.one_in(3) {
                return Action::Call(Call::Semctl { semid: Semid(0), semnum: 0, cmd: SemCmd::SemInfo });
            }
            let usual = Mode::from_bits_truncate(0o666);
            let (key, mode) = (self.key(random), if random.one_in(4) { self.mode(random) } else { usual });
            let nsems = 1 + random.below(4) as i32;
            return Action::Call(Call::Semget { key, nsems, flags: ShmgetFlags::IPC_CREAT, mode });
        }
        if random.one_in(6)
            && let Some(call) = self.disturb(random)
        {
            return Action::Call(call);
        }
        if self.pid >= 100 && self.has_promised() && random.one_in(5) {
            return if random.one_in(3) { Action::Unshare } else { Action::Exit };
        }
        match random.below(20) {
            0..=1 if self.pid >= 100 => Action::Call(self.take(random)),
            2 if self.pid >= 100 => Action::Unshare,
            0..=10 => Action::Call(self.semop(random)),
            11 => Action::Call(self.remove_awaited(random).unwrap_or_else(|| self.semctl(random))),
            12..=13 => Action::Call(self.setval(random)),
            14..=15 => self.fork(random),
            16..=17 => Action::Exit,
            18 => Action::Kill { target: self.somebody(random), signal: 9 },
            _ => Action::Unshare,
        }
    }

    /// A semaphore that a guest has promised to add to is made as full as it can be, and one that it has promised to
    /// take from is made empty. Or its value is set, which forgets the promise.
    fn disturb(&self, random: &mut Random) -> Option<Call> {
        let sets = self.namespace().sets.iter();
        let promised = sets.flat_map(|set| set.undo.iter().map(move |undo| (set, undo)));
        let guests = promised.filter(|(_, (pid, _))| **pid >= 100);
        let (set, number, promise) = guests
            .flat_map(|(set, (_, undo))| {
                undo.iter().enumerate().map(move |(at, promise)| (set, at, *promise))
            })
            .find(|(.., promise)| *promise != 0)?;
        let (semid, value) = (Semid(set.permissions.id), set.semaphores[number].value);
        if random.one_in(3) {
            return Some(Call::Semctl { semid, semnum: number as i32, cmd: SemCmd::SetVal(3) });
        }
        let change = if promise > 0 { HIGHEST - value } else { -value } as i16;
        let ops = vec![SemOp { number: number as u16, change, flags: SemFlags::IPC_NOWAIT }];
        (change != 0).then_some(Call::Semop { semid, ops })
    }

    /// Whether the process has something to undo at its end.
    fn has_promised(&self) -> bool {
        let promises = self.namespace().sets.iter().filter_map(|set| set.undo.get(&self.pid));
        promises.flatten().any(|promise| *promise != 0)
    }

    /// A set goes that somebody waits for, half of the time.
    fn remove_awaited(&self, random: &mut Random) -> Option<Call> {
        let awaited = self.namespace().sets.iter().find(|set| !set.waiters.is_empty())?;
        let (semid, cmd) = (Semid(awaited.permissions.id), SemCmd::IpcRmid);
        random.one_in(2).then_some(Call::Semctl { semid, semnum: 0, cmd })
    }

    /// One is taken, to be given back at the end, or given, to be taken back.
    fn take(&self, random: &mut Random) -> Call {
        let op = SemOp {
            number: 0,
            change: random.pick(&[-1, 1]),
            flags: SemFlags::SEM_UNDO | SemFlags::IPC_NOWAIT,
        };
        Call::Semop { semid: self.semid(random), ops: vec![op] }
    }

    /// A user's segments, locked as far as the limit goes.
    pub fn on_locks(&self, random: &mut Random) -> Action {
        match random.below(12) {
            0..=1 => Action::Setrlimit(Resource::LockedMemory(Some(8 * self.page()))),
            2..=4 => {
                let (key, mode) = (Key::PRIVATE, Mode::from_bits_truncate(0o600));
                Action::Call(Call::Shmget { key, size: 5 * self.page(), flags: ShmgetFlags::IPC_CREAT, mode })
            }
            5..=9 => Action::Call(Call::Shmctl { shmid: self.shmid(random), cmd: Cmd::ShmLock }),
            _ => Action::Call(Call::Shmctl { shmid: self.shmid(random), cmd: Cmd::ShmUnlock }),
        }
    }

    /// One segment, attached and cut in pieces.
    pub fn on_memory(&self, random: &mut Random) -> Action {
        if self.namespace().segments.is_empty() {
            let (key, mode) = (Key::PRIVATE, Mode::from_bits_truncate(0o666));
            let size = random.pick(&[1, 2, 3, 7]) * self.page();
            return Action::Call(Call::Shmget { key, size, flags: ShmgetFlags::IPC_CREAT, mode });
        }
        if random.one_in(12)
            && let Some(joins) = self.like_its_neighbour(random)
        {
            return joins;
        }
        match random.below(30) {
            // What replaces a piece may be more than the limit allows.
            0..=2 if self.is_limited() => Action::Call(self.replace(random)),
            20..=21 => Action::Call(self.replace(random)),
            22..=24 => self.mremap(random),
            0..=3 => Action::Call(self.attach(random)),
            4..=5 => Action::Call(self.shmat(random)),
            6..=8 => Action::Call(Call::Shmdt { address: self.attachment(random) }),
            9..=11 => Action::Load { address: self.touched(random), length: 1 + random.below(8) },
            12 => Action::Store { address: self.near(random), bytes: vec![random.next() as u8] },
            13 | 25 => Action::Setrlimit(self.no_more_pages(random)),
            14..=15 => Action::Munmap { address: self.near(random), length: self.length(random) },
            16..=17 => self.mprotect(random),
            18 | 29 => self.fork(random),
            26..=28 => Action::Load { address: self.near(random), length: 1 },
            _ if random.one_in(2) => Action::Setrlimit(self.resource(random)),
            _ => {
                let cmd = random.pick(&[Cmd::ShmLock, Cmd::ShmLock, Cmd::ShmUnlock]);
                Action::Call(Call::Shmctl { shmid: self.shmid(random), cmd })
            }
        }
    }

    fn is_limited(&self) -> bool {
        self.machine.processes[&self.pid].address_space.is_some()
    }

    /// As many pages as there are, or one more: what replaces a piece by more than that is forbidden.
    fn no_more_pages(&self, random: &mut Random) -> Resource {
        let pages = self.space().pages(&self.machine.host) + random.below(2);
        Resource::AddressSpace(Some(pages * self.page()))
    }

    /// An attachment that mostly succeeds.
    fn attach(&self, random: &mut Random) -> Call {
        let address = if random.one_in(2) {
            Address::NULL
        } else {
            Address(WINDOW + random.below(2) * 8 * self.page())
        };
        let replaces = if address == Address::NULL { ShmatFlags::empty() } else { ShmatFlags::SHM_REMAP };
        let flags = random.pick(&[ShmatFlags::empty(), replaces, ShmatFlags::SHM_RDONLY]);
        Call::Shmat { shmid: self.shmid(random), address, flags }
    }

    /// A value is set, or asked for, or all are asked for.
    fn setval(&self, random: &mut Random) -> Call {
        let asks = random.one_in(3);
        let semnum = random.below(if asks { 6 } else { 2 }) as i32;
        let cmd = match asks {
            true => random.pick(&[SemCmd::GetVal, SemCmd::GetVal, SemCmd::GetAll]),
            false => SemCmd::SetVal(random.pick(&[0, 1, 3])),
        };
        Call::Semctl { semid: self.semid(random), semnum, cmd }
    }

    /// A child, or another program for whoever is a child.
    pub fn fork(&self, random: &mut Random) -> Action {
        let child = self.new_pid();
        if self.pid >= 100 && random.one_in(4) {
            return Action::Exec { space: self.mix.program.clone() };
        }
        if random.one_in(3) { Action::Vfork { child } } else { Action::Fork { child } }
    }

    /// The key of a file that is there.
    pub fn ftok(&self, random: &mut Random) -> Call {
        let paths: Vec<_> = self.machine.files.keys().cloned().collect();
        let path = paths[random.below(paths.len() as u64) as usize].clone();
        Call::Ftok { path: path.into(), project: random.pick(&[0, 1, 0x5a, 0x1ff, -1]) }
    }
}
