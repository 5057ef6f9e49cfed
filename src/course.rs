//! The lessons, in their order, and what they have in common: the numbers of the article's program.

use nix::sys::stat::Mode;

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
}

/// Every lesson.
pub const LESSONS: [Lesson; 8] = [
    Lesson {
        number: 1,
        name: "lesson01",
        title: "Allocate: shmget makes a segment",
        summary: "what a segment is before anyone uses it: an id, a record, and no memory yet",
    },
    Lesson {
        number: 2,
        name: "lesson02",
        title: "Attach: shmat maps it into our memory",
        summary: "a line in the maps, whole pages, and an address that the kernel chose",
    },
    Lesson {
        number: 3,
        name: "lesson03",
        title: "IPC_STAT: ask the kernel about it",
        summary: "every field of the record, and which call moves which",
    },
    Lesson {
        number: 4,
        name: "lesson04",
        title: "Write: plain stores, no system call",
        summary: "the first touch of a page brings memory; after that the kernel is not needed",
    },
    Lesson {
        number: 5,
        name: "lesson05",
        title: "Detach: shmdt takes the mapping away",
        summary: "the mapping goes, the segment and its bytes stay; the old address kills",
    },
    Lesson {
        number: 6,
        name: "lesson06",
        title: "Reattach at 0x5000000: the same pages elsewhere",
        summary: "how to choose an address, and what the kernel says to a bad one",
    },
    Lesson {
        number: 7,
        name: "lesson07",
        title: "Read: the text is still there",
        summary: "data outlives its mapping; offsets survive a move, pointers do not",
    },
    Lesson {
        number: 8,
        name: "lesson08",
        title: "IPC_RMID: mark it for destruction",
        summary: "when a segment really goes, and what happens to one that is forgotten",
    },
];

/// The lesson with this number.
pub fn lesson(number: usize) -> Option<&'static Lesson> {
    LESSONS.iter().find(|lesson| lesson.number == number)
}
