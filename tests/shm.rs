//! `Segment` and `Attachment`: bounds at both ends, who detaches, who removes, and who must not.
//!
//! Each row runs in a process of its own: a process can be forked only while it has one thread, and the runners of
//! tests have many.

use playground::kernel::{self, Process};
use playground::prelude::*;

use crate::runner::Needs::Any;
use crate::runner::{Group, Row, fall_away, row};
use crate::silent::silent_story;

pub fn group() -> Group {
    Group::new("shm", vec![BOUNDS, DETACHING, REMOVING, CHILDREN], silent_story)
}

/// Not a multiple of the page size, so that there is memory beyond the end; but of every alignment.
const ODD_SIZE: usize = 104;

const BOUNDS: &[Row<Story>] = &[
    row("first-and-last", Any, "the first and the last byte can be read and written", |story| {
        for size in [1, ODD_SIZE, story.page_size()] {
            let segment = segment(story, size);
            let memory = segment.attach().unwrap();
            memory.write(0, b"a").unwrap();
            memory.write(size - 1, b"z").unwrap();
            assert_eq!(memory.read(size - 1, 1).unwrap(), b"z");
            assert_eq!(memory.read(0, size).unwrap().len(), size);
        }
    }),
    row(
        "every-edge",
        Any,
        "an access succeeds if and only if it ends within the segment, without overflow",
        |story| {
            let segment = segment(story, ODD_SIZE);
            let memory = segment.attach().unwrap();
            let edges = [0, 1, ODD_SIZE - 1, ODD_SIZE, ODD_SIZE + 1, 4096, usize::MAX - 1, usize::MAX];
            for (offset, length) in edges.iter().flat_map(|&offset| edges.map(|length| (offset, length))) {
                let fits = offset as u128 + length as u128 <= ODD_SIZE as u128;
                let read = memory.read(offset, length);
                assert_eq!(read.is_ok(), fits, "{length} bytes at {offset}: {read:?}");
                let bytes = vec![0; length.min(2 * ODD_SIZE)];
                let fits = offset as u128 + bytes.len() as u128 <= ODD_SIZE as u128;
                assert_eq!(memory.write(offset, &bytes).is_ok(), fits, "{} bytes to {offset}", bytes.len());
            }
        },
    ),
    row(
        "out-of-bounds",
        Any,
        "an access beyond the end tells what was asked for, and writes nothing",
        |story| {
            let segment = segment(story, ODD_SIZE);
            let memory = segment.attach().unwrap();
            let error = memory.write(ODD_SIZE - 2, b"abcd").unwrap_err();
            assert!(
                matches!(error, Error::OutOfBounds { offset: 102, length: 4, size: ODD_SIZE }),
                "expected OutOfBounds, got {error:?}"
            );
            assert_eq!(memory.read(ODD_SIZE - 2, 2).unwrap(), [0, 0]);
        },
    ),
    row("values", Any, "a value can be set and got at every multiple of its alignment", |story| {
        let segment = segment(story, ODD_SIZE);
        let memory = segment.attach().unwrap();
        for offset in (0..ODD_SIZE).step_by(8) {
            memory.set(offset, offset as u64 | 1 << 63).unwrap();
        }
        for offset in (0..ODD_SIZE).step_by(8) {
            assert_eq!(memory.get::<u64>(offset).unwrap(), offset as u64 | 1 << 63);
        }
        assert!(matches!(memory.get::<u64>(ODD_SIZE), Err(Error::OutOfBounds { .. })));
        assert!(matches!(memory.set(ODD_SIZE - 4, [0u32; 2]), Err(Error::OutOfBounds { .. })));
    }),
    row("elsewhere", Any, "an address that is too high is given up for another one", |story| {
        let segment = segment(story, ODD_SIZE);
        let too_high = Address(0x7fff_ffff_ffff & !(story.page_size() as u64 - 1));
        let memory = segment.attach_preferring(too_high).unwrap();
        assert_ne!(memory.address(), too_high);
    }),
    row("misaligned", Any, "a value cannot be set or got elsewhere", |story| {
        let segment = segment(story, ODD_SIZE);
        let memory = segment.attach().unwrap();
        let is_misaligned = |error: Error| matches!(error, Error::Misaligned { alignment: 8, .. });
        for offset in (1..8).chain([usize::MAX]) {
            assert!(is_misaligned(memory.set(offset, 1u64).unwrap_err()), "set at {offset}");
            assert!(is_misaligned(memory.get::<u64>(offset).unwrap_err()), "get at {offset}");
        }
        memory.set(1, 7u8).unwrap();
        assert_eq!(memory.read(0, 8).unwrap(), [0, 7, 0, 0, 0, 0, 0, 0]);
    }),
    row(
        "words",
        Any,
        "a control word answers with what was there; misaligned or beyond the end it is refused",
        |story| {
            let segment = segment(story, ODD_SIZE);
            let memory = segment.attach().unwrap();
            let last = ODD_SIZE - 4;
            assert_eq!(memory.store_word(last, u32::MAX).unwrap(), 0);
            assert_eq!(memory.add_to_word(last, 2).unwrap(), u32::MAX);
            assert_eq!(memory.load_word(last).unwrap(), 1);
            for offset in [ODD_SIZE, usize::MAX - 3] {
                assert!(matches!(memory.add_to_word(offset, 1), Err(Error::OutOfBounds { .. })), "{offset}");
            }
            for offset in [1, 2, 3, last + 2] {
                assert!(
                    matches!(memory.store_word(offset, 1), Err(Error::Misaligned { alignment: 4, .. })),
                    "{offset}"
                );
            }
        },
    ),
    row(
        "read-only",
        Any,
        "an attachment for reading only refuses to write, and the process lives",
        |story| {
            let segment = segment(story, ODD_SIZE);
            let memory = segment.attach_at(Address::NULL, ShmatFlags::SHM_RDONLY).unwrap();
            assert!(matches!(memory.write(0, b"x"), Err(Error::NotAttached { purpose: "writing", .. })));
            assert_eq!(memory.read(0, 1).unwrap(), [0]);
        },
    ),
    row(
        "remap",
        Any,
        "SHM_REMAP over an attachment of the same size replaces it; over less it is refused",
        |story| {
            let (small, large) = (segment(story, 1), segment(story, 3 * story.page_size()));
            let (here, there) = (small.attach().unwrap(), large.attach().unwrap());
            let refused = large.attach_at(here.address(), ShmatFlags::SHM_REMAP);
            assert!(matches!(refused, Err(Error::Dangerous { .. })));
            let replaced = large.attach_at(there.address(), ShmatFlags::SHM_REMAP).unwrap();
            assert_eq!((replaced.address(), nattch(&large)), (there.address(), 1));
        },
    ),
];

