//! Runs each row in a process of its own: rows change their user, their limits and their namespaces.
//!
//! The test program starts itself again, with `--row GROUP ID ROLE`, for every row. That process has one thread, so
//! that it may fork; what it makes, it removes at its end, however it ends.
//!
//! **Invariant:** a row that cannot run here is reported as ignored, with the reason, and listed at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, panic_any};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nix::sys::prctl::{set_dumpable, set_pdeathsig};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, geteuid, setgroups, setresgid, setresuid};
use playground::call::{Answer, Call, Cmd, Key, ShmgetFlags};
use playground::kernel::{self, Linux, Process};
use playground_core::{Errno, Mode};

use Needs::{Any, Ipcns, Root, RootAndNobody, User};

/// The user whom no file belongs to and who may do nothing.
pub const NOBODY: u32 = 65534;

/// How long a row may take. The slowest waits for one second to pass; the rest is for a machine under load.
const DEADLINE: Duration = Duration::from_secs(60);

/// The exit status of a row that cannot run here.
const FELL_AWAY: u8 = 77;

/// A fact about the kernel, and the experiment that shows it.
pub struct Row<T> {
    id: &'static str,
    needs: Needs,
    fact: &'static str,
    holds: fn(&mut T),
}

/// A line of a table: its id, what it needs, what it says, and how to see that.
pub const fn row<T>(id: &'static str, needs: Needs, fact: &'static str, holds: fn(&mut T)) -> Row<T> {
    Row { id, needs, fact, holds }
}

/// Who has to ask, and where.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Whoever runs the tests; and nobody too, if that is root.
    Any,
    /// The same, in an IPC namespace of the row's own.
    Ipcns,
    /// Root, with power over the segments of others.
    Root,
    /// A user without that power.
    User,
    /// Root first, then nobody, for whom the row changes its effective user.
    RootAndNobody,
}

/// Whom a row's process runs as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Myself,
    Nobody,
}

/// Which rows could not run, by the reason that they gave; for the end.
static MISSED: Mutex<BTreeMap<String, BTreeSet<String>>> = Mutex::new(BTreeMap::new());

/// The rows of a subject, whatever they act on.
pub struct Group {
    name: &'static str,
    trials: Vec<Trial>,
    run: Box<RunRow>,
}

/// Runs the row with this id, if there is one.
type RunRow = dyn Fn(&str, Role) -> Option<ExitCode>;

impl Group {
    /// The rows of these tables; `begin` makes what each of them acts on.
    pub fn new<T: 'static>(name: &'static str, tables: Vec<&'static [Row<T>]>, begin: fn() -> T) -> Group {
        let trials = tables.iter().copied().flatten().flat_map(|row| trials(name, row)).collect();
        let run = move |id: &str, role| {
            let row = tables.iter().copied().flatten().find(|row| row.id == id)?;
            Some(in_this_process(row, role, begin))
        };
        Group { name, trials, run: Box::new(run) }
    }
}

/// Runs the rows of all groups, after `prepare`, which no row may do; or, in a process that was started for it, one row.
pub fn main(prepare: fn(), groups: Vec<Group>) -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    if let [flag, name, id, role] = &words[..]
        && flag == "--row"
    {
        let group = groups.iter().find(|group| group.name == name).expect("the runner names a group");
        return (group.run)(id, Role::named(role)).expect("the runner names a row that there is");
    }
    prepare();
    let trials = groups.into_iter().flat_map(|group| group.trials).collect();
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    tell_what_was_missed();
    conclusion.exit_code()
}

/// Ends a row that cannot run here.
pub fn fall_away(reason: impl Into<String>) -> ! {
    panic_any(FellAway(reason.into()))
}

struct FellAway(String);

impl Role {
    /// As the command line of a row's process has it.
    fn name(self) -> &'static str {
        match self {
            Role::Myself => "self",
            Role::Nobody => "nobody",
        }
    }

    fn named(name: &str) -> Role {
        let role = [Role::Myself, Role::Nobody].into_iter().find(|role| role.name() == name);
        role.expect("the runner names a role that there is")
    }

    /// As the names of tests tell it.
    fn told(self) -> &'static str {
        match self {
            Role::Nobody => "nobody",
            Role::Myself if geteuid().is_root() => "root",
            Role::Myself => "user",
        }
    }
}

fn trials<T>(group: &'static str, row: &Row<T>) -> Vec<Trial> {
    let roles: &[Role] = match row.needs {
        _ if !geteuid().is_root() => &[Role::Myself],
        Any | Ipcns => &[Role::Myself, Role::Nobody],
        User => &[Role::Nobody],
        Root | RootAndNobody => &[Role::Myself],
    };
    let id = row.id;
    let trial = |&role: &Role| {
        let name = format!("{group}::{id} {} [{}]", row.fact, role.told());
        Trial::ignorable_test(name, move || in_a_process_of_its_own(group, id, role))
    };
    roles.iter().map(trial).collect()
}

