//! A process of the model: what a lesson directs, as it directs a real one.
//!
//! **Invariant:** as on Linux, the process that tells the story dies of nothing: an access that would kill it is
//! refused before it is made. Its children have nothing to lose.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use playground_core::Signal;
use playground_core::call::{Address, Answer, Call, Cmd, Outcome, SemCmd, ShmatFlags, Shmid};
use playground_core::error::{Error, Result};
use playground_core::machine::{Action, Credentials, Fatal, Reply, Resource};
use playground_core::process::{
    Adjustment, Change, Done, Ending, Faults, Look, Meter, Operation, ProcFile, Process, Step, ToolRun,
};

use crate::world::{World, does_not_know};
use crate::{Setup, image, meter};

/// How long a process may sleep in a call that was not started as an operation: as long as a real one would be waited for.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A process of the model.
pub struct Model {
    world: Rc<RefCell<World>>,
    pid: i32,
    tells_the_story: bool,
    /// It runs another program, which answers nothing.
    elsewhere: bool,
    /// It is in an IPC namespace of its own.
    apart: bool,
    ending: Option<Ending>,
}

impl Model {
    /// A new world, and in it the process that tells the story.
    pub fn new(setup: Setup) -> Model {
        let (world, pid) = World::new(setup);
        Model::of(Rc::new(RefCell::new(world)), pid, true)
    }

    /// Turns a setting of its IPC namespace, as root of the namespace could before the story begins.
    ///
    /// # Errors
    ///
    /// `Environment`: there is no such setting, or the value is none for it.
    pub fn set(&mut self, name: &str, value: u64) -> Result<()> {
        self.world.borrow_mut().adjust(self.pid, &Adjustment::Set(name.to_owned(), value))
    }

    /// Moves into an IPC namespace of its own.
    ///
    /// # Errors
    ///
    /// `Environment`: the rules forbid it.
    pub fn isolate(&mut self) -> Result<()> {
        self.apart = true;
        self.world.borrow_mut().adjust(self.pid, &Adjustment::Isolate)
    }

    /// Lowers a limit of its own.
    ///
    /// # Errors
    ///
    /// `Environment`: it would be raised, and that takes `CAP_SYS_RESOURCE`.
    pub fn limit(&mut self, resource: Resource) -> Result<()> {
        let outcome = self.world.borrow_mut().outcome(self.pid, &Action::Setrlimit(resource), "setrlimit")?;
        outcome.map(drop).map_err(|errno| Error::environment("setrlimit", errno, "Ask for less."))
    }

    /// Acts for somebody else from now on, as `seteuid` lets it, and says for whom it has acted.
    pub fn act_for(&mut self, credentials: Credentials) -> Credentials {
        let mut world = self.world.borrow_mut();
        match world.machine.processes.get_mut(&self.pid) {
            Some(process) => std::mem::replace(&mut Arc::make_mut(process).credentials, credentials),
            None => credentials,
        }
    }

    fn of(world: Rc<RefCell<World>>, pid: i32, tells_the_story: bool) -> Model {
        Model { world, pid, tells_the_story, elsewhere: false, apart: false, ending: None }
    }

    /// Whether it can be asked anything.
    fn answers(&self) -> Result<()> {
        let asked = || format!("process {} was asked", self.pid);
        match self.ending {
            Some(ending) => Err(Error::Ended { pid: self.pid, ending }),
            None if self.elsewhere => {
                Err(Error::environment(asked(), "it runs another program now", "Ask it before the exec."))
            }
            None if self.world.borrow().works.contains_key(&self.pid) => Err(Error::environment(
                asked(),
                "it is at work",
                "Collect the end of that first, or kill it.",
            )),
            None => Ok(()),
        }
    }

    fn dies(&mut self, ending: Ending) -> Error {
        self.world.borrow_mut().end(self.pid);
        self.ending = Some(ending);
        Error::Ended { pid: self.pid, ending }
    }

