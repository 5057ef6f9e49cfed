//! Why the kernel refused one of the calls that are made beside the four: for semaphores, descriptors, keys.

use crate::Errno;

use super::{Words, unknown, words};
use crate::call::{Call, FileCall, Key, LockCall};

pub(super) fn semaphore(call: &Call, errno: Errno) -> Words {
    match errno {
        Errno::EAGAIN if matches!(call, Call::Semtimedop { .. }) => {
            words("The operation would have to wait for longer than it was allowed to.", "Try again later.")
        }
        Errno::EAGAIN => {
            words("The operation would have to wait, and IPC_NOWAIT forbids it.", "Try again later.")
        }
        Errno::EIDRM => words(
            "The set was removed while the process waited.",
            "Remove a set only when nobody needs it any more.",
        ),
        Errno::EINVAL => match call {
            Call::Semget { nsems, .. } if *nsems < 1 => {
                words("A new set needs at least 1 semaphore.", "Ask for as many as you need.")
            }
            Call::Semget { key: Key::PRIVATE, nsems, .. } => words(
                format!("{nsems} semaphores are more than one set may have (SEMMSL)."),
                "See `ipcs -s -l`, or the first number in /proc/sys/kernel/sem.",
            ),
            Call::Semget { key, nsems, .. } => words(
                format!(
                    "The set with the key {key} has fewer than {nsems} semaphores, or no set may have so many."
                ),
                "See `ipcs -s` and `ipcs -s -l`; 0 finds a set of any size.",
            ),
            Call::Semctl { semid, semnum, .. } => words(
                format!(
                    "No set has the id {semid}, or it has no semaphore {semnum}, or there is no such command."
                ),
                "See `ipcs -s`; semaphores are counted from 0.",
            ),
            Call::Semop { ops, .. } | Call::Semtimedop { ops, .. } if ops.is_empty() => words(
                "No operation was given, so the kernel has not even looked for the set.",
                "Pass at least one struct sembuf, and how many there are.",
            ),
            _ => words(
                "No set of semaphores has this id: there never was one, or it has been removed.",
                "See `ipcs -s`.",
            ),
        },
        Errno::EFBIG => words(
            "The set has no semaphore with this number.",
            "Semaphores are counted from 0; see `ipcs -s`.",
        ),
        Errno::E2BIG => words(
            "These are more operations than one call may have (SEMOPM).",
            "See `ipcs -s -l`, or the third number in /proc/sys/kernel/sem.",
        ),
        Errno::EINTR => words("A signal came while the process waited.", "Ask again."),
        Errno::EACCES => {
            words("The set's permission bits deny what was asked.", "`ipcs -s` names its owner.")
        }
        Errno::EEXIST => words(
            "A set has this key already, and IPC_CREAT|IPC_EXCL asks for a new one.",
            "Choose another key.",
        ),
        Errno::ENOENT => words(
            "No set has this key, and IPC_CREAT was not given.",
            "First start the program that makes it: that one passes IPC_CREAT.",
        ),
        Errno::ENOSPC => {
            words("A limit on semaphores is used up.", "See `ipcs -s -l`, and remove sets that nobody needs.")
        }
        Errno::ERANGE => words("A semaphore's value goes from 0 to 32767 (SEMVMX).", "Ask for less."),
        _ => unknown(call.name(), errno),
    }
}

pub(super) fn file(call: &FileCall, errno: Errno) -> Words {
    match (call, errno) {
        (FileCall::Read { .. }, Errno::EAGAIN) => words(
            "There is nothing to read, and O_NONBLOCK forbids waiting: without it, the reader would wait.",
            "Read again when something has been written.",
        ),
        (FileCall::Read { fd, .. } | FileCall::Write { fd, .. } | FileCall::Map { fd, .. }, Errno::EBADF) => {
            words(
                format!("In this process {fd} is no descriptor, or is not open for this direction."),
                "A descriptor is inherited, or handed over through a socket (unix(7)); it has no name.",
            )
        }
        (FileCall::Map { writable: true, .. }, Errno::EACCES) => words(
            "The file was opened for reading only, and a shared mapping would write to it.",
            "Open it with O_RDWR, if its permission bits allow that.",
        ),
        (FileCall::ShmOpen { .. } | FileCall::ShmUnlink { .. }, Errno::ENOENT) => words(
            "No memory has this name: nobody has made it, or the name was taken away.",
            "See `ls /dev/shm`.",
        ),
        (FileCall::ShmOpen { .. }, Errno::EEXIST) => words(
            "This name is in use, and O_CREAT|O_EXCL asks for new memory.",
            "Leave out O_EXCL to use what is there, or choose another name; see `ls /dev/shm`.",
        ),
        (FileCall::Resize { .. }, Errno::EPERM) => words(
            "The memory is sealed with F_SEAL_SHRINK: nobody makes it shorter, not even who has sealed it.",
            "A seal cannot be taken away. Make new memory, if you need less.",
        ),
        (_, Errno::EACCES) => words("The file's permission bits, or a folder's, deny it.", "See `ls -l`."),
        (_, Errno::ENOENT) => words("No file has this name any more, or yet.", "See `ls`."),
        _ => unknown(Call::File(call.clone()).name(), errno),
    }
}

pub(super) fn lock(call: LockCall, errno: Errno) -> Words {
    match errno {
        Errno::EOWNERDEAD => words(
            "You have the lock now. Its last holder died while it had it, so what it guards may be half changed.",
            "Repair what it guards, call pthread_mutex_consistent, and unlock it.",
        ),
        Errno::EBUSY => words("A process holds the lock, and trylock does not wait.", "Try again later."),
        Errno::EAGAIN => {
            words("The semaphore is 0, and sem_trywait does not wait.", "Somebody has to call sem_post.")
        }
        _ => unknown(Call::Lock(call).name(), errno),
    }
}

pub(super) fn ftok(errno: Errno) -> Words {
    let checked = "Check for -1 before you use the key: shmget would take -1 for a key.";
    match errno {
        Errno::ENOENT => words("ftok asks stat for the file's number, and no file has this name.", checked),
        Errno::EACCES => words("A folder on the way to the file may not be searched by this user.", checked),
        _ => words(
            format!("ftok asks stat for the file's number, and it answered: {}.", errno.meaning()),
            checked,
        ),
    }
}
