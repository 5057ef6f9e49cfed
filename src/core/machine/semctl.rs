//! `semctl`: asks about a set, sets its values, removes it. Source: semctl(2).

use super::Machine;
use super::action::{Reply, Woken};
use super::caller::Caller;
use super::permission::{READ, WRITE};
use super::set::{HIGHEST, Semaphore, Set};
use super::unknown::Unknown;
use crate::Errno;
use crate::call::{Answer, Outcome, Ownership, SemCmd, SemLimits, Semid};

/// The number of the command that sets the values of all semaphores.
const SETALL: i32 = 17;

impl Caller<'_> {
    pub fn semctl(&self, semid: Semid, semnum: i32, cmd: &SemCmd) -> Reply {
        match cmd {
            _ if semid.0 < 0 => Errno::EINVAL.into(),
            SemCmd::SetAll(values) => self.allow_set_all(semid, values),
            SemCmd::Other(_) if cmd.array_or_record().is_some() => Reply::Unknown(Unknown::Arguments),
            _ => self.answer(semid, semnum, cmd).into(),
        }
    }

    fn answer(&self, semid: Semid, semnum: i32, cmd: &SemCmd) -> Outcome {
        let sets = &self.namespace.sets;
        match cmd {
            SemCmd::GetVal | SemCmd::GetPid | SemCmd::GetNcnt | SemCmd::GetZcnt => {
                self.number(semid, semnum, cmd)
            }
            SemCmd::SetVal(value) => self.allow_set_value(semid, semnum, *value),
            SemCmd::GetAll => self.readable_set(sets.find(semid.0)?).map(values),
            SemCmd::IpcStat => {
                self.readable_set(sets.find(semid.0)?).map(|set| Answer::SetRecord(set.record()))
            }
            SemCmd::SemStat => self.readable_set(sets.at(semid.0)?).map(found),
            SemCmd::SemStatAny => sets.at(semid.0).map(found),
            SemCmd::IpcSet(new) => self.allow_give(semid, new),
            SemCmd::IpcRmid => self.allow_remove(semid),
            SemCmd::IpcInfo => Ok(Answer::SemLimits(sets.highest_place(), self.sem_limits())),
            SemCmd::SemInfo => Ok(Answer::SemLimits(sets.highest_place(), self.sem_usage())),
            SemCmd::BufferAt { number, .. } => self.semctl_with_buffer_nowhere(semid, semnum, *number),
            SemCmd::SetAll(_) | SemCmd::Other(_) => Err(Errno::EINVAL),
        }
    }

    /// As for `shmctl`; but `SETALL` copies in after the permission to write has been asked for.
    fn semctl_with_buffer_nowhere(&self, semid: Semid, semnum: i32, number: i32) -> Outcome {
        match SemCmd::that_copies_out(number) {
            Some(cmd) => self.answer(semid, semnum, &cmd).map(drop)?,
            None if number == SETALL => {
                self.namespace.sets.find(semid.0)?.permissions.grant(self.credentials(), WRITE)?;
            }
            None => {}
        }
        Err(Errno::EFAULT)
    }

    fn readable_set<'a>(&self, set: &'a Set) -> Result<&'a Set, Errno> {
        set.permissions.grant(self.credentials(), READ)?;
        Ok(set)
    }

    /// What is known of one semaphore. Permission is asked for before the number is looked at.
    fn number(&self, semid: Semid, semnum: i32, cmd: &SemCmd) -> Outcome {
        let set = self.readable_set(self.namespace.sets.find(semid.0)?)?;
        let Semaphore { value, pid } = *semaphore(set, semnum)?;
        Ok(Answer::Number(match cmd {
            SemCmd::GetVal => value,
            SemCmd::GetPid => pid,
            SemCmd::GetNcnt => set.waiting_to_grow(semnum as u16) as i32,
            _ => set.waiting_for_zero(semnum as u16) as i32,
        }))
    }

    /// Here the order is another: the value, the id, the semaphore's number, and permission last.
    fn allow_set_value(&self, semid: Semid, semnum: i32, value: i32) -> Outcome {
        if !(0..=HIGHEST).contains(&value) {
            return Err(Errno::ERANGE);
        }
        let set = self.namespace.sets.find(semid.0)?;
        semaphore(set, semnum)?;
        set.permissions.grant(self.credentials(), WRITE)?;
        Ok(Answer::Done)
    }

    /// The kernel reads as many values as the set has semaphores, wherever the caller's array ends.
    fn allow_set_all(&self, semid: Semid, values: &[u16]) -> Reply {
        let writable =
            |set: &Set| set.permissions.grant(self.credentials(), WRITE).map(|()| set.semaphores.len());
        match self.namespace.sets.find(semid.0).and_then(writable) {
            Err(errno) => errno.into(),
            Ok(nsems) if nsems != values.len() => Reply::Unknown(Unknown::Arguments),
            Ok(_) if values.iter().any(|value| i32::from(*value) > HIGHEST) => Errno::ERANGE.into(),
            Ok(_) => Ok(Answer::Done).into(),
        }
    }

    fn allow_give(&self, semid: Semid, new: &Ownership) -> Outcome {
        self.namespace.sets.find(semid.0)?.permissions.allow_set(self.credentials(), new)?;
        Ok(Answer::Done)
    }

    fn allow_remove(&self, semid: Semid) -> Outcome {
        self.namespace.sets.find(semid.0)?.permissions.allow_change(self.credentials())?;
        Ok(Answer::Done)
    }

    fn sem_limits(&self) -> SemLimits {
        let limits = &self.namespace.limits;
        let (semmsl, semmns, semopm, semmni) = (limits.semmsl, limits.semmns, limits.semopm, limits.semmni);
        // `semusz` is a size that no kernel uses any more.
        SemLimits { semmsl, semmns, semopm, semmni, semvmx: HIGHEST, semusz: 20, semaem: HIGHEST }
    }

    fn sem_usage(&self) -> SemLimits {
        let (semusz, semaem) = (self.namespace.sets.len() as i32, self.namespace.used_sems);
        SemLimits { semusz, semaem, ..self.sem_limits() }
    }
}

