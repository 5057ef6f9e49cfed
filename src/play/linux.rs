//! The kernel of this computer, behind a session: real processes in private namespaces.
//!
//! A process of the session is a worker that performs what it is told. A call that waits is a worker that has not
//! answered while the kernel counts one more who waits on the set.
//!
//! **Invariant:** what is asked here beside the session's own calls moves no time, no process id and no count of
//! attachments: nothing is attached, and of a set only the numbers of those who wait are asked for.

mod host;
mod waiting;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use linux::kernel::Ending;
use linux::kernel::namespace::{Heard, Namespace, Users};
use playground_core::call::{Address, Answer, Call, Cmd, Outcome, SemCmd};
use playground_core::machine::{Action, Credentials, Fatal, Machine, Reply, Space, Woken};
use playground_core::{Errno, Signal, clock};

use host::host;
use waiting::{sleeps, waiters};

use crate::session::{Course, Kernel, Performed, course};

/// How long a call may take that does not wait.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long is listened before it is looked whether a call waits.
const MOMENT: Duration = Duration::from_millis(1);
/// What is said where not every program may be run.
const NO_PROGRAM: &str =
    "a script that solves a level runs no program but sleep, true, false, and cat and sh without files";
/// How long the end of a program is waited for of which nothing is known.
const AT_ONCE: Duration = Duration::from_millis(200);
/// What takes no longer than this is waited for without a word.
const SILENCE: Duration = Duration::from_millis(300);
/// How long a call may take to return that has been woken.
const WAKING: Duration = Duration::from_secs(2);

/// Real processes in private namespaces of this computer's kernel.
#[derive(Debug)]
pub struct Linux {
    namespace: Option<Namespace>,
    users: Users,
    /// When the calls run out that wait with a time limit, by process.
    limits: BTreeMap<i32, Instant>,
    /// When the programs come to their end that processes run instead of their own, if that is soon, by process, and what
    /// they are called.
    ends: BTreeMap<i32, (Instant, String)>,
    /// Until when the end of programs is waited for of which nothing is known: most end at once.
    moments: BTreeMap<i32, Instant>,
    /// Who says what is waited for in real time.
    announce: fn(&str),
    /// Whether any program may be run, or only those of which it is known what they do.
    runs_any: bool,
    /// What has been heard of a call that waited, before it was asked for.
    heard: BTreeMap<i32, Outcome>,
}

impl Linux {
    /// The kernel of this computer, if it allows private namespaces.
    ///
    /// # Errors
    ///
    /// Why it does not, in a sentence.
    pub fn new() -> Result<Linux, String> {
        let namespace = Namespace::new().map_err(|error| error.to_string())?;
        let users = namespace.users();
        let (limits, ends, moments, heard) = Default::default();
        let announce = |_: &str| {};
        Ok(Linux {
            namespace: Some(namespace),
            users,
            limits,
            ends,
            moments,
            announce,
            runs_any: true,
            heard,
        })
    }

    /// The same, which says what it waits for in real time, if that takes longer than a moment.
    pub fn announcing(self, announce: fn(&str)) -> Linux {
        Linux { announce, ..self }
    }

    /// The same, which runs no program that could do harm: for lines that somebody else has written.
    pub fn without_programs(self) -> Linux {
        Linux { runs_any: false, ..self }
    }

    /// Which users the processes can be.
    pub fn users(&self) -> Users {
        self.users
    }

    fn namespace(&mut self) -> Result<&mut Namespace, String> {
        self.namespace.as_mut().ok_or_else(|| "the namespaces are gone: restart makes new ones".to_owned())
    }

    /// Has a worker perform a call, and waits until it has an answer or is seen to wait.
    fn call(&mut self, machine: &Machine, pid: i32, action: &Action) -> Performed {
        let is_expected = matches!(machine.decide(pid, action), Reply::Returns(Ok(_)));
        let namespace = match self.namespace() {
            Ok(namespace) => namespace,
            Err(why) => return Performed::Refused(why),
        };
        namespace.request(pid, &with_buffer_nowhere(action), !is_expected);
        let (until, mut time) = (Instant::now() + TIMEOUT, MOMENT);
        loop {
            match namespace.reply_within(pid, time) {
                Heard::Reply(reply) => {
                    return Performed::Reply(self.not_too_soon(machine, pid, action, reply));
                }
                Heard::Refused(why) => return Performed::Refused(why),
                Heard::Ended(ending) => return ended(action, pid, ending),
                Heard::Nothing if sleeps(namespace, machine, action) => {
                    self.note_limit(pid, action);
                    return Performed::Reply(Reply::Waits);
                }
                Heard::Nothing if Instant::now() > until => {
                    return Performed::Refused("the process has not answered in time".to_owned());
                }
                Heard::Nothing => time = (2 * time).min(50 * MOMENT),
            }
        }
    }

