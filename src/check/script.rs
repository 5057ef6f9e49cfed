//! What the examiner does while a program runs, beside looking on.

use crate::call::Key;

/// A part for the examiner to play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// A segment that it makes before the program starts, with a fresh text in it.
    pub fixture: Option<Setting>,
    /// When it writes a fresh text into the program's own segment.
    pub inject: Injection,
    /// Whether it kills the program at its first `IPC_STAT`.
    pub kills_at_stat: bool,
    /// What becomes of the sizes that the program asks for.
    pub sizes: Sizes,
    /// Whether the first segment has the id 0, for which a namespace of one's own is needed.
    pub id_zero: bool,
    /// Whether it finds the word in which processes count, and watches each access to it in a second run.
    pub watches_counter: bool,
    /// Whether it finds out if children are at work at the same time, where no word can be watched.
    pub compares_lives: bool,
}

/// A segment that waits for the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its key.
    pub key: Key,
    /// Its permission bits.
    pub mode: u32,
}

/// What becomes of the size that a program asks `shmget` for. No file shows what is going on, so that a program cannot
/// look first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sizes {
    /// Nothing.
    #[default]
    AsAsked,
    /// It becomes a little larger, and fits into as many pages: what the kernel records is not what the program knows.
    Larger,
    /// It becomes larger than all that the namespace may have: the kernel refuses.
    Impossible,
}

/// When the examiner writes into the program's segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Injection {
    /// It does not.
    #[default]
    Never,
    /// When the segment is about to be attached again after it was detached.
    BeforeReattach,
    /// The same, but elsewhere in the segment, and the number at its start is made to lead there.
    BehindLink,
    /// When a child that has written something is about to end.
    AfterChild,
    /// When the segment is attached for the second time: what stands at its start by then is taken away.
    WipesAtSecond,
}

impl Script {
    /// Only look on.
    pub const LOOK_ON: Script = Script {
        fixture: None,
        inject: Injection::Never,
        kills_at_stat: false,
        sizes: Sizes::AsAsked,
        id_zero: false,
        watches_counter: false,
        compares_lives: false,
    };

    /// Write a fresh text at some moment.
    pub const fn injecting(inject: Injection) -> Script {
        Script { inject, ..Script::LOOK_ON }
    }

    /// Make a segment before.
    pub const fn giving(key: i32, mode: u32) -> Script {
        Script { fixture: Some(Setting { key: Key(key), mode }), ..Script::LOOK_ON }
    }
}
