//! `ipcs` and `ipcrm`, as far as lessons run them: told from the machine, which knows all that they would ask for.
//!
//! **Invariant:** a tool that is not written here is not installed, and what one prints says that a model has told it.

use std::io;

use playground_core::call::{Call, Cmd, Key, SemCmd, Semid, ShmgetFlags, Shmid};
use playground_core::machine::{Action, Namespace, Reply, Segment, Set};
use playground_core::process::ToolRun;
use playground_core::{Errno, Mode};

use crate::world::World;

/// The first line of whatever a tool prints.
const TOLD: &str = "(told from the model, in the form of util-linux)\n";

impl World {
    /// Runs a tool as a process of its own, for the user and in the namespace of the one that starts it.
    pub(crate) fn run_tool(&mut self, by: i32, words: &[String]) -> io::Result<ToolRun> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        // Into the namespace of the one that starts it, where it is already.
        let words = match words.iter().position(|word| ["ipcs", "ipcrm", "lsipc"].contains(word)) {
            Some(at) => &words[at..],
            None => &words[..],
        };
        match words {
            ["ipcs", "-m"] => Ok(self.list(by)),
            ["ipcs", "-m", "-i", id] => Ok(self.one_segment(by, id)),
            ["ipcs", "-s", "-i", id] => Ok(self.one_set(by, id)),
            ["ipcrm", options @ ..] => Ok(self.ipcrm(by, options)),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, "the model does not have it")),
        }
    }

    fn ipcrm(&mut self, by: i32, options: &[&str]) -> ToolRun {
        let call = match options {
            ["-m", id] => id.parse().ok().map(|id| Call::Shmctl { shmid: Shmid(id), cmd: Cmd::IpcRmid }),
            ["-s", id] => {
                id.parse().ok().map(|id| Call::Semctl { semid: Semid(id), semnum: 0, cmd: SemCmd::IpcRmid })
            }
            ["-M", key] => return self.remove_by_key(by, key),
            _ => None,
        };
        let Some(call) = call else {
            return run(1, "ipcrm: bad usage\nTry 'ipcrm --help' for more information.\n");
        };
        self.removed(by, &call, "id")
    }

    fn remove_by_key(&mut self, by: i32, key: &str) -> ToolRun {
        let number = key.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(key) = number.map(|number| Key(number as i32)) else {
            return run(1, "ipcrm: illegal key\n");
        };
        let look = Call::Shmget { key, size: 0, flags: ShmgetFlags::empty(), mode: Mode::empty() };
        match self.as_a_tool(by, &look) {
            Reply::Returns(Ok(playground_core::call::Answer::Id(shmid))) => {
                self.removed(by, &Call::Shmctl { shmid, cmd: Cmd::IpcRmid }, "key")
            }
            _ => run(1, "ipcrm: invalid key\n"),
        }
    }

    fn removed(&mut self, by: i32, call: &Call, what: &str) -> ToolRun {
        match self.as_a_tool(by, call) {
            Reply::Returns(Ok(_)) => run(0, ""),
            Reply::Returns(Err(Errno::EPERM)) => run(1, &format!("ipcrm: permission denied for {what}\n")),
            _ => run(1, &format!("ipcrm: invalid {what}\n")),
        }
    }

    /// Makes a call in a new process, which ends with it.
    fn as_a_tool(&mut self, by: i32, call: &Call) -> Reply {
        let child = self.new_pid();
        self.act(by, &Action::Fork { child });
        self.act(child, &Action::Exec { space: crate::image::space() });
        let reply = self.act(child, &Action::Call(call.clone()));
        self.end(child);
        reply
    }

    fn around(&self, pid: i32) -> Option<&Namespace> {
        let process = self.machine.processes.get(&pid)?;
        self.machine.namespaces.get(&process.namespace).map(|namespace| &**namespace)
    }

    fn list(&self, by: i32) -> ToolRun {
        let heading = "key        shmid      owner      perms      bytes      nattch     status\n";
        let rows = self.around(by).into_iter().flat_map(|namespace| namespace.segments.iter()).map(listed);
        run(0, &format!("{TOLD}{heading}{}", rows.collect::<String>()))
    }

    fn one_segment(&self, by: i32, id: &str) -> ToolRun {
        let found = self.around(by).zip(id.parse().ok()).map(|(namespace, id)| namespace.segments.find(id));
        match found {
            Some(Ok(segment)) => run(0, &format!("{TOLD}{}", told(segment))),
            _ => run(1, &format!("ipcs: id {id} not found\n")),
        }
    }

    fn one_set(&self, by: i32, id: &str) -> ToolRun {
        let found = self.around(by).zip(id.parse().ok()).map(|(namespace, id)| namespace.sets.find(id));
        match found {
            Some(Ok(set)) => run(0, &format!("{TOLD}{}", told_of_set(set))),
            _ => run(1, &format!("ipcs: id {id} not found\n")),
        }
    }
}

fn run(status: i32, output: &str) -> ToolRun {
    ToolRun { status: Some(status), output: output.to_owned() }
}

fn listed(segment: &Segment) -> String {
    let of = &segment.permissions;
    let status = if segment.is_marked() { "dest" } else { "" };
    let row = format!(
        "{:#010x} {:<10} {:<10} {:<10o} {:<10} {:<10} {status}",
        of.key.0,
        of.id,
        of.uid,
        of.mode & 0o777,
        segment.size,
        segment.attached
    );
    row.trim_end().to_owned() + "\n"
}

fn told(segment: &Segment) -> String {
    let of = &segment.permissions;
    format!(
        "Shared memory Segment shmid={}\nuid={}\tgid={}\tcuid={}\tcgid={}\nmode=0{:o}\taccess_perms=0{:o}\n\
         bytes={}\tlpid={}\tcpid={}\tnattch={}\n",
        of.id,
        of.uid,
        of.gid,
        of.cuid,
        of.cgid,
        of.mode,
        of.mode & 0o777,
        segment.size,
        segment.lpid,
        segment.cpid,
        segment.attached
    )
}

fn told_of_set(set: &Set) -> String {
    let of = &set.permissions;
    let heading =
        format!("Semaphore Array semid={}\nmode=0{:o}\tnsems = {}\n", of.id, of.mode, set.semaphores.len());
    let columns = "semnum     value      ncount     zcount     pid\n";
    let rows = set.semaphores.iter().enumerate().map(|(number, semaphore)| {
        let (grow, zero) = (set.waiting_to_grow(number as u16), set.waiting_for_zero(number as u16));
        format!("{number:<10} {:<10} {grow:<10} {zero:<10} {}\n", semaphore.value, semaphore.pid)
    });
    heading + columns + &rows.collect::<String>()
}