fn in_a_process_of_its_own(group: &str, id: &str, role: Role) -> Result<Completion, Failed> {
    let begun = Instant::now();
    let mut process = Command::new(env::current_exe()?)
        .args(["--row", group, id, role.name()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let status = wait(&mut process)?;
    let mut words = String::new();
    process.stderr.take().expect("it is piped").read_to_string(&mut words)?;
    match status.code() {
        Some(0) => Ok(Completion::Completed),
        Some(code) if code == i32::from(FELL_AWAY) => {
            let reason = words.trim();
            let mut missed = MISSED.lock().unwrap_or_else(PoisonError::into_inner);
            missed.entry(reason.to_owned()).or_default().insert(format!("{group}::{id} [{}]", role.told()));
            Ok(Completion::ignored_with(reason))
        }
        _ => Err(format!("{words}({status}, {:.1?} of {DEADLINE:?})", begun.elapsed()).into()),
    }
}

/// Waits for a row until its deadline; then it has to end, and has time to remove what it made.
fn wait(process: &mut Child) -> io::Result<ExitStatus> {
    const POLL: Duration = Duration::from_millis(2);
    let begun = Instant::now();
    let mut last_words = DEADLINE;
    loop {
        if let Some(status) = process.try_wait()? {
            return Ok(status);
        }
        if begun.elapsed() > DEADLINE + Duration::from_secs(5) {
            process.kill()?;
        } else if begun.elapsed() > last_words {
            kill(Pid::from_raw(process.id() as i32), Signal::SIGTERM)?;
            last_words = Duration::MAX;
        }
        thread::sleep(POLL);
    }
}

fn tell_what_was_missed() {
    let missed = MISSED.lock().unwrap_or_else(PoisonError::into_inner);
    for (reason, names) in missed.iter() {
        let list = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        eprintln!("NOT TESTED HERE ({}): {reason}\n  {list}\n", names.len());
    }
}

fn in_this_process<T>(row: &Row<T>, role: Role, begin: fn() -> T) -> ExitCode {
    kernel::install_safety_net();
    panic::set_hook(Box::new(tell));
    let held = panic::catch_unwind(AssertUnwindSafe(|| {
        prepare(row.needs, role);
        (row.holds)(&mut begin());
    }));
    kernel::remove_what_is_left();
    match held {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) if why.is::<FellAway>() => ExitCode::from(FELL_AWAY),
        Err(_) => ExitCode::FAILURE,
    }
}

/// What the row has to say, on the way to its end.
fn tell(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    if let Some(FellAway(reason)) = payload.downcast_ref() {
        eprintln!("{reason}");
        return;
    }
    let words = payload.downcast_ref::<String>().map(String::as_str);
    let words = words.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    eprintln!("{words}\n  at {place}");
}

fn prepare(needs: Needs, role: Role) {
    if matches!(needs, Root | RootAndNobody) && !geteuid().is_root() {
        fall_away("needs root");
    }
    if role == Role::Nobody
        && let Err(errno) = become_nobody()
    {
        fall_away(format!("cannot become uid {NOBODY} here: {errno}"));
    }
    // Changing the user clears this, so it comes after. A row must not outlive its runner.
    set_pdeathsig(Signal::SIGTERM).expect("a valid signal");
    if needs == Root && !is_above_the_permission_bits() {
        fall_away("uid 0 has no power over segments here (a user namespace, or no CAP_IPC_OWNER)");
    }
    if needs == Ipcns
        && let Err(error) = kernel::isolate()
    {
        fall_away(format!("no private namespace: {error}"));
    }
}

/// Gives up root for good, groups and capabilities with it.
fn become_nobody() -> nix::Result<()> {
    let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    setgroups(&[])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    // A process that changed its user keeps /proc/PID to root alone, unless it says that it has no secrets.
    set_dumpable(true)
}

/// Root is not what the uid says: a container may withhold `CAP_IPC_OWNER`, and a user namespace all power over
/// the IPC namespace around it. A segment that permits nothing finds out.
fn is_above_the_permission_bits() -> bool {
    let mut process = Linux::new();
    let make = Call::Shmget { key: Key::PRIVATE, size: 1, flags: ShmgetFlags::empty(), mode: Mode::empty() };
    let Ok(Ok(Answer::Id(shmid))) = process.perform(&make) else { panic!("{make} makes a segment") };
    let outcome = process.perform(&Call::Shmctl { shmid, cmd: Cmd::IpcStat });
    !matches!(outcome, Ok(Err(Errno::EACCES)))
}
