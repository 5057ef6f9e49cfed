//! Performs a statement: in the name of a process, up to its end or to a call that waits.

use std::time::Duration;

use playground_core::call::{Answer, Call, Outcome};
use playground_core::machine::{Action, Reply, Woken};

use super::actor::{Actor, Last, Life, Pending};
use super::told::Told;
use super::world::World;
use super::{shown, why};
use crate::c::{Context, Evaluated, Stop, evaluate, names};
use crate::language::{At, Does, Misunderstood, Statement};

/// With each statement the model's clock goes on by so much.
const STEP: Duration = Duration::from_secs(1);

impl World {
    /// Performs a statement of a line.
    ///
    /// # Errors
    ///
    /// Where the line is not understood. Then the world is to be thrown away.
    pub(super) fn perform(
        &mut self,
        statement: &Statement,
        line: &str,
        told: &mut Vec<Told>,
    ) -> Result<(), Misunderstood> {
        if statement.does == Does::Move {
            return self.move_to(statement.process.as_deref(), line);
        }
        if let Does::Word(word) = &statement.does {
            return self.word(word, statement.process.as_deref(), line, told);
        }
        let who = self.acting(statement.process.as_deref(), line)?;
        let late = self.machine.pass(STEP);
        self.wake(late, told)?;
        let before = self.clone();
        let pending = Pending {
            does: statement.does.clone(),
            line: line.to_owned(),
            answers: Vec::new(),
            waits_in: None,
        };
        self.go_on(&who, pending, told)?;
        self.tell_changes(&before, told);
        self.choose_current();
        Ok(())
    }

    fn move_to(&mut self, process: Option<&str>, line: &str) -> Result<(), Misunderstood> {
        let letter = self.known(process.unwrap_or_default(), line)?;
        self.current = Some(letter);
        Ok(())
    }

    fn known(&self, letter: &str, line: &str) -> Result<String, Misunderstood> {
        if self.actors.contains_key(letter) {
            return Ok(letter.to_owned());
        }
        let there = self.letters(|_| true).join(", ");
        Err(Misunderstood::new(line, 0, format!("there is no process {letter}: there are {there}")))
    }

    /// Who acts in a statement: whom it names, or whose the prompt is.
    pub(super) fn acting(&self, process: Option<&str>, line: &str) -> Result<String, Misunderstood> {
        let nobody = || Misunderstood::new(line, 0, "no process lives: write new, undo or restart");
        let letter = self.known(process.or(self.current.as_deref()).ok_or_else(nobody)?, line)?;
        let wrong = |message: String| Err(Misunderstood::new(line, 0, message));
        match &self.actors[&letter] {
            Actor { life: Life::Over(how), .. } => {
                wrong(format!("process {letter} {how}, and does nothing more"))
            }
            Actor { life: Life::Elsewhere, .. } => {
                wrong(format!("process {letter} runs another program, and does not listen any more"))
            }
            actor if actor.waits() => {
                wrong(format!("process {letter} waits in a call, and can do nothing else"))
            }
            _ => Ok(letter),
        }
    }

    /// Evaluates a statement with the answers so far, and gives it one answer after the other.
    fn go_on(&mut self, who: &str, mut pending: Pending, told: &mut Vec<Told>) -> Result<(), Misunderstood> {
        loop {
            let action = match self.evaluated(who, &pending) {
                Ok(done) => {
                    self.finish(who, &pending, done, told);
                    return Ok(());
                }
                Err(Stop::Ask(action)) => action,
                Err(Stop::Wrong { at, message, name }) => {
                    return Err(self.wrong(who, &pending, at, message, name));
                }
            };
            let Some(outcome) = self.act(who, &mut pending, &action, told)? else { return Ok(()) };
            pending.answers.push(outcome);
        }
    }

    fn evaluated(&self, who: &str, pending: &Pending) -> Result<Evaluated, Stop> {
        let actor = &self.actors[who];
        let letters = |letter: &str| self.actors.get(letter).map(|actor| actor.pid);
        let context =
            Context { machine: &self.machine, pid: actor.pid, next_pid: self.next_pid(), letters: &letters };
        evaluate(&actor.arena, &pending.does, &pending.answers, context)
    }

