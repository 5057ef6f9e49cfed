//! Wrong rules of segments: ids, permission, records, the end.

use std::sync::Arc;

use playground_core::Errno;
use playground_core::call::{Answer, Call, Cmd, ShmatFlags, ShmgetFlags, Shmid, ShmidDs};
use playground_core::machine::{Action, Capabilities, Machine, PLACES, Reply, Setting};

use super::{Decision, Rules, done, returns, segments_of};

/// See the [module](self).
pub const MUTANTS: &[Rules] = &[
    Rules::deciding("shmget looks at the size before IPC_EXCL", |it| match it.call() {
        Some(Call::Shmget { key, size, .. }) if it.failed(Errno::EEXIST) => {
            let existing = it.namespace().segments.with_key(*key);
            if existing.is_some_and(|segment| segment.size < *size) {
                returns(Errno::EINVAL)
            } else {
                it.reply
            }
        }
        _ => it.reply,
    }),
    Rules::deciding("shmget looks at permission before the size", |it| match it.call() {
        Some(Call::Shmget { key, mode, .. }) if it.failed(Errno::EINVAL) => {
            let existing = it.namespace().segments.with_key(*key);
            let refused = existing
                .is_some_and(|s| s.permissions.grant(&it.process().credentials, mode.bits()).is_err());
            if refused { returns(Errno::EACCES) } else { it.reply }
        }
        _ => it.reply,
    }),
    Rules::deciding("IPC_EXCL means something without IPC_CREAT", |it| match it.call() {
        Some(Call::Shmget { key, flags, .. }) if *flags == ShmgetFlags::IPC_EXCL => {
            let existing = it.namespace().segments.with_key(*key).is_some();
            if existing { returns(Errno::EEXIST) } else { it.reply }
        }
        _ => it.reply,
    }),
    Rules::deciding("a segment of 0 bytes can be made", |it| match it.call() {
        Some(Call::Shmget { key, size: 0, flags, mode }) if it.failed(Errno::EINVAL) => {
            it.on_call(Call::Shmget { key: *key, size: 1, flags: *flags, mode: *mode })
        }
        _ => it.reply,
    }),
    Rules::deciding("a segment larger than memory can be made without SHM_NORESERVE", |it| match it.call() {
        Some(Call::Shmget { key, size, flags, mode }) if it.failed(Errno::ENOMEM) => {
            let flags = *flags | ShmgetFlags::SHM_NORESERVE;
            it.on_call(Call::Shmget { key: *key, size: *size, flags, mode: *mode })
        }
        _ => it.reply,
    }),
    Rules::deciding("the sequence number of ids never grows", |it| {
        with_id(it, |id, machine| machine.namespaces[&0].segments.sequence * PLACES + id % PLACES)
    }),
    Rules::deciding("the lowest free place is dealt", |it| {
        with_id(it, |id, machine| {
            let segments = &machine.namespaces[&0].segments;
            let place = (0..PLACES).find(|place| segments.at(*place).is_err()).unwrap_or(0);
            id - id % PLACES + place
        })
    }),
    Rules::deciding("everybody may remove a segment", |it| match it.call() {
        Some(Call::Shmctl { cmd: Cmd::IpcRmid, .. }) if it.failed(Errno::EPERM) => done(),
        _ => it.reply,
    }),
    Rules::deciding("IPC_SET is for the owner, not for the creator", |it| match it.call() {
        Some(Call::Shmctl { cmd: Cmd::IpcSet(_), .. }) => {
            it.in_world(|machine| segments_of(machine, |segment| segment.permissions.cuid = u32::MAX - 1))
        }
        _ => it.reply,
    }),
    Rules::deciding("IPC_STAT asks for no permission", |it| match it.call() {
        Some(Call::Shmctl { shmid, cmd: Cmd::IpcStat }) if it.failed(Errno::EACCES) => {
            it.on_call(Call::Shmctl { shmid: *shmid, cmd: Cmd::ShmStatAny })
        }
        _ => it.reply,
    }),
    Rules::deciding("SHM_STAT_ANY asks for permission", |it| match it.call() {
        Some(Call::Shmctl { shmid, cmd: Cmd::ShmStatAny }) => {
            it.on_call(Call::Shmctl { shmid: *shmid, cmd: Cmd::ShmStat })
        }
        _ => it.reply,
    }),
    Rules::deciding("SHM_STAT takes an id and looks at its sequence number", |it| match it.call() {
        Some(Call::Shmctl { shmid, cmd: Cmd::ShmStat | Cmd::ShmStatAny }) => {
            if it.namespace().segments.find(shmid.0).is_ok() { it.reply } else { returns(Errno::EINVAL) }
        }
        _ => it.reply,
    }),
    Rules::deciding("an old id finds what has its place now", |it| match it.call() {
        Some(Call::Shmctl { shmid, cmd: cmd @ Cmd::IpcStat }) if it.failed(Errno::EINVAL) => {
            let there = it.namespace().segments.at(shmid.0).map(|segment| segment.permissions.id);
            there.map_or(it.reply.clone(), |id| it.on_call(Call::Shmctl { shmid: Shmid(id), cmd: *cmd }))
        }
        _ => it.reply,
    }),
    Rules::deciding("the creator has no owner's permission", |it| {
        it.in_world(|machine| segments_of(machine, |segment| segment.permissions.cuid = u32::MAX - 1))
    }),
    Rules::deciding("a group that is not the process's first does not count", |it| {
        it.in_world(|machine| change_process(machine, it.pid, |process| process.credentials.groups.clear()))
    }),
    Rules::deciding("an owner has what others have", |it| {
        it.in_world(|machine| {
            segments_of(machine, |s| s.permissions.mode |= (s.permissions.mode & 7) * 0o110)
        })
    }),
    Rules::deciding("the mode counts for root, too", |it| {
        it.in_world(|machine| {
            change_process(machine, it.pid, |process| {
                process.credentials.effective -= Capabilities::IPC_OWNER
            })
        })
    }),
    Rules::deciding("only the owner changes a segment, not root", |it| {
        it.in_world(|machine| {
            change_process(machine, it.pid, |process| {
                process.credentials.effective -= Capabilities::SYS_ADMIN
            })
        })
    }),
    Rules::deciding("SHM_RDONLY asks for permission to write", |it| match it.call() {
        Some(Call::Shmat { shmid, address, flags }) if it.reply != Reply::Returns(Err(Errno::EINVAL)) => it
            .on_call(Call::Shmat {
                shmid: *shmid,
                address: *address,
                flags: *flags - ShmatFlags::SHM_RDONLY,
            }),
        _ => it.reply,
    }),
    Rules::deciding("SHM_EXEC asks for no permission to execute", |it| match it.call() {
        Some(Call::Shmat { shmid, address, flags }) => {
            it.on_call(Call::Shmat { shmid: *shmid, address: *address, flags: *flags - ShmatFlags::SHM_EXEC })
        }
        _ => it.reply,
    }),
    Rules::deciding("SHM_LOCK knows no limit", |it| match it.call() {
        Some(Call::Shmctl { cmd: Cmd::ShmLock, .. }) if it.failed(Errno::ENOMEM) => done(),
        _ => it.reply,
    }),
    Rules::deciding("shmmax is the first size that is too large", |it| match it.call() {
        Some(Call::Shmget { size, .. }) if *size == it.namespace().limits.shmmax => returns(Errno::EINVAL),
        _ => it.reply,
    }),
    Rules::deciding("shmall limits pages of one segment, not of all", |it| match it.call() {
        Some(Call::Shmget { size, .. }) if it.failed(Errno::ENOSPC) => it.in_world(|machine| {
            let _ = size;
            let number = machine.processes[&it.pid].namespace;
            machine.namespaces.get_mut(&number).map(Arc::make_mut).expect("a namespace").shm_tot = 0;
        }),
        _ => it.reply,
    }),
    Rules::deciding("shmmni knows no limit", |it| match it.call() {
        Some(Call::Shmget { .. }) if it.failed(Errno::ENOSPC) => it.in_world(|machine| {
            let number = machine.processes[&it.pid].namespace;
            machine.namespaces.get_mut(&number).map(Arc::make_mut).expect("a namespace").limits.shmmni = 4096;
        }),
        _ => it.reply,
    }),
    Rules::changing("a marked segment keeps its key", |it| {
        it.each_segment(|before, after| after.permissions.key = before.permissions.key)
    }),
    Rules::changing("IPC_RMID only marks what nobody has attached", |it| {
        if let (Some(Call::Shmctl { cmd: Cmd::IpcRmid, shmid }), true) = (it.call(), it.succeeded()) {
            let number = it.before.processes[&it.pid].namespace;
            let old = it.before.namespaces[&number].clone();
            if let Ok(segment) = old.segments.find(shmid.0)
                && segment.attached == 0
            {
                *it.after = it.before.clone();
                it.each_segment(|_, after| {
                    if after.permissions.id == shmid.0 {
                        after.permissions.mode |= ShmidDs::SHM_DEST;
                    }
                });
            }
        }
    }),
    Rules::changing("IPC_SET sets all bits of the mode", |it| {
        if let (Some(Call::Shmctl { cmd: Cmd::IpcSet(new), shmid }), true) = (it.call(), it.succeeded()) {
            it.each_segment(|_, after| {
                if after.permissions.id == shmid.0 {
                    after.permissions.mode |= new.mode.bits() & 0o7000;
                }
            });
        }
    }),
    Rules::changing("IPC_SET moves no time", |it| {
        it.each_segment(|before, after| after.ctime = before.ctime)
    }),
    Rules::changing("IPC_SET changes the creator", |it| {
        it.each_segment(|_, after| {
            (after.permissions.cuid, after.permissions.cgid) = (after.permissions.uid, after.permissions.gid)
        })
    }),
    Rules::changing("SHM_UNLOCK gives nothing back", |it| {
        if let Some(Call::Shmctl { cmd: Cmd::ShmUnlock, .. }) = it.call() {
            it.after.locked.clone_from(&it.before.locked);
        }
    }),
    Rules::changing("what is locked is not marked", |it| {
        it.each_segment(|_, after| after.permissions.mode &= !ShmidDs::SHM_LOCKED)
    }),
    Rules::changing("kernel.shm_rmid_forced takes what has a creator", |it| {
        if let (Action::Sysctl(Setting::ShmRmidForced(1)), true) = (it.action, it.succeeded()) {
            let number = it.before.processes[&it.pid].namespace;
            let idle = it.after.namespaces[&number].segments.iter().filter(|segment| segment.attached == 0);
            let idle: Vec<i32> = idle.map(|segment| segment.permissions.id).collect();
            for id in idle {
                let remove = Action::Call(Call::Shmctl { shmid: Shmid(id), cmd: Cmd::IpcRmid });
                it.after.effect(it.pid, &remove, &done());
            }
        }
    }),
    Rules::changing("a failed shmat leaves a segment that is due", |it| {
        if let (Some(Call::Shmat { .. }), false) = (it.call(), it.succeeded()) {
            *it.after = it.before.clone();
        }
    }),
    Rules::changing("a wish for an id holds for ever", |it| {
        let wanted = it.before.namespaces[&it.before.processes[&it.pid].namespace].segments.wanted;
        if let (Some(Call::Shmget { .. }), Some(namespace)) = (it.call(), it.namespace_after()) {
            namespace.segments.wanted = wanted;
        }
    }),
    Rules::changing("an id that was wished for moves the circle", |it| {
        let wanted = it.before.namespaces[&it.before.processes[&it.pid].namespace].segments.wanted;
        if let (Some(Call::Shmget { .. }), Some(id), true) = (it.call(), wanted, it.succeeded())
            && let Some(namespace) = it.namespace_after()
        {
            namespace.segments.next_place = id % PLACES + 1;
        }
    }),
    Rules::changing("a new segment is attached already", |it| {
        let after = it.after.clone();
        if let (Some(Call::Shmget { .. }), Reply::Returns(Ok(Answer::Id(id)))) = (it.call(), it.reply) {
            let _ = after;
            if let Some(segment) = it.namespace_after().and_then(|n| n.segments.find_mut(id.0))
                && segment.lpid == 0
            {
                segment.lpid = segment.cpid;
            }
        }
    }),
];

fn with_id(it: Decision, wrong: impl FnOnce(i32, &Machine) -> i32) -> Reply {
    match &it.reply {
        Reply::Returns(Ok(Answer::Id(id)))
            if it.namespace().segments.find(id.0).is_err() && it.process().namespace == 0 =>
        {
            Reply::Returns(Ok(Answer::Id(Shmid(wrong(id.0, it.machine)))))
        }
        _ => it.reply,
    }
}

fn change_process(
    machine: &mut Machine,
    pid: i32,
    change: impl FnOnce(&mut playground_core::machine::Process),
) {
    machine.processes.get_mut(&pid).map(Arc::make_mut).map(change);
}
