//! What a random process does next: mostly what is likely to meet something, sometimes what is not.
//!
//! A step depends on its seed and on the world as it is, so that a sequence from which steps are left out is still a
//! sensible one: an id that is meant is that of a segment that is there.
//!
//! **Invariant:** nothing is ever mapped over what a process runs on, and nothing of that is read or written.

use std::time::Duration;

use playground_core::Mode;
use playground_core::call::{Address, Call, Cmd, Key, Ownership, Semid, ShmatFlags, ShmgetFlags, Shmid};
use playground_core::machine::{
    Action, Capabilities, Identity, Machine, Resource, Segment, Setting, Space, State,
};

use super::random::Random;

/// Where fixed addresses are picked from: far from everything that a process maps by itself.
pub const WINDOW: u64 = 0x2000_0000_0000;
const WINDOW_PAGES: u64 = 12;
/// A time-out that is waited for.
pub const MOMENT: Duration = Duration::from_millis(1);
/// How many processes there may be.
pub const MOST: usize = 12;

/// What kind of steps are wanted.
#[derive(Clone, Copy)]
pub struct Mix {
    /// Whether limits and settings are turned.
    pub limits: bool,
    /// The users that processes may become and give things to.
    pub users: [u32; 4],
    /// What a program that is started has mapped.
    pub program: &'static Space,
}

/// What a process does next, and which process.
pub fn next(machine: &Machine, seed: u64, mix: Mix) -> Option<(i32, Action)> {
    let mut random = Random::new(seed);
    let running: Vec<i32> = machine
        .processes
        .iter()
        .filter(|(_, process)| process.state == State::Running)
        .map(|(pid, _)| *pid)
        .collect();
    // All steps of a sequence have a theme in common, so that rare things meet each other.
    let theme = Random::new(seed >> 8).below(4);
    // A process makes a few steps in a row, and most of those on memory and locks. Who came last is there only for this
    // sequence, and may do more.
    let block = if (theme == 1 || theme == 2) && !random.one_in(4) { seed >> 8 } else { seed / 4 };
    let mut block = Random::new(block);
    let who = if block.one_in(3) { *running.last()? } else { block.pick(&running) };
    let chooser = Chooser { machine, pid: who, mix, theme };
    let mut actions = (0..20).map(|_| chooser.action(&mut random));
    let picked = actions.find(|action| chooser.is_sensible(action) && chooser.is_harmless(action));
    picked.map(|action| (who, action))
}

/// A process that is about to do something.
pub struct Chooser<'a> {
    pub machine: &'a Machine,
    pub pid: i32,
    pub mix: Mix,
    theme: u64,
}

