//! This process, on Linux: what it is told to do, and what it remembers, so that it can do it safely.
//!
//! The calls themselves are functions of [`shm`], [`sem`], [`files`] and [`queue`].
//!
//! **Invariant:** an address is dereferenced only where [`Linux`] has attached a segment and not detached it
//! since: it remembers. So every method is safe to call with any arguments, whatever a lesson tries.
//! The exception is a process that was forked for the purpose: it makes any access, since it has nothing to lose.

mod danger;
mod files;
mod ftok;
mod known;
mod life;
mod locks;
mod made;
pub(super) mod memory;
mod portable;
mod queue;
pub mod raw;
pub(super) mod sem;
pub(super) mod shm;

use std::collections::{BTreeMap, HashMap};
use std::mem::size_of;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};
use std::{fs, io, process, thread};

use nix::libc::c_int;
use nix::unistd::{SysconfVar, Uid, User, geteuid, sysconf};
use playground_core::Signal;

use super::cleanup::{self, Tracked};
use super::meter::Watching;
use super::{
    Adjustment, Change, Child, Done, Ending, Faults, Look, Meter, Operation, ProcFile, Process, Step,
    ToolRun, adjust,
};
use crate::call::{
    Address, Answer, Call, Cmd, FileCall, Key, LockCall, Outcome, SemCmd, Semid, ShmatFlags, Shmid,
};
use crate::error::{Error, Result};
use files::Files;

pub(super) use danger::{Use, is_the_programs};
pub(super) use files::{close_all_but, line_at_stdin};
pub use ftok::{ftok, key_of};
pub use life::{exit_now, fork, restore_default};
pub(super) use life::{fork_sibling, on_first};
pub(super) use made::{is_exclusive, made_by};
pub use portable::portable;
pub use queue::{Queueid, make_queue, receive, remove_queue, send, try_send};
pub use shm::record_of;

/// The process that runs this code.
#[derive(Debug, Default)]
pub struct Linux {
    /// What is attached, by the address where it starts.
    attached: BTreeMap<u64, Extent>,
    /// How large the segments are that went through `shmget` here.
    sizes: HashMap<Shmid, usize>,
    /// The descriptors that calls have made here, by their numbers; a forked child has copies.
    files: Files,
    /// Whether to make every access, as a forked child does.
    unchecked: bool,
    /// What an increment that is made step by step has loaded.
    pub(super) register: u32,
}

#[derive(Clone, Copy, Debug)]
struct Extent {
    length: usize,
    writable: bool,
}

impl Linux {
    /// This process, which has nothing attached yet.
    pub fn new() -> Linux {
        Linux::default()
    }

    /// The same process after a fork, in the child: it makes every access it is told to make, and may die of it.
    pub(super) fn nothing_to_lose(&mut self) -> &mut Linux {
        self.unchecked = true;
        self
    }

    fn shmget(&mut self, key: Key, size: u64, flags: c_int) -> nix::Result<Answer> {
        cleanup::hold_signals(|| {
            let id = shm::get(key, size, flags)?;
            if made_by(self.pid(), key, flags, id) {
                cleanup::track(Tracked::Segment(id));
            }
            // A segment that was found may be larger than asked for, never smaller.
            self.sizes.insert(id, size as usize);
            Ok(Answer::Id(id))
        })
    }

    fn shmat(&mut self, id: Shmid, address: Address, flags: ShmatFlags) -> nix::Result<Answer> {
        // SAFETY: `endangers` has refused a SHM_REMAP that would replace anything but an attachment of ours.
        let mapped = unsafe { shm::attach(id, address, flags) }?;
        let writable = !flags.contains(ShmatFlags::SHM_RDONLY);
        let length = self.size_of(id).next_multiple_of(self.page_size());
        self.attached.insert(mapped.0, Extent { length, writable });
        Ok(Answer::Mapped(mapped))
    }

    fn shmdt(&mut self, address: Address) -> nix::Result<Answer> {
        shm::detach(address)?;
        self.attached.remove(&address.0);
        Ok(Answer::Done)
    }

    fn semget(&mut self, key: Key, nsems: i32, flags: c_int) -> nix::Result<Answer> {
        cleanup::hold_signals(|| {
            let id = sem::get(key, nsems, flags)?;
            if is_exclusive(key, flags) {
                cleanup::track(Tracked::Set(id));
            }
            Ok(Answer::Set(id))
        })
    }

    fn semctl(&mut self, id: Semid, semnum: i32, cmd: &SemCmd) -> nix::Result<Answer> {
        let answer = sem::control(id, semnum, cmd)?;
        if *cmd == SemCmd::IpcRmid {
            cleanup::forget(Tracked::Set(id));
        }
        Ok(answer)
    }

