//! Pipes and socket pairs: bytes that pass through the kernel, once.

use super::Mechanism;
use crate::call::{Answer, Call, FileCall};
use crate::error::Result;
use crate::story::Story;

/// A channel through the kernel, from one descriptor to another. Who is forked later has both.
pub struct Channel {
    story: Story,
    name: &'static str,
    ends: [i32; 2],
    /// Which of the two is written to.
    input: usize,
}

impl Channel {
    /// `pipe2(fds, O_NONBLOCK|O_CLOEXEC)`: a pipe, from its second descriptor to its first.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EMFILE` or `ENFILE`: too many files are open.
    ///
    /// Source: [pipe(2)](https://man7.org/linux/man-pages/man2/pipe.2.html), pipe(7).
    #[track_caller]
    pub fn pipe(story: &Story) -> Result<Channel> {
        Ok(Channel { story: story.clone(), name: "pipe", ends: ends(story, FileCall::Pipe)?, input: 1 })
    }

    /// `socketpair(AF_UNIX, SOCK_STREAM, 0, fds)`: two sockets that are joined to each other. Here the process that
    /// tells has the first one, and its children the second.
    ///
    /// # Errors
    ///
    /// As for [`Channel::pipe`].
    ///
    /// Source: [socketpair(2)](https://man7.org/linux/man-pages/man2/socketpair.2.html), unix(7).
    #[doc(alias = "socketpair")]
    #[track_caller]
    pub fn socket_pair(story: &Story) -> Result<Channel> {
        let ends = ends(story, FileCall::SocketPair)?;
        Ok(Channel { story: story.clone(), name: "socket pair", ends, input: 0 })
    }

    pub(crate) fn input(&self) -> i32 {
        self.ends[self.input]
    }

    pub(crate) fn output(&self) -> i32 {
        self.ends[1 - self.input]
    }

    /// A child writes to its end: the way back, which only a socket pair has.
    ///
    /// # Errors
    ///
    /// As for [`Mechanism::put`].
    #[track_caller]
    pub fn put_back(&self, by: &Story, bytes: &[u8]) -> Result<()> {
        write(by, self.output(), bytes)
    }

    /// The process that tells reads from its end.
    ///
    /// # Errors
    ///
    /// As for [`Mechanism::take`].
    #[track_caller]
    pub fn take_back(&self, by: &Story, most: usize) -> Result<Vec<u8>> {
        read(by, self.input(), most)
    }
}

impl Mechanism for Channel {
    fn name(&self) -> &'static str {
        self.name
    }

    #[track_caller]
    fn put(&self, by: &Story, bytes: &[u8]) -> Result<()> {
        write(by, self.input(), bytes)
    }

    #[track_caller]
    fn take(&self, by: &Story, most: usize) -> Result<Vec<u8>> {
        read(by, self.output(), most)
    }

    fn write_forbidden(&self, by: &Story) -> Result<()> {
        write(by, self.output(), b"!")
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.ends.into_iter().for_each(|fd| self.story.perform_at_drop(Call::File(FileCall::Close { fd })));
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

#[cfg(test)]
mod tests {
    use playground_core::Errno;

    use super::*;
    use crate::silent;
    use crate::story::{Judge, Verdict};

    #[test]
    fn a_pipe_goes_one_way_and_each_byte_once() {
        let story = silent();
        let pipe = Channel::pipe(&story).unwrap();
        pipe.put(&story, b"once").unwrap();
        assert_eq!(pipe.take(&story, 15).unwrap(), b"once");
        assert_eq!(pipe.take(&story, 15).verdict().unwrap(), Verdict::Refused(Errno::EAGAIN));
        assert_eq!(pipe.write_forbidden(&story).verdict().unwrap(), Verdict::Refused(Errno::EBADF));
    }

    #[test]
    fn a_socket_pair_goes_both_ways() {
        let story = silent();
        let pair = Channel::socket_pair(&story).unwrap();
        pair.put(&story, b"there").unwrap();
        pair.put_back(&story, b"and back").unwrap();
        assert_eq!(pair.take(&story, 15).unwrap(), b"there");
        assert_eq!(pair.take_back(&story, 15).unwrap(), b"and back");
    }
}