    /// A call whose time limit is over before it was seen to wait has waited all the same. Its answer is kept until time
    /// passes, so that a short limit and a long one are told alike.
    fn not_too_soon(&mut self, machine: &Machine, pid: i32, action: &Action, reply: Reply) -> Reply {
        match (action, reply) {
            (Action::Call(Call::Semtimedop { .. }), Reply::Returns(Err(Errno::EAGAIN)))
                if machine.decide(pid, action) == Reply::Waits =>
            {
                self.heard.insert(pid, Err(Errno::EAGAIN));
                Reply::Waits
            }
            (_, reply) => reply,
        }
    }

    fn note_limit(&mut self, pid: i32, action: &Action) {
        if let Action::Call(Call::Semtimedop { timeout, .. }) = action
            && let Some(until) = Instant::now().checked_add(*timeout)
        {
            self.limits.insert(pid, until);
        }
    }

    fn fork(&mut self, pid: i32) -> Performed {
        match self.namespace().and_then(|namespace| namespace.fork(pid).map_err(|error| error.to_string())) {
            Ok(Ok(child)) => Performed::Reply(Reply::Returns(Ok(Answer::Number(child)))),
            Ok(Err(errno)) => Performed::Reply(errno.into()),
            Err(why) => Performed::Refused(why),
        }
    }

    fn exec(&mut self, pid: i32, words: &[String]) -> Performed {
        if !self.runs_any && course(words).is_none() {
            return Performed::Refused(NO_PROGRAM.to_owned());
        }
        let executed = self
            .namespace()
            .and_then(|namespace| namespace.exec(pid, words.to_vec()).map_err(|error| error.to_string()));
        match executed {
            Ok(Some(errno)) => Performed::Reply(errno.into()),
            Ok(None) => {
                self.note_end(pid, words);
                Performed::Reply(Reply::Returns(Ok(Answer::Done)))
            }
            Err(why) => Performed::Refused(why),
        }
    }

    /// The status is the one word.
    fn exit(&mut self, pid: i32, words: &[String]) -> Performed {
        let status = words.first().and_then(|status| status.parse().ok()).unwrap_or_default();
        match self.namespace() {
            Ok(namespace) => {
                namespace.exit(pid, status);
                Performed::Reply(Reply::Returns(Ok(Answer::Done)))
            }
            Err(why) => Performed::Refused(why),
        }
    }

    fn note_end(&mut self, pid: i32, words: &[String]) {
        match course(words) {
            Some(Course { lasts, .. }) => {
                let name = words.get(..1).into_iter().chain(words.get(2..)).flatten();
                let name: Vec<&str> = name.map(String::as_str).collect();
                if let Some(until) = Instant::now().checked_add(lasts) {
                    self.ends.insert(pid, (until, name.join(" ")));
                }
            }
            None => {
                self.moments.insert(pid, Instant::now() + AT_ONCE);
            }
        }
    }

    /// Whoever gets a signal ends: that has happened when this returns.
    fn kill(&mut self, machine: &Machine, pid: i32, target: i32, signal: i32) -> Performed {
        let performed = self.call(machine, pid, &Action::Kill { target, signal });
        if let Performed::Reply(Reply::Returns(Ok(_))) = performed
            && signal != 0
            && target != pid
            && let Ok(namespace) = self.namespace()
        {
            namespace.await_end(target);
        }
        performed
    }

    fn announce_wait(&self, left: Duration, until: &str) {
        if left > SILENCE {
            (self.announce)(&format!("waits {:.1} s, until {until}", left.as_secs_f64()));
        }
    }

    /// What the call of a process has returned, if that comes within a time.
    fn answer_within(&mut self, pid: i32, time: Duration) -> Option<Outcome> {
        match self.namespace.as_mut()?.reply_within(pid, time) {
            Heard::Reply(Reply::Returns(outcome)) => Some(outcome),
            _ => None,
        }
    }
}