    fn shmctl(&mut self, id: Shmid, cmd: Cmd) -> nix::Result<Answer> {
        match cmd {
            Cmd::IpcStat => shm::stat(id, cmd).map(|(_, record)| Answer::Record(record)),
            Cmd::ShmStat | Cmd::ShmStatAny => {
                shm::stat(id, cmd).map(|(found, record)| Answer::Found(Shmid(found), record))
            }
            Cmd::IpcInfo => shm::limits(id),
            Cmd::ShmInfo => shm::usage(id),
            Cmd::IpcSet(change) => shm::set(id, change).map(|()| Answer::Done),
            Cmd::IpcRmid => {
                shm::remove(id)?;
                cleanup::forget(Tracked::Segment(id));
                Ok(Answer::Done)
            }
            // `endangers` has refused any other address than NULL, which the kernel refuses itself.
            Cmd::BufferAt { .. } | Cmd::ShmLock | Cmd::ShmUnlock | Cmd::Unknown(_) => {
                shm::without_buffer(id, cmd).map(|()| Answer::Done)
            }
        }
    }

    fn file(&mut self, call: &FileCall) -> nix::Result<Answer> {
        let answer = cleanup::hold_signals(|| {
            let answer = files::perform(&mut self.files, call)?;
            cleanup::record_name(call);
            Ok(answer)
        })?;
        match (call, &answer) {
            (&FileCall::Map { length, writable, .. }, Answer::Mapped(start)) => {
                self.attached.insert(start.0, Extent { length, writable });
            }
            (FileCall::Unmap { address, .. }, _) => drop(self.attached.remove(&address.0)),
            _ => {}
        }
        Ok(answer)
    }

    fn lock_call(&self, call: LockCall) -> Result<nix::Result<Answer>> {
        let (size, alignment) = locks::layout(call.operation);
        if !call.at.is_multiple_of(alignment) {
            return Err(Error::Misaligned { offset: call.at.0 as usize, alignment });
        }
        self.attached_for(call.at, size, true)?;
        // SAFETY: so many aligned bytes are an attachment's, which may be written; a forked child may die of it.
        Ok(unsafe { locks::perform(call) })
    }

    /// How many bytes of a segment may be touched: what `shmget` asked for here, or else what the kernel says.
    fn size_of(&self, id: Shmid) -> usize {
        match self.sizes.get(&id) {
            Some(&size) if size > 0 => size,
            _ => known::known(id).map_or(0, |known| known.size),
        }
    }

    fn attached_for(&self, address: Address, length: usize, writing: bool) -> Result<()> {
        let inside = self.attached.range(..=address.0).next_back().is_some_and(|(start, extent)| {
            let offset = (address.0 - start) as usize;
            let fits = offset <= extent.length && length <= extent.length - offset;
            fits && (extent.writable || !writing)
        });
        if inside || self.unchecked {
            return Ok(());
        }
        let purpose = if writing { "writing" } else { "reading" };
        Err(Error::NotAttached { address, length, purpose })
    }

    /// The control word at an address. It cannot be detached while it is borrowed: that takes `&mut self`.
    pub(super) fn atomic(&self, address: Address, writing: bool) -> Result<&AtomicU32> {
        let unaligned = !address.is_multiple_of(size_of::<u32>());
        if unaligned {
            return Err(Error::Misaligned { offset: address.0 as usize, alignment: size_of::<u32>() });
        }
        self.attached_for(address, size_of::<u32>(), writing)?;
        let word = std::ptr::with_exposed_provenance_mut::<u32>(address.0 as usize);
        // SAFETY: the address is aligned, and `attached_for` found the word in an attachment that may be written
        // if it has to be. Control words are accessed by atomics only, in every process.
        Ok(unsafe { AtomicU32::from_ptr(word) })
    }
}

impl Linux {
    /// Whether these are bytes of an attachment of this process, which it may read and write.
    ///
    /// # Errors
    ///
    /// `NotAttached`, if they are not.
    pub fn writable(&self, address: Address, length: usize) -> Result<()> {
        self.attached_for(address, length, true)
    }
}

impl Look for Linux {
    fn page_size(&self) -> usize {
        sysconf(SysconfVar::PAGE_SIZE).ok().flatten().map_or(4096, |size| size as usize)
    }

    fn shows(&mut self, file: ProcFile) -> io::Result<String> {
        fs::read_to_string(file.path(self.pid()))
    }
}

impl Process for Linux {
    fn pid(&self) -> i32 {
        nix::unistd::getpid().as_raw()
    }

    fn perform(&mut self, call: &Call) -> Result<Outcome> {
        if let Some(why) = self.endangers(call) {
            return Err(Error::Dangerous { call: call.to_string(), why });
        }
        let answer = match *call {
            Call::Shmget { key, size, flags, mode } => {
                self.shmget(key, size, flags.bits() | mode.bits() as c_int)
            }
            Call::Shmat { shmid, address, flags } => self.shmat(shmid, address, flags),
            Call::Shmdt { address } => self.shmdt(address),
            Call::Shmctl { shmid, cmd } => self.shmctl(shmid, cmd),
            Call::Semget { key, nsems, flags, mode } => {
                self.semget(key, nsems, flags.bits() | mode.bits() as c_int)
            }
            Call::Semop { semid, ref ops } => sem::operate(semid, ops).map(|()| Answer::Done),
            // `endangers` has refused any other address than NULL.
            Call::SemopAt { semid, nsops, timeout, .. } => match timeout {
                Some(timeout) => sem::operate_refused(semid, nsops, timeout).map(|()| Answer::Done),
                None => sem::operate_nowhere(semid, nsops).map(|()| Answer::Done),
            },
            Call::Semtimedop { semid, ref ops, timeout } => {
                sem::operate_within(semid, ops, timeout).map(|()| Answer::Done)
            }
            Call::Semctl { semid, semnum, ref cmd } => self.semctl(semid, semnum, cmd),
            Call::File(ref call) => self.file(call),
            Call::Lock(call) => self.lock_call(call)?,
            Call::Ftok { ref path, project } => key_of(path, project).map(Answer::Key),
        };
        Ok(answer.map_err(portable))
    }

