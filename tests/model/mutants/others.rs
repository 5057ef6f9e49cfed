//! Wrong rules of who may do what to whom, of limits on semaphores, and of what older kernels do otherwise.

use std::sync::Arc;

use playground_core::Errno;
use playground_core::call::{Answer, Call, Key, SemCmd};
use playground_core::machine::{Action, Limits, Reply, State};

use super::{Rules, done, limits_of, returns};

/// See the [module](self).
pub const MUTANTS: &[Rules] = &[
    Rules::deciding("everybody may send a signal to everybody", |it| match it.action {
        Action::Kill { .. } if it.failed(Errno::EPERM) => done(),
        _ => it.reply,
    }),
    Rules::deciding("there is no signal 65 to be refused", |it| match it.action {
        Action::Kill { signal: 65, .. } if it.failed(Errno::EINVAL) => done(),
        _ => it.reply,
    }),
    Rules::deciding("a new IPC namespace takes no capability", |it| match it.action {
        Action::Unshare if it.failed(Errno::EPERM) => done(),
        _ => it.reply,
    }),
    Rules::deciding("mprotect passes over a hole", |it| match it.action {
        Action::Mprotect { .. } if it.failed(Errno::ENOMEM) => done(),
        _ => it.reply,
    }),
    Rules::changing("a piece never joins its neighbour again", |it| {
        if matches!(it.action, Action::Mprotect { .. }) {
            it.on_host(|host| host.pieces_stay_apart = true);
        }
    }),
    Rules::changing("a mapping that RLIMIT_AS forbids cuts nothing", |it| {
        it.on_host(|host| host.limit_goes_before_cuts = true);
    }),
    Rules::deciding("semop looks at the id before the number of operations", |it| match it.call() {
        Some(Call::Semop { semid, .. } | Call::Semtimedop { semid, .. })
            if it.failed(Errno::E2BIG) && semid.0 < 0 =>
        {
            returns(Errno::EINVAL)
        }
        _ => it.reply,
    }),
    Rules::deciding("SETALL takes any value", |it| match it.call() {
        Some(Call::Semctl { cmd: SemCmd::SetAll(_), .. }) if it.failed(Errno::ERANGE) => done(),
        _ => it.reply,
    }),
    Rules::deciding("semmni knows no limit", |it| {
        it.in_world(|world| limits_of(world, |limits| limits.semmni = 32000))
    }),
    Rules::deciding("semmns knows no limit", |it| {
        it.in_world(|world| limits_of(world, |limits| limits.semmns = i32::MAX))
    }),
    Rules::deciding("semopm knows no limit", |it| {
        it.in_world(|world| limits_of(world, |limits| limits.semopm = i32::MAX))
    }),
    Rules::deciding("ftok keeps more of the inode", |it| match (it.call(), &it.reply) {
        (Some(Call::Ftok { path, .. }), Reply::Returns(Ok(Answer::Key(key)))) => {
            let inode = it.machine.files[&*path.to_string_lossy()].1;
            Reply::Returns(Ok(Answer::Key(Key(key.0 | inode as i32 & !0xffff))))
        }
        _ => it.reply,
    }),
    Rules::deciding("ftok of the same file is the same key", |it| match it.call() {
        Some(Call::Ftok { path, .. }) => it.on_call(Call::Ftok { path: path.clone(), project: 1 }),
        _ => it.reply,
    }),
    Rules::changing("vfork counts attachments, as fork does", |it| {
        if let Action::Vfork { child } = it.action {
            it.instead(&Action::Fork { child: *child });
        }
    }),
    Rules::changing("a child of vfork pays for each page anew", |it| {
        if let Action::Vfork { child } = it.action {
            let number = it.after.processes[child].space;
            let space = it.after.spaces.get_mut(&number).map(Arc::make_mut).expect("its memory");
            space.present = Arc::default();
        }
    }),
    Rules::changing("a store to a page that was only read takes a fault", |it| {
        it.on_host(|host| host.first_store_faults = true);
    }),
    Rules::changing("exec keeps what is attached", |it| {
        if matches!(it.action, Action::Exec { .. }) {
            *it.after = it.before.clone();
        }
    }),
    Rules::changing("who timed out stays in the queue", |it| {
        let timed_out = matches!(it.call(), Some(Call::Semtimedop { .. })) && !it.succeeded();
        if timed_out && it.before.decide(it.pid, it.action) == Reply::Waits {
            it.instead_with(it.action, &Reply::Waits);
            it.process_after().expect("it has not ended").state = State::Running;
        }
    }),
    Rules::deciding("semmsl knows no limit", |it| it.in_world(|world| limits_of(world, any_set))),
];

fn any_set(limits: &mut Limits) {
    limits.semmsl = i32::MAX;
}
