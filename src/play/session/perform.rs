//! Performs a statement: in the name of a process, up to its end or to a call that waits.

use std::time::Duration;

use playground_core::call::{Answer, Call, Outcome};
use playground_core::machine::{Action, Reply, Woken};
use playground_core::process::Ending;

use super::actor::{Actor, Lifecycle, Pending};
use super::kernel::{Kernel, Performed};
use super::log::Entry;
use super::programs::PROGRAMS;
use super::told::Told;
use super::world::{INIT, World};
use super::{access, shown, why};
use crate::c::{Evaluated, PIECE, Stop};
use crate::language::{Does, Misunderstood, Statement};

/// With each statement the model's clock goes on by so much.
const STEP: Duration = Duration::from_secs(1);
/// Time passes for whoever is to act and waits, if less than this is left: on Linux it is real time.
const LONGEST: Duration = Duration::from_secs(10);

/// A line that is being performed: the world that it changes, and who answers.
pub(super) struct Performer<'a> {
    pub world: &'a mut World,
    pub kernel: &'a mut dyn Kernel,
    /// The line's text.
    pub line: &'a str,
    /// What has come of it so far.
    pub told: Vec<Told>,
    /// Whether the kernel has been asked anything that a line is undone for, or may have been.
    pub has_acted: bool,
}

/// An action that a statement asks for, and the words of the program that it starts, or the status that it exits with.
pub(super) struct Asked {
    pub action: Action,
    pub words: Vec<String>,
}

