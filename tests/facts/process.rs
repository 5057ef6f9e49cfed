//! What a row says: a process, what it asks the kernel, and what the answer should be.

use std::any::Any;
use std::fmt::Debug;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::time::{Duration, UNIX_EPOCH};

use model::{Model, Setup};
use nix::sys::resource::{Resource as RealResource, setrlimit};
use nix::unistd::{Gid, Uid, getegid, geteuid, setegid, seteuid, setgroups};
use playground::Error;
use playground::call::{
    Address, Answer, Call, Cmd, Key, Outcome, Ownership, Performed, ShmInfo, ShmatFlags, ShmgetFlags, Shmid,
    ShmidDs,
};
use playground::evidence::maps::{self, Mapping};
use playground::evidence::segments::{self, Row};
use playground::kernel::{Adjustment, Ending, Faults, Linux, ProcFile, Process, isolate};
use playground_core::machine::{Credentials, Resource};
use playground_core::{Errno, Mode, Signal};

use crate::runner::{NOBODY, fall_away};

/// No flags for `shmget`.
pub const FIND: ShmgetFlags = ShmgetFlags::empty();
pub const CREAT: ShmgetFlags = ShmgetFlags::IPC_CREAT;
pub const EXCL: ShmgetFlags = ShmgetFlags::IPC_EXCL;
pub const NEW: ShmgetFlags = CREAT.union(EXCL);
pub const HUGETLB: ShmgetFlags = ShmgetFlags::SHM_HUGETLB;
pub const NORESERVE: ShmgetFlags = ShmgetFlags::SHM_NORESERVE;

/// No flags for `shmat`: for reading and writing.
pub const RDWR: ShmatFlags = ShmatFlags::empty();
pub const RDONLY: ShmatFlags = ShmatFlags::SHM_RDONLY;
pub const RND: ShmatFlags = ShmatFlags::SHM_RND;
pub const REMAP: ShmatFlags = ShmatFlags::SHM_REMAP;
pub const EXEC: ShmatFlags = ShmatFlags::SHM_EXEC;

pub const NULL: Address = Address::NULL;
pub const PRIVATE: Key = Key::PRIVATE;

pub fn shmget(key: Key, size: usize, flags: ShmgetFlags, mode: u32) -> Call {
    Call::Shmget { key, size: size as u64, flags, mode: Mode::from_bits_truncate(mode) }
}

pub fn shmat(shmid: Shmid, address: Address, flags: ShmatFlags) -> Call {
    Call::Shmat { shmid, address, flags }
}

pub fn shmdt(address: Address) -> Call {
    Call::Shmdt { address }
}

pub fn shmctl(shmid: Shmid, cmd: Cmd) -> Call {
    Call::Shmctl { shmid, cmd }
}

pub fn ipc_set(uid: u32, gid: u32, mode: u32) -> Cmd {
    Cmd::IpcSet(Ownership { uid, gid, mode: Mode::from_bits_truncate(mode) })
}

/// A process that a row directs: the row's own, or one that was forked from it.
pub struct Proc(Box<dyn Process>);

impl Proc {
    pub fn this() -> Proc {
        Proc(Box::new(Linux::new()))
    }

    /// A process of a model, with the user and in the kind of namespace that the row has been given.
    pub fn on_the_model() -> Proc {
        let everyone = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        let isolated = geteuid().is_root() && !everyone.split_whitespace().eq(["0", "0", "4294967295"]);
        let setup = Setup {
            program: "/facts".into(),
            time: UNIX_EPOCH.elapsed().expect("a clock after 1970"),
            user: geteuid().as_raw(),
            isolated,
            file: |_| None,
        };
        Proc(Box::new(Model::new(setup)))
    }

    fn model(&mut self) -> Option<&mut Model> {
        let process: &mut dyn Any = &mut *self.0;
        process.downcast_mut()
    }

    /// For a row about more than the rules: what the model does not have.
    pub fn needs_linux(&mut self, for_what: &str) {
        if self.model().is_some() {
            fall_away(format!("the model has no {for_what}"));
        }
    }

    /// Lets the clock for records, which counts seconds, move on.
    pub fn wait_a_second(&self) {
        self.0.rest(Duration::from_millis(1100));
    }

    /// Changes a setting of the row's own IPC namespace.
    #[track_caller]
    pub fn set(&mut self, name: &str, value: u64) {
        match self.model() {
            Some(model) => model.set(name, value).expect("a setting of the model"),
            None => set(name, &value.to_string()),
        }
    }

