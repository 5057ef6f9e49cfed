//! What the writer and the reader have in common: how they find each other, and how each learns that the other has gone.
//!
//! A segment holds one block of bytes. A set of four semaphores says whose turn it is, and who is there. Both are found
//! by the key of the current folder, so that the two programs have to be started in the same one, in either order.
//! The layout is that of `tests/c/transfer/transfer.h`: a writer in C can send to a reader in Rust.

use std::io::{Error, ErrorKind, Result};
use std::mem::{offset_of, size_of};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use nix::libc::{self, c_int, c_short, c_ushort};

/// How many bytes a block has at most.
pub const BLOCK: usize = 4096;

/// What the segment holds. The widths are fixed: a program of 32 bits and one of 64 see the same layout.
#[repr(C)]
struct Shared {
    /// Of the block; 0 says that there are no more.
    length: u32,
    /// Whether the reader has seen that.
    ended: u32,
    /// The block.
    bytes: [u8; BLOCK],
}

/// The semaphores. Linux makes each of them 0, and each means what it should at 0: nobody has to prepare them.
pub const FULL: c_ushort = 0;
pub const TAKEN: c_ushort = 1;
pub const WRITER: c_ushort = 2;
pub const READER: c_ushort = 3;

/// What the handler of Ctrl-C removes.
static SET: AtomicI32 = AtomicI32::new(-1);
static SEGMENT: AtomicI32 = AtomicI32::new(-1);

/// Removes both. The partner's `semop` then fails with `EIDRM`, and its memory stays until it detaches.
fn clean_up() {
    let (set, segment) = (SET.load(Ordering::Relaxed), SEGMENT.load(Ordering::Relaxed));
    if segment != -1 {
        // SAFETY: IPC_RMID takes no buffer.
        unsafe { libc::shmctl(segment, libc::IPC_RMID, null_mut()) };
    }
    if set != -1 {
        // SAFETY: IPC_RMID takes no fourth argument.
        unsafe { libc::semctl(set, 0, libc::IPC_RMID) };
    }
}

/// Ctrl-C and `kill`. On Linux `shmctl` and `semctl` are plain system calls, which a handler may make.
extern "C" fn on_signal(number: c_int) {
    clean_up();
    // SAFETY: `_exit` may be called in a handler.
    unsafe { libc::_exit(128 + number) }
}

/// A call of C says -1, and leaves the reason in errno.
fn checked(answer: c_int) -> Result<c_int> {
    if answer == -1 { Err(Error::last_os_error()) } else { Ok(answer) }
}

fn semop(set: c_int, operations: &mut [libc::sembuf]) -> Result<()> {
    // SAFETY: the list is as long as it is said to be.
    checked(unsafe { libc::semop(set, operations.as_mut_ptr(), operations.len()) }).map(drop)
}

fn value(set: c_int, semaphore: c_ushort) -> Result<c_int> {
    // SAFETY: GETVAL takes no fourth argument.
    checked(unsafe { libc::semctl(set, semaphore.into(), libc::GETVAL) })
}

/// One of the two, while it is there. However it goes, what it shares with the other is removed, unless it is done.
pub struct Party {
    set: c_int,
    /// Where the segment is attached.
    shared: *mut Shared,
    partner: c_ushort,
    /// Whether this process leaves the removal to its partner.
    pub is_done: bool,
}

impl Party {
    /// Finds the partner, or is there for it. `mine` is the semaphore that the partner waits for.
    pub fn meet(me: c_ushort, partner: c_ushort, mine: c_ushort) -> Result<Party> {
        // SAFETY: the path is a string of C.
        let key = checked(unsafe { libc::ftok(c".".as_ptr(), c_int::from(b'T')) })?;
        for number in [libc::SIGINT, libc::SIGTERM] {
            // SAFETY: the handler makes no call but those that a handler may make.
            unsafe { libc::signal(number, on_signal as *const () as libc::sighandler_t) };
        }
        loop {
            if let Some((set, segment)) = find(key, me, partner, mine)? {
                // SAFETY: the kernel chooses the address.
                let shared = unsafe { libc::shmat(segment, null(), 0) };
                if shared as isize == -1 {
                    let error = Error::last_os_error();
                    clean_up();
                    return Err(error);
                }
                return Ok(Party { set, shared: shared.cast(), partner, is_done: false });
            }
        }
    }

    /// Where the length of the block is.
    pub fn length(&self) -> *mut u32 {
        self.shared.cast::<u32>().wrapping_byte_add(offset_of!(Shared, length))
    }

    /// Where the reader says that it has seen the end.
    pub fn ended(&self) -> *mut u32 {
        self.shared.cast::<u32>().wrapping_byte_add(offset_of!(Shared, ended))
    }

    /// Where the block is.
    pub fn bytes(&self) -> *mut u8 {
        self.shared.cast::<u8>().wrapping_byte_add(offset_of!(Shared, bytes))
    }