fn semaphore(set: &Set, semnum: i32) -> Result<&Semaphore, Errno> {
    usize::try_from(semnum).ok().and_then(|number| set.semaphores.get(number)).ok_or(Errno::EINVAL)
}

fn values(set: &Set) -> Answer {
    Answer::Values(set.semaphores.iter().map(|semaphore| semaphore.value as u16).collect())
}

fn found(set: &Set) -> Answer {
    Answer::SetFound(Semid(set.permissions.id), set.record())
}

impl Machine {
    pub(super) fn semctl(&mut self, pid: i32, Semid(semid): Semid, semnum: i32, cmd: &SemCmd) -> Vec<Woken> {
        let now = self.seconds();
        let Some(set) = self.set_mut(pid, semid) else { return Vec::new() };
        let woken = match cmd {
            SemCmd::SetVal(value) => set.set_value(pid, semnum as usize, *value, now),
            SemCmd::SetAll(values) => set.set_all(pid, values, now),
            SemCmd::IpcRmid => return self.remove_set(pid, semid),
            SemCmd::IpcSet(new) => {
                set.permissions.set(new);
                set.ctime = now;
                Vec::new()
            }
            // The others only ask.
            _ => Vec::new(),
        };
        self.resume(woken)
    }

    /// A set goes at once, whoever waits. They get `EIDRM`, and what was promised to be undone is forgotten.
    fn remove_set(&mut self, pid: i32, semid: i32) -> Vec<Woken> {
        let Some(namespace) = self.namespace_of(pid) else { return Vec::new() };
        let Some(set) = namespace.sets.remove(semid) else { return Vec::new() };
        namespace.used_sems -= set.semaphores.len() as i32;
        let removed = |waiter: &super::set::Waiter| Woken { pid: waiter.pid, outcome: Err(Errno::EIDRM) };
        self.resume(set.waiters.iter().map(removed).collect())
    }

    /// A set of the namespace that a process is in.
    pub(super) fn set_mut(&mut self, pid: i32, semid: i32) -> Option<&mut Set> {
        self.namespace_of(pid)?.sets.find_mut(semid)
    }
}

impl Set {
    /// A value that is set is nobody's to undo: all processes' promises for the semaphore are forgotten.
    fn set_value(&mut self, pid: i32, number: usize, value: i32, now: i64) -> Vec<Woken> {
        let Some(semaphore) = self.semaphores.get_mut(number) else { return Vec::new() };
        *semaphore = Semaphore { value, pid };
        self.undo.values_mut().for_each(|undo| undo[number] = 0);
        self.ctime = now;
        self.settle_all(now)
    }

    fn set_all(&mut self, pid: i32, values: &[u16], now: i64) -> Vec<Woken> {
        for (semaphore, value) in self.semaphores.iter_mut().zip(values) {
            *semaphore = Semaphore { value: i32::from(*value), pid };
        }
        self.undo.values_mut().for_each(|undo| undo.fill(0));
        self.ctime = now;
        self.settle_all(now)
    }
}
