//! Words, numbers and places that no program can know before.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A text to be put into a segment.
pub(super) fn fresh_text() -> String {
    const WORDS: [&str; 16] = [
        "AMBER", "BIRCH", "COBALT", "DELTA", "EMBER", "FJORD", "GARNET", "HAZEL", "INDIGO", "JUNIPER",
        "KESTREL", "LINDEN", "MARBLE", "NUTMEG", "OCHRE", "PEWTER",
    ];
    let number = random();
    let (one, other) = (WORDS[(number % 16) as usize], WORDS[(number / 16 % 16) as usize]);
    format!("{one} {other} {}", 100_000 + number / 256 % 900_000)
}

/// A number from 0 up to this one, which is not among them.
pub(super) fn random_below(bound: usize) -> usize {
    (random() % bound as u64) as usize
}

/// A number from the keys that the system gives to every hash table.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