impl Chooser<'_> {
    fn action(&self, random: &mut Random) -> Action {
        match self.theme {
            0 if !random.one_in(8) => self.on_semaphores(random),
            1 if !random.one_in(8) => self.on_memory(random),
            2 if random.one_in(2) => self.on_locks(random),
            _ => self.anything(random),
        }
    }

    fn anything(&self, random: &mut Random) -> Action {
        if self.namespace().segments.len() < 2 && !random.one_in(3) {
            return Action::Call(self.shmget(random));
        }
        let guest = self.pid >= 100;
        if guest && random.one_in(12) {
            return if random.one_in(2) {
                Action::Exit
            } else {
                Action::Kill { target: self.somebody(random), signal: 9 }
            };
        }
        if guest && random.one_in(16) {
            return Action::Setrlimit(self.resource(random));
        }
        if self.namespace().sets.is_empty() && random.one_in(5) {
            return Action::Call(self.semget(random));
        }
        match random.below(if self.mix.limits { 140 } else { 114 }) {
            0..=13 => Action::Call(self.shmget(random)),
            14..=33 => Action::Call(self.shmat(random)),
            34..=43 => Action::Call(Call::Shmdt { address: self.attachment(random) }),
            44..=60 => Action::Call(self.shmctl(random)),
            61..=66 => Action::Load { address: self.near(random), length: 1 + random.below(8) },
            67..=72 => {
                let bytes = (0..1 + random.below(8)).map(|_| random.next() as u8).collect();
                Action::Store { address: self.near(random), bytes }
            }
            73..=75 => Action::Munmap { address: self.near(random), length: self.length(random) },
            76..=77 => self.mprotect(random),
            78 => self.mremap(random),
            79 => Action::Mmap { address: self.fixed(random), length: self.length(random) },
            80..=83 => self.fork(random),
            84 if random.one_in(3) => Action::Call(self.ftok(random)),
            84 => Action::Exit,
            85 if random.one_in(2) => Action::Kill { target: self.somebody(random), signal: 9 },
            85..=86 => {
                Action::Kill { target: self.somebody(random), signal: random.pick(&[0, 9, 9, 65, -1]) }
            }
            87 => Action::SetIdentity(self.identity(random)),
            88 if random.one_in(2) => Action::Unshare,
            88..=90 => Action::Call(self.semget(random)),
            91..=105 => Action::Call(self.semop(random)),
            106..=113 => Action::Call(self.semctl(random)),
            114..=137 => Action::Sysctl(self.setting(random)),
            _ => Action::Setrlimit(self.resource(random)),
        }
    }

    /// The size of a page, in bytes.
    pub fn page(&self) -> u64 {
        self.machine.host.page_size
    }

    pub fn namespace(&self) -> &playground_core::machine::Namespace {
        &self.machine.namespaces[&self.machine.processes[&self.pid].namespace]
    }

    pub fn space(&self) -> &Space {
        &self.machine.spaces[&self.machine.processes[&self.pid].space]
    }

    /// A pid that nobody has had in this sequence: it goes with the time of the step.
    pub fn new_pid(&self) -> i32 {
        100 + self.machine.clock.as_secs() as i32
    }

    pub fn somebody(&self, random: &mut Random) -> i32 {
        let all: Vec<i32> = self.machine.processes.keys().copied().collect();
        let asleep =
            |pid: &i32| *pid >= 100 && matches!(self.machine.processes[pid].state, State::Waiting(_));
        let asleep: Vec<i32> = all.iter().copied().filter(asleep).collect();
        if asleep.is_empty() || random.one_in(2) { random.pick(&all) } else { random.pick(&asleep) }
    }

    fn shmget(&self, random: &mut Random) -> Call {
        let page = self.page();
        let usual = [1, page - 1, page, page + 1, 2 * page, 3 * page, 6 * page + 1024];
        let odd = [0, 1 << 20, 3 << 20, 1 << 40, 1 << 47, 1 << 62, 1 << 63, u64::MAX - (1 << 24), u64::MAX];
        let size = if random.one_in(6) { random.pick(&odd) } else { random.pick(&usual) };
        let (none, creat, excl) = (ShmgetFlags::empty(), ShmgetFlags::IPC_CREAT, ShmgetFlags::IPC_EXCL);
        let flags =
            [none, creat, creat, creat, creat | excl, creat | excl, excl, creat | ShmgetFlags::SHM_NORESERVE];
        let flags = random.pick(&flags);
        Call::Shmget { key: self.key(random), size, flags, mode: self.mode(random) }
    }

    pub fn key(&self, random: &mut Random) -> Key {
        Key(random.pick(&[0, 0, 1, 1, 2, 3, -1]))
    }

    pub fn mode(&self, random: &mut Random) -> Mode {
        let modes = [0o600, 0o600, 0o666, 0o666, 0o777, 0o640, 0o660, 0, 0o400, 0o200, 0o004, 0o444, 0o060];
        Mode::from_bits_truncate(random.pick(&modes))
    }

    pub fn shmid(&self, random: &mut Random) -> Shmid {
        let live: Vec<i32> = self.namespace().segments.iter().map(|segment| segment.permissions.id).collect();
        Shmid(id(&live, random))
    }

    pub fn semid(&self, random: &mut Random) -> Semid {
        let live: Vec<i32> = self.namespace().sets.iter().map(|set| set.permissions.id).collect();
        Semid(id(&live, random))
    }

    pub fn shmat(&self, random: &mut Random) -> Call {
        let (none, rnd, remap) = (ShmatFlags::empty(), ShmatFlags::SHM_RND, ShmatFlags::SHM_REMAP);
        let (read, exec) = (ShmatFlags::SHM_RDONLY, ShmatFlags::SHM_EXEC);
        let odd = ShmatFlags::from_bits_retain(1 << 3);
        let flags = [
            none,
            none,
            none,
            none,
            read,
            rnd,
            rnd | remap,
            remap,
            remap,
            exec,
            read | exec,
            read | rnd,
            odd,
        ];
        let address = if random.one_in(2) { Address::NULL } else { self.address(random) };
        Call::Shmat { shmid: self.shmid(random), address, flags: random.pick(&flags) }
    }

    pub fn fixed(&self, random: &mut Random) -> Address {
        Address(WINDOW + random.below(WINDOW_PAGES) * self.page())
    }

    /// An address where something may be attached, or where it may not.
    fn address(&self, random: &mut Random) -> Address {
        let (page, most) = (self.page(), self.machine.host.task_size);
        let odd = [1, page, most, most - page, most - 7, 1 << 63, u64::MAX - page + 1, u64::MAX];
        match random.below(12) {
            0 => Address(random.pick(&odd)),
            1 => Address(self.fixed(random).0 + 1 + random.below(page - 1)),
            2..=4 => self.fixed(random),
            _ => self.near(random),
        }
    }

    /// An address in an attachment, if there is one, or at its edge.
    pub fn near(&self, random: &mut Random) -> Address {
        let views: Vec<(u64, u64)> = self.space().views().map(|(m, _)| (m.start, m.end)).collect();
        if views.is_empty() {
            return self.fixed(random);
        }
        let (start, end) = random.pick(&views);
        Address(match random.below(10) {
            0 => start + 1,
            1 => end,
            2..=3 => start + self.page(),
            4 => end - self.page(),
            5 => end - 3,
            _ => start,
        })
    }

    /// Where an attachment began of which something is left, or any other address.
    pub fn attachment(&self, random: &mut Random) -> Address {
        let begin: Vec<u64> =
            self.space().views().map(|(m, view)| m.start.wrapping_sub(view.offset * self.page())).collect();
        if begin.is_empty() || random.one_in(4) { self.address(random) } else { Address(random.pick(&begin)) }
    }

    pub fn length(&self, random: &mut Random) -> u64 {
        random.pick(&[1, 1, 2, 3, 7]) * self.page() - random.pick(&[0, 0, 0, 5])
    }

    /// A segment's creator, who has given it away, may still want to change it.
    fn shmctl(&self, random: &mut Random) -> Call {
        let uid = self.machine.processes[&self.pid].credentials.uid;
        let given_away = |made: &&Segment| made.permissions.cuid == uid && made.permissions.uid != uid;
        match self.namespace().segments.iter().find(given_away).filter(|_| random.one_in(3)) {
            Some(made) => {
                let (shmid, new) = (Shmid(made.permissions.id), self.ownership(random));
                Call::Shmctl { shmid, cmd: Cmd::IpcSet(new) }
            }
            None => Call::Shmctl { shmid: self.shmid(random), cmd: self.cmd(random) },
        }
    }

    fn cmd(&self, random: &mut Random) -> Cmd {
        match random.below(20) {
            0..=2 => Cmd::IpcStat,
            3..=6 => Cmd::IpcSet(self.ownership(random)),
            7..=11 => Cmd::IpcRmid,
            12..=13 => Cmd::ShmLock,
            14 => Cmd::ShmUnlock,
            15 => Cmd::IpcInfo,
            16 => Cmd::ShmInfo,
            17 => Cmd::ShmStat,
            18 => Cmd::ShmStatAny,
            _ => Cmd::Unknown(random.pick(&[-1, 99, 4])),
        }
    }

    pub fn ownership(&self, random: &mut Random) -> Ownership {
        let mode = Mode::from_bits_truncate(random.pick(&[0, 0o600, 0o666, 0o7777, 0o444, 0o1600, 0o060]));
        Ownership { uid: self.user(random), gid: self.user(random), mode }
    }

    fn user(&self, random: &mut Random) -> u32 {
        let [a, b, c, d] = self.mix.users;
        random.pick(&[a, b, c, d, b, u32::MAX])
    }

    fn identity(&self, random: &mut Random) -> Identity {
        match random.below(6) {
            0..=1 => Identity::User(self.user(random)),
            2 => Identity::Group(self.user(random)),
            3 => Identity::Groups(vec![random.pick(&self.mix.users)]),
            _ => Identity::Without(random.pick(&[
                Capabilities::IPC_OWNER,
                Capabilities::IPC_OWNER,
                Capabilities::SYS_ADMIN,
                Capabilities::IPC_LOCK,
            ])),
        }
    }

    fn setting(&self, random: &mut Random) -> Setting {
        let most = u64::MAX - (1 << 24);
        let ids = [0, 5, 32768 * 7 + 3, 100, 2147450880, 2147483647, 32767, -1];
        match random.below(9) {
            0 => Setting::Shmmax(random.pick(&[2 * self.page(), most])),
            1 => Setting::Shmall(random.pick(&[10, 4, most])),
            2 => Setting::Shmmni(random.pick(&[2, 5, 4096, 40000, -1])),
            3..=4 => Setting::ShmNextId(random.pick(&ids)),
            5..=6 => Setting::ShmRmidForced(random.pick(&[0, 1, 1, 1, 1, 2])),
            7 => Setting::Sem(random.pick(&[
                [3, 8, 2, 2],
                [32000, 1024000000, 500, 32000],
                [32000, 4, 500, 3],
            ])),
            _ => Setting::SemNextId(random.pick(&ids)),
        }
    }

    pub fn resource(&self, random: &mut Random) -> Resource {
        match random.below(2) {
            0 => Resource::LockedMemory(random.pick(&[
                Some(0),
                Some(2 * self.page()),
                Some(7 * self.page()),
                Some(8 * self.page()),
                None,
            ])),
            _ => {
                let pages = self.space().pages(&self.machine.host) + random.below(9);
                Resource::AddressSpace(random.pick(&[Some(pages * self.page()), None]))
            }
        }
    }
}

/// An id: mostly one that is there, sometimes one that never was.
fn id(live: &[i32], random: &mut Random) -> i32 {
    match random.below(14) {
        0 => random.pick(&[-1, 12345678, 0, 32768]),
        1 if !live.is_empty() => random.pick(live).wrapping_add(32768),
        _ if !live.is_empty() => random.pick(live),
        _ => 0,
    }
}
