//! Messages through descriptors that carry bytes: a pipe, a Unix socket, TCP on the loopback.
//!
//! The kernel copies each message twice: in from one process, out to the other. A `write` may take a part of a message
//! and a `read` give a part of one, so both are repeated until it is whole.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use nix::unistd::pipe;

use super::channel::{Channel, gone};

/// One end: where it writes, and where it reads.
#[derive(Debug)]
pub struct Stream {
    out: File,
    back: File,
}

/// Both ends of a mechanism.
pub type Pair = (Stream, Stream);

impl Stream {
    fn new(out: impl Into<OwnedFd>, back: impl Into<OwnedFd>) -> Stream {
        Stream { out: File::from(out.into()), back: File::from(back.into()) }
    }
}

impl Channel for Stream {
    fn send(&mut self, message: &[u64]) -> io::Result<()> {
        self.out.write_all(bytemuck::cast_slice(message))
    }

    fn receive(&mut self, message: &mut [u64]) -> io::Result<()> {
        self.back.read_exact(bytemuck::cast_slice_mut(message)).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => gone(),
            _ => error,
        })
    }
}

/// `pipe()`, twice: one for each direction.
pub fn pipes() -> io::Result<Pair> {
    let ((there, out), (home, back)) = (pipe()?, pipe()?);
    Ok((Stream::new(out, home), Stream::new(back, there)))
}

/// `socketpair(AF_UNIX, SOCK_STREAM)`.
pub fn unix_sockets() -> io::Result<Pair> {
    let (one, other) = UnixStream::pair()?;
    Ok((Stream::new(one.try_clone()?, one), Stream::new(other.try_clone()?, other)))
}

/// A TCP connection on 127.0.0.1, at a port that the kernel chooses, with TCP_NODELAY: nothing waits to be sent.
pub fn tcp_sockets() -> io::Result<Pair> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let one = TcpStream::connect(listener.local_addr()?)?;
    let other = accept_from(&listener, &one)?;
    one.set_nodelay(true)?;
    other.set_nodelay(true)?;
    Ok((Stream::new(one.try_clone()?, one), Stream::new(other.try_clone()?, other)))
}

/// The port is open to every process of the machine: whoever else comes is sent away.
fn accept_from(listener: &TcpListener, one: &TcpStream) -> io::Result<TcpStream> {
    loop {
        let (other, address) = listener.accept()?;
        if address == one.local_addr()? {
            return Ok(other);
        }
    }
}