    /// Moves into an IPC namespace of its own.
    #[track_caller]
    pub fn isolate(&mut self) {
        match self.model() {
            Some(model) => model.isolate(),
            None => isolate(),
        }
        .expect("a namespace within a namespace");
    }

    /// A setting of its namespace.
    #[track_caller]
    pub fn setting(&mut self, name: &'static str) -> String {
        self.0.shows(ProcFile::Setting(name)).expect("the setting").trim().to_owned()
    }

    /// `setrlimit(RLIMIT_MEMLOCK)`.
    #[track_caller]
    pub fn limit_locked(&mut self, bytes: u64) {
        self.limit(RealResource::RLIMIT_MEMLOCK, Resource::LockedMemory(Some(bytes)), bytes);
    }

    /// `setrlimit(RLIMIT_AS)`: so many bytes more than it has mapped now.
    #[track_caller]
    pub fn limit_growth(&mut self, more: u64) {
        let mapped = match self.model() {
            Some(_) => self.maps().iter().map(|mapping| mapping.length() as u64).sum(),
            None => vm_size(),
        };
        let limit = mapped + more;
        self.limit(RealResource::RLIMIT_AS, Resource::AddressSpace(Some(limit)), limit);
    }

    #[track_caller]
    fn limit(&mut self, real: RealResource, resource: Resource, limit: u64) {
        match self.model() {
            Some(model) => model.limit(resource).expect("a lower limit"),
            None => setrlimit(real, limit, limit).expect("a lower limit"),
        }
    }

    #[track_caller]
    pub fn fork(&mut self) -> Proc {
        Proc(self.0.fork().expect("a child"))
    }

    pub fn pid(&self) -> i32 {
        self.0.pid()
    }

    pub fn page(&self) -> usize {
        self.0.page_size()
    }

    #[track_caller]
    pub fn asks(&mut self, call: &Call) -> Outcome {
        self.0.perform(call).unwrap_or_else(|error| panic!("expected an answer to {call}, got: {error}"))
    }

    #[track_caller]
    fn told(&mut self, call: Call) -> Performed {
        Performed { pid: self.pid(), outcome: self.asks(&call), call }
    }

    /// Expects the call to succeed.
    #[track_caller]
    pub fn succeeds(&mut self, call: Call) -> Answer {
        let told = self.told(call);
        told.outcome.clone().unwrap_or_else(|_| panic!("expected success, got {told}"))
    }

    /// Expects the call to succeed and to return this number.
    #[track_caller]
    pub fn answers(&mut self, call: Call, expected: i32) {
        let told = self.told(call);
        let value = told.outcome.as_ref().ok().map(Answer::value);
        assert!(value == Some(expected.into()), "expected {expected}, got {told}");
    }

    /// Expects the call to fail, and why.
    #[track_caller]
    pub fn fails(&mut self, call: Call, expected: Errno) {
        let told = self.told(call);
        assert!(told.outcome.as_ref().err() == Some(&expected), "expected -1 {expected:?}, got {told}");
    }

    /// Expects the library to refuse the call, since it could harm the process.
    #[track_caller]
    pub fn is_kept_from(&mut self, call: Call) {
        let outcome = self.0.perform(&call);
        assert!(
            matches!(outcome, Err(Error::Dangerous { .. })),
            "expected {call} to be refused as dangerous, got {outcome:?}"
        );
    }

    #[track_caller]
    pub fn made(&mut self, call: Call) -> Shmid {
        match self.succeeds(call) {
            Answer::Id(id) => id,
            other => panic!("expected an id, got {other:?}"),
        }
    }

    /// A segment without a key.
    #[track_caller]
    pub fn segment(&mut self, size: usize, mode: u32) -> Shmid {
        self.made(shmget(PRIVATE, size, NEW, mode))
    }

    /// A segment with a key that nobody else has.
    #[track_caller]
    pub fn keyed(&mut self, size: usize, mode: u32) -> (Key, Shmid) {
        loop {
            let key = random_key();
            match self.asks(&shmget(key, size, NEW, mode)) {
                Ok(Answer::Id(id)) => return (key, id),
                Err(Errno::EEXIST) => {}
                other => panic!("expected a segment with the key {key}, got {other:?}"),
            }
        }
    }

    /// A key that no segment has: one did have it, and is gone.
    #[track_caller]
    pub fn absent_key(&mut self) -> Key {
        let (key, id) = self.keyed(1, 0o600);
        self.remove(id);
        key
    }