const DETACHING: &[Row<Story>] = &[
    row("detach", Any, "detach returns where it was; the segment and its bytes stay", |story| {
        let segment = segment(story, TEXT.len());
        let memory = segment.attach().unwrap();
        memory.write(0, TEXT).unwrap();
        let address = memory.address();
        assert_eq!(memory.detach().unwrap(), address);
        assert_eq!(nattch(&segment), 0);
        assert_eq!(segment.attach().unwrap().read(0, TEXT.len()).unwrap(), TEXT);
    }),
    row("drop-detaches", Any, "a dropped attachment is detached; the segment and its bytes stay", |story| {
        let segment = segment(story, TEXT.len());
        let memory = segment.attach().unwrap();
        memory.write(0, TEXT).unwrap();
        assert_eq!(nattch(&segment), 1);
        drop(memory);
        assert_eq!(nattch(&segment), 0);
        assert_eq!(segment.attach().unwrap().read(0, TEXT.len()).unwrap(), TEXT);
    }),
    row("detach-order", Any, "of two attachments either may go first; the other goes on", |story| {
        let segment = segment(story, TEXT.len());
        for first_goes_first in [true, false] {
            let (one, other) = (segment.attach().unwrap(), segment.attach().unwrap());
            assert_ne!(one.address(), other.address());
            let (goes, stays) = if first_goes_first { (one, other) } else { (other, one) };
            goes.write(0, TEXT).unwrap();
            goes.detach().unwrap();
            assert_eq!((nattch(&segment), stays.read(0, TEXT.len()).unwrap().as_slice()), (1, TEXT));
            drop(stays);
            assert_eq!(nattch(&segment), 0);
        }
    }),
    row(
        "detached-elsewhere",
        Any,
        "an attachment that is gone already: detach says EINVAL, drop says nothing",
        |story| {
            let segment = segment(story, 1);
            for dropped in [true, false] {
                let memory = segment.attach().unwrap();
                story.perform(Call::Shmdt { address: memory.address() }).unwrap();
                assert!(matches!(memory.read(0, 1), Err(Error::NotAttached { purpose: "reading", .. })));
                if dropped {
                    drop(memory);
                } else {
                    assert_eq!(errno(memory.detach()), Errno::EINVAL);
                }
            }
        },
    ),
];