    fn wrong(
        &self,
        who: &str,
        pending: &Pending,
        at: At,
        message: String,
        name: Option<String>,
    ) -> Misunderstood {
        let error = Misunderstood::new(&pending.line, at.0, message);
        match name {
            Some(name) => error.near(&name, names(&self.actors[who].arena)),
            None => error,
        }
    }

    /// The statement is at its end: its variables and its value are there.
    fn finish(&mut self, who: &str, pending: &Pending, done: Evaluated, told: &mut Vec<Told>) {
        if !done.printed.is_empty() {
            let text = String::from_utf8_lossy(&done.printed).into_owned();
            told.push(Told::Prints { who: who.to_owned(), text });
        }
        if let Some(value) = done.value.filter(|_| shown::is_asked_for(&pending.does)) {
            told.push(Told::Value { text: shown::value(&value) });
        }
        told.extend(done.notes.into_iter().map(|text| Told::Note { text }));
        if !self.was_told_of_zeros && shown::declares_a_struct(&pending.does) {
            self.was_told_of_zeros = true;
            let text =
                "A new struct holds zeros here. In C a local one holds whatever lay there before.".to_owned();
            told.push(Told::Note { text });
        }
        if let Some(actor) = self.actors.get_mut(who) {
            actor.arena = done.arena;
            actor.pending = None;
        }
    }

    /// Does one action. Returns its outcome, unless the statement ends or waits with it.
    fn act(
        &mut self,
        who: &str,
        pending: &mut Pending,
        action: &Action,
        told: &mut Vec<Told>,
    ) -> Result<Option<Outcome>, Misunderstood> {
        let pid = self.actors[who].pid;
        let reply = self.decide(pid, action);
        let explained = why::explained(self, pid, action, &reply);
        match &reply {
            Reply::Unknown(unknown) => return Err(Misunderstood::new(&pending.line, 0, unknown.to_string())),
            Reply::Waits => {
                let c = shown::action(action);
                told.push(Told::Waits { who: who.to_owned(), c: c.clone(), why: explained.why });
                pending.waits_in = Some(c);
                let woken = self.machine.effect(pid, action, &reply);
                self.set_pending(who, pending.clone());
                self.wake(woken, told)?;
                return Ok(None);
            }
            Reply::Dies(signal) => {
                let how = format!("is killed by {}", shown::signal(*signal));
                self.over(who, how, Some(explained.why), told);
                let woken = self.machine.effect(pid, action, &reply);
                self.wake(woken, told)?;
                return Ok(None);
            }
            Reply::Returns(outcome) => self.tell_call(who, action, outcome, explained, told),
        }
        let Reply::Returns(outcome) = reply.clone() else { return Ok(None) };
        self.count(who, action, &outcome);
        let woken = self.machine.effect(pid, action, &reply);
        let goes_on = self.lived_through(who, pending, action, &outcome, told)?;
        self.wake(woken, told)?;
        Ok(goes_on.then_some(outcome))
    }

    /// What the rules say. A file that the model was not told of is not there.
    fn decide(&self, pid: i32, action: &Action) -> Reply {
        match action {
            Action::Call(Call::Ftok { path, .. }) if !self.machine.files.contains_key(path) => {
                Reply::Returns(Err(playground_core::Errno::ENOENT))
            }
            action => self.machine.decide(pid, action),
        }
    }

    fn set_pending(&mut self, who: &str, pending: Pending) {
        if let Some(actor) = self.actors.get_mut(who) {
            actor.pending = Some(pending);
        }
    }

    fn tell_call(
        &mut self,
        who: &str,
        action: &Action,
        outcome: &Outcome,
        explained: why::Explained,
        told: &mut Vec<Told>,
    ) {
        match action {
            Action::Load { .. } => return,
            Action::Store { address, bytes } => {
                told.push(Told::Wrote { who: who.to_owned(), address: address.0, length: bytes.len() });
                return;
            }
            _ => {}
        }
        let (why, advice) = match outcome {
            Ok(_) => (None, None),
            Err(_) => (Some(explained.why), explained.advice),
        };
        self.why.clone_from(&why);
        told.push(Told::Call {
            who: who.to_owned(),
            name: shown::name(action),
            c: shown::performed(action, outcome),
            waited: false,
            result: outcome.as_ref().ok().map(Answer::value),
            errno: outcome.as_ref().err().copied(),
            why,
            advice,
        });
    }