    #[track_caller]
    pub fn attach(&mut self, id: Shmid) -> Address {
        self.attach_with(id, NULL, RDWR)
    }

    #[track_caller]
    pub fn attach_with(&mut self, id: Shmid, address: Address, flags: ShmatFlags) -> Address {
        match self.succeeds(shmat(id, address, flags)) {
            Answer::Mapped(address) => address,
            other => panic!("expected an address, got {other:?}"),
        }
    }

    /// An address with room: megabytes from there on were mapped a moment ago, and are free.
    #[track_caller]
    pub fn room(&mut self) -> Address {
        let id = self.segment(16 << 20, 0o600);
        let address = self.attach(id);
        self.detach(address);
        self.remove(id);
        address
    }

    #[track_caller]
    pub fn detach(&mut self, address: Address) {
        self.succeeds(shmdt(address));
    }

    #[track_caller]
    pub fn remove(&mut self, id: Shmid) {
        self.succeeds(shmctl(id, Cmd::IpcRmid));
    }

    #[track_caller]
    pub fn stat(&mut self, id: Shmid) -> ShmidDs {
        match self.succeeds(shmctl(id, Cmd::IpcStat)) {
            Answer::Record(record) => record,
            other => panic!("expected a record, got {other:?}"),
        }
    }

    #[track_caller]
    pub fn nattch(&mut self, id: Shmid) -> u64 {
        self.stat(id).nattch
    }

    /// Expects that no such segment is there.
    #[track_caller]
    pub fn misses(&mut self, id: Shmid) {
        self.fails(shmctl(id, Cmd::IpcStat), Errno::EINVAL);
    }

    /// `SHM_INFO`.
    #[track_caller]
    pub fn usage(&mut self) -> ShmInfo {
        match self.succeeds(shmctl(Shmid(0), Cmd::ShmInfo)) {
            Answer::Usage(_, info) => info,
            other => panic!("expected the usage, got {other:?}"),
        }
    }

    /// The segment's line in `/proc/sysvipc/shm`.
    #[track_caller]
    pub fn row(&mut self, id: Shmid) -> Row {
        let table = self.0.shows(ProcFile::Segments).expect("/proc/sysvipc/shm");
        let rows = segments::parse(&table).expect("the kernel's table");
        rows.into_iter().find(|row| row.shmid == id).expect("a line of the segment's")
    }

    /// Bytes of the segment that are in memory.
    #[track_caller]
    pub fn rss(&mut self, id: Shmid) -> usize {
        self.row(id).rss
    }

    #[track_caller]
    pub fn maps(&mut self) -> Vec<Mapping> {
        maps::parse(&self.0.shows(ProcFile::Maps).expect("/proc/PID/maps")).expect("the kernel's maps")
    }

    /// The line of the maps that shows the segment.
    #[track_caller]
    pub fn mapping(&mut self, id: Shmid) -> Mapping {
        self.maps().into_iter().find(|mapping| mapping.shows(id)).expect("a line of the segment's")
    }

    #[track_caller]
    pub fn write(&mut self, address: Address, bytes: &[u8]) -> Faults {
        self.0
            .store(address, bytes)
            .unwrap_or_else(|error| panic!("expected to write at {address}, got: {error}"))
    }

    #[track_caller]
    pub fn read(&mut self, address: Address, length: usize) -> Vec<u8> {
        let mut bytes = vec![0xaa; length];
        let read = self.0.load(address, &mut bytes);
        read.unwrap_or_else(|error| panic!("expected to read at {address}, got: {error}"));
        bytes
    }

    /// Expects a write to kill the process, which has to be a child.
    #[track_caller]
    pub fn dies_writing(&mut self, address: Address) {
        died_of_segv(self.0.store(address, b"x"));
    }

    /// Expects a read to kill the process, which has to be a child.
    #[track_caller]
    pub fn dies_reading(&mut self, address: Address) {
        died_of_segv(self.0.load(address, &mut [0]));
    }

    #[track_caller]
    pub fn exec(&mut self, program: &str, arguments: &[&str]) {
        self.0.exec(program, arguments).expect("a program that runs");
    }

    #[track_caller]
    pub fn renounce_privilege(&mut self) {
        self.0.adjust(&Adjustment::RenouncePrivilege).expect("a capability to give up");
    }

    #[track_caller]
    pub fn exit(&mut self) {
        is("how the child ended", self.0.end(None).ok(), Some(Ending::Exited(0)));
    }

