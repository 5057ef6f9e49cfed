//! Pipes and socket pairs: bytes that pass through the kernel, once.

use super::Medium;
use crate::call::{Answer, Call, FileCall};
use crate::error::Result;
use crate::story::Story;

/// `pipe2(fds, O_NONBLOCK|O_CLOEXEC)`: a pipe. Who is forked later has both its ends.
///
/// Source: [pipe(2)](https://man7.org/linux/man-pages/man2/pipe.2.html), pipe(7).
#[doc(alias = "pipe")]
pub struct Pipe {
    story: Story,
    ends: [i32; 2],
}

impl Pipe {
    /// Makes a pipe.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EMFILE` or `ENFILE`: too many files are open.
    #[track_caller]
    pub fn create(story: &Story) -> Result<Pipe> {
        Ok(Pipe { story: story.clone(), ends: ends(story, FileCall::Pipe)? })
    }
}

impl Medium for Pipe {
    fn name(&self) -> &'static str {
        "pipe"
    }

    #[track_caller]
    fn put(&self, by: &Story, bytes: &[u8]) -> Result<()> {
        write(by, self.ends[1], bytes)
    }

    #[track_caller]
    fn take(&self, by: &Story, most: usize) -> Result<Vec<u8>> {
        read(by, self.ends[0], most)
    }

    fn trespass(&self, by: &Story) -> Result<()> {
        write(by, self.ends[0], b"!")
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        close(&self.story, self.ends);
    }
}

/// `socketpair(AF_UNIX, SOCK_STREAM, 0, fds)`: two sockets that are joined to each other.
///
/// Here the process that tells has the first one, and its children the second.
///
/// Source: [socketpair(2)](https://man7.org/linux/man-pages/man2/socketpair.2.html), unix(7).
#[doc(alias = "socketpair")]
pub struct SocketPair {
    story: Story,
    ends: [i32; 2],
}

impl SocketPair {
    /// Makes a pair of sockets.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EMFILE` or `ENFILE`: too many files are open.
    #[track_caller]
    pub fn create(story: &Story) -> Result<SocketPair> {
        Ok(SocketPair { story: story.clone(), ends: ends(story, FileCall::SocketPair)? })
    }

    /// A child writes to its end: the way back.
    ///
    /// # Errors
    ///
    /// As for [`Medium::put`].
    #[track_caller]
    pub fn put_back(&self, by: &Story, bytes: &[u8]) -> Result<()> {
        write(by, self.ends[1], bytes)
    }

    /// The process that tells reads from its end.
    ///
    /// # Errors
    ///
    /// As for [`Medium::take`].
    #[track_caller]
    pub fn take_back(&self, by: &Story, most: usize) -> Result<Vec<u8>> {
        read(by, self.ends[0], most)
    }
}

impl Medium for SocketPair {
    fn name(&self) -> &'static str {
        "socket pair"
    }

    #[track_caller]
    fn put(&self, by: &Story, bytes: &[u8]) -> Result<()> {
        write(by, self.ends[0], bytes)
    }

    #[track_caller]
    fn take(&self, by: &Story, most: usize) -> Result<Vec<u8>> {
        read(by, self.ends[1], most)
    }

    fn trespass(&self, by: &Story) -> Result<()> {
        write(by, self.ends[1], b"!")
    }
}

impl Drop for SocketPair {
    fn drop(&mut self) {
        close(&self.story, self.ends);
    }
}

#[track_caller]
fn ends(story: &Story, call: FileCall) -> Result<[i32; 2]> {
    match story.perform(Call::File(call))? {
        Answer::Ends(ends) => Ok(ends),
        other => unreachable!("two descriptors were asked for, not {other:?}"),
    }
}

#[track_caller]
fn write(by: &Story, fd: i32, bytes: &[u8]) -> Result<()> {
    by.perform(Call::File(FileCall::Write { fd, bytes: bytes.to_vec() })).map(drop)
}

#[track_caller]
fn read(by: &Story, fd: i32, count: usize) -> Result<Vec<u8>> {
    match by.perform(Call::File(FileCall::Read { fd, count }))? {
        Answer::Bytes(bytes) => Ok(bytes),
        other => unreachable!("read answered {other:?}"),
    }
}

fn close(story: &Story, ends: [i32; 2]) {
    ends.into_iter().for_each(|fd| story.perform_at_drop(Call::File(FileCall::Close { fd })));
}

#[cfg(test)]
mod tests {
    use playground_core::Errno;

    use super::*;
    use crate::story::{Judge, Verdict, silent};

    #[test]
    fn a_pipe_goes_one_way_and_each_byte_once() {
        let story = silent();
        let pipe = Pipe::create(&story).unwrap();
        pipe.put(&story, b"once").unwrap();
        assert_eq!(pipe.take(&story, 15).unwrap(), b"once");
        assert_eq!(pipe.take(&story, 15).verdict().unwrap(), Verdict::Refused(Errno::EAGAIN));
        assert_eq!(pipe.trespass(&story).verdict().unwrap(), Verdict::Refused(Errno::EBADF));
    }

    #[test]
    fn a_socket_pair_goes_both_ways() {
        let story = silent();
        let pair = SocketPair::create(&story).unwrap();
        pair.put(&story, b"there").unwrap();
        pair.put_back(&story, b"and back").unwrap();
        assert_eq!(pair.take(&story, 15).unwrap(), b"there");
        assert_eq!(pair.take_back(&story, 15).unwrap(), b"and back");
    }
}
