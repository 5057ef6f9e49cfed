//! What `help` says of a function beside its prototype: its flags, and the errors that it gives.

/// The flags of a function, with what each does; empty, where it takes none.
pub fn flags(name: &str) -> &'static [(&'static str, &'static str)] {
    FLAGS.iter().find(|(known, _)| *known == name).map_or(&[], |(_, flags)| flags)
}

/// The errors of a function, with when each comes; empty, where it gives none here.
pub fn errors(name: &str) -> &'static [(&'static str, &'static str)] {
    ERRORS.iter().find(|(known, _)| *known == name).map_or(&[], |(_, errors)| errors)
}

/// What the tables say of a name: under which function, in which row, and what.
pub fn rows_about(name: &str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let rows =
        FLAGS.iter().chain(ERRORS).flat_map(|(function, rows)| rows.iter().map(move |row| (function, row)));
    let is_word = |text: &str, name: &str| {
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| word == name)
    };
    let about = rows.filter(move |(_, (known, means))| *known == name || is_word(means, name));
    about.map(|(function, (known, means))| (*function, *known, *means))
}

/// Names with what each means, by the function that they belong to.
type Table = &'static [(&'static str, &'static [(&'static str, &'static str)])];

const FLAGS: Table = &[
    (
        "shmget",
        &[
            ("IPC_CREAT", "makes the segment if the key has none"),
            ("IPC_EXCL", "with IPC_CREAT: EEXIST if the key has one"),
            ("0600", "the mode: nine bits in octal, for owner, group and others"),
        ],
    ),
    (
        "shmat",
        &[
            ("SHM_RDONLY", "maps it for reading only"),
            ("SHM_RND", "rounds the address down to a multiple of SHMLBA"),
            ("SHM_REMAP", "replaces what is mapped at the address"),
            ("SHM_EXEC", "lets code in it be executed"),
        ],
    ),
    (
        "shmctl",
        &[
            ("IPC_STAT", "copies the record into buf"),
            ("IPC_SET", "takes shm_perm.uid, gid and mode from buf"),
            ("IPC_RMID", "marks it: it goes with its last attachment"),
            ("SHM_LOCK", "keeps it out of swap; SHM_UNLOCK lets it go there again"),
            ("SHM_INFO", "copies what all segments take into a struct shm_info"),
        ],
    ),
    (
        "semget",
        &[
            ("IPC_CREAT", "makes the set if the key has none"),
            ("IPC_EXCL", "with IPC_CREAT: EEXIST if the key has one"),
            ("0600", "the mode: nine bits in octal, for owner, group and others"),
        ],
    ),
    ("semop", OPERATION),
    ("semtimedop", OPERATION),
    (
        "semctl",
        &[
            ("GETVAL", "returns a value; GETPID who changed it last"),
            ("GETNCNT", "how many wait for it to grow; GETZCNT for 0"),
            ("SETVAL", "sets a value: the fourth argument"),
            ("GETALL", "copies all into an array of unsigned short; SETALL sets them"),
            ("IPC_STAT", "copies the record into a struct semid_ds; IPC_SET sets"),
            ("IPC_RMID", "removes the set at once: processes that wait get EIDRM"),
        ],
    ),
    (
        "waitpid",
        &[("WNOHANG", "0 instead of waiting"), ("WUNTRACED", "also for one that stops: none does here")],
    ),
    (
        "kill",
        &[("SIGKILL", "ends the process, as SIGTERM does here"), ("0", "only asks whether it could be sent")],
    ),
    (
        "mprotect",
        &[
            ("PROT_READ", "or PROT_WRITE, PROT_EXEC, joined by |"),
            ("PROT_NONE", "nothing may be done with them"),
        ],
    ),
];

const OPERATION: &[(&str, &str)] = &[
    ("sem_op", "adds this; below 0 it waits for enough, 0 waits for 0"),
    ("IPC_NOWAIT", "EAGAIN instead of waiting"),
    ("SEM_UNDO", "is undone when the process ends"),
];

const ERRORS: Table = &[
    (
        "shmget",
        &[
            ("EEXIST", "IPC_CREAT | IPC_EXCL, and the key has a segment"),
            ("ENOENT", "no IPC_CREAT, and the key has none"),
            ("EINVAL", "0 bytes or above shmmax for a new one; more than one there has"),
            ("EACCES", "the mode of the one that is there forbids it"),
            ("ENOSPC", "shmmni segments, or shmall pages, are there already"),
        ],
    ),
    (
        "shmat",
        &[
            ("EACCES", "the mode forbids it"),
            ("EINVAL", "no such id; the address is taken, or no multiple of a page"),
            ("EIDRM", "the segment is removed"),
            ("EPERM", "below vm.mmap_min_addr"),
        ],
    ),
    ("shmdt", &[("EINVAL", "no attachment begins at this address")]),
    (
        "shmctl",
        &[
            ("EINVAL", "no such id, or no such command"),
            ("EACCES", "IPC_STAT, and the mode does not let you read"),
            ("EPERM", "IPC_SET or IPC_RMID: not the owner, the creator or root"),
            ("EFAULT", "buf points nowhere"),
        ],
    ),
    (
        "semget",
        &[
            ("EEXIST", "IPC_CREAT | IPC_EXCL, and the key has a set"),
            ("ENOENT", "no IPC_CREAT, and the key has none"),
            ("EINVAL", "0 semaphores for a new one; more than one there has"),
            ("EACCES", "the mode of the one that is there forbids it"),
            ("ENOSPC", "the namespace's limits are reached"),
        ],
    ),
    ("semop", WAITING),
    ("semtimedop", WAITING),
    (
        "semctl",
        &[
            ("EINVAL", "no such id, semaphore or command"),
            ("EACCES", "the mode forbids it"),
            ("EPERM", "IPC_SET or IPC_RMID: not the owner, the creator or root"),
            ("ERANGE", "a value below 0 or above 32767"),
        ],
    ),
    ("ftok", &[("ENOENT", "no such file: ftok returns -1, which is a key like others")]),
    ("fork", &[("EAGAIN", "no more processes are allowed")]),
    ("wait", CHILDLESS),
    ("waitpid", CHILDLESS),
    (
        "kill",
        &[("ESRCH", "there is no such process"), ("EPERM", "it is another user's, and you are not root")],
    ),
    ("execlp", &[("ENOENT", "there is no such program"), ("EACCES", "you may not run it")]),
    ("setuid", &[("EPERM", "you are not root"), ("EINVAL", "the namespace does not have this user")]),
    ("setgid", &[("EPERM", "you are not root"), ("EINVAL", "the namespace does not have this group")]),
    ("mprotect", &[("EACCES", "more than SHM_RDONLY allows"), ("ENOMEM", "nothing is mapped there")]),
    ("munmap", &[("EINVAL", "the address is no multiple of a page, or the length is 0")]),
];

const CHILDLESS: &[(&str, &str)] = &[("ECHILD", "there is no such child, or it was waited for already")];

const WAITING: &[(&str, &str)] = &[
    ("EAGAIN", "it would have to wait, and IPC_NOWAIT or the time forbids it"),
    ("EIDRM", "the set was removed while it waited"),
    ("EINVAL", "no such id"),
    ("EFBIG", "there is no semaphore of this number"),
    ("ERANGE", "the value would be above 32767"),
    ("EACCES", "the mode forbids it"),
];
