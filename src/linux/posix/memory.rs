//! Memory with a descriptor, and where it is mapped.

use std::path::PathBuf;

use super::{Name, descriptor};
use crate::call::{Address, Answer, Call, FileCall};
use crate::error::Result;
use crate::family::Channel;
use crate::story::Story;

/// A descriptor of memory, in the process whose story this is.
pub struct Memory {
    story: Story,
    fd: i32,
}

impl Memory {
    /// `shm_open(name, O_RDWR|O_CREAT|O_EXCL, 0600)`: makes memory with a name. It has no byte yet.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EEXIST`: the name is in use. `EINVAL`: it holds a second slash. `EMFILE`, `ENFILE`.
    ///
    /// Source: [shm_open(3)](https://man7.org/linux/man-pages/man3/shm_open.3.html).
    #[doc(alias = "shm_open")]
    #[track_caller]
    pub fn create(by: &Story, name: &Name) -> Result<Memory> {
        Self::by(by, FileCall::ShmOpen { name: name.0.clone(), create: true })
    }

    /// `shm_open(name, O_RDWR, 0)`: finds memory by its name.
    ///
    /// # Errors
    ///
    /// `Refused`, with `ENOENT`: nothing has this name. `EACCES`: its permission bits deny it.
    #[track_caller]
    pub fn open(by: &Story, name: &Name) -> Result<Memory> {
        Self::by(by, FileCall::ShmOpen { name: name.0.clone(), create: false })
    }

    /// `memfd_create(label, MFD_CLOEXEC|MFD_ALLOW_SEALING)`: makes memory without a name.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EMFILE` or `ENFILE`: too many files are open.
    ///
    /// Source: [memfd_create(2)](https://man7.org/linux/man-pages/man2/memfd_create.2.html).
    #[doc(alias = "memfd_create")]
    #[track_caller]
    pub fn nameless(by: &Story) -> Result<Memory> {
        Self::by(by, FileCall::MemfdCreate { label: "playground".to_owned() })
    }

    /// `open("/proc/PID/fd/N", O_RDWR)`: opens what a descriptor of another process leads to.
    ///
    /// # Errors
    ///
    /// `Refused`, with `ENOENT`: there is no such process, or no such descriptor. `EACCES`: it is another user's.
    ///
    /// Source: [proc_pid_fd(5)](https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html).
    #[track_caller]
    pub fn open_from_outside(&self, by: &Story) -> Result<Memory> {
        let path = PathBuf::from(format!("/proc/{}/fd/{}", self.story.pid(), self.fd));
        Self::by(by, FileCall::Open { path, writable: true })
    }

    #[track_caller]
    fn by(story: &Story, call: FileCall) -> Result<Memory> {
        Ok(Memory { fd: descriptor(story, call)?, story: story.clone() })
    }

    /// The same number in another process: a forked child has inherited the descriptor, any other has not.
    pub fn same_number_in(&self, other: &Story) -> Memory {
        Memory { story: other.clone(), fd: self.fd }
    }

    /// `ftruncate(fd, length)`: makes the memory so many bytes long. What is new in it is zeros.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EPERM`: it is sealed against this. `EBADF`: this process has no such descriptor.
    ///
    /// Source: [ftruncate(2)](https://man7.org/linux/man-pages/man2/ftruncate.2.html).
    #[doc(alias = "ftruncate")]
    #[track_caller]
    pub fn resize(&self, length: usize) -> Result<()> {
        self.perform(FileCall::Resize { fd: self.fd, length })
    }

    /// `fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)`: from now on nobody makes it shorter. A seal is never taken away.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EPERM`: it was not made for seals, as what `shm_open` makes never is.
    ///
    /// Source: [F_GET_SEALS(2const)](https://man7.org/linux/man-pages/man2/F_GET_SEALS.2const.html).
    #[doc(alias = "F_ADD_SEALS")]
    #[track_caller]
    pub fn seal_size(&self) -> Result<()> {
        self.perform(FileCall::SealSize { fd: self.fd })
    }

    /// `mmap(NULL, length, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)`: maps it. More than it has may be mapped, but not
    /// touched.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EBADF`: this process has no such descriptor. `ENOMEM`: there is no room for it.
    ///
    /// Source: [mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html).
    #[doc(alias = "mmap")]
    #[track_caller]
    pub fn map(&self, length: usize) -> Result<Mapped> {
        let call = FileCall::Map { fd: self.fd, length, writable: true };
        match self.story.perform(Call::File(call))? {
            Answer::Mapped(start) => Ok(Mapped { story: self.story.clone(), start, length }),
            other => unreachable!("mmap answered {other:?}"),
        }
    }

    /// `sendmsg` with `SCM_RIGHTS`: gives a copy of the descriptor to who has the other end.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EAGAIN`: the socket is full.
    ///
    /// Source: [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
    #[doc(alias = "SCM_RIGHTS")]
    #[track_caller]
    pub fn send(&self, through: &Channel) -> Result<()> {
        self.perform(FileCall::SendDescriptor { socket: through.input(), fd: self.fd })
    }

    /// `recvmsg`: takes the descriptor that was sent. It is a new one, and has a number of its own.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EAGAIN`: nothing was sent. `ENOMSG`: no descriptor came along.
    #[track_caller]
    pub fn receive(by: &Story, through: &Channel) -> Result<Memory> {
        Self::by(by, FileCall::ReceiveDescriptor { socket: through.output() })
    }

    /// `close(fd)`. Other descriptors of the memory, and mappings, stay.
    ///
    /// # Errors
    ///
    /// `Refused`, with `EBADF`: this process has no such descriptor.
    #[track_caller]
    pub fn close(self) -> Result<()> {
        self.perform(FileCall::Close { fd: self.fd })
    }

    #[track_caller]
    fn perform(&self, call: FileCall) -> Result<()> {
        self.story.perform(Call::File(call)).map(drop)
    }
}

/// Where memory is mapped, in the process whose story this is.
pub struct Mapped {
    story: Story,
    start: Address,
    length: usize,
}

impl Mapped {
    /// Writes bytes at the beginning. Whoever has the memory mapped sees them at once.
    ///
    /// # Errors
    ///
    /// `Ended`: the child died of it, since the memory is shorter than the mapping.
    #[track_caller]
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        self.story.poke(self.start, bytes).map(drop)
    }

    /// Reads bytes at the beginning.
    ///
    /// # Errors
    ///
    /// As for [`Mapped::write`].
    #[track_caller]
    pub fn read(&self, length: usize) -> Result<Vec<u8>> {
        self.story.peek(self.start, length)
    }

    /// `munmap(address, length)`: takes the mapping away. The descriptor stays, and the memory.
    ///
    /// # Errors
    ///
    /// `Dangerous`: nothing of this length was mapped there.
    ///
    /// Source: [mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html).
    #[doc(alias = "munmap")]
    #[track_caller]
    pub fn unmap(self) -> Result<()> {
        let call = FileCall::Unmap { address: self.start, length: self.length };
        self.story.perform(Call::File(call)).map(drop)
    }

    /// Who has it mapped.
    pub(super) fn story(&self) -> &Story {
        &self.story
    }

    /// Where a byte of it is.
    pub(super) fn at(&self, offset: usize) -> Address {
        self.start.offset(offset)
    }
}
