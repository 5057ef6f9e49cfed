//! Calls on descriptors: what the rest of the family is made of (lesson 0), and POSIX shared memory (lesson 21).

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Address;

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
    /// `munmap(address, length)`: takes a mapping away. The file stays for those who have it open, or mapped.
    Unmap {
        /// What `mmap` returned.
        address: Address,
        /// In bytes.
        length: usize,
    },
    /// `close(fd)`.
    Close {
        /// Which.
        fd: i32,
    },
    /// `shm_open(name, O_RDWR|O_CREAT|O_EXCL, 0600)`: new memory with a name; or the memory that has it.
    ShmOpen {
        /// It begins with a slash, and has no other.
        name: String,
        /// Whether to make it.
        create: bool,
    },
    /// `shm_unlink(name)`: takes the name away.
    ShmUnlink {
        /// The name.
        name: String,
    },
    /// `memfd_create(label, MFD_CLOEXEC|MFD_ALLOW_SEALING)`: new memory without a name.
    MemfdCreate {
        /// What the maps show; nobody finds anything by it.
        label: String,
    },
    /// `fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)`: from now on nobody makes the file shorter.
    SealSize {
        /// The file.
        fd: i32,
    },
    /// `sendmsg` with `SCM_RIGHTS`: gives a copy of a descriptor to whoever reads from the other end.
    SendDescriptor {
        /// The socket.
        socket: i32,
        /// The descriptor.
        fd: i32,
    },
    /// `recvmsg`: takes a descriptor that was sent.
    ReceiveDescriptor {
        /// The socket.
        socket: i32,
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
            FileCall::Unmap { .. } => "munmap",
            FileCall::Close { .. } => "close",
            FileCall::ShmOpen { .. } => "shm_open",
            FileCall::ShmUnlink { .. } => "shm_unlink",
            FileCall::MemfdCreate { .. } => "memfd_create",
            FileCall::SealSize { .. } => "fcntl",
            FileCall::SendDescriptor { .. } => "sendmsg",
            FileCall::ReceiveDescriptor { .. } => "recvmsg",
        }
    }

    /// The arguments by name, for JSON: `name` is what a call makes or finds.
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
            FileCall::Unmap { address, length } => json!({"address": address.0, "length": length}),
            FileCall::Close { fd } | FileCall::SealSize { fd } => json!({"fd": fd}),
            FileCall::ShmOpen { name, create } => json!({"name": name, "create": create}),
            FileCall::ShmUnlink { name } => json!({"name": name}),
            FileCall::MemfdCreate { label } => json!({"name": label}),
            FileCall::SendDescriptor { socket, fd } => json!({"socket": socket, "fd": fd}),
            FileCall::ReceiveDescriptor { socket } => json!({"socket": socket}),
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
            FileCall::Unmap { address, length } => write!(f, "munmap({address}, {length})"),
            FileCall::Close { fd } => write!(f, "close({fd})"),
            FileCall::ShmOpen { name, create: true } => {
                write!(f, "shm_open(\"{name}\", O_RDWR|O_CREAT|O_EXCL, 0600)")
            }
            FileCall::ShmOpen { name, create: false } => write!(f, "shm_open(\"{name}\", O_RDWR, 0)"),
            FileCall::ShmUnlink { name } => write!(f, "shm_unlink(\"{name}\")"),
            FileCall::MemfdCreate { label } => {
                write!(f, "memfd_create(\"{label}\", MFD_CLOEXEC|MFD_ALLOW_SEALING)")
            }
            FileCall::SealSize { fd } => write!(f, "fcntl({fd}, F_ADD_SEALS, F_SEAL_SHRINK)"),
            FileCall::SendDescriptor { socket, fd } => {
                write!(f, "sendmsg({socket}, {{SCM_RIGHTS, [{fd}]}}, 0)")
            }
            FileCall::ReceiveDescriptor { socket } => write!(f, "recvmsg({socket}, &msg, MSG_CMSG_CLOEXEC)"),
        }
    }
}

/// Bytes as C would write them; the NUL at the end goes without saying.
pub(super) fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.strip_suffix(&[0]).unwrap_or(bytes).escape_ascii())
}
