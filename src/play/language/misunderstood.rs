//! A line that was not understood: where, and what would have been.

use std::fmt;

/// Why a line was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misunderstood {
    /// The column, counted in characters from 1.
    pub column: usize,
    /// What is wrong there, and what would be right: a sentence without its first capital and its full stop.
    pub message: String,
    /// The name that was perhaps meant.
    pub nearest: Option<String>,
}

impl Misunderstood {
    /// An error at a byte of a line.
    pub fn new(line: &str, offset: usize, message: impl Into<String>) -> Misunderstood {
        let before = line.get(..offset).unwrap_or(line);
        Misunderstood { column: before.chars().count() + 1, message: message.into(), nearest: None }
    }

    /// Adds the name that is nearest to what was written, if one is near.
    pub(crate) fn near<'a>(
        mut self,
        written: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Misunderstood {
        self.nearest = nearest(written, names);
        self
    }
}

impl std::error::Error for Misunderstood {}

impl fmt::Display for Misunderstood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)?;
        match &self.nearest {
            Some(name) => write!(f, ". Did you mean {name}?"),
            None => Ok(()),
        }
    }
}

/// How many letters of a name may be wrong for it to be recognised: one in three, and two exchanged ones count as one.
/// Of a name of one letter, none is left then: nothing is near it.
pub fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let distance =
        |name: &str| strsim::osa_distance(&written.to_ascii_lowercase(), &name.to_ascii_lowercase());
    let length = written.chars().count();
    let nearest = names.into_iter().filter(|_| length > 1).min_by_key(|name| distance(name))?;
    (distance(nearest) <= length.div_ceil(3)).then(|| nearest.to_owned())
}
