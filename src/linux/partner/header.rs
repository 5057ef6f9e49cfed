//! The first words of a session: what each side reads before it believes that the other is its partner.
//!
//! **Invariant:** these words are accessed by atomics only, and the magic is stored last, so that whoever sees it
//! sees all the others.

use crate::error::Result;
use crate::shm::Attachment;

/// What every session begins with: the bytes `ROOM`, where the lowest byte of a number comes first.
const MAGIC: u32 = u32::from_le_bytes(*b"ROOM");

/// Where each word is, in bytes from the beginning.
const MAGIC_AT: usize = 0;
const VERSION_AT: usize = 4;
const LESSON_AT: usize = 8;
const FIRST_AT: usize = 12;
pub(super) const SECOND_AT: usize = 16;
pub(super) const STATE_AT: usize = 20;

/// The words that do not change once the session is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    magic: u32,
    pub(super) version: u32,
    pub(super) lesson: u32,
    pub(super) first: u32,
}

/// What a header says of its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A session of this lesson, in this version.
    Session,
    /// A session of another version of the playground.
    OtherVersion,
    /// A session of another lesson.
    OtherLesson,
    /// Zeros: a session that is not finished yet, or something else.
    Unfinished,
    /// Something else.
    Foreign,
}

impl Header {
    /// It changes with the layout of the header, and with what the two sides say to each other.
    pub(super) const VERSION: u32 = 1;

    pub(super) fn of(lesson: usize, first: i32) -> Header {
        Header { magic: MAGIC, version: Header::VERSION, lesson: lesson as u32, first: first as u32 }
    }

    /// Writes it into a new segment, the magic last.
    pub(super) fn write(self, memory: &Attachment) -> Result<()> {
        memory.store_word(VERSION_AT, self.version)?;
        memory.store_word(LESSON_AT, self.lesson)?;
        memory.store_word(FIRST_AT, self.first)?;
        memory.store_word(MAGIC_AT, self.magic).map(drop)
    }

    /// Reads it, the magic first.
    pub(super) fn read(memory: &Attachment) -> Result<Header> {
        Ok(Header {
            magic: memory.load_word(MAGIC_AT)?,
            version: memory.load_word(VERSION_AT)?,
            lesson: memory.load_word(LESSON_AT)?,
            first: memory.load_word(FIRST_AT)?,
        })
    }

    pub(super) fn kind(self, lesson: usize) -> Kind {
        match self.magic {
            0 => Kind::Unfinished,
            MAGIC if self.version != Header::VERSION => Kind::OtherVersion,
            MAGIC if self.lesson as usize != lesson => Kind::OtherLesson,
            MAGIC => Kind::Session,
            _ => Kind::Foreign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_told_from_all_else() {
        let session = Header::of(9, 4711);
        assert_eq!(session.kind(9), Kind::Session);
        assert_eq!(session.kind(17), Kind::OtherLesson);
        assert_eq!(Header { version: 2, ..session }.kind(9), Kind::OtherVersion);
        assert_eq!(Header { magic: 0, ..session }.kind(9), Kind::Unfinished);
        assert_eq!(Header { magic: 0x4d4f4f53, ..session }.kind(9), Kind::Foreign);
    }
}
