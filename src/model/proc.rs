//! The files of `/proc`, written from the machine in the kernel's own form: the parsers are those for the real ones.
//!
//! **Invariant:** a file that is not written here is not there. No line holds what the machine does not.

use std::fmt::Write;
use std::io;

use playground_core::machine::{Machine, Mapping, Namespace, Process, Protection, Segment, Set, State, View};
use playground_core::process::ProcFile;

use crate::image::{self, Name};
use crate::world::World;

impl World {
    /// The text of a file, as a process reads it.
    pub(crate) fn shows(&self, pid: i32, file: ProcFile) -> io::Result<String> {
        match file {
            ProcFile::Segments => self.namespace(pid).map(|namespace| segments(&self.machine, namespace)),
            ProcFile::Sets => self.namespace(pid).map(sets),
            ProcFile::Maps => self.maps(pid),
            ProcFile::MapsOf(pid) => self.maps(pid),
            ProcFile::Name(pid) => self.process(pid).map(|_| base_name(&self.program(pid)) + "\n"),
            ProcFile::Status => self.process(pid).map(status),
            // The rules know that it sleeps, and not in which of a kernel's functions.
            ProcFile::SleepsIn => self.process(pid).map(|_| "0".to_owned()),
            ProcFile::LowestAddress => Ok(format!("{}\n", self.machine.host.mmap_min_addr)),
            ProcFile::Setting(name) => self.namespace(pid).and_then(|namespace| setting(namespace, name)),
        }
    }

    /// The file of the program that a process runs.
    pub(crate) fn program(&self, pid: i32) -> String {
        let own = || self.setup.program.to_string_lossy().into_owned();
        self.programs.get(&pid).map_or_else(own, |name| format!("/usr/bin/{name}"))
    }

    fn process(&self, pid: i32) -> io::Result<&Process> {
        self.machine.processes.get(&pid).map(|process| &**process).ok_or_else(no_such_file)
    }

    fn namespace(&self, pid: i32) -> io::Result<&Namespace> {
        let number = self.process(pid)?.namespace;
        self.machine.namespaces.get(&number).map(|namespace| &**namespace).ok_or_else(no_such_file)
    }

    fn maps(&self, pid: i32) -> io::Result<String> {
        let space = self.machine.spaces.get(&self.process(pid)?.space).ok_or_else(no_such_file)?;
        Ok(space.mappings.values().map(|mapping| self.line(pid, mapping)).collect())
    }

    fn line(&self, pid: i32, mapping: &Mapping) -> String {
        let Mapping { start, end, .. } = *mapping;
        match mapping.view() {
            Some(view) => self.attachment(start, end, view),
            None => {
                let region = image::region(start);
                let perms = region.map_or("rw-p", |region| region.perms);
                let name = match region.map(|region| region.name) {
                    Some(Name::Program) => self.program(pid),
                    Some(Name::Fixed(name)) => name.to_owned(),
                    None => String::new(),
                };
                format!("{start:08x}-{end:08x} {perms} 00000000 00:00 0 {name}\n")
            }
        }
    }

    fn attachment(&self, start: u64, end: u64, view: &View) -> String {
        let key = self.names.get(&(view.namespace, view.shmid)).map_or(0, |key| key.0);
        let (perms, offset) = (perms(view.protection), view.offset * self.machine.host.page_size);
        let id = view.shmid;
        format!("{start:08x}-{end:08x} {perms} {offset:08x} 00:01 {id} /SYSV{key:08x} (deleted)\n")
    }
}

fn no_such_file() -> io::Error {
    io::ErrorKind::NotFound.into()
}

fn base_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

fn perms(protection: Protection) -> String {
    let letter = |right, letter| if protection.contains(right) { letter } else { '-' };
    let rights = [(Protection::READ, 'r'), (Protection::WRITE, 'w'), (Protection::EXEC, 'x')];
    rights.map(|(right, name)| letter(right, name)).into_iter().chain(['s']).collect()
}

fn status(process: &Process) -> String {
    let state = match process.state {
        State::Running => "R (running)",
        State::Waiting(_) => "S (sleeping)",
        State::Suspended(_) => "D (disk sleep)",
    };
    let credentials = &process.credentials;
    let (uid, gid) = (credentials.uid, credentials.gid);
    let groups: Vec<_> = credentials.groups.iter().map(u32::to_string).collect();
    format!(
        "State:\t{state}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t{gid}\t{gid}\t{gid}\t{gid}\nGroups:\t{}\n\
         CapEff:\t{:016x}\n",
        groups.join(" "),
        credentials.effective.in_the_kernels_numbers()
    )
}

fn setting(namespace: &Namespace, name: &str) -> io::Result<String> {
    let limits = &namespace.limits;
    let value = match name {
        "shmmax" => limits.shmmax.to_string(),
        "shmall" => limits.shmall.to_string(),
        "shmmni" => limits.shmmni.to_string(),
        "shm_rmid_forced" => u8::from(limits.shm_rmid_forced).to_string(),
        "shm_next_id" => namespace.segments.wanted.unwrap_or(-1).to_string(),
        "sem_next_id" => namespace.sets.wanted.unwrap_or(-1).to_string(),
        "sem" => format!("{}\t{}\t{}\t{}", limits.semmsl, limits.semmns, limits.semopm, limits.semmni),
        _ => return Err(no_such_file()),
    };
    Ok(value + "\n")
}

fn segments(machine: &Machine, namespace: &Namespace) -> String {
    let heading = "key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap\n";
    namespace.segments.iter().fold(heading.to_owned(), |mut table, segment| {
        table += &row(segment, machine.host.page_size);
        table
    })
}

fn row(segment: &Segment, page_size: u64) -> String {
    let Segment { permissions: of, size, cpid, lpid, attached, atime, dtime, ctime, .. } = segment;
    format!(
        "{} {} {:o} {size} {cpid} {lpid} {attached} {} {} {} {} {atime} {dtime} {ctime} {} 0\n",
        of.key.0,
        of.id,
        of.mode,
        of.uid,
        of.gid,
        of.cuid,
        of.cgid,
        segment.pages.len() as u64 * page_size
    )
}

fn sets(namespace: &Namespace) -> String {
    let heading = "key semid perms nsems uid gid cuid cgid otime ctime\n";
    namespace.sets.iter().fold(
        heading.to_owned(),
        |mut table, Set { permissions: of, semaphores, otime, ctime, .. }| {
            let nsems = semaphores.len();
            // Writing to a string does not fail.
            let _ = writeln!(
                table,
                "{} {} {:o} {nsems} {} {} {} {} {otime} {ctime}",
                of.key.0, of.id, of.mode, of.uid, of.gid, of.cuid, of.cgid
            );
            table
        },
    )
}
