//! Who begins and who ends by what a process does.

use playground_core::Signal;
use playground_core::call::{Answer, Outcome};
use playground_core::machine::{Action, Identity};
use playground_core::process::Ending;

use super::actor::{Lifecycle, Pending};
use super::perform::{Asked, Performer};
use super::programs::is_silent;
use super::told::Told;
use crate::language::Misunderstood;

impl Performer<'_> {
    /// What becomes of processes by an action that has succeeded. Returns whether the statement goes on.
    pub(super) fn lived_through(
        &mut self,
        who: &str,
        pending: &Pending,
        Asked { action, words }: &Asked,
        outcome: &Outcome,
    ) -> Result<bool, Misunderstood> {
        match (action, outcome) {
            (Action::Exit, Ok(_)) => {
                let status = words.first().and_then(|status| status.parse::<i32>().ok()).unwrap_or_default();
                // Of the status a parent sees eight bits.
                let ending = Ending::Exited(status & 0xff);
                self.over(who, "has ended with exit".to_owned(), ending, None);
                Ok(false)
            }
            (Action::Exec { .. }, Ok(_)) => {
                self.world.goes_elsewhere(who, words);
                let how = "runs another program from now on, with nothing attached".to_owned();
                self.told.push(Told::Ends { who: who.to_owned(), how, why: None });
                if let Some(program) = words.first().filter(|_| self.kernel.is_a_value() && !is_silent(words))
                {
                    let text = format!(
                        "The model runs no program: what {program} prints on Linux it does not know."
                    );
                    self.told.push(Told::Note { text });
                }
                Ok(false)
            }
            (Action::Kill { target, signal }, Ok(_)) => {
                self.note_zombie(*target);
                Ok(*signal == 0 || self.killed(who, *target, action))
            }
            (Action::SetIdentity(Identity::User(user)), Ok(_)) => {
                self.world.becomes(who, *user);
                Ok(true)
            }
            (Action::Fork { child }, Ok(_)) => {
                self.forked(who, pending, *child)?;
                Ok(true)
            }
            _ => Ok(true),
        }
    }

    /// Tells what the other program has printed that a process runs, up to a limit.
    pub(super) fn tell_what_is_printed(&mut self, who: &str) {
        const LINES: usize = 40;
        const COLUMNS: usize = 400;
        let printed = self.kernel.printed(self.world.actors[who].pid);
        let Some((program, so_far)) = self.world.actors.get_mut(who).and_then(|actor| actor.program.as_mut())
        else {
            return;
        };
        let printed = String::from_utf8_lossy(&printed);
        let shown = printed.lines().take(LINES - *so_far);
        let text: String =
            shown.map(|line| line.chars().take(COLUMNS).chain(['\n']).collect::<String>()).collect();
        if !text.is_empty() {
            let program = Some(program.clone());
            self.told.push(Told::Prints { who: who.to_owned(), text, program });
        }
        let lines = *so_far + printed.lines().count();
        if lines > LINES && *so_far < LINES {
            let text = format!("{program} prints more than {LINES} lines: the rest is not shown.");
            self.told.push(Told::Note { text });
        }
        *so_far = lines.min(LINES);
    }

    /// A signal to a process that has ended is no mistake to the kernel, as long as nobody has waited for it.
    fn note_zombie(&mut self, target: i32) {
        let Some((one, parent)) = self.world.zombie(target) else { return };
        let text = format!(
            "{one} has ended. It is a zombie until {parent}, its parent, waits for it or ends: its id stays taken, and kill succeeds."
        );
        self.told.push(Told::Note { text });
    }

    /// Somebody was killed. Returns whether it was somebody else.
    fn killed(&mut self, who: &str, target: i32, action: &Action) -> bool {
        let Some(killed) = self.world.letter_of(target).map(str::to_owned) else { return true };
        if matches!(self.world.actors[&killed].life, Lifecycle::Over(_)) {
            return true;
        }
        let Action::Kill { signal, .. } = action else { return true };
        let signal = Signal::from_raw(*signal);
        self.over(&killed, format!("was killed by {signal}"), Ending::Killed(signal), None);
        killed != who
    }

    /// The child has the parent's variables as they were when the statement began. It goes through the statement with
    /// 0 for the answer of fork.
    fn forked(&mut self, who: &str, pending: &Pending, child: i32) -> Result<(), Misunderstood> {
        let letter = self.world.enter(self.world.actors[who].child(child));
        self.told.push(Told::Begins { who: letter.clone(), pid: child, how: "fork" });
        let mut answers = pending.answers.clone();
        answers.push(Ok(Answer::Number(0)));
        let so_far = std::mem::take(&mut self.told);
        let went_on = self.go_on(&letter, Pending { answers, ..pending.clone() });
        let childs = std::mem::replace(&mut self.told, so_far);
        let is_new = |told: &Told| !matches!(told, Told::Value { .. } | Told::Note { .. });
        self.told.extend(childs.into_iter().filter(is_new));
        went_on
    }

    pub(super) fn over(&mut self, who: &str, how: String, ending: Ending, why: Option<String>) {
        if let Some(actor) = self.world.actors.get_mut(who) {
            actor.ending = Some(ending);
            actor.life = Lifecycle::Over(how.clone());
            actor.pending = None;
        }
        for pid in self.world.waited_for(who) {
            self.kernel.reap(pid);
        }
        self.told.push(Told::Ends { who: who.to_owned(), how, why });
    }
}