    /// Why a call must not be made in the process that tells the story, whatever the rules would say to it.
    fn endangers(&self, call: &Call) -> Option<&'static str> {
        match call {
            Call::SemopAt { .. }
            | Call::Shmctl { cmd: Cmd::BufferAt { .. }, .. }
            | Call::Semctl { cmd: SemCmd::BufferAt { .. }, .. } => {
                Some("the buffer is one of another process")
            }
            &Call::Shmat { shmid, address, flags } if address != Address::NULL => {
                self.replaces(shmid, address, flags)
            }
            _ => None,
        }
    }

    fn replaces(&self, shmid: Shmid, address: Address, flags: ShmatFlags) -> Option<&'static str> {
        let world = self.world.borrow();
        let host = &world.machine.host;
        if flags.contains(ShmatFlags::SHM_RND) && address.0 < host.page_size {
            return Some("the address rounds down to NULL, and for root Linux would map the segment there");
        }
        let process = world.machine.processes.get(&self.pid)?;
        let theirs = world.machine.namespaces.get(&process.namespace)?;
        let size = theirs.segments.find(shmid.0).map_or(0, |segment| segment.size);
        let replaced = world.machine.spaces.get(&process.space)?.at(address.0);
        let is_ours = |mapping: &playground_core::machine::Mapping| {
            mapping.view().is_some()
                && mapping.start == address.0
                && mapping.length() >= host.pages(size) * host.page_size
        };
        (flags.contains(ShmatFlags::SHM_REMAP) && !replaced.is_some_and(is_ours))
            .then_some("SHM_REMAP would replace memory that is not an attachment of this process")
    }

    /// Makes an access, and says how many page faults it took.
    fn access(&mut self, action: &Action, address: Address, length: usize) -> Result<(Answer, Faults)> {
        self.answers()?;
        let purpose = if matches!(action, Action::Store { .. }) { "writing" } else { "reading" };
        let before = self.world.borrow().faults(self.pid);
        if self.tells_the_story {
            let reply = self.world.borrow().machine.decide(self.pid, action);
            if !matches!(reply, Reply::Returns(Ok(_))) {
                return Err(Error::NotAttached { address, length, purpose });
            }
        }
        let reply = self.world.borrow_mut().act(self.pid, action);
        match reply {
            Reply::Returns(Ok(answer)) => Ok((answer, self.world.borrow().faults(self.pid) - before)),
            Reply::Dies(fatal) => Err(self.dies(Ending::Killed(signal(fatal)))),
            Reply::Unknown(unknown) => Err(does_not_know(&format!("{purpose} at {address}"), unknown)),
            Reply::Returns(Err(_)) | Reply::Waits => Err(Error::NotAttached { address, length, purpose }),
        }
    }

    /// Nobody else acts while one process is asked: who sleeps without end would sleep for ever.
    fn slept(&mut self, call: &Call) -> Result<Outcome> {
        let work = crate::work::Work::Waiting;
        self.world.borrow_mut().works.insert(self.pid, work);
        let time = if let Call::Semtimedop { timeout, .. } = call { *timeout } else { TIMEOUT };
        let done = self.world.borrow_mut().finish(self.pid, time)?;
        if let Some(Done::Answered(outcome)) = done {
            return Ok(outcome);
        }
        Err(self.dies(Ending::Hung))
    }
}

fn signal(fatal: Fatal) -> Signal {
    match fatal {
        Fatal::Sigsegv => Signal::SIGSEGV,
        Fatal::Sigbus => Signal::SIGBUS,
    }
}

fn aligned(address: Address) -> Result<()> {
    if address.0.is_multiple_of(4) {
        return Ok(());
    }
    Err(Error::Misaligned { offset: address.0 as usize, alignment: 4 })
}

fn tells_the_story(operation: &str) -> Error {
    Error::environment(
        format!("this process was to {operation}"),
        "it tells the story",
        "Fork a child, and let the child do it.",
    )
}

impl Look for Model {
    fn page_size(&self) -> usize {
        self.world.borrow().machine.host.page_size as usize
    }

    fn shows(&mut self, file: ProcFile) -> io::Result<String> {
        self.world.borrow().shows(self.pid, file)
    }
}

impl Process for Model {
    fn pid(&self) -> i32 {
        meter::count_call();
        self.pid
    }

    fn is_apart(&self) -> bool {
        self.apart
    }

    fn perform(&mut self, call: &Call) -> Result<Outcome> {
        self.answers()?;
        if self.tells_the_story
            && let Some(why) = self.endangers(call)
        {
            return Err(Error::Dangerous { call: call.to_string(), why });
        }
        let reply = self.world.borrow_mut().call(self.pid, call);
        match reply {
            Reply::Returns(outcome) => Ok(outcome),
            Reply::Waits => self.slept(call),
            Reply::Dies(fatal) => Err(self.dies(Ending::Killed(signal(fatal)))),
            Reply::Unknown(unknown) => Err(does_not_know(&call.to_string(), unknown)),
        }
    }

    fn load(&mut self, address: Address, buffer: &mut [u8]) -> Result<Faults> {
        let action = Action::Load { address, length: buffer.len() as u64 };
        let (answer, faults) = self.access(&action, address, buffer.len())?;
        if let Answer::Bytes(bytes) = answer {
            buffer.copy_from_slice(&bytes);
        }
        Ok(faults)
    }

    fn store(&mut self, address: Address, bytes: &[u8]) -> Result<Faults> {
        let action = Action::Store { address, bytes: bytes.to_vec() };
        self.access(&action, address, bytes.len()).map(|(_, faults)| faults)
    }

