//! `wait` and `waitpid`: a parent learns how a child has ended, and what is left of the child goes.
//!
//! On the kernel of this computer init is the parent of all, so that it can tell how each ends: it makes the call in the
//! process's name.
//!
//! **Invariant:** only a child that `fork` made can be waited for, and once.

use std::sync::Arc;
use std::time::Duration;

use playground_core::Errno;
use playground_core::call::{Address, Answer, Outcome};
use playground_core::process::Ending;

use super::actor::{Actor, Lifecycle, Pending};
use super::log::Entry;
use super::perform::Performer;
use super::told::Told;
use super::world::World;
use crate::c::Wait;
use crate::language::Misunderstood;

const WNOHANG: i32 = 1;
/// `WNOHANG`, `WUNTRACED`, `WCONTINUED`, `__WNOTHREAD`, `__WALL`, `__WCLONE`.
const OPTIONS: i32 = 0b1011 | (0b111 << 29);

impl Performer<'_> {
    /// Gives a wait its answer, if there is one. Without one the process waits.
    pub(super) fn wait(
        &mut self,
        who: &str,
        pending: &mut Pending,
        wait: Wait,
    ) -> Result<Option<Outcome>, Misunderstood> {
        if wait.target < -1 {
            let why =
                "waitpid with a number below -1 waits for a group of processes: name a child, or -1 for any";
            return Err(Misunderstood::new(&pending.line, 0, why));
        }
        let outcome = self.answer(who, &wait);
        self.has_acted = true;
        let waited = outcome.is_none();
        let entry =
            Entry::Awaited { who: who.to_owned(), wait: wait.clone(), outcome: outcome.clone(), waited };
        self.world.keep(entry);
        match &outcome {
            Some(outcome) => self.tell_wait(who, &wait, outcome, false),
            None => {
                let (c, why) = (notation(&wait), self.world.awaited_children(who, &wait));
                self.world.why = Some(why.clone());
                self.told.push(Told::Waits { who: who.to_owned(), c: c.clone(), why });
                pending.waits_in = Some(c);
                pending.awaits = Some(wait);
                self.world.set_pending(who, pending.clone());
            }
        }
        Ok(outcome)
    }

    /// What the call returns, if it does not wait: a child that has ended goes with it.
    fn answer(&mut self, who: &str, wait: &Wait) -> Option<Outcome> {
        if wait.options & !OPTIONS != 0 {
            return Some(Err(Errno::EINVAL));
        }
        let children = self.world.children(self.world.actors[who].pid, wait);
        if children.is_empty() {
            return Some(Err(Errno::ECHILD));
        }
        let ended =
            children.iter().find(|child| matches!(self.world.actors[**child].life, Lifecycle::Over(_)));
        match ended.map(|child| (*child).to_owned()) {
            Some(child) => {
                let pid = self.take_away(&child);
                Some(if wait.is_writable { Ok(Answer::Number(pid)) } else { Err(Errno::EFAULT) })
            }
            None => (wait.options & WNOHANG != 0).then_some(Ok(Answer::Number(0))),
        }
    }

    /// Nothing is left of a child that has ended. Returns its id.
    fn take_away(&mut self, child: &str) -> i32 {
        let pid = self.world.actors[child].pid;
        let ending = self.kernel.reap(pid);
        self.world.machine.zombies.remove(&pid);
        if let Some(actor) = self.world.actors.get_mut(child) {
            actor.parent = None;
            actor.ending = ending.or(actor.ending);
        }
        pid
    }

    /// Parents that wait go on, where a child has ended.
    pub(super) fn return_from_wait(&mut self) -> Result<(), Misunderstood> {
        let awaits = |actor: &Actor| actor.pending.as_ref().and_then(|pending| pending.awaits.clone());
        let parents = self.world.letters(|actor| awaits(actor).is_some());
        for who in parents.into_iter().map(str::to_owned).collect::<Vec<_>>() {
            let Some(wait) = awaits(&self.world.actors[&who]) else { continue };
            let Some(outcome) = self.answer(&who, &wait) else { continue };
            let Some(pending) = self.world.actors.get_mut(&who).and_then(|actor| actor.pending.take()) else {
                continue;
            };
            self.world.note_end_of_wait(&who, &outcome);
            self.tell_wait(&who, &wait, &outcome, true);
            let answers = pending.answers.into_iter().chain([outcome]).collect();
            self.go_on(&who, Pending { answers, waits_in: None, awaits: None, ..pending })?;
        }
        Ok(())
    }

    /// Whoever is to act and waits for a child has been given the time until that ends.
    pub(super) fn hear_of_a_child(&mut self, process: Option<&str>) -> Result<(), Misunderstood> {
        let named = process.or(self.world.current.as_deref());
        let pending = named.and_then(|letter| self.world.actors.get(letter)?.pending.as_ref());
        if pending.is_some_and(|pending| pending.awaits.is_some()) {
            let told = self.told.len();
            self.hear()?;
            self.has_acted |= self.told.len() > told;
        }
        Ok(())
    }

    fn tell_wait(&mut self, who: &str, wait: &Wait, outcome: &Outcome, waited: bool) {
        let why = outcome.as_ref().err().map(|errno| refused(who, wait, *errno));
        self.world.why.clone_from(&why);
        let answer = match outcome {
            Ok(answer) => answer.value().to_string(),
            Err(errno) => format!("-1 {errno}"),
        };
        self.told.push(Told::Call {
            who: who.to_owned(),
            name: wait.name,
            c: format!("{} = {answer}", notation(wait)),
            waited,
            result: outcome.as_ref().ok().map(Answer::value),
            errno: outcome.as_ref().err().copied(),
            why,
            advice: None,
        });
    }
}

