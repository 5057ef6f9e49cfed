//! Wrong rules of semaphores: who may, who waits, who goes on, what is undone.

use playground_core::Errno;
use playground_core::call::{Answer, Call, SemCmd};
use playground_core::machine::{Action, HIGHEST, Reply};

use super::{Rules, done, returns};

/// See the [module](self).
pub const MUTANTS: &[Rules] = &[
    Rules::deciding("semget wants a number of semaphores for a set that is there", |it| match it.call() {
        Some(Call::Semget { key, nsems: 0, .. }) if it.namespace().sets.with_key(*key).is_some() => {
            returns(Errno::EINVAL)
        }
        _ => it.reply,
    }),
    Rules::deciding("semop looks at permission before the semaphore's number", |it| match it.call() {
        Some(Call::Semop { semid, .. }) if it.failed(Errno::EFBIG) => {
            let set = it.namespace().sets.find(semid.0);
            let refused =
                set.is_ok_and(|set| set.permissions.grant(&it.process().credentials, 0o222).is_err());
            if refused { returns(Errno::EACCES) } else { it.reply }
        }
        _ => it.reply,
    }),
    Rules::deciding("waiting for a zero takes permission to write", |it| match it.call() {
        Some(Call::Semop { semid, ops })
            if ops.iter().all(|op| op.change == 0) && it.reply != returns(Errno::EFBIG) =>
        {
            let set = it.namespace().sets.find(semid.0);
            let refused =
                set.is_ok_and(|set| set.permissions.grant(&it.process().credentials, 0o222).is_err());
            if refused && !ops.is_empty() { returns(Errno::EACCES) } else { it.reply }
        }
        _ => it.reply,
    }),
    Rules::deciding("IPC_NOWAIT waits", |it| match it.call() {
        Some(Call::Semop { .. }) if it.failed(Errno::EAGAIN) => Reply::Waits,
        _ => it.reply,
    }),
    Rules::deciding("a value may be as high as 65535", |it| match it.call() {
        Some(Call::Semctl { cmd: SemCmd::SetVal(32768), .. }) if it.failed(Errno::ERANGE) => done(),
        _ => it.reply,
    }),
    Rules::deciding("SETVAL looks at the id before the value", |it| match it.call() {
        Some(Call::Semctl { semid, semnum, .. }) if it.failed(Errno::ERANGE) => {
            match it.on_call(Call::Semctl { semid: *semid, semnum: *semnum, cmd: SemCmd::SetVal(0) }) {
                Reply::Returns(Err(errno)) => returns(errno),
                _ => it.reply,
            }
        }
        _ => it.reply,
    }),
    Rules::deciding("GETVAL looks at the semaphore's number before permission", |it| match it.call() {
        Some(Call::Semctl { semid, semnum, cmd: SemCmd::GetVal | SemCmd::GetPid })
            if it.failed(Errno::EACCES) =>
        {
            let nsems = it.namespace().sets.find(semid.0).map_or(0, |set| set.semaphores.len());
            if (0..nsems as i32).contains(semnum) { it.reply } else { returns(Errno::EINVAL) }
        }
        _ => it.reply,
    }),
    Rules::deciding("everybody may remove a set", |it| match it.call() {
        Some(Call::Semctl { cmd: SemCmd::IpcRmid, .. }) if it.failed(Errno::EPERM) => done(),
        _ => it.reply,
    }),
    Rules::deciding("a list of operations may be empty", |it| match it.call() {
        Some(Call::Semop { ops, .. }) if ops.is_empty() => done(),
        _ => it.reply,
    }),
    Rules::changing("who waits last goes on first", |it| {
        if *it.reply == Reply::Waits {
            it.each_set(|before, after| {
                if after.waiters.len() > before.waiters.len() {
                    after.waiters.rotate_right(1);
                }
            });
        }
    }),
    Rules::changing("who waits is counted for its first operation", |it| {
        it.each_set(|_, after| after.waiters.iter_mut().for_each(|waiter| waiter.blocked_at = 0))
    }),
    Rules::changing("semop moves no time", |it| it.each_set(|before, after| after.otime = before.otime)),
    Rules::changing("semctl moves no time", |it| it.each_set(|before, after| after.ctime = before.ctime)),
    Rules::changing("looking at a semaphore leaves no pid", |it| {
        if let Some(Call::Semop { ops, .. }) = it.call()
            && ops.iter().all(|op| op.change == 0)
        {
            it.each_set(|before, after| after.semaphores.clone_from(&before.semaphores));
        }
    }),
    Rules::changing("SETVAL leaves no pid", |it| {
        if let Some(Call::Semctl { cmd: SemCmd::SetVal(_), .. }) = it.call() {
            it.each_set(|before, after| {
                for (old, new) in before.semaphores.iter().zip(&mut after.semaphores) {
                    new.pid = old.pid;
                }
            });
        }
    }),
    Rules::changing("SETVAL forgets no promise to undo", |it| {
        if let Some(Call::Semctl { cmd: SemCmd::SetVal(_), .. }) = it.call() {
            it.each_set(|before, after| after.undo.clone_from(&before.undo));
        }
    }),
    Rules::changing("nothing is undone at the end of a process", |it| {
        if !it.after.processes.contains_key(&it.pid) {
            it.each_set(|before, after| after.semaphores.clone_from(&before.semaphores));
        }
    }),
    Rules::changing("undoing goes below 0", |it| {
        let pid = it.pid;
        if !it.after.processes.contains_key(&pid) {
            it.each_set(|before, after| {
                let promised = before.undo.get(&pid).into_iter().flatten();
                for ((old, new), promise) in before.semaphores.iter().zip(&mut after.semaphores).zip(promised)
                {
                    if old.value + promise < 0 {
                        new.value = old.value + promise;
                    }
                }
            });
        }
    }),
    Rules::changing("undoing goes above the highest value", |it| {
        let pid = it.pid;
        if !it.after.processes.contains_key(&pid) {
            it.each_set(|before, after| {
                let promised = before.undo.get(&pid).into_iter().flatten();
                for ((old, new), promise) in before.semaphores.iter().zip(&mut after.semaphores).zip(promised)
                {
                    if old.value + promise > HIGHEST {
                        new.value = old.value + promise;
                    }
                }
            });
        }
    }),
    Rules::changing("a child inherits promises to undo", |it| {
        let pid = it.pid;
        if let Action::Fork { child } = it.action {
            it.each_set(|before, after| {
                if let Some(promised) = before.undo.get(&pid) {
                    after.undo.insert(*child, promised.clone());
                }
            });
        }
    }),
    Rules::changing("a failed semop makes no list for undoing", |it| {
        if let (Some(Call::Semop { .. }), false) = (it.call(), it.succeeded()) {
            it.each_set(|before, after| after.undo.clone_from(&before.undo));
        }
    }),
    Rules::changing("unshare undoes nothing", |it| {
        if *it.action == Action::Unshare {
            it.each_set(|before, after| after.semaphores.clone_from(&before.semaphores));
        }
    }),
    Rules::changing("IPC_RMID answers EINVAL to those who wait", |it| {
        for woken in it.woken.iter_mut().filter(|woken| woken.outcome == Err(Errno::EIDRM)) {
            woken.outcome = Err(Errno::EINVAL);
        }
    }),
    Rules::changing("a killed process stays in the queue", |it| {
        if let Action::Kill { signal: 9, .. } = it.action {
            it.each_set(|before, after| after.waiters.clone_from(&before.waiters));
        }
    }),
    Rules::changing("a set's semaphores count for the limit after it is gone", |it| {
        let used = it.before.processes.get(&it.pid).map(|process| process.namespace);
        let used = used.and_then(|number| it.before.namespaces.get(&number)).map_or(0, |n| n.used_sems);
        if let (Some(Call::Semctl { cmd: SemCmd::IpcRmid, .. }), Some(namespace)) =
            (it.call(), it.namespace_after())
        {
            namespace.used_sems = used;
        }
    }),
    Rules::deciding("GETALL tells values as they were set, not as they are", |it| {
        match (it.call(), &it.reply) {
            (Some(Call::Semctl { cmd: SemCmd::GetAll, .. }), Reply::Returns(Ok(Answer::Values(values)))) => {
                Reply::Returns(Ok(Answer::Values(
                    values.iter().map(|value| value.min(&1)).copied().collect(),
                )))
            }
            _ => it.reply,
        }
    }),
];
