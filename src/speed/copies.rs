//! How often the kernel copies a page on its way from one file through two processes to another file.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;

use crate::error::{Error, Result};
use crate::shm::Bytes;
use crate::story::Story;

/// A page goes from a file to a server, to a client, to another file. Returns how often the kernel copied it; nothing,
/// where that is not counted.
///
/// # Errors
///
/// `Environment`: there can be no temporary file, or no pipe.
pub fn through_a_segment(story: &Story, segment: Bytes<'_>) -> Result<Option<u64>> {
    let (source, target) = files(segment.length())?;
    let server = story.count_copied_bytes("file to segment", || segment.read_from(&source).map(drop));
    let client = story.count_copied_bytes("segment to file", || segment.write_to(&target).map(drop));
    Ok(times(server, client, segment.length()))
}

/// The same, with a pipe between the two processes.
///
/// # Errors
///
/// As for [`through_a_segment`].
pub fn through_a_pipe(story: &Story, count: usize) -> Result<Option<u64>> {
    let (source, target) = files(count)?;
    let (out, into) = io::pipe().map_err(cannot)?;
    let (out, into) = (File::from(OwnedFd::from(out)), File::from(OwnedFd::from(into)));
    let server = story.count_copied_bytes("file to server to pipe", || pass_on(&source, &into, count));
    let client = story.count_copied_bytes("pipe to client to file", || pass_on(&out, &target, count));
    Ok(times(server, client, count))
}

fn times(server: Option<u64>, client: Option<u64>, count: usize) -> Option<u64> {
    Some((server? + client?) / count as u64)
}

/// A file with so many bytes, and an empty one. They have no names, so that nothing is left of them.
fn files(count: usize) -> Result<(File, File)> {
    let filled = || {
        let mut file = tempfile::tempfile()?;
        file.write_all(&vec![b'x'; count])?;
        file.rewind()?;
        Ok(file)
    };
    Ok((filled().map_err(cannot)?, tempfile::tempfile().map_err(cannot)?))
}

/// `read` into private memory, and `write` out of it.
fn pass_on(mut from: &File, mut to: &File, count: usize) -> io::Result<()> {
    let mut bytes = vec![0; count];
    from.read_exact(&mut bytes)?;
    to.write_all(&bytes)
}

fn cannot(error: io::Error) -> Error {
    Error::environment("make a temporary file or a pipe", error, "See TMPDIR, and `ulimit -n`.")
}
