//! After a sequence: back to where it began.
//!
//! **Invariant:** no segment, no set and no process of a sequence is there when the next one begins.

use std::sync::atomic::Ordering;

use nix::libc;
use playground_core::machine::{Action, Machine, Setting, State};

use super::board::log;
use super::process::op;
use super::procfs::is_child;
use super::runner::Runner;
use super::script::encode;

impl Runner {
    /// Ends those who came, takes away what was attached and made, and sets the limits back: all in one script.
    pub fn clean_up(&mut self, end: Option<Machine>, failed: bool) {
        let people = self.people.len() as i32;
        let renewed: Vec<i32> =
            (1..=people).filter(|pid| failed || self.is_changed(*pid, end.as_ref())).collect();
        let guests = self.slots.keys().copied().filter(|pid| *pid > people);
        let all: Vec<i32> = guests.chain(renewed.iter().copied()).collect();
        self.written = 0;
        all.iter().for_each(|pid| self.end(*pid));
        if let Some(end) = end.filter(|_| !failed) {
            (1..=people).filter(|pid| !renewed.contains(pid)).for_each(|pid| self.detach_all(pid, &end));
        }
        if self.mix.limits {
            self.set_limits_back();
        }
        self.remove_all();
        renewed.into_iter().for_each(|pid| self.begin_anew(pid));
    }

    /// Whether a process is not what it was: gone, asleep, or with other limits.
    fn is_changed(&self, pid: i32, end: Option<&Machine>) -> bool {
        let (Some(end), before) = (end, &self.start.processes[&pid]) else { return false };
        end.processes.get(&pid).is_none_or(|process| {
            let limits = (process.address_space, process.locked_memory);
            process.state != State::Running || limits != (before.address_space, before.locked_memory)
        })
    }

    fn end(&mut self, pid: i32) {
        let Some(slot) = self.slots.remove(&pid) else { return };
        let real = self.board.slots[slot].pid.load(Ordering::Acquire);
        if real != 0 && is_child(real) {
            // SAFETY: a process of ours, which nobody has reaped.
            unsafe { libc::kill(real as i32, libc::SIGKILL) };
            self.order(0, op::REAP, &[slot as u64]);
        }
        self.pids.0.retain(|(model, _)| *model != pid);
    }

    fn begin_anew(&mut self, pid: i32) {
        if let Some(process) = self.start.processes.remove(&pid) {
            self.start.spaces.remove(&process.space);
        }
        self.begin(pid);
    }

    fn detach_all(&mut self, pid: i32, end: &Machine) {
        let before = &self.start.spaces[&self.start.processes[&pid].space];
        let now = &end.spaces[&end.processes[&pid].space];
        let new =
            now.mappings.values().filter(|mapping| before.mappings.get(&mapping.start) != Some(mapping));
        let new: Vec<(u64, u64)> = new.map(|mapping| (mapping.start, mapping.length())).collect();
        let slot = self.slots[&pid];
        for (start, length) in new {
            self.order(slot, op::MUNMAP, &[start, length]);
        }
    }

    fn set_limits_back(&mut self) {
        let most = u64::MAX - (1 << 24);
        let usual = [
            Setting::Shmmax(most),
            Setting::Shmall(most),
            Setting::Shmmni(4096),
            Setting::ShmRmidForced(0),
            Setting::Sem([32000, 1_024_000_000, 500, 32000]),
        ];
        for setting in usual {
            let order = encode(&Action::Sysctl(setting), |_| 0);
            self.order(0, order.op, &order.args);
        }
    }

    /// A wish for an id can only be used up, so that is done first. The observer removes what is there, and says which
    /// ids were dealt last.
    fn remove_all(&mut self) {
        if self.mix.limits {
            self.order(0, op::SHMGET, &[0, 1, 0]);
            self.order(0, op::SEMGET, &[0, 1, 0]);
        }
        let last = self.order(0, op::REMOVE_ALL, &[]);
        self.play().expect("processes that tidy up");
        let log = &self.board.logs[last];
        assert_eq!(log.get(log::ERRNO), 0, "a segment and a set to begin with");
        self.dealt = (log.get(log::VALUE) as i32, log.get(log::ANSWER) as i32);
    }
}
