//! The child's side: it does what it is told, until it is told to exit.
//!
//! **Invariant:** a child that loses its parent ends, and takes what it made along.

use std::ffi::CString;
use std::io::BufReader;
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{Pid, execvp};

use super::line::{Reply, Request, receive, send};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::kernel::{Done, Linux, Operation, Process, cleanup, dies_with};

/// The child's life: a request, an answer, until it is told to exit or its parent is gone.
pub(in crate::kernel) fn serve(process: &mut Linux, line: UnixStream, parent: Pid) -> i32 {
    cleanup::reset();
    // A limit of 1 keeps a core dump from files and from handlers such as apport alike (core(5)).
    let _ = setrlimit(Resource::RLIMIT_CORE, 1, 1);
    if !dies_with(parent) {
        return 1;
    }
    let mut line = BufReader::new(line);
    while let Ok(request) = receive(&mut line, &mut Vec::new()) {
        let Some(reply) = act(process.nothing_to_lose(), request) else {
            // Told to exit: as any process does, without a thought for its segments.
            return 0;
        };
        // A change of user makes the kernel forget the parent-death signal (prctl(2)).
        if !dies_with(parent) {
            break;
        }
        if send(line.get_mut(), &reply).is_err() {
            break;
        }
    }
    cleanup::remove_all();
    1
}

fn act(process: &mut Linux, request: Request) -> Option<Reply> {
    let reply = match request {
        Request::Perform(call) => process.perform(&call).map(|outcome| match outcome {
            Ok(answer) => Reply::Answered(answer),
            Err(errno) => Reply::Errno(errno.raw()),
        }),
        Request::Load { address, length } => {
            let mut buffer = vec![0; length];
            process.load(address, &mut buffer).map(|faults| Reply::Loaded(buffer, faults))
        }
        Request::Store { address, bytes } => process.store(address, &bytes).map(Reply::Stored),
        Request::Word { address, change } => process.word(address, change).map(Reply::Word),
        Request::Step { counter, step } => process.step(counter, step).map(Reply::Word),
        Request::Do(operation) => done(process, operation),
        Request::Show { path } => std::fs::read_to_string(&path)
            .map(Reply::Shown)
            .map_err(|error| Error::environment(path.display().to_string(), error, "")),
        Request::Adjust(adjustment) => process.adjust(&adjustment).map(|()| Reply::Done),
        Request::Exec { program, arguments } => Ok(Reply::Errno(replace(program, arguments) as i32)),
        Request::Exit => return None,
    };
    Some(reply.unwrap_or_else(|error| match error {
        Error::Environment { asked, answer, advice } => Reply::Failed([asked, answer, advice]),
        other => {
            Reply::Failed([other.to_string(), "it cannot".to_owned(), "Run the lesson again.".to_owned()])
        }
    }))
}

fn done(process: &mut Linux, operation: Operation) -> Result<Reply> {
    let done = match operation {
        Operation::Semop(semid, ops) => Done::Answered(process.perform(&Call::Semop { semid, ops })?),
        Operation::Count { counter, gate, times, how } => process.count([counter, gate], times, how)?,
        Operation::Lock(word) => process.lock(word)?,
        Operation::Unlock(word) => process.unlock(word)?,
    };
    Ok(match done {
        Done::Answered(Ok(answer)) => Reply::Answered(answer),
        Done::Answered(Err(errno)) => Reply::Errno(errno.raw()),
        Done::Counted(tally) => Reply::Counted(tally),
        Done::Locked { orphaned } => Reply::Locked { orphaned },
        Done::Unlocked => Reply::Done,
    })
}

/// `execvp`, which returns only if it fails.
fn replace(program: String, arguments: Vec<String>) -> Errno {
    let words = std::iter::once(program).chain(arguments);
    let Ok(words) = words.map(CString::new).collect::<std::result::Result<Vec<_>, _>>() else {
        return Errno::EINVAL;
    };
    match execvp(&words[0], &words) {
        Err(errno) => errno,
    }
}
