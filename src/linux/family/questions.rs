//! The article's four criteria, put to a mechanism by trying them.

use super::Mechanism;
use crate::error::Result;
use crate::kernel::Adjustment;
use crate::story::{Judge, Story};

/// What the columns of the table are called.
pub const HEADING: [&str; 6] = ["mechanism", "moves", "unrelated", "read-only", "too early", "two readers"];

const SUCCESS: &str = "success";

/// Puts the questions to a mechanism, and returns a row of answers; each is what the kernel answered.
///
/// How many bytes it moves; whether an unrelated process gets them; what a reader is answered who writes, and one who comes
/// too early; how many of two readers get what was put there once.
///
/// # Errors
///
/// Those that say nothing of the mechanism: `Environment`, `Output` and the like.
pub fn question(
    story: &Story,
    mechanism: &impl Mechanism,
    bytes: &[u8],
    reader: &Story,
    unrelated: &Story,
) -> Result<[String; 6]> {
    let length = bytes.len();
    let too_early = mechanism.take_too_early(reader, length).map(|bytes| described(&bytes)).in_words()?;

    let another = story.fork("another")?;
    mechanism.put(story, bytes)?;
    let taken = [mechanism.take(reader, length), mechanism.take(&another, length)];
    let moved = taken.iter().flatten().map(Vec::len).max().unwrap_or(0);
    let mut got = 0;
    for taken in taken {
        got += usize::from(taken.map(|taken| outcome(&taken, bytes)).in_words()? == SUCCESS);
    }

    mechanism.put(story, bytes)?;
    let joined = mechanism.join(unrelated).and_then(|()| mechanism.take(unrelated, length));
    let joined = joined.map(|taken| outcome(&taken, bytes)).in_words()?;

    another.adjust(Adjustment::RenouncePrivilege)?;
    let refused_write = mechanism.write_forbidden(&another).map(|()| SUCCESS).in_words()?;
    another.exit()?;

    let moved = format!("{moved} bytes");
    Ok([mechanism.name().to_owned(), moved, joined, refused_write, too_early, format!("{got} of 2 get it")])
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