    #[track_caller]
    pub fn kill(&mut self) {
        is(
            "how the child ended",
            self.0.end(Some(Signal::SIGKILL)).ok(),
            Some(Ending::Killed(Signal::SIGKILL)),
        );
    }

    /// Lets nobody ask: the process has nobody's effective ids meanwhile, and with them no capability in effect.
    pub fn as_nobody(&mut self, operation: impl FnOnce(&mut Proc)) {
        if let Some(model) = self.model() {
            let before = model.act_for(Credentials::user(NOBODY, NOBODY));
            operation(self);
            self.model().expect("it is one still").act_for(before);
            return;
        }
        let _until_here = Disguise::put_on().unwrap_or_else(|errno| {
            fall_away(format!("cannot become uid {NOBODY} here: {errno}"));
        });
        operation(self);
    }
}

#[track_caller]
fn died_of_segv(access: playground::Result<Faults>) {
    match access {
        Err(Error::Ended { ending, .. }) => is("the ending", ending, Ending::Killed(Signal::SIGSEGV)),
        other => panic!("expected a death of SIGSEGV, got {other:?}"),
    }
}

/// Root acting as nobody; dropped, root is back, and can remove what it made.
struct Disguise {
    gid: Gid,
}

impl Disguise {
    fn put_on() -> nix::Result<Disguise> {
        setgroups(&[])?;
        let disguise = Disguise { gid: getegid() };
        setegid(Gid::from_raw(NOBODY))?;
        seteuid(Uid::from_raw(NOBODY))?;
        Ok(disguise)
    }
}

impl Drop for Disguise {
    fn drop(&mut self) {
        // The saved ids are still root's, so that the way back is always open.
        let _ = seteuid(Uid::from_raw(0));
        let _ = setegid(self.gid);
    }
}

/// Keys of rows that run at the same time must differ; the standard library's hasher is seeded at random.
fn random_key() -> Key {
    let number = RandomState::new().build_hasher().finish() as i32;
    // 0 is no key, and -1 is what programs pass that ignore a failed ftok.
    if matches!(number, 0 | -1) { random_key() } else { Key(number) }
}

/// Expects a value.
#[track_caller]
pub fn is<T: PartialEq + Debug>(what: &str, got: T, expected: T) {
    assert!(got == expected, "{what}: expected {expected:?}, got {got:?}");
}

/// Expects a mode; in octal, as everyone reads it.
#[track_caller]
pub fn mode_is(got: u32, expected: u32) {
    assert!(got == expected, "mode: expected {expected:04o}, got {got:04o}");
}

/// Expects a time to be that of a moment ago.
#[track_caller]
pub fn is_now(what: &str, time: i64) {
    let now = UNIX_EPOCH.elapsed().expect("a clock after 1970").as_secs() as i64;
    assert!((now - 30..=now).contains(&time), "{what}: expected about {now}, got {time}");
}

/// A number of the system's, from a file of `/proc/sys`.
pub fn setting(name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/sys/{name}"));
    let text = text.unwrap_or_else(|error| fall_away(format!("/proc/sys/{name} cannot be read: {error}")));
    text.trim().parse().expect("a number")
}

/// Changes a setting of the row's own IPC namespace, which is the real kernel's.
fn set(name: &str, value: &str) {
    let file = format!("/proc/sys/kernel/{name}");
    match fs::write(&file, value) {
        Ok(()) => {}
        // Before Linux 5.19, and where /proc/sys is mounted read-only, even a private namespace's are out of reach.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            fall_away(format!("{file} cannot be set in a private namespace: {error}"))
        }
        Err(error) => panic!("expected to set {file} to {value}, got: {error}"),
    }
}

/// Whether a segment can be given to this user: a user namespace may not have it.
pub fn needs_uid(uid: u32) {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let numbers = |line: &str| line.split_whitespace().map(str::parse).collect::<Result<Vec<u64>, _>>();
    let maps_it = |line: &str| match numbers(line).as_deref() {
        Ok(&[first, _, count]) => (first..first + count).contains(&uid.into()),
        _ => false,
    };
    if !map.lines().any(maps_it) {
        fall_away(format!("uid {uid} does not exist in this user namespace"));
    }
}

/// The size of this process's address space, in bytes.
fn vm_size() -> u64 {
    status("VmSize:") << 10
}

/// The shared memory that this process has touched, in KiB.
pub fn rss_shmem() -> u64 {
    status("RssShmem:")
}

/// A number from `/proc/self/status`, in KiB.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").expect("/proc/self/status");
    let line = text.lines().find(|line| line.starts_with(name)).expect("a line of that name");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}