    /// Keeps what conditions of levels ask for: the last System V call, and how often memory was written.
    fn count(&mut self, who: &str, action: &Action, outcome: &Outcome) {
        let Some(actor) = self.actors.get_mut(who) else { return };
        match action {
            Action::Call(call) => {
                let errno = outcome.as_ref().err().copied();
                let last = Last { call: call.name(), first: shown::first_argument(call), errno };
                actor.last = Some(last.clone());
                self.last = Some(last);
            }
            Action::Store { .. } => actor.stores += 1,
            _ => {}
        }
    }

    /// What becomes of processes by an action that has succeeded. Returns whether the statement goes on.
    fn lived_through(
        &mut self,
        who: &str,
        pending: &Pending,
        action: &Action,
        outcome: &Outcome,
        told: &mut Vec<Told>,
    ) -> Result<bool, Misunderstood> {
        match (action, outcome) {
            (Action::Exit, Ok(_)) => {
                self.over(who, "has ended with exit".to_owned(), None, told);
                Ok(false)
            }
            (Action::Exec { .. }, Ok(_)) => {
                if let Some(actor) = self.actors.get_mut(who) {
                    actor.life = Life::Elsewhere;
                }
                let how = "runs another program from now on, with nothing attached".to_owned();
                told.push(Told::Ends { who: who.to_owned(), how, why: None });
                Ok(false)
            }
            (Action::Kill { target, signal: 9 }, Ok(_)) => {
                let killed = self.letter_of(*target).map(str::to_owned);
                let dies_itself = killed.as_deref() == Some(who);
                if let Some(killed) = killed {
                    self.over(&killed, "was killed by SIGKILL".to_owned(), None, told);
                }
                Ok(!dies_itself)
            }
            (Action::Fork { child }, Ok(_)) => {
                self.forked(who, pending, *child, told)?;
                Ok(true)
            }
            _ => Ok(true),
        }
    }

    /// The child has the parent's variables as they were when the statement began. It goes through the statement with
    /// 0 for the answer of fork.
    fn forked(
        &mut self,
        who: &str,
        pending: &Pending,
        child: i32,
        told: &mut Vec<Told>,
    ) -> Result<(), Misunderstood> {
        let arena = self.actors[who].arena.clone();
        let letter = self.enter(Actor::new(child, arena));
        told.push(Told::Begins { who: letter.clone(), pid: child, how: "fork" });
        let mut answers = pending.answers.clone();
        answers.push(Ok(Answer::Number(0)));
        let mut silent = Vec::new();
        self.go_on(&letter, Pending { answers, ..pending.clone() }, &mut silent)?;
        told.extend(
            silent.into_iter().filter(|told| !matches!(told, Told::Value { .. } | Told::Note { .. })),
        );
        Ok(())
    }

    fn over(&mut self, who: &str, how: String, why: Option<String>, told: &mut Vec<Told>) {
        if let Some(actor) = self.actors.get_mut(who) {
            actor.life = Life::Over(how.clone());
            actor.pending = None;
        }
        told.push(Told::Ends { who: who.to_owned(), how, why });
    }

    /// Processes whose calls have an answer now go on with their statements.
    pub(super) fn wake(&mut self, woken: Vec<Woken>, told: &mut Vec<Told>) -> Result<(), Misunderstood> {
        for Woken { pid, outcome } in woken {
            let Some(who) = self.letter_of(pid).map(str::to_owned) else { continue };
            let Some(mut pending) = self.actors.get_mut(&who).and_then(|actor| actor.pending.take()) else {
                continue;
            };
            self.tell_woken(&who, &pending, &outcome, told);
            pending.waits_in = None;
            pending.answers.push(outcome);
            self.go_on(&who, pending, told)?;
        }
        Ok(())
    }

    fn tell_woken(&mut self, who: &str, pending: &Pending, outcome: &Outcome, told: &mut Vec<Told>) {
        let Err(Stop::Ask(action)) = self.evaluated(who, pending) else { return };
        let pid = self.actors[who].pid;
        let explained = why::explained(self, pid, &action, &Reply::Returns(outcome.clone()));
        self.tell_call(who, &action, outcome, explained, told);
        if let Some(Told::Call { waited, .. }) = told.last_mut() {
            *waited = true;
        }
        self.count(who, &action, outcome);
    }
}
