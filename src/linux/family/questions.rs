//! The article's four criteria, put to a medium by trying them.

use super::Medium;
use crate::error::Result;
use crate::kernel::Adjustment;
use crate::story::{Judge, Story};

/// What the columns of the table are called.
pub const HEADING: [&str; 6] = ["medium", "moves", "stranger", "read-only", "too early", "two readers"];

const SUCCESS: &str = "success";

/// Puts the questions to a medium, and returns a row of answers; each is what the kernel answered.
///
/// How many bytes it moves; whether a stranger gets them; what a reader is answered who writes, and one who comes
/// too early; how many of two readers get what was put there once.
///
/// # Errors
///
/// Those that say nothing of the medium: `Ground`, `Output` and the like.
pub fn question(
    story: &Story,
    medium: &impl Medium,
    bytes: &[u8],
    reader: &Story,
    stranger: &Story,
) -> Result<[String; 6]> {
    let length = bytes.len();
    let too_early = medium.take_too_early(reader, length).map(|bytes| described(&bytes)).in_words()?;

    let another = story.fork("another")?;
    medium.put(story, bytes)?;
    let taken = [medium.take(reader, length), medium.take(&another, length)];
    let moved = taken.iter().flatten().map(Vec::len).max().unwrap_or(0);
    let mut got = 0;
    for taken in taken {
        got += usize::from(taken.map(|taken| outcome(&taken, bytes)).in_words()? == SUCCESS);
    }

    medium.put(story, bytes)?;
    let joined = medium.join(stranger).and_then(|()| medium.take(stranger, length));
    let joined = joined.map(|taken| outcome(&taken, bytes)).in_words()?;

    another.adjust(Adjustment::RenouncePrivilege)?;
    let trespassed = medium.trespass(&another).map(|()| SUCCESS).in_words()?;
    another.exit()?;

    let moved = format!("{moved} bytes");
    Ok([medium.name().to_owned(), moved, joined, trespassed, too_early, format!("{got} of 2 get it")])
}

/// A go-ahead is no bytes; anything else has to be what was put there.
fn outcome(taken: &[u8], put: &[u8]) -> String {
    if taken.is_empty() || taken == put { SUCCESS.to_owned() } else { described(taken) }
}

fn described(bytes: &[u8]) -> String {
    if bytes.iter().all(|byte| *byte == 0) {
        format!("{} zeros", bytes.len())
    } else {
        String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
    }
}