impl Performer<'_> {
    /// Performs a statement of the line.
    ///
    /// # Errors
    ///
    /// Where the line is not understood. Then the world is to be thrown away.
    pub fn perform(&mut self, statement: &Statement) -> Result<(), Misunderstood> {
        if statement.does == Does::Move {
            let letter = self.world.known(statement.process.as_deref().unwrap_or_default(), self.line)?;
            self.world.current = Some(letter);
            return Ok(());
        }
        let variable = self.variable_before_word(statement);
        if let (Does::Word(word), None) = (&statement.does, &variable) {
            return self.word(word, statement.process.as_deref());
        }
        let does = variable.unwrap_or_else(|| statement.does.clone());
        let time = self.time_for(statement.process.as_deref());
        let late = self.kernel.pass(&mut self.world.machine, time);
        // Its answer was taken from the kernel: that cannot be forgotten with a line that is not understood.
        self.has_acted |= !late.is_empty();
        self.resume(late)?;
        self.hear_of_a_child(statement.process.as_deref())?;
        let who = self.world.acting(statement.process.as_deref(), self.line)?;
        let before = self.world.clone();
        let pending = Pending {
            does,
            line: self.line.to_owned(),
            answers: Vec::new(),
            began: self.world.log.len(),
            waits_in: None,
            awaits: None,
        };
        self.go_on(&who, pending)?;
        self.tell_changes(&before);
        self.world.choose_current();
        Ok(())
    }

    /// How much time passes before a statement: whoever is to act in it, and waits no longer than a time, gets that time,
    /// unless nobody would sit through it.
    fn time_for(&self, process: Option<&str>) -> Duration {
        let named = process.or(self.world.current.as_deref());
        let left = named.and_then(|letter| self.world.actors.get(letter)).and_then(|actor| {
            if let Some(wait) = &actor.pending.as_ref().and_then(|pending| pending.awaits.as_ref()) {
                return self.world.until_a_child_ends(actor.pid, wait);
            }
            let mut waiters = self.world.sets().flat_map(|set| &set.waiters);
            let deadline = waiters.find(|waiter| waiter.pid == actor.pid)?.deadline?;
            Some(deadline.saturating_sub(self.world.machine.clock))
        });
        left.filter(|left| *left < LONGEST).map_or(STEP, |left| left.max(STEP))
    }

    /// Tells of the processes whose other program is over.
    pub fn hear(&mut self) -> Result<(), Misunderstood> {
        let before = self.world.clone();
        let elsewhere = self.world.letters(|actor| actor.life == Lifecycle::Elsewhere);
        let elsewhere: Vec<String> = elsewhere.into_iter().map(str::to_owned).collect();
        for who in elsewhere {
            let Actor { pid, end, .. } = self.world.actors[&who];
            let due = end.filter(|(at, _)| *at <= self.world.machine.clock).map(|(_, status)| status);
            // Where its end is known, the clock of the rules decides, and no script depends on how fast a computer is.
            if end.is_some() && due.is_none() {
                continue;
            }
            let ending = self.kernel.ended(pid, due);
            self.tell_what_is_printed(&who);
            if let Some(ending) = ending {
                self.over(&who, format!("is over: its program {ending}"), ending, None);
                self.effect(pid, &Action::Exit, &Reply::Returns(Ok(Answer::Done)))?;
            }
        }
        self.tell_changes(&before);
        Ok(())
    }

    /// Evaluates a statement with the answers so far, and gives it one answer after the other.
    pub(super) fn go_on(&mut self, who: &str, mut pending: Pending) -> Result<(), Misunderstood> {
        loop {
            let asked = match self.world.evaluated(who, &pending) {
                Ok(done) => {
                    self.finish(who, &pending, done);
                    return Ok(());
                }
                Err(Stop::Ask(action)) => Asked { action, words: Vec::new() },
                Err(Stop::Reach { address, length, writes }) => {
                    pending.answers.push(self.world.reach(who, address, length, writes));
                    continue;
                }
                Err(Stop::Wait(wait)) => {
                    let Some(outcome) = self.wait(who, &mut pending, wait)? else { return Ok(()) };
                    pending.answers.push(outcome);
                    continue;
                }
                Err(Stop::Status { pid }) => {
                    pending.answers.push(Ok(Answer::Number(self.world.status_of(pid))));
                    continue;
                }
                Err(Stop::Exit { status }) => Asked { action: Action::Exit, words: vec![status.to_string()] },
                Err(Stop::Exec { words }) => Asked { action: self.world.exec(), words },
                Err(Stop::Wrong { at, message, nearest }) => {
                    let error = Misunderstood::new(&pending.line, at.0, message);
                    return Err(Misunderstood { nearest, ..error });
                }
            };
            let Some(outcome) = self.act(who, &mut pending, asked)? else { return Ok(()) };
            pending.answers.push(outcome);
        }
    }

    /// The statement is at its end: its variables and its value are there.
    fn finish(&mut self, who: &str, pending: &Pending, done: Evaluated) {
        if !done.printed.is_empty() {
            let text = String::from_utf8_lossy(&done.printed).into_owned();
            let from = self.world.read_from(who, pending.began, &done.printed);
            self.world.keep(Entry::Printed { who: who.to_owned(), text: done.printed, from });
            self.told.push(Told::Prints { who: who.to_owned(), text, program: None });
        }
        let now = self.world.machine.clock.as_secs() as i64;
        if !done.fields.is_empty() {
            self.told.push(Told::Lines {
                lines: shown::fields(&done.fields, |time| self.kernel.told_time(time, now)),
            });
        }
        if let Some(value) = done.value.filter(|_| shown::is_asked_for(&pending.does)) {
            let text = shown::result(&pending.does, &value, |time| self.kernel.told_time(time, now));
            self.told.push(Told::Value { text });
        }
        self.told.extend(done.notes.into_iter().map(|text| Told::Note { text }));
        if !self.world.was_told_of_zeros && shown::declares_a_struct(&pending.does) {
            self.world.was_told_of_zeros = true;
            let text =
                "A new struct holds zeros here. In C a local one holds whatever lay there before.".to_owned();
            self.told.push(Told::Note { text });
        }
        self.world.name_last(who, &pending.does);
        if let Some(actor) = self.world.actors.get_mut(who) {
            actor.arena = done.arena;
            actor.pending = None;
        }
    }

    /// Does one action. Returns its outcome, unless the statement ends or waits with it.
    fn act(
        &mut self,
        who: &str,
        pending: &mut Pending,
        asked: Asked,
    ) -> Result<Option<Outcome>, Misunderstood> {
        let pid = self.world.actors[who].pid;
        if let Some(why) = forbidden(&asked.action) {
            return Err(Misunderstood::new(&pending.line, 0, why));
        }
        let reply = match self.kernel.perform(&self.world.machine, pid, &asked.action, &asked.words) {
            Performed::Refused(refusal) => {
                let why = access::not_done(self.world, pid, &asked.action, &refusal);
                return Err(Misunderstood::new(&pending.line, 0, why));
            }
            Performed::Lost(ending) => {
                self.over(who, ending.to_string(), ending, None);
                return self.effect(pid, &Action::Exit, &Reply::Returns(Ok(Answer::Done))).map(|()| None);
            }
            Performed::Reply(reply) => reply,
        };
        self.has_acted = true;
        let asked = Asked { action: as_it_came(asked.action, &reply), ..asked };
        match reply {
            Reply::Returns(outcome) => self.returned(who, pending, asked, outcome),
            reply => self.stopped(who, pending, &asked.action, &reply).map(|()| None),
        }
    }

    /// The call has an answer. Returns it, unless the process is gone with it.
    fn returned(
        &mut self,
        who: &str,
        pending: &Pending,
        asked: Asked,
        outcome: Outcome,
    ) -> Result<Option<Outcome>, Misunderstood> {
        let pid = self.world.actors[who].pid;
        let reply = Reply::Returns(outcome.clone());
        let explained = why::explained(self.world, pid, &asked.action, &reply);
        self.tell_call(who, &asked, &outcome, explained);
        if outcome.is_err() && !asked.words.is_empty() && self.kernel.is_a_value() {
            let text = format!("The model has these programs and no others: {}.", PROGRAMS.join(", "));
            self.told.push(Told::Note { text });
        }
        if let (Action::Call(Call::Ftok { .. }), Ok(_), true) =
            (&asked.action, &outcome, self.kernel.is_a_value())
        {
            let text = "The model has files of its own: on your computer this key is another one.".to_owned();
            self.told.push(Told::Note { text });
        }
        self.world.count(who, &asked.action, &outcome);
        self.world.note(who, &asked.action, &asked.words, Some(&outcome));
        let woken = self.world.machine.effect(pid, &as_the_rules_have_it(&asked.action), &reply);
        let goes_on = self.lived_through(who, pending, &asked, &outcome)?;
        self.resume(woken)?;
        Ok(goes_on.then_some(outcome))
    }

    /// The call has no answer yet, or none at all any more.
    fn stopped(
        &mut self,
        who: &str,
        pending: &mut Pending,
        action: &Action,
        reply: &Reply,
    ) -> Result<(), Misunderstood> {
        let pid = self.world.actors[who].pid;
        let explained = why::explained(self.world, pid, action, reply);
        self.world.note(who, action, &[], None);
        if let Reply::Dies(signal) = reply {
            let signal = shown::signal(*signal);
            let how = format!("is killed by {signal}");
            self.world.why = Some(explained.why.clone());
            self.over(who, how, Ending::Killed(signal), Some(explained.why));
        } else {
            let c = shown::action(action);
            self.world.why = Some(explained.why.clone());
            self.told.push(Told::Waits { who: who.to_owned(), c: c.clone(), why: explained.why });
            pending.waits_in = Some(c);
            self.world.set_pending(who, pending.clone());
        }
        self.effect(pid, action, reply)
    }

    /// What a reply changes, and who goes on by that.
    pub fn effect(&mut self, pid: i32, action: &Action, reply: &Reply) -> Result<(), Misunderstood> {
        let woken = self.world.machine.effect(pid, action, reply);
        self.resume(woken)
    }

    fn tell_call(&mut self, who: &str, asked: &Asked, outcome: &Outcome, explained: why::Explained) {
        let action = &asked.action;
        match action {
            Action::Load { .. } => return,
            Action::Store { address, bytes } => {
                if let Some(Told::Wrote { who: before, address: from, length }) = self.told.last_mut()
                    && before == who
                    && *from + *length as u64 == address.0
                    && length.is_multiple_of(PIECE as usize)
                {
                    *length += bytes.len();
                    return;
                }
                self.told.push(Told::Wrote { who: who.to_owned(), address: address.0, length: bytes.len() });
                return;
            }
            _ => {}
        }
        let (why, advice) = match outcome {
            Ok(_) => (None, None),
            Err(_) => (Some(explained.why), explained.advice),
        };
        self.world.why.clone_from(&why);
        self.told.push(Told::Call {
            who: who.to_owned(),
            name: shown::name(action),
            c: shown::performed(action, &asked.words, outcome),
            waited: false,
            result: outcome.as_ref().ok().map(Answer::value),
            errno: outcome.as_ref().err().copied(),
            why,
            advice,
        });
    }

    /// Processes whose calls have an answer now go on with their statements.
    pub fn resume(&mut self, woken: Vec<Woken>) -> Result<(), Misunderstood> {
        for woken in woken {
            let Some(who) = self.world.letter_of(woken.pid).map(str::to_owned) else { continue };
            let Some(pending) = self.world.actors.get_mut(&who).and_then(|actor| actor.pending.take()) else {
                continue;
            };
            match self.kernel.returned(&woken) {
                Some(outcome) => self.resume_one(&who, pending, outcome)?,
                None => self.sleeps_on(&who, pending),
            }
        }
        self.return_from_wait()
    }

    fn resume_one(&mut self, who: &str, mut pending: Pending, outcome: Outcome) -> Result<(), Misunderstood> {
        if let Err(Stop::Ask(action)) = self.world.evaluated(who, &pending) {
            let pid = self.world.actors[who].pid;
            let explained = why::explained(self.world, pid, &action, &Reply::Returns(outcome.clone()));
            self.world.count(who, &action, &outcome);
            self.world.note_return(who, &outcome);
            self.tell_call(who, &Asked { action, words: Vec::new() }, &outcome, explained);
            if let Some(Told::Call { waited, .. }) = self.told.last_mut() {
                *waited = true;
            }
        }
        pending.waits_in = None;
        pending.answers.push(outcome);
        self.go_on(who, pending)
    }

    /// By the rules it goes on, and the kernel lets it wait: it waits.
    fn sleeps_on(&mut self, who: &str, pending: Pending) {
        if let Err(Stop::Ask(action)) = self.world.evaluated(who, &pending) {
            let pid = self.world.actors[who].pid;
            let _ = self.world.machine.effect(pid, &action, &Reply::Waits);
        }
        let text = format!("By the rules {who} goes on now. The kernel lets it wait.");
        self.told.push(Told::Note { text });
        self.world.set_pending(who, pending);
    }
}

/// Why a process of the session does not do something on any kernel.
fn forbidden(action: &Action) -> Option<&'static str> {
    match action {
        Action::Kill { target: ..=0, .. } => {
            Some("kill of a group of processes could reach more than the session's")
        }
        Action::Kill { target: INIT, .. } => {
            Some("process 1 is init: the kernel lets no signal through to it that it has no handler for")
        }
        Action::Kill { signal, .. } if ![0, 1, 2, 3, 6, 9, 14, 15].contains(signal) => {
            Some("kill sends signals here that end a process, such as SIGKILL and SIGTERM, and 0, which asks")
        }
        _ => None,
    }
}

/// The action with what only its answer tells: the id of a new process.
fn as_it_came(action: Action, reply: &Reply) -> Action {
    match (action, reply) {
        (Action::Fork { .. }, Reply::Returns(Ok(answer))) => Action::Fork { child: answer.value() as i32 },
        (action, _) => action,
    }
}

/// No process of the session has a handler: any signal that may be sent ends it, as SIGKILL does.
fn as_the_rules_have_it(action: &Action) -> Action {
    match action {
        Action::Kill { target, signal: 1.. } => Action::Kill { target: *target, signal: 9 },
        action => action.clone(),
    }
}
