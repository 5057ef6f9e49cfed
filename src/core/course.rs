//! The lessons, in their order, and what they have in common: the numbers of the article's program.

use crate::Mode;

use crate::call::Address;

/// The size of the article's segment, in bytes: 25600.
pub const SIZE: usize = 0x6400;

/// What the article writes into it, with the NUL that ends a C string.
pub const TEXT: &[u8] = b"THIS IS A TEST\0";

/// Where the article attaches the segment a second time.
pub const THERE: Address = Address(0x5000000);

/// `S_IRUSR | S_IWUSR`, 0600: the owner may read and write, nobody else may do anything.
pub const OWNER_RW: Mode = Mode::from_bits_truncate(0o600);

/// One lesson of the course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Its number, which never changes.
    pub number: usize,
    /// Its binary: `cargo run --bin lesson01`.
    pub name: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// What one learns in it.
    pub summary: &'static str,
    /// What it needs a real kernel for, if the model of the rules is not enough for it.
    pub needs_linux: Option<&'static str>,
}

/// Every lesson, by its number.
pub const LESSONS: [Lesson; 22] = [
    Lesson {
        number: 0,
        name: "lesson00",
        title: "The family: other ways to reach another process",
        summary: "a pipe, a mapped file, a socket pair and a semaphore, each between two real processes",
        needs_linux: Some(
            "It compares a segment with a pipe, a mapped file and a socket pair, between two real processes.",
        ),
    },
    Lesson {
        number: 1,
        name: "lesson01",
        title: "Allocate: shmget makes a segment",
        summary: "what a segment is before anyone uses it: an id, a record, and no memory yet",
        needs_linux: None,
    },
    Lesson {
        number: 2,
        name: "lesson02",
        title: "Attach: shmat maps it into our memory",
        summary: "a line in the maps, whole pages, and an address that the kernel chose",
        needs_linux: None,
    },
    Lesson {
        number: 3,
        name: "lesson03",
        title: "IPC_STAT: ask the kernel about it",
        summary: "every field of the record, and which call moves which",
        needs_linux: None,
    },
    Lesson {
        number: 4,
        name: "lesson04",
        title: "Write: plain stores, no system call",
        summary: "the first touch of a page brings memory; after that the kernel is not needed",
        needs_linux: None,
    },
    Lesson {
        number: 5,
        name: "lesson05",
        title: "Detach: shmdt takes the mapping away",
        summary: "the mapping goes, the segment and its bytes stay; the old address kills",
        needs_linux: None,
    },
    Lesson {
        number: 6,
        name: "lesson06",
        title: "Reattach at 0x5000000: the same pages elsewhere",
        summary: "how to choose an address, and what the kernel says to a bad one",
        needs_linux: None,
    },
    Lesson {
        number: 7,
        name: "lesson07",
        title: "Read: the text is still there",
        summary: "data outlives its mapping; offsets survive a move, pointers do not",
        needs_linux: None,
    },
    Lesson {
        number: 8,
        name: "lesson08",
        title: "IPC_RMID: mark it for destruction",
        summary: "when a segment really goes, and what happens to one that is forgotten",
        needs_linux: None,
    },
    Lesson {
        number: 9,
        name: "lesson09",
        title: "A key both know: two processes find one segment",
        summary: "ftok and its parts, keys that collide, and sharing without a key",
        needs_linux: None,
    },
    Lesson {
        number: 10,
        name: "lesson10",
        title: "Create or open: what IPC_CREAT and IPC_EXCL do",
        summary: "every combination of key, flags and size, and which error wins",
        needs_linux: None,
    },
    Lesson {
        number: 11,
        name: "lesson11",
        title: "Permissions: who may read, write, change and remove",
        summary: "nine bits, a umask that does not matter, and why root is let through",
        needs_linux: None,
    },
    Lesson {
        number: 12,
        name: "lesson12",
        title: "Addresses: where a segment may be mapped",
        summary: "alignment, two views of one segment, SHM_REMAP, and pointers that do not travel",
        needs_linux: None,
    },
    Lesson {
        number: 13,
        name: "lesson13",
        title: "Pages: memory that comes when it is touched",
        summary: "rounding, zeros, page faults one by one, and pages that are locked in memory",
        needs_linux: None,
    },
    Lesson {
        number: 14,
        name: "lesson14",
        title: "fork, exec, exit, kill: what becomes of an attachment",
        summary: "nattch, the times and the pids of the record, as processes come and go",
        needs_linux: None,
    },
    Lesson {
        number: 15,
        name: "lesson15",
        title: "Left by error: segments that outlive their process",
        summary: "how to find and remove them, which limits they use up, and how not to leave any",
        needs_linux: None,
    },
    Lesson {
        number: 16,
        name: "lesson16",
        title: "Marked for destruction: the last days of a segment",
        summary: "dest, a key that is free again, and why an old id names nothing",
        needs_linux: None,
    },
    Lesson {
        number: 17,
        name: "lesson17",
        title: "The race: two processes, one counter",
        summary: "updates that are lost, counted; then slowly, with you as the scheduler",
        needs_linux: None,
    },
    Lesson {
        number: 18,
        name: "lesson18",
        title: "The lock: one at a time",
        summary: "a semaphore, an atomic and a futex: exact each time, and what each costs",
        needs_linux: None,
    },
    Lesson {
        number: 19,
        name: "lesson19",
        title: "No system call: what the kernel sees of it",
        summary: "calls, page faults and copies, counted beside a pipe's; and a proof under seccomp",
        needs_linux: Some("It has a tracer and a filter of the kernel watch real processes."),
    },
    Lesson {
        number: 20,
        name: "lesson20",
        title: "How fast: shared memory beside everything else",
        summary: "round trips and streams from 64 bytes to 1 MiB, and where shared memory does not win",
        needs_linux: Some("It measures times, and the model has none."),
    },
    Lesson {
        number: 21,
        name: "lesson21",
        title: "The same with POSIX: shm_open and memfd",
        summary: "a name or a descriptor instead of an id, a seal, locks in the memory, and what to use today",
        needs_linux: Some(
            "It makes the same memory with shm_open and memfd_create, which the model does not have.",
        ),
    },
];

