//! What the kernel shows of itself, so that a learner can check every answer with other tools.
//!
//! **Invariant:** nothing here opens a file: parsers take `&str`, and give back what it says or `Unreadable`.

pub mod limits;
pub mod maps;
pub mod rights;
pub mod segments;
pub mod sets;

/// A text that is not what the kernel is known to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not understood: {0:?}")]
pub struct Unreadable(pub String);

impl From<Unreadable> for std::io::Error {
    fn from(text: Unreadable) -> std::io::Error {
        std::io::Error::new(std::io::ErrorKind::InvalidData, text)
    }
}
