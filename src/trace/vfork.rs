//! A child that borrows this process's memory until it is another program, as by `vfork`; for a tracer.
//!
//! The kernel suspends whoever lends its memory, and the tracer has to seize the child meanwhile. So a thread is made
//! that lends it. The thread then stays until the tracer drops its end of the line: the child is that thread's own, and
//! if the thread were gone, another thread of this process would inherit it, and see its stops where it waits for
//! what it traces itself.
//!
//! **Invariant:** the vfork thread is suspended while the child runs in its memory, so that `errno` and the like, of which
//! the two have one, are the child's alone.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::thread;

use nix::errno::Errno;
use nix::libc::{self, c_int, c_void};
use nix::unistd::{Pid, read};

/// Enough for the child's own few calls, and for `execvp`, which puts paths and words on its stack.
const STACK: usize = 64 * 1024;
/// The vfork thread itself only waits.
const LENDERS_STACK: usize = 32 * 1024;

/// What a child does, given its own id and its end of the line to the tracer.
pub(super) trait Operation: Send + 'static {
    /// In the vfork thread, before there is a child: what the child is to inherit from this thread.
    fn before(&self) -> nix::Result<()>;

    /// In the child: becomes another program, or exits.
    fn execute(&self, pid: Pid, line: &OwnedFd) -> !;

    /// In the vfork thread: there is no child.
    fn could_not_begin(&self, errno: Errno, line: &OwnedFd);
}

/// Has a child do this, on a stack with so many more bytes than usual.
///
/// # Errors
///
/// No thread can be made.
pub(super) fn lend(operation: impl Operation, line: OwnedFd, more: usize) -> io::Result<()> {
    // Allocated here: the first allocation of a thread costs more than all that it does.
    let mut stack = Box::new_uninit_slice(STACK + more);
    let child = Child { operation, line, pid: AtomicI32::new(0) };
    thread::Builder::new().stack_size(LENDERS_STACK).spawn(move || child.begin_and_wait(&mut stack)).map(drop)
}

struct Child<D> {
    operation: D,
    line: OwnedFd,
    /// Written by the kernel before the child begins: the child's id as this process sees it.
    pid: AtomicI32,
}

impl<D: Operation> Child<D> {
    fn begin_and_wait(&self, stack: &mut [MaybeUninit<u8>]) {
        if let Err(errno) = self.operation.before() {
            return self.operation.could_not_begin(errno, &self.line);
        }
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PARENT_SETTID | libc::SIGCHLD;
        let top = stack.as_mut_ptr_range().end.cast::<c_void>();
        let (this, pid) = (&raw const *self, self.pid.as_ptr());
        // SAFETY: the stack and `self` are there until the call returns, which is when the child no longer needs them.
        let begun = unsafe { libc::clone(Self::begin, top, flags, this.cast_mut().cast::<c_void>(), pid) };
        if let Err(errno) = Errno::result(begun) {
            self.operation.could_not_begin(errno, &self.line);
        }
        while read(&self.line, &mut [0]) == Err(Errno::EINTR) {}
    }

    extern "C" fn begin(this: *mut c_void) -> c_int {
        // SAFETY: it is the `self` of the vfork thread, which is suspended, and is only read.
        let child = unsafe { &*this.cast::<Self>() };
        child.operation.execute(Pid::from_raw(child.pid.load(SeqCst)), &child.line)
    }
}
