//! Wrong rules, each of which the proof must find out. A rule that no mutant can break is one that nothing tests.
//!
//! A mutant stands beside the rules, not in them: it takes what is right, and makes it wrong. So the rules stay as
//! readable as they are.
//!
//! **Invariant:** one mutant breaks one rule, and where that rule is not asked for it is right.

mod memory;
mod others;
mod segments;
mod semaphores;

use std::sync::Arc;

use super::generate::MOMENT;
use playground_core::Errno;
use playground_core::call::{Answer, Call, Outcome};
use playground_core::machine::{
    Action, Host, Limits, Machine, Namespace, Process, Reply, Segment, Set, Woken,
};

/// What there is to be broken in a decision.
pub struct Decision<'a> {
    pub machine: &'a Machine,
    pub pid: i32,
    pub action: &'a Action,
    /// The right one.
    pub reply: Reply,
}

/// What there is to be broken in an effect.
pub struct Effect<'a> {
    pub before: &'a Machine,
    /// The right world after it.
    pub after: &'a mut Machine,
    pub pid: i32,
    pub action: &'a Action,
    pub reply: &'a Reply,
    pub woken: &'a mut Vec<Woken>,
}

/// The rules that a run is compared with.
#[derive(Clone, Copy)]
pub struct Rules {
    /// The wrong rule, in words.
    pub name: &'static str,
    decide: fn(Decision) -> Reply,
    effect: fn(&mut Effect),
}

impl Rules {
    /// The right ones.
    pub const RIGHT: Rules = Rules { name: "the rules as they are", decide: |it| it.reply, effect: |_| {} };

    /// A wrong decision.
    const fn deciding(name: &'static str, decide: fn(Decision) -> Reply) -> Rules {
        Rules { name, decide, ..Rules::RIGHT }
    }

    /// A wrong effect.
    const fn changing(name: &'static str, effect: fn(&mut Effect)) -> Rules {
        Rules { name, effect, ..Rules::RIGHT }
    }

    /// Whether it takes more than a second to see the difference.
    pub fn concern_time(&self) -> bool {
        self.name.ends_with("moves no time")
    }

    fn decide(&self, machine: &Machine, pid: i32, action: &Action) -> Reply {
        let reply = machine.decide(pid, action);
        (self.decide)(Decision { machine, pid, action, reply })
    }

    /// What comes of an action. Who waits for a moment only is there again when the step ends.
    pub fn step(
        &self,
        before: &Machine,
        machine: &mut Machine,
        pid: i32,
        action: &Action,
    ) -> (Reply, Vec<Woken>) {
        let mut reply = self.decide(before, pid, action);
        let mut woken = machine.effect(pid, action, &reply);
        if let (Action::Call(Call::Semtimedop { timeout: MOMENT, .. }), Reply::Waits) = (action, &reply) {
            let late = machine.pass(MOMENT).into_iter().find(|woken| woken.pid == pid);
            reply = late.map_or(Reply::Waits, |woken| woken.outcome.into());
        }
        let effect = &mut Effect { before, after: machine, pid, action, reply: &reply, woken: &mut woken };
        (self.effect)(effect);
        (reply, woken)
    }
}

/// All wrong rules.
pub fn all() -> Vec<Rules> {
    [segments::MUTANTS, memory::MUTANTS, semaphores::MUTANTS, others::MUTANTS].concat()
}

impl<'a> Decision<'a> {
    fn call(&self) -> Option<&'a Call> {
        match self.action {
            Action::Call(call) => Some(call),
            _ => None,
        }
    }

    fn failed(&self, errno: Errno) -> bool {
        self.reply == Reply::Returns(Err(errno))
    }

    fn process(&self) -> &'a Process {
        &self.machine.processes[&self.pid]
    }

    fn namespace(&self) -> &'a Namespace {
        &self.machine.namespaces[&self.process().namespace]
    }

    /// The right decision, in a world that is a little different.
    fn in_world(&self, change: impl FnOnce(&mut Machine)) -> Reply {
        let mut machine = self.machine.clone();
        change(&mut machine);
        match machine.decide(self.pid, self.action) {
            Reply::Unknown(_) => self.reply.clone(),
            reply => reply,
        }
    }

    /// The right decision on another call.
    fn on_call(&self, call: Call) -> Reply {
        self.machine.decide(self.pid, &Action::Call(call))
    }
}

impl<'a> Effect<'a> {
    fn call(&self) -> Option<&'a Call> {
        match self.action {
            Action::Call(call) => Some(call),
            _ => None,
        }
    }

    fn succeeded(&self) -> bool {
        matches!(self.reply, Reply::Returns(Ok(_)))
    }

    /// Makes each segment wrong that was there before, and still is.
    fn each_segment(&mut self, wrong: impl Fn(&Segment, &mut Segment)) {
        for (number, before) in self.before.namespaces.iter() {
            for old in before.segments.iter() {
                let namespace = self.after.namespaces.get_mut(number).map(Arc::make_mut);
                if let Some(new) = namespace.and_then(|n| n.segments.find_mut(old.permissions.id)) {
                    wrong(old, new);
                }
            }
        }
    }

    /// Makes each set wrong that was there before, and still is.
    fn each_set(&mut self, wrong: impl Fn(&Set, &mut Set)) {
        for (number, before) in self.before.namespaces.iter() {
            for old in before.sets.iter() {
                let namespace = self.after.namespaces.get_mut(number).map(Arc::make_mut);
                if let Some(new) = namespace.and_then(|n| n.sets.find_mut(old.permissions.id)) {
                    wrong(old, new);
                }
            }
        }
    }

    fn process_after(&mut self) -> Option<&mut Process> {
        self.after.processes.get_mut(&self.pid).map(Arc::make_mut)
    }

    fn namespace_after(&mut self) -> Option<&mut Namespace> {
        let number = self.before.processes[&self.pid].namespace;
        self.after.namespaces.get_mut(&number).map(Arc::make_mut)
    }

    /// The same effect, on a computer whose kernel has other ways.
    fn on_host(&mut self, change: impl FnOnce(&mut Host)) {
        let host = self.before.host.clone();
        *self.after = self.before.clone();
        change(&mut self.after.host);
        *self.woken = self.after.effect(self.pid, self.action, self.reply);
        self.after.host = host;
    }

    /// Another effect takes the place of the right one.
    fn instead(&mut self, action: &Action) {
        let reply: Outcome = Ok(Answer::Done);
        self.instead_with(action, &reply.into());
    }

    fn instead_with(&mut self, action: &Action, reply: &Reply) {
        *self.after = self.before.clone();
        *self.woken = self.after.effect(self.pid, action, reply);
    }
}

/// The limits of every namespace.
fn limits_of(machine: &mut Machine, change: impl Fn(&mut Limits)) {
    machine.namespaces.values_mut().for_each(|namespace| change(&mut Arc::make_mut(namespace).limits));
}

/// Every segment of every namespace.
fn segments_of(machine: &mut Machine, change: impl Fn(&mut Segment)) {
    let ids: Vec<(u64, i32)> = machine
        .namespaces
        .iter()
        .flat_map(|(number, namespace)| {
            namespace.segments.iter().map(|segment| (*number, segment.permissions.id))
        })
        .collect();
    for (number, id) in ids {
        let namespace = machine.namespaces.get_mut(&number).map(Arc::make_mut);
        if let Some(segment) = namespace.and_then(|namespace| namespace.segments.find_mut(id)) {
            change(segment);
        }
    }
}

fn returns(errno: Errno) -> Reply {
    Reply::Returns(Err(errno))
}

fn done() -> Reply {
    Reply::Returns(Ok(Answer::Done))
}