/// Why a wait was refused.
fn refused(who: &str, wait: &Wait, errno: Errno) -> String {
    match errno {
        Errno::EINVAL => format!("waitpid knows no such options as {:#x}.", wait.options),
        Errno::EFAULT => {
            format!("The process cannot write the status to {}. The child is gone all the same.", wait.status)
        }
        _ if wait.target > 0 => {
            format!("Process {} is no child of {who}, or was waited for already.", wait.target)
        }
        _ => format!("{who} has no child that it has not waited for: fork() makes one, and new makes none."),
    }
}

/// The call in C notation, without its answer.
fn notation(wait: &Wait) -> String {
    let status = match wait.status {
        Address::NULL => "NULL".to_owned(),
        _ if wait.is_writable => "&status".to_owned(),
        address => address.to_string(),
    };
    match (wait.name, wait.options) {
        ("wait", _) => format!("wait({status})"),
        (name, WNOHANG) => format!("{name}({}, {status}, WNOHANG)", wait.target),
        (name, options) => format!("{name}({}, {status}, {options})", wait.target),
    }
}

impl World {
    /// The children of a process that a call waits for, the oldest first. All are in one group: 0 means any, too.
    fn children(&self, parent: i32, wait: &Wait) -> Vec<&str> {
        let is_meant = |pid: i32| wait.target <= 0 || wait.target == pid;
        self.letters(|actor| actor.parent == Some(parent) && is_meant(actor.pid))
    }

    fn awaited_children(&self, who: &str, wait: &Wait) -> String {
        match &self.children(self.actors[who].pid, wait)[..] {
            [one] => format!("It waits for {one}, its child, to end."),
            many => format!("It waits for one of its children to end: {}.", many.join(", ")),
        }
    }

    /// How long it takes until a child ends by the clock of the rules, if that is known of one.
    pub(super) fn until_a_child_ends(&self, parent: i32, wait: &Wait) -> Option<Duration> {
        let ends = self.children(parent, wait).into_iter().filter_map(|child| self.actors[child].end);
        ends.map(|(at, _)| at.saturating_sub(self.machine.clock)).min()
    }

    /// How a process has ended, as `wait` writes it.
    pub(super) fn status_of(&self, pid: i32) -> i32 {
        let ending = self.letter_of(pid).and_then(|letter| self.actors[letter].ending);
        match ending {
            Some(Ending::Exited(status)) => status << 8,
            Some(Ending::Killed(signal)) => signal.raw(),
            Some(Ending::Hung) | None => 0,
        }
    }

    fn note_end_of_wait(&mut self, letter: &str, returned: &Outcome) {
        let is_its =
            |entry: &&mut Arc<Entry>| matches!(&***entry, Entry::Awaited { who, .. } if who == letter);
        if let Some(Entry::Awaited { outcome, .. }) =
            self.log.iter_mut().rev().find(is_its).map(Arc::make_mut)
        {
            *outcome = Some(returned.clone());
        }
    }
}
