//! Calls on descriptors: what the rest of the family is made of (lesson 0).

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

/// A call that makes descriptors, or uses one. None of them ever waits: who would have to gets `EAGAIN`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileCall {
    /// `pipe2(fds, O_NONBLOCK|O_CLOEXEC)`: two descriptors; what is written to the second is read from the first.
    Pipe,
    /// `socketpair(AF_UNIX, SOCK_STREAM|…, 0, fds)`: two descriptors; what is written to one is read from the other.
    SocketPair,
    /// `open(path, O_RDWR|O_CLOEXEC)`, or with `O_RDONLY`.
    Open {
        /// The file's name.
        path: PathBuf,
        /// Whether to write, too.
        writable: bool,
    },
    /// `open(path, O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC, 0600)`: a new file, of the caller's alone.
    Create {
        /// Its name, which no file has yet.
        path: PathBuf,
    },
    /// `ftruncate(fd, length)`: makes a file as long as this; what is new in it is zeros.
    Resize {
        /// The file.
        fd: i32,
        /// In bytes.
        length: usize,
    },
    /// `unlink(path)`: takes the name away. The file stays for those who have it open, or mapped.
    Unlink {
        /// The name.
        path: PathBuf,
    },
    /// `read(fd, buf, count)`.
    Read {
        /// From where.
        fd: i32,
        /// How many bytes at most.
        count: usize,
    },
    /// `write(fd, bytes, count)`.
    Write {
        /// To where.
        fd: i32,
        /// What.
        bytes: Vec<u8>,
    },
    /// `mmap(NULL, length, PROT_…, MAP_SHARED, fd, 0)`: a file's own pages as memory.
    Map {
        /// The file.
        fd: i32,
        /// How many bytes of it.
        length: usize,
        /// Whether to write, too.
        writable: bool,
    },
    /// `close(fd)`.
    Close {
        /// Which.
        fd: i32,
    },
}

impl FileCall {
    /// The name of the system call.
    pub(super) fn name(&self) -> &'static str {
        match self {
            FileCall::Pipe => "pipe2",
            FileCall::SocketPair => "socketpair",
            FileCall::Open { .. } | FileCall::Create { .. } => "open",
            FileCall::Resize { .. } => "ftruncate",
            FileCall::Unlink { .. } => "unlink",
            FileCall::Read { .. } => "read",
            FileCall::Write { .. } => "write",
            FileCall::Map { .. } => "mmap",
            FileCall::Close { .. } => "close",
        }
    }

    /// The arguments by name, for JSON.
    pub(super) fn arguments(&self) -> serde_json::Value {
        match self {
            FileCall::Pipe | FileCall::SocketPair => json!({}),
            FileCall::Open { path, writable } => json!({"path": path, "writable": writable}),
            FileCall::Create { path } | FileCall::Unlink { path } => json!({"path": path}),
            FileCall::Resize { fd, length } => json!({"fd": fd, "length": length}),
            FileCall::Read { fd, count } => json!({"fd": fd, "count": count}),
            FileCall::Write { fd, bytes } => json!({"fd": fd, "bytes": bytes}),
            FileCall::Map { fd, length, writable } => {
                json!({"fd": fd, "length": length, "writable": writable})
            }
            FileCall::Close { fd } => json!({"fd": fd}),
        }
    }
}

impl fmt::Display for FileCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileCall::Pipe => f.write_str("pipe2(fds, O_NONBLOCK|O_CLOEXEC)"),
            FileCall::SocketPair => {
                f.write_str("socketpair(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0, fds)")
            }
            FileCall::Open { path, writable } => {
                let access = if *writable { "O_RDWR" } else { "O_RDONLY" };
                write!(f, "open(\"{}\", {access}|O_CLOEXEC)", path.display())
            }
            FileCall::Create { path } => {
                write!(f, "open(\"{}\", O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC, 0600)", path.display())
            }
            FileCall::Resize { fd, length } => write!(f, "ftruncate({fd}, {length})"),
            FileCall::Unlink { path } => write!(f, "unlink(\"{}\")", path.display()),
            FileCall::Read { fd, count } => write!(f, "read({fd}, buf, {count})"),
            FileCall::Write { fd, bytes } => write!(f, "write({fd}, {}, {})", quoted(bytes), bytes.len()),
            FileCall::Map { fd, length, writable } => {
                let access = if *writable { "PROT_READ|PROT_WRITE" } else { "PROT_READ" };
                write!(f, "mmap(NULL, {length}, {access}, MAP_SHARED, {fd}, 0)")
            }
            FileCall::Close { fd } => write!(f, "close({fd})"),
        }
    }
}

/// Bytes as C would write them; the NUL at the end goes without saying.
pub(super) fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.strip_suffix(&[0]).unwrap_or(bytes).escape_ascii())
}