impl Kernel for Linux {
    fn name(&self) -> &'static str {
        "linux"
    }

    fn is_a_value(&self) -> bool {
        false
    }

    fn begin(&mut self) -> Result<Machine, String> {
        // The old ones go first: how many there may be is limited.
        let used = self.namespace.as_ref().is_none_or(Namespace::is_used);
        if used {
            self.namespace = None;
            self.namespace = Some(Namespace::new().map_err(|error| error.to_string())?);
        }
        self.limits.clear();
        self.ends.clear();
        self.moments.clear();
        self.heard.clear();
        Ok(Machine::new(host()))
    }

    fn start(&mut self, machine: &mut Machine, _: i32) -> Result<i32, String> {
        let begun = self.namespace()?.start().map_err(|error| error.to_string())?;
        let credentials = match self.users {
            Users::RootAndNobody => Credentials::root_beside_nobody(),
            Users::RootOnly => Credentials::root_of_namespace(),
        };
        // Where the kernel looks for room is not asked: it tells where it has found some.
        let top = begun.memory.iter().map(|(_, end)| *end).max().unwrap_or_default();
        machine.begin(begun.pid, credentials, Space::new(begun.memory, top));
        Ok(begun.pid)
    }

    fn perform(&mut self, machine: &Machine, pid: i32, action: &Action, words: &[String]) -> Performed {
        match action {
            Action::Fork { .. } => self.fork(pid),
            Action::Exec { .. } => self.exec(pid, words),
            Action::Exit => self.exit(pid, words),
            Action::Kill { target, signal } => self.kill(machine, pid, *target, *signal),
            action => self.call(machine, pid, action),
        }
    }

    fn as_root(&mut self, _: &Machine, _: i32, action: &Action) -> Result<Reply, String> {
        self.namespace()?.as_root(action).map_err(|error| error.to_string())
    }

    fn returned(&mut self, woken: &Woken) -> Option<Outcome> {
        let outcome = self.heard.remove(&woken.pid).or_else(|| self.answer_within(woken.pid, WAKING));
        if outcome.is_some() {
            self.limits.remove(&woken.pid);
        }
        outcome
    }

    /// The rules' time passes at once. Whose time limit it has reached is waited for, in real time; and whoever has
    /// returned without being expected is heard.
    fn pass(&mut self, machine: &mut Machine, time: Duration) -> Vec<Woken> {
        let late: Vec<i32> = machine.clone().pass(time).into_iter().map(|woken| woken.pid).collect();
        machine.clock = machine.clock.saturating_add(time);
        let mut woken = Vec::new();
        for (pid, semid, ops) in waiters(machine) {
            let left = self.limits.get(&pid).map_or(Duration::ZERO, |until| {
                until.saturating_duration_since(Instant::now()) + Duration::from_secs(1)
            });
            let timeout = if late.contains(&pid) { left } else { Duration::ZERO };
            let heard = self.heard.get(&pid).cloned();
            if heard.is_none() && !timeout.is_zero() {
                let until = self.limits.get(&pid).copied().unwrap_or_else(Instant::now);
                let left = until.saturating_duration_since(Instant::now());
                self.announce_wait(left, &format!("the time limit of process {pid} is over"));
            }
            if let Some(outcome) = heard.or_else(|| self.answer_within(pid, timeout)) {
                self.heard.insert(pid, outcome.clone());
                let call = Action::Call(Call::Semop { semid, ops });
                let more = machine.effect(pid, &call, &Reply::Returns(outcome.clone()));
                woken.push(Woken { pid, outcome });
                woken.extend(more);
            }
        }
        woken
    }

    /// Whose end has come by the rules' clock is waited for, in real time.
    fn ended(&mut self, pid: i32, due: Option<i32>) -> Option<Ending> {
        let left = |until: &Instant| until.saturating_duration_since(Instant::now());
        let within = match self.ends.get(&pid).filter(|_| due.is_some()) {
            Some((until, name)) => {
                self.announce_wait(left(until), &format!("{name} ends"));
                left(until) + Duration::from_secs(1)
            }
            None => self.moments.remove(&pid).as_ref().map_or(Duration::ZERO, left),
        };
        self.namespace.as_mut()?.ended(pid, within)
    }

    fn told_time(&self, time: i64, _: i64) -> String {
        let now = UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs() as i64);
        clock::told(time, now, linux::clock::zone)
    }

    fn printed(&mut self, pid: i32) -> Vec<u8> {
        self.namespace.as_mut().map(|namespace| namespace.printed(pid)).unwrap_or_default()
    }

    fn cut_short(&mut self, pid: i32) {
        self.ends.remove(&pid);
        let kill = Action::Kill { target: pid, signal: Signal::SIGKILL.raw() };
        if let Some(namespace) = &mut self.namespace
            && namespace.as_root(&kill).is_ok()
        {
            namespace.await_end(pid);
        }
    }

    fn reap(&mut self, pid: i32) -> Option<Ending> {
        self.namespace.as_mut()?.reap(pid)
    }

    fn read(&mut self, pid: Option<i32>, path: &str) -> Option<String> {
        self.namespace.as_mut()?.read(pid, Path::new(path)).ok()
    }
}

/// An address that leads to no segment of the process may be one of the worker's own: NULL stands for it, which the kernel
/// refuses with the same words.
fn with_buffer_nowhere(action: &Action) -> Action {
    let mut action = action.clone();
    if let Action::Call(
        Call::SemopAt { sops: address, .. }
        | Call::Shmctl { cmd: Cmd::BufferAt { buffer: address, .. }, .. }
        | Call::Semctl { cmd: SemCmd::BufferAt { buffer: address, .. }, .. },
    ) = &mut action
    {
        *address = Address::NULL;
    }
    action
}

/// A process has ended: by what it did, or otherwise.
fn ended(action: &Action, pid: i32, ending: Ending) -> Performed {
    match (action, ending) {
        (Action::Kill { target, .. }, Ending::Killed(_)) if *target == pid => {
            Performed::Reply(Reply::Returns(Ok(Answer::Done)))
        }
        (Action::Load { .. } | Action::Store { .. }, Ending::Killed(Signal::SIGSEGV)) => {
            Performed::Reply(Reply::Dies(Fatal::Sigsegv))
        }
        (Action::Load { .. } | Action::Store { .. }, Ending::Killed(Signal::SIGBUS)) => {
            Performed::Reply(Reply::Dies(Fatal::Sigbus))
        }
        (_, ending) => Performed::Lost(ending),
    }
}
