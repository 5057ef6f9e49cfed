//! What calls, forks and ends make of the model.

use super::*;
use crate::call::ShmgetFlags;
use playground_core::Mode;

const HERE: Namespace = 1;

fn made(pid: i32, call: Call, answer: Answer) -> CompletedCall {
    let performed = Performed { pid, call, outcome: Ok(answer) };
    CompletedCall { performed, tid: pid, created: true, elsewhere: false, filtered: false, reason: None }
}

fn beginning(pid: i32, parent: Option<i32>, how: How) -> ProcessStart {
    ProcessStart { pid, tid: pid, parent, how }
}

/// Process 1 has a segment of 100 bytes attached at 0x5000000.
fn attached() -> State {
    let mut state = State::default();
    state.begin(&beginning(1, None, How::First));
    let flags = ShmgetFlags::IPC_CREAT;
    let get = Call::Shmget { key: Key(7), size: 100, flags, mode: Mode::empty() };
    state.apply(&made(1, get, Answer::Id(Shmid(5))), HERE, 4096);
    let at = Call::Shmat { shmid: Shmid(5), address: Address::NULL, flags: ShmatFlags::empty() };
    state.apply(&made(1, at, Answer::Mapped(Address(0x5000000))), HERE, 4096);
    state
}

#[test]
fn a_copy_inherits_and_another_program_does_not() {
    let mut state = attached();
    state.begin(&beginning(2, Some(1), How::Copy));
    assert_eq!(state.attached(2).count(), 1);
    state.exec(2);
    assert_eq!((state.attached(2).count(), state.attached(1).count()), (0, 1));
}

#[test]
fn a_vfork_borrows_and_leaves_its_parents_memory_as_it_is() {
    let mut state = attached();
    state.begin(&beginning(2, Some(1), How::Shared));
    assert!(!state.is_alone(2));
    state.exec(2);
    assert!(state.is_alone(1) && state.attached(1).count() == 1);
}

#[test]
fn what_was_detached_is_remembered_by_whole_pages() {
    let mut state = attached();
    state.apply(&made(1, Call::Shmdt { address: Address(0x5000000) }, Answer::Done), HERE, 4096);
    let space = state.space(1).unwrap();
    assert!(space.detached_around(Address(0x5000fff)).is_some());
    assert!(space.detached_around(Address(0x5001000)).is_none());
    assert!(space.attached_around(Address(0x5000000)).is_none());
}

#[test]
fn what_munmap_took_away_is_found_out_from_the_maps() {
    let mut state = attached();
    state.confirm(1, &[]);
    assert_eq!(state.attached(1).count(), 0);
}