    fn load(&mut self, address: Address, buffer: &mut [u8]) -> Result<Faults> {
        self.attached_for(address, buffer.len(), false)?;
        let from = std::ptr::with_exposed_provenance::<u8>(address.0 as usize);
        memory::bring_in_to_write(buffer);
        // SAFETY: `attached_for` found the bytes in an attachment; a forked child may die of it, and tells so.
        Ok(memory::faults_during(|| unsafe { memory::copy(from, buffer.as_mut_ptr(), buffer.len()) }))
    }

    fn store(&mut self, address: Address, bytes: &[u8]) -> Result<Faults> {
        self.attached_for(address, bytes.len(), true)?;
        let to = std::ptr::with_exposed_provenance_mut::<u8>(address.0 as usize);
        memory::bring_in(bytes);
        // SAFETY: as for `load`, and the attachment is writable.
        Ok(memory::faults_during(|| unsafe { memory::copy(bytes.as_ptr(), to, bytes.len()) }))
    }

    fn store_times(&mut self, address: Address, bytes: &[u8], times: usize) -> Result<()> {
        self.attached_for(address, bytes.len(), true)?;
        let to = std::ptr::with_exposed_provenance_mut::<u8>(address.0 as usize);
        for _ in 0..times {
            // SAFETY: as for `store`.
            unsafe { memory::copy(bytes.as_ptr(), to, bytes.len()) }
        }
        Ok(())
    }

    fn word(&mut self, address: Address, change: Change) -> Result<u32> {
        let word = self.atomic(address, change != Change::Load)?;
        Ok(match change {
            Change::Load => word.load(Ordering::Acquire),
            Change::Store(value) => word.swap(value, Ordering::AcqRel),
            Change::Add(value) => word.fetch_add(value, Ordering::AcqRel),
            Change::Exchange { expected, new } => {
                match word.compare_exchange(expected, new, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(before) | Err(before) => before,
                }
            }
        })
    }

    fn step(&mut self, counter: Address, step: Step) -> Result<u32> {
        self.step_of(counter, step)
    }

    fn start(&mut self, _: &Operation) -> Result<()> {
        Err(tells_the_story("do something that may take long"))
    }

    fn finish(&mut self, _: Duration) -> Result<Option<Done>> {
        Err(tells_the_story("have done something that takes long"))
    }

    fn adjust(&mut self, adjustment: &Adjustment) -> Result<()> {
        if !self.unchecked {
            return Err(tells_the_story("change what it is"));
        }
        adjust::apply(adjustment)
    }

    fn program(&self) -> Option<PathBuf> {
        program_of(self.pid())
    }

    fn user(&self) -> u32 {
        geteuid().as_raw()
    }

    fn now(&self) -> Duration {
        UNIX_EPOCH.elapsed().unwrap_or_default()
    }

    fn rest(&self, time: Duration) {
        thread::sleep(time);
    }

    fn run_tool(&mut self, words: &[String]) -> io::Result<ToolRun> {
        let [program, arguments @ ..] = words else { return Err(io::ErrorKind::NotFound.into()) };
        let process::Output { status, stdout, stderr } =
            process::Command::new(program).args(arguments).stdin(process::Stdio::null()).output()?;
        let output = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        Ok(ToolRun { status: status.code(), output })
    }

    fn meter(&self) -> &'static dyn Meter {
        &Watching
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
    }

    fn processes(&self) -> Vec<i32> {
        let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
        let mut pids: Vec<i32> = names.filter_map(|name| name.to_str()?.parse().ok()).collect();
        pids.sort_unstable();
        pids
    }

    fn fork(&mut self) -> Result<Box<dyn Process>> {
        Ok(Box::new(Child::of(self)?))
    }

    fn spawn(&mut self) -> Result<Box<dyn Process>> {
        Ok(Box::new(Child::unrelated()?))
    }

    fn exec(&mut self, _: &str, _: &[&str]) -> Result<()> {
        Err(tells_the_story("run another program"))
    }

    fn end(&mut self, _: Option<Signal>) -> Result<Ending> {
        Err(tells_the_story("end"))
    }
}

/// The file that a process runs.
pub(super) fn program_of(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

fn tells_the_story(operation: &str) -> Error {
    Error::environment(
        format!("this process was to {operation}"),
        "it tells the story",
        "Fork a child, and let the child do it.",
    )
}