    fn store_times(&mut self, address: Address, bytes: &[u8], times: usize) -> Result<()> {
        (0..times).try_for_each(|_| self.store(address, bytes).map(drop))
    }

    fn word(&mut self, address: Address, change: Change) -> Result<u32> {
        aligned(address)?;
        self.answers()?;
        self.world.borrow_mut().word(self.pid, address, change)
    }

    fn step(&mut self, counter: Address, step: Step) -> Result<u32> {
        self.answers()?;
        let world = &mut *self.world.borrow_mut();
        let register = world.registers.get(&self.pid).copied().unwrap_or_default();
        let register = match step {
            Step::Load => world.word(self.pid, counter, Change::Load)?,
            Step::Add => register.wrapping_add(1),
            Step::Store => {
                world.word(self.pid, counter, Change::Store(register))?;
                register
            }
        };
        world.registers.insert(self.pid, register);
        Ok(register)
    }

    fn start(&mut self, operation: &Operation) -> Result<()> {
        if self.tells_the_story {
            return Err(tells_the_story("do something that may take long"));
        }
        self.answers()?;
        self.world.borrow_mut().start(self.pid, operation)
    }

    fn finish(&mut self, within: Duration) -> Result<Option<Done>> {
        match self.ending {
            Some(ending) => Err(Error::Ended { pid: self.pid, ending }),
            None => self.world.borrow_mut().finish(self.pid, within),
        }
    }

    fn program(&self) -> Option<PathBuf> {
        Some(self.world.borrow().program(self.pid).into())
    }

    fn user(&self) -> u32 {
        self.world.borrow().machine.processes.get(&self.pid).map_or(0, |process| process.credentials.uid)
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        (uid == 0).then(|| "root".to_owned())
    }

    fn processes(&self) -> Vec<i32> {
        self.world.borrow().machine.processes.keys().copied().collect()
    }

    fn fork(&mut self) -> Result<Box<dyn Process>> {
        if !self.tells_the_story {
            let advice = "Fork both from the lesson.";
            return Err(Error::environment("fork a child of a child", "not part of the playground", advice));
        }
        let world = &mut *self.world.borrow_mut();
        let child = world.new_pid();
        world.outcome(self.pid, &Action::Fork { child }, "fork a second process")?.map_err(cannot_fork)?;
        Ok(Box::new(Model::of(Rc::clone(&self.world), child, false)))
    }

    fn spawn(&mut self) -> Result<Box<dyn Process>> {
        let pid = self.world.borrow_mut().begin();
        Ok(Box::new(Model::of(Rc::clone(&self.world), pid, false)))
    }

    fn adjust(&mut self, adjustment: &Adjustment) -> Result<()> {
        if self.tells_the_story {
            return Err(tells_the_story("change what it is"));
        }
        self.answers()?;
        self.apart |= *adjustment == Adjustment::Isolate;
        self.world.borrow_mut().adjust(self.pid, adjustment)
    }

    fn exec(&mut self, program: &str, _: &[&str]) -> Result<()> {
        if self.tells_the_story {
            return Err(tells_the_story("run another program"));
        }
        self.answers()?;
        let world = &mut *self.world.borrow_mut();
        world.outcome(self.pid, &Action::Exec { space: image::space() }, "execve")?.map_err(cannot_fork)?;
        world.programs.insert(self.pid, program.to_owned());
        self.elsewhere = true;
        Ok(())
    }

    fn now(&self) -> Duration {
        self.world.borrow().machine.clock
    }

    fn rest(&self, time: Duration) {
        // What fails here is told to whoever asks for the end of the work.
        let _ = self.world.borrow_mut().go_on(time);
    }

    fn run_tool(&mut self, words: &[String]) -> io::Result<ToolRun> {
        self.world.borrow_mut().run_tool(self.pid, words)
    }

    fn meter(&self) -> &'static dyn Meter {
        &meter::Counting
    }

    fn end(&mut self, signal: Option<Signal>) -> Result<Ending> {
        if self.tells_the_story {
            return Err(tells_the_story("end"));
        }
        if let Some(ending) = self.ending {
            return Ok(ending);
        }
        if signal.is_none() && !self.elsewhere {
            self.answers()?;
        }
        let ending = signal.map_or(Ending::Exited(0), Ending::Killed);
        self.dies(ending);
        Ok(ending)
    }
}

fn cannot_fork(errno: playground_core::Errno) -> Error {
    Error::environment("make a process", errno, "Run the lesson again.")
}

impl Drop for Model {
    /// As a real child is killed when nobody directs it any more.
    fn drop(&mut self) {
        if self.ending.is_none()
            && !self.tells_the_story
            && let Ok(mut world) = self.world.try_borrow_mut()
        {
            world.end(self.pid);
        }
    }
}