const REMOVING: &[Row<Story>] = &[
    row("remove", Any, "a removed segment is gone", |story| {
        let segment = segment(story, 1);
        let id = segment.id();
        segment.remove().unwrap();
        assert_eq!(errno(id.stat(story)), Errno::EINVAL);
    }),
    row("drop-removes", Any, "a dropped segment is removed", |story| {
        let segment = segment(story, 1);
        let id = segment.id();
        id.stat(story).unwrap();
        drop(segment);
        assert_eq!(errno(id.stat(story)), Errno::EINVAL);
    }),
    row(
        "removed-elsewhere",
        Any,
        "a segment that is gone already: remove says EINVAL, drop says nothing",
        |story| {
            let (one, other) = (segment(story, 1), segment(story, 1));
            one.id().remove(story).unwrap();
            other.id().remove(story).unwrap();
            assert_eq!(errno(one.remove()), Errno::EINVAL);
            drop(other);
        },
    ),
    row(
        "drop-segment-first",
        Any,
        "a segment dropped while attached is marked, works on, and goes with the last detach",
        |story| {
            let segment = segment(story, TEXT.len());
            let (id, memory) = (segment.id(), segment.attach().unwrap());
            drop(segment);
            assert!(id.stat(story).unwrap().is_marked());
            memory.write(0, TEXT).unwrap();
            assert_eq!(memory.read(0, TEXT.len()).unwrap(), TEXT);
            drop(memory);
            assert_eq!(errno(id.stat(story)), Errno::EINVAL);
        },
    ),
    row("drop-attachment-first", Any, "a segment dropped after its attachment is gone at once", |story| {
        let segment = segment(story, 1);
        let (id, memory) = (segment.id(), segment.attach().unwrap());
        drop(memory);
        drop(segment);
        assert_eq!(errno(id.stat(story)), Errno::EINVAL);
    }),
    row(
        "drop-by-id",
        Any,
        "an attachment made by id alone is dropped without removing the segment",
        |story| {
            let segment = segment(story, 1);
            drop(segment.id().attach(story, 1, ShmatFlags::empty()).unwrap());
            assert_eq!(nattch(&segment), 0);
        },
    ),
];

