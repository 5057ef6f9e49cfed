//! Wrong rules of memory and of processes: where a segment is mapped, what counts, what a page costs.

use std::sync::Arc;

use playground_core::Errno;
use playground_core::call::{Address, Answer, Call, ShmatFlags};
use playground_core::machine::{Action, Reply, Target};

use super::{Rules, done, returns};

const PAGE: u64 = 4096;

/// See the [module](self).
pub const MUTANTS: &[Rules] = &[
    Rules::deciding("shmat(NULL) leaves a page free", |it| match (it.call(), &it.reply) {
        (Some(Call::Shmat { address: Address::NULL, .. }), Reply::Returns(Ok(Answer::Mapped(at)))) => {
            Reply::Returns(Ok(Answer::Mapped(Address(at.0 - PAGE))))
        }
        _ => it.reply,
    }),
    Rules::deciding("SHM_RND rounds up", |it| match (it.call(), &it.reply) {
        (Some(Call::Shmat { address, .. }), Reply::Returns(Ok(Answer::Mapped(at))))
            if address.0 % PAGE != 0 =>
        {
            Reply::Returns(Ok(Answer::Mapped(Address(at.0 + PAGE))))
        }
        _ => it.reply,
    }),
    Rules::deciding("an address need not be a page's", |it| match it.call() {
        Some(Call::Shmat { shmid, address, flags }) if it.failed(Errno::EINVAL) && address.0 % PAGE != 0 => {
            it.on_call(Call::Shmat { shmid: *shmid, address: *address, flags: *flags | ShmatFlags::SHM_RND })
        }
        _ => it.reply,
    }),
    Rules::deciding("SHM_REMAP needs no address", |it| match it.call() {
        Some(Call::Shmat { shmid, address: Address::NULL, flags }) if it.failed(Errno::EINVAL) => {
            let flags = *flags - ShmatFlags::SHM_REMAP;
            it.on_call(Call::Shmat { shmid: *shmid, address: Address::NULL, flags })
        }
        _ => it.reply,
    }),
    Rules::deciding("the id is looked at before the address", |it| match it.call() {
        Some(Call::Shmat { shmid, flags, .. }) if it.failed(Errno::EINVAL) => {
            let refused = it.on_call(Call::Shmat {
                shmid: *shmid,
                address: Address::NULL,
                flags: *flags - ShmatFlags::SHM_REMAP,
            });
            if refused == returns(Errno::EACCES) { refused } else { it.reply }
        }
        _ => it.reply,
    }),
    Rules::deciding("shmdt wants the first page to be there", |it| match it.call() {
        Some(Call::Shmdt { address }) if it.reply == done() => {
            let space = &it.machine.spaces[&it.process().space];
            let starts = space.mappings.get(&address.0).is_some_and(|mapping| mapping.view().is_some());
            if starts { it.reply } else { returns(Errno::EINVAL) }
        }
        _ => it.reply,
    }),
    Rules::deciding("shmdt finds an attachment by any of its pages", |it| match it.call() {
        Some(Call::Shmdt { address }) if it.failed(Errno::EINVAL) && address.0 % PAGE == 0 => {
            let space = &it.machine.spaces[&it.process().space];
            let inside = space.at(address.0).is_some_and(|mapping| mapping.view().is_some());
            if inside { done() } else { it.reply }
        }
        _ => it.reply,
    }),
    Rules::deciding("RLIMIT_AS is no limit for shmat", |it| match it.call() {
        Some(Call::Shmat { .. }) if it.failed(Errno::ENOMEM) => it.in_world(|machine| {
            machine.processes.get_mut(&it.pid).map(Arc::make_mut).expect("a process").address_space = None;
        }),
        _ => it.reply,
    }),
    Rules::deciding("munmap wants something to be mapped", |it| match it.action {
        Action::Munmap { address, length } if it.reply == done() => {
            let space = &it.machine.spaces[&it.process().space];
            if space.meets(address.0, address.0 + length) { it.reply } else { returns(Errno::EINVAL) }
        }
        _ => it.reply,
    }),
    Rules::deciding("mprotect may allow what SHM_RDONLY forbade", |it| match it.action {
        Action::Mprotect { .. } if it.failed(Errno::EACCES) => done(),
        _ => it.reply,
    }),
    Rules::changing("shmdt takes the first piece only", |it| {
        if let (Some(Call::Shmdt { address }), true) = (it.call(), it.succeeded()) {
            let space = &it.before.spaces[&it.before.processes[&it.pid].space];
            let first = space.mappings.range(address.0..).map(|(_, m)| *m).find(|mapping| {
                mapping.view().is_some_and(|view| view.offset == (mapping.start - address.0) / PAGE)
            });
            if let Some(first) = first {
                it.instead(&Action::Munmap { address: Address(first.start), length: first.length() });
            }
        }
    }),
    Rules::changing("shm_nattch counts attachments, not pieces", |it| {
        if let Action::Munmap { .. } | Action::Mprotect { .. } = it.action {
            it.each_segment(|before, after| after.attached = after.attached.min(before.attached));
        }
    }),
    Rules::changing("what SHM_REMAP replaces still counts", |it| {
        if let Some(Call::Shmat { .. }) = it.call() {
            it.each_segment(|before, after| after.attached = after.attached.max(before.attached));
        }
    }),
    Rules::changing("fork counts no attachment", |it| {
        if let Action::Fork { .. } = it.action {
            it.each_segment(|before, after| after.attached = before.attached);
        }
    }),
    Rules::changing("fork is the child's operation", |it| {
        if let Action::Fork { child } = it.action {
            it.each_segment(|before, after| {
                if after.attached > before.attached {
                    after.lpid = *child;
                }
            });
        }
    }),
    Rules::changing("fork moves no time", |it| {
        if let Action::Fork { .. } = it.action {
            it.each_segment(|before, after| after.atime = before.atime);
        }
    }),
    Rules::changing("the child knows the way to its parent's pages", |it| {
        if let (Action::Fork { child }, Some(parent)) = (it.action, it.before.processes.get(&it.pid)) {
            let present = it.before.spaces[&parent.space].present.clone();
            let number = it.after.processes[child].space;
            it.after.spaces.get_mut(&number).map(Arc::make_mut).expect("its memory").present = present;
        }
    }),
    Rules::changing("the end of a process moves no time", |it| {
        if !it.after.processes.contains_key(&it.pid) {
            it.each_segment(|before, after| after.dtime = before.dtime);
        }
    }),
    Rules::changing("the end of a process is nobody's operation", |it| {
        if !it.after.processes.contains_key(&it.pid) {
            it.each_segment(|before, after| after.lpid = before.lpid);
        }
    }),
    Rules::changing("shmat moves shm_dtime", |it| {
        if let (Some(Call::Shmat { shmid, .. }), true) = (it.call(), it.succeeded()) {
            it.each_segment(|_, after| {
                if after.permissions.id == shmid.0 {
                    after.dtime = after.atime;
                }
            });
        }
    }),
    Rules::changing("reading makes no page", |it| {
        if let Action::Load { .. } = it.action {
            it.each_segment(|before, after| after.pages.clone_from(&before.pages));
        }
    }),
    Rules::changing("each access is a page fault", |it| {
        if let (Action::Load { .. } | Action::Store { .. }, Some(process)) = (it.action, it.process_after()) {
            process.faults += 1;
        }
    }),
    Rules::changing("SHM_REMAP forgets no page's way", |it| {
        let space = it.before.processes.get(&it.pid).map(|process| process.space);
        if let (Some(Call::Shmat { .. }), Some(number)) = (it.call(), space) {
            let present = it.before.spaces[&number].present.clone();
            it.after.spaces.get_mut(&number).map(Arc::make_mut).expect("its memory").present = present;
        }
    }),
    Rules::changing("what is stored is gone with the last attachment", |it| {
        it.each_segment(|before, after| {
            if before.attached > 0 && after.attached == 0 {
                after.pages.clear();
            }
        })
    }),
    Rules::changing("munmap cuts the segment off, too", |it| {
        let space = it.before.processes.get(&it.pid).map(|process| process.space);
        if let (Action::Munmap { address, length }, Some(number), true) = (it.action, space, it.succeeded()) {
            let end = address.0 + length.next_multiple_of(PAGE);
            let space = it.after.spaces.get_mut(&number).map(Arc::make_mut).expect("its memory");
            // The piece above a gap shows the segment from its beginning.
            if let Some(mapping) = space.mappings.get_mut(&end)
                && let Target::Segment(view) = &mut mapping.target
            {
                view.offset = 0;
            }
        }
    }),
    Rules::deciding("mremap moves without MREMAP_MAYMOVE", |it| match it.action {
        Action::Mremap { address, old_length, new_length, .. } if it.failed(Errno::ENOMEM) => {
            let (address, old_length, new_length) = (*address, *old_length, *new_length);
            it.machine.decide(it.pid, &Action::Mremap { address, old_length, new_length, may_move: true })
        }
        _ => it.reply,
    }),
    Rules::deciding("what shrinks must lie in one mapping", |it| match it.action {
        Action::Mremap { address, old_length, .. } if !it.failed(Errno::EINVAL) => {
            let space = &it.machine.spaces[&it.process().space];
            let mapping = space.at(address.0);
            let inside =
                mapping.is_some_and(|mapping| old_length.div_ceil(PAGE) * PAGE <= mapping.end - address.0);
            if inside { it.reply } else { returns(Errno::EFAULT) }
        }
        _ => it.reply,
    }),
    Rules::changing("what mremap makes longer counts once more", |it| {
        if let (
            Action::Mremap { address, old_length, new_length, .. },
            Reply::Returns(Ok(Answer::Mapped(to))),
        ) = (it.action, it.reply)
            && to == address
            && new_length > old_length
        {
            it.each_segment(|_, after| after.attached += u64::from(after.attached > 0));
        }
    }),
    Rules::changing("what mremap moves is left behind, too", |it| {
        if let (Action::Mremap { address, new_length, may_move, .. }, Reply::Returns(Ok(Answer::Mapped(to)))) =
            (it.action, it.reply)
            && to != address
        {
            let (address, new_length, may_move) = (*address, *new_length, *may_move);
            it.instead_with(&Action::Mremap { address, old_length: 0, new_length, may_move }, it.reply);
        }
    }),
    Rules::changing("what mremap moves costs its page faults again", |it| {
        if let (Action::Mremap { .. }, true) = (it.action, it.succeeded()) {
            let number = it.before.processes[&it.pid].space;
            let before = it.before.spaces[&number].present.clone();
            let space = it.after.spaces.get_mut(&number).map(Arc::make_mut).expect("its memory");
            Arc::make_mut(&mut space.present).retain(|page| before.contains(page));
        }
    }),
    Rules::changing("a mapping that mremap moves moves no time", |it| {
        if let (Action::Mremap { address, .. }, Reply::Returns(Ok(Answer::Mapped(to)))) =
            (it.action, it.reply)
            && to != address
        {
            it.each_segment(|before, after| after.atime = before.atime);
        }
    }),
];