/// The number of the last lesson; the first is 0.
pub const LAST: usize = LESSONS[LESSONS.len() - 1].number;

/// The numbers of the exercises that belong to a lesson: what `lesson` says in their files.
pub fn exercises(lesson: usize) -> &'static [usize] {
    const OF_LESSONS: [&[usize]; 18] = [
        &[],
        &[1],
        &[2],
        &[3],
        &[4],
        &[5],
        &[6],
        &[7],
        &[8],
        &[9],
        &[10],
        &[11],
        &[12, 13],
        &[],
        &[14],
        &[15],
        &[],
        &[16],
    ];
    OF_LESSONS.get(lesson).copied().unwrap_or_default()
}

/// After which lesson lesson 0 comes: whoever compares a segment with its relatives has to know the segment.
const BEFORE_THE_FAMILY: usize = 8;

/// Every lesson, in a good order: by number, but for lesson 0.
pub fn in_order() -> impl Iterator<Item = &'static Lesson> {
    let ([family], rest) = LESSONS.split_at(1) else { unreachable!("lesson 0 is the first") };
    let (first, later) = rest.split_at(BEFORE_THE_FAMILY);
    first.iter().chain([family]).chain(later)
}

/// The lesson that comes after this one; after none, the first.
pub fn next(number: Option<usize>) -> Option<&'static Lesson> {
    let mut rest = in_order();
    match number {
        Some(number) => rest.skip_while(|lesson| lesson.number != number).nth(1),
        None => rest.next(),
    }
}

/// The lesson with this number.
pub fn lesson(number: usize) -> Option<&'static Lesson> {
    LESSONS.iter().find(|lesson| lesson.number == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_comes_after_lesson_8_and_each_lesson_once() {
        let order: Vec<_> = in_order().map(|lesson| lesson.number).collect();
        assert_eq!(order[..10], [1, 2, 3, 4, 5, 6, 7, 8, 0, 9]);
        assert_eq!(order.len(), LESSONS.len());
        let number = |after| next(after).map(|lesson| lesson.number);
        assert_eq!([None, Some(8), Some(0), Some(9)].map(number), [Some(1), Some(0), Some(9), Some(10)]);
        assert_eq!(number(Some(21)), None);
    }
}