const CHILDREN: &[Row<Story>] = &[
    row("child-exits", Any, "a child that exits leaves its parent's segment alone", |story| {
        spares_the_parents_segment(story, |child| {
            assert_eq!(child.exit().unwrap(), Ending::Exited(0));
        });
    }),
    row("child-killed", Any, "a child that is killed leaves its parent's segment alone", |story| {
        spares_the_parents_segment(story, |child| {
            assert_eq!(child.kill(Signal::SIGKILL).unwrap(), Ending::Killed(Signal::SIGKILL));
        });
    }),
    row(
        "child-terminated",
        Any,
        "a child whose own net is drawn in by SIGTERM leaves its parent's segment alone",
        |story| {
            spares_the_parents_segment(story, |child| {
                assert_eq!(child.kill(Signal::SIGTERM).unwrap(), Ending::Killed(Signal::SIGTERM));
            });
        },
    ),
    row("child-dropped", Any, "a child whose story is dropped leaves its parent's segment alone", |story| {
        spares_the_parents_segment(story, drop);
    }),
    row("child-dies", Any, "a child that dies of SIGSEGV leaves its parent's segment alone", |story| {
        let segment = segment(story, 1);
        let memory = segment.attach().unwrap();
        let child = story.fork("child").unwrap();
        let its = memory.inherited_by(&child);
        let address = memory.address();
        child.perform(Call::Shmdt { address }).unwrap();
        let died = its.read(0, 1);
        assert!(
            matches!(died, Err(Error::Ended { ending: Ending::Killed(Signal::SIGSEGV), .. })),
            "expected a death of SIGSEGV, got {died:?}"
        );
        drop(its);
        assert_eq!(nattch(&segment), 1);
        assert_eq!(memory.read(0, 1).unwrap(), [0]);
    }),
    row("other-fork", Any, "a fork without a net of its own draws in nobody's", |story| {
        let segment = segment(story, 1);
        if let Err(errno) = kernel::Linux::new().meter().system_calls(&mut kernel::remove_what_is_left) {
            fall_away(format!("tracing, for which the process is forked, is forbidden here: {errno}"));
        }
        segment.stat().unwrap();
    }),
    row(
        "inherited",
        Any,
        "an inherited attachment shows the same bytes, and is detached in the child alone",
        |story| {
            let segment = segment(story, TEXT.len());
            let memory = segment.attach().unwrap();
            let child = story.fork("child").unwrap();
            let its = memory.inherited_by(&child);
            assert_eq!((its.address(), its.size(), nattch(&segment)), (memory.address(), memory.size(), 2));
            memory.write(0, TEXT).unwrap();
            assert_eq!(its.read(0, TEXT.len()).unwrap(), TEXT);
            its.write(0, b"that").unwrap();
            assert_eq!(memory.read(0, 4).unwrap(), b"that");
            drop(its);
            assert_eq!((nattch(&segment), memory.read(0, 4).unwrap().as_slice()), (1, &b"that"[..]));
        },
    ),
    row("inherited-bounds", Any, "the bounds hold in a child, too, where any access is made", |story| {
        let segment = segment(story, ODD_SIZE);
        let memory = segment.attach().unwrap();
        let child = story.fork("child").unwrap();
        let its = memory.inherited_by(&child);
        assert!(matches!(its.read(ODD_SIZE, 1), Err(Error::OutOfBounds { .. })));
        assert!(matches!(its.write(usize::MAX, b"x"), Err(Error::OutOfBounds { .. })));
        assert!(matches!(its.get::<u32>(2), Err(Error::Misaligned { .. })));
    }),
    row(
        "child-makes",
        Any,
        "a segment that a child made is removed by the child when it is dropped",
        |story| {
            let child = story.fork("child").unwrap();
            let segment = segment(&child, 1);
            let id = segment.id();
            assert_eq!(id.stat(story).unwrap().cpid, child.pid());
            drop(segment);
            assert_eq!(errno(id.stat(story)), Errno::EINVAL);
        },
    ),
    row(
        "child-leaves",
        Any,
        "a segment whose maker was killed stays when dropped, and the parent's net removes it",
        |story| {
            let child = story.fork("child").unwrap();
            let segment = segment(&child, 1);
            let id = segment.id();
            child.kill(Signal::SIGKILL).unwrap();
            drop(segment);
            id.stat(story).unwrap();
            kernel::remove_what_is_left();
            assert_eq!(errno(id.stat(story)), Errno::EINVAL);
        },
    ),
];

fn segment(story: &Story, size: usize) -> Segment {
    Segment::create(story, Key::PRIVATE, size, OWNER_RW).unwrap()
}

fn nattch(segment: &Segment) -> u64 {
    segment.stat().unwrap().nattch
}

/// The errno of a call that has to be refused.
#[track_caller]
fn errno<T>(result: Result<T>) -> Errno {
    match result {
        Err(Error::Refused(refusal)) => refusal.errno,
        Err(other) => panic!("expected a refusal by the kernel, got {other:?}"),
        Ok(_) => panic!("expected a refusal by the kernel, got success"),
    }
}

/// Forks a child that inherits a segment, lets it end, and expects the segment unmarked and its bytes unchanged.
fn spares_the_parents_segment(story: &Story, end: fn(Story)) {
    let segment = segment(story, TEXT.len());
    let memory = segment.attach().unwrap();
    memory.write(0, TEXT).unwrap();
    let child = story.fork("child").unwrap();
    // A child that has answered has hung up its own net.
    assert_eq!(segment.id().stat(&child).unwrap().nattch, 2);
    end(child);
    let record = segment.stat().unwrap();
    assert_eq!((record.is_marked(), record.nattch), (false, 1));
    assert_eq!(memory.read(0, TEXT.len()).unwrap(), TEXT);
}