    /// Adds to a semaphore. To take from it is to add a negative number, and waits until there is enough.
    pub fn change(&self, semaphore: c_ushort, by: c_short) -> Result<()> {
        loop {
            match semop(self.set, &mut [libc::sembuf { sem_num: semaphore, sem_op: by, sem_flg: 0 }]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                answer => return answer,
            }
        }
    }

    /// The kernel takes back what was done with SEM_UNDO, however a process ends: then the partner counts 0.
    pub fn ensure_partner(&self, otherwise: &'static str) -> Result<()> {
        if value(self.set, self.partner)? > 0 { Ok(()) } else { Err(Error::other(otherwise)) }
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        // SAFETY: nobody uses the memory any more.
        unsafe { libc::shmdt(self.shared.cast()) };
        if !self.is_done {
            clean_up();
        }
    }
}

/// The set and the segment; nothing, if what was found had been left by processes that were killed.
fn find(key: c_int, me: c_ushort, partner: c_ushort, mine: c_ushort) -> Result<Option<(c_int, c_int)>> {
    // SAFETY: semget takes three numbers.
    match checked(unsafe { libc::semget(key, 4, libc::IPC_CREAT | libc::IPC_EXCL | 0o600) }) {
        Ok(set) => {
            SET.store(set, Ordering::Relaxed);
            let made =
                make_segment(key).and_then(|segment| Ok((segment, enter(set, me, partner, mine, true)?)));
            made.inspect_err(|_| clean_up()).map(|(segment, ())| Some((set, segment)))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => join(key, me, partner, mine),
        Err(error) => Err(error),
    }
}

/// The first of the two. Whatever segment has the key was left by processes that were killed.
fn make_segment(key: c_int) -> Result<c_int> {
    // SAFETY: shmget takes three numbers.
    if let Ok(old) = checked(unsafe { libc::shmget(key, 0, 0) }) {
        // SAFETY: IPC_RMID takes no buffer.
        unsafe { libc::shmctl(old, libc::IPC_RMID, null_mut()) };
    }
    let flags = libc::IPC_CREAT | libc::IPC_EXCL | 0o600;
    // SAFETY: shmget takes three numbers.
    let segment = checked(unsafe { libc::shmget(key, size_of::<Shared>(), flags) })?;
    SEGMENT.store(segment, Ordering::Relaxed);
    Ok(segment)
}

/// The second of the two. The first makes the set, then the segment, and enters last: so both are there.
fn join(key: c_int, me: c_ushort, partner: c_ushort, mine: c_ushort) -> Result<Option<(c_int, c_int)>> {
    // SAFETY: semget takes three numbers.
    let Ok(set) = checked(unsafe { libc::semget(key, 4, 0) }) else { return Ok(None) };
    for _ in 0..100 {
        match enter(set, me, partner, mine, false) {
            Ok(()) => {
                // SAFETY: shmget takes three numbers.
                let segment = checked(unsafe { libc::shmget(key, size_of::<Shared>(), 0) })?;
                SET.store(set, Ordering::Relaxed);
                SEGMENT.store(segment, Ordering::Relaxed);
                return Ok(Some((set, segment)));
            }
            Err(error) if matches!(error.raw_os_error(), Some(libc::EIDRM | libc::EINVAL)) => {
                return Ok(None);
            }
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Err(_) if value(set, me).is_ok_and(|there| there > 0) => {
                return Err(Error::other("Another process plays this part already"));
            }
            Err(_) => sleep(Duration::from_millis(10)),
        }
    }
    // Nobody has been there for a second: the set was left by processes that were killed. An id is never used again at
    // once, so that this cannot remove a set that somebody has just made with the same key.
    // SAFETY: IPC_RMID takes no fourth argument.
    unsafe { libc::semctl(set, 0, libc::IPC_RMID) };
    Ok(None)
}

/// Says that this process is there, if nobody else plays its part; a later one also demands that its partner is there.
///
/// The last two operations leave the semaphore that the partner waits for as it is. But at the end of this process the
/// kernel takes back the second one, which adds 1: so the partner wakes up, and finds that nobody is there.
fn enter(set: c_int, me: c_ushort, partner: c_ushort, mine: c_ushort, is_first: bool) -> Result<()> {
    let (no_wait, undo) = (libc::IPC_NOWAIT as c_short, libc::SEM_UNDO as c_short);
    let mut operations = [
        (partner, -1, no_wait),
        (partner, 1, 0),
        (me, 0, no_wait),
        (me, 1, undo),
        (mine, 1, 0),
        (mine, -1, undo),
    ]
    .map(|(sem_num, sem_op, sem_flg)| libc::sembuf { sem_num, sem_op, sem_flg });
    semop(set, &mut operations[if is_first { 2 } else { 0 }..])
}
