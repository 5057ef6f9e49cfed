//! Why the kernel refused a call: found out from the arguments and from what the kernel shows, at that moment.
//!
//! **Invariant:** every sentence that names a number has just read it, or takes it from the call.

mod forbidden;
mod others;
#[cfg(test)]
mod tests;

use crate::Errno;

use crate::call::{Address, Call, Cmd, Key, ShmatFlags, ShmgetFlags, Shmid};
use crate::error::Reason;
use crate::evidence::limits::{self, SHM_RMID_FORCED, SHMALL, SHMMAX, SHMMNI};
use crate::evidence::maps::{self, Mapping};
use crate::evidence::segments::{self, Row};
use crate::process::{Look, ProcFile};

use forbidden::{forbidden, sandbox};
use others::{file, ftok, lock, semaphore};

/// The reason, in words.
pub fn explain(call: &Call, errno: Errno, process: &mut dyn Look) -> Reason {
    let (why, advice) = match (call, errno) {
        (_, Errno::ENOSYS) => no_such_call(call),
        (_, Errno::EPERM) if !has_reasons_of_its_own(call) => forbidden(call, process),
        (Call::Shmget { key, size, flags, .. }, _) => shmget(*key, *size, *flags, errno, process),
        (Call::Shmat { shmid, address, flags }, _) => shmat(*shmid, *address, *flags, errno, process),
        (Call::Shmdt { address }, _) => shmdt(*address, errno, process),
        (Call::Shmctl { shmid, cmd }, _) => shmctl(*shmid, *cmd, errno, process),
        (Call::File(call), _) => file(call, errno),
        (Call::Lock(call), _) => lock(*call, errno),
        (
            Call::Semget { .. }
            | Call::Semop { .. }
            | Call::SemopAt { .. }
            | Call::Semtimedop { .. }
            | Call::Semctl { .. },
            _,
        ) => semaphore(call, errno),
        (Call::Ftok { .. }, _) => ftok(errno),
    };
    Reason { why, advice }
}

/// Whether the kernel forbids the call for what it asks, and not only for who asks.
fn has_reasons_of_its_own(call: &Call) -> bool {
    matches!(
        call,
        Call::Shmget { .. } | Call::Shmat { .. } | Call::File(_) | Call::Lock(_) | Call::Ftok { .. }
    )
}

type Words = (String, String);

fn words(why: impl Into<String>, advice: impl Into<String>) -> Words {
    (why.into(), advice.into())
}

/// What means the same for every call; and the kernel's own words for the rest.
fn unknown(call: &str, errno: Errno) -> Words {
    match errno {
        Errno::EFAULT => words(
            format!(
                "{call} was passed an address that is not in this process's memory, or that does not allow this \
                 access."
            ),
            "Pass the address of a variable, such as `&buf`, and not a pointer that has not been set.",
        ),
        Errno::ENFILE => {
            words("The whole system has as many files open as it may.", "See /proc/sys/fs/file-nr.")
        }
        Errno::ENOMEM => words("The kernel has no memory left for what it has to note.", "See `free`."),
        Errno::EOVERFLOW => words(
            "A number in the record is too large for the form of it that this program knows.",
            "Build the program anew: for 64 bits, or with _FILE_OFFSET_BITS=64.",
        ),
        _ => words(
            format!("{call} gave {errno:?}, and why is not explained here: {}.", errno.meaning()),
            see(call),
        ),
    }
}

fn see(call: &str) -> String {
    let page = if matches!(call, "shmat" | "shmdt") { "shmop" } else { call };
    format!("See `man 2 {page}`.")
}

fn no_such_call(call: &Call) -> Words {
    words(
        format!(
            "This kernel has no {}: it is built without System V IPC, or a sandbox hides it.",
            call.name()
        ),
        "Run it on a Linux kernel with CONFIG_SYSVIPC, outside the sandbox.",
    )
}

fn shmget(key: Key, size: u64, flags: ShmgetFlags, errno: Errno, process: &mut dyn Look) -> Words {
    match errno {
        Errno::EINVAL => invalid_size(key, size, process),
        Errno::ENOENT => words(
            format!("No segment has the key {key}, and IPC_CREAT was not given."),
            "First start the program that makes it: that one passes IPC_CREAT.",
        ),
        Errno::EEXIST => words(
            format!("A segment has the key {key} already, and IPC_CREAT|IPC_EXCL asks for a new one."),
            "Leave out IPC_EXCL to use the segment that is there, or choose another key.",
        ),
        Errno::ENOSPC => no_space(size, process),
        Errno::ENOMEM if flags.contains(ShmgetFlags::SHM_HUGETLB) => {
            words("There are not enough huge pages.", "See HugePages_Free in /proc/meminfo.")
        }
        Errno::ENOMEM => words(
            format!(
                "{size} bytes are more than this machine could ever give: the kernel will not even promise them."
            ),
            "Ask for less; see MemTotal in /proc/meminfo.",
        ),
        Errno::EACCES => words(
            "A segment has this key, and its permission bits deny what was asked.",
            "Ask its owner, or choose another key; `ipcs -m` names the owner.",
        ),
        Errno::EPERM if flags.contains(ShmgetFlags::SHM_HUGETLB) => words(
            "SHM_HUGETLB needs CAP_IPC_LOCK, or a group or a limit that allows it.",
            "Leave out SHM_HUGETLB.",
        ),
        Errno::EPERM => sandbox("The manual page gives EPERM for huge pages only"),
        _ => unknown("shmget", errno),
    }
}

fn invalid_size(key: Key, size: u64, process: &mut dyn Look) -> Words {
    let found = if key == Key::PRIVATE { None } else { row(process, |row| row.key == key) };
    if let Some(found) = found {
        return words(
            format!(
                "The segment with the key {key} has {} bytes, fewer than the {size} asked for.",
                found.size
            ),
            "Ask for no more than it has, or for 0.",
        );
    }
    match setting(process, SHMMAX) {
        _ if size == 0 => {
            words("A new segment needs at least 1 byte (SHMMIN).", "Ask for the size that you need.")
        }
        Some(max) if size > max => words(
            format!("{size} bytes are more than /proc/sys/kernel/shmmax allows for one segment: {max}."),
            "Ask for less, or raise the limit: `sysctl kernel.shmmax`.",
        ),
        _ => words("The size or the flags are not valid for a new segment.", see("shmget")),
    }
}

fn no_space(size: u64, process: &mut dyn Look) -> Words {
    let table = table(process).unwrap_or_default();
    let page = process.page_size();
    let pages = |bytes: u64| bytes.div_ceil(page as u64);
    let counted = |number: u64, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    let used: u64 = table.iter().map(|row| pages(row.size as u64)).sum();
    match (setting(process, SHMMNI), setting(process, SHMALL)) {
        (Some(most), _) if table.len() as u64 >= most => words(
            format!("/proc/sys/kernel/shmmni allows {}, and there are that many.", counted(most, "segment")),
            "Remove those that nobody needs (`ipcs -m`, `ipcrm -m ID`), or raise kernel.shmmni. \
             With --isolated you have a table of your own.",
        ),
        (_, Some(most)) if used + pages(size) > most => words(
            format!(
                "/proc/sys/kernel/shmall allows {} for all segments together; {used} are in use, and {} \
                 asked for.",
                counted(most, "page"),
                pages(size)
            ),
            "Remove segments that nobody needs, or raise kernel.shmall.",
        ),
        _ => words("A limit on segments is used up.", "See `ipcs -m -l` and `ipcs -m -u`."),
    }
}

fn shmat(id: Shmid, address: Address, flags: ShmatFlags, errno: Errno, process: &mut dyn Look) -> Words {
    match errno {
        Errno::EINVAL => invalid_attach(id, address, flags, process),
        Errno::EACCES => denied_attach(id, flags, process),
        Errno::ENOMEM => words(
            "There is no room for the segment in this process's address space.",
            "See `ulimit -v`; and an address near the top of the address space has no room above it.",
        ),
        Errno::EIDRM => words("The segment was removed while the call ran.", "Make it anew."),
        Errno::EPERM => too_low(address, process)
            .unwrap_or_else(|| sandbox("The kernel answers shmat with EPERM for a low address only")),
        _ => unknown("shmat", errno),
    }
}

fn denied_attach(id: Shmid, flags: ShmatFlags, process: &mut dyn Look) -> Words {
    let mode = row(process, |row| row.shmid == id).map(|row| row.perms & 0o777);
    match mode.filter(|_| flags.contains(ShmatFlags::SHM_EXEC)) {
        Some(mode) if mode & 0o111 == 0 => words(
            format!(
                "SHM_EXEC asks for permission to execute, and the segment's mode, {mode:04o}, has no x bit."
            ),
            "Leave out SHM_EXEC; or the owner adds the bit with IPC_SET, as in 0700.",
        ),
        _ => words(
            "The segment's permission bits deny this process what it asks for. Attaching for writing only does not \
             exist.",
            "With SHM_RDONLY read permission is enough; IPC_SET changes the bits, for the owner.",
        ),
    }
}

/// Linux keeps the lowest addresses from users, lest a NULL pointer of the kernel's leads into their memory.
fn too_low(address: Address, process: &mut dyn Look) -> Option<Words> {
    let lowest = process.shows(ProcFile::LowestAddress).ok().and_then(|text| limits::parse(&text).ok())?;
    (address != Address::NULL && address.0 < lowest).then(|| {
        words(
            format!(
                "Addresses below {} are not for users (vm.mmap_min_addr), or a sandbox forbids the call.",
                Address(lowest)
            ),
            "Pass NULL, and let the kernel choose.",
        )
    })
}

fn invalid_attach(id: Shmid, address: Address, flags: ShmatFlags, process: &mut dyn Look) -> Words {
    let page = process.page_size();
    let Some(table) = table(process) else {
        return words(
            format!(
                "Either no segment has the id {id}, or {address} cannot be used; /proc would show which."
            ),
            "Mount /proc, and run it again.",
        );
    };
    let Some(segment) = table.into_iter().find(|row| row.shmid == id) else {
        let (why, advice) = no_such_segment(id, process);
        return words(why, format!("{advice} A C program must check for (void *) -1."));
    };
    if address == Address::NULL && flags.contains(ShmatFlags::SHM_REMAP) {
        return words(
            "SHM_REMAP replaces what is mapped at an address, and NULL names none.",
            "Pass the address of an attachment, or leave out SHM_REMAP.",
        );
    }
    if !address.is_multiple_of(page) && !flags.contains(ShmatFlags::SHM_RND) {
        return words(
            format!(
                "{address} is not a multiple of SHMLBA, here {page}: {} is left over.",
                address.0 % page as u64
            ),
            "Pass an address that is, or SHM_RND to have it rounded down.",
        );
    }
    let start = Address(address.0 / page as u64 * page as u64);
    let length = segment.size.next_multiple_of(page);
    match taken_by(process, start, length) {
        Some(mapping) if address != Address::NULL => {
            let reach =
                if mapping.start > start { "is free, but the segment would run into" } else { "is taken by" };
            words(format!("{start} {reach}: {mapping}."), "Pass NULL, and let the kernel choose.")
        }
        _ => words("The address or the flags are not valid.", see("shmat")),
    }
}

fn shmdt(address: Address, errno: Errno, process: &mut dyn Look) -> Words {
    match errno {
        Errno::EINVAL => match taken_by(process, address, 1) {
            Some(mapping) => words(
                format!("No attachment starts at {address}; what is there: {mapping}"),
                "Pass exactly what shmat returned.",
            ),
            None => words(
                format!("No attachment starts at {address}: nothing is mapped there."),
                "Detach only once.",
            ),
        },
        _ => unknown("shmdt", errno),
    }
}

fn no_such_segment(id: Shmid, process: &mut dyn Look) -> Words {
    if setting(process, SHM_RMID_FORCED) == Some(1) {
        return words(
            format!(
                "No segment has the id {id}. kernel.shm_rmid_forced is 1 here: a segment goes with its last attachment."
            ),
            "With --isolated it is 0, as it is by default; or see `sysctl kernel.shm_rmid_forced`.",
        );
    }
    words(
        format!("No segment has the id {id}: there never was one, or it has been removed."),
        "Look it up in `ipcs -m`.",
    )
}

fn shmctl(id: Shmid, cmd: Cmd, errno: Errno, process: &mut dyn Look) -> Words {
    match errno {
        Errno::EINVAL if matches!(cmd, Cmd::Unknown(_)) => {
            words("The kernel knows no such command.", see("shmctl"))
        }
        Errno::EINVAL if matches!(cmd, Cmd::ShmStat | Cmd::ShmStatAny) => {
            words(format!("No segment has the index {id}."), "Indices run from 0 to what SHM_INFO returns.")
        }
        Errno::EINVAL => no_such_segment(id, process),
        Errno::EACCES => words(
            "The segment's permission bits do not let this process read its record.",
            "Its owner may change them with IPC_SET.",
        ),
        Errno::EIDRM => words("The segment was removed while the call ran.", "Nothing is left to do."),
        Errno::ENOMEM => words(
            "With its pages the user would have more memory locked than RLIMIT_MEMLOCK allows.",
            "See `ulimit -l`; and unlock what need not be locked.",
        ),
        _ => unknown("shmctl", errno),
    }
}

fn table(process: &mut dyn Look) -> Option<Vec<Row>> {
    segments::parse(&process.shows(ProcFile::Segments).ok()?).ok()
}

fn row(process: &mut dyn Look, wanted: impl Fn(&Row) -> bool) -> Option<Row> {
    table(process)?.into_iter().find(wanted)
}

fn taken_by(process: &mut dyn Look, address: Address, length: usize) -> Option<Mapping> {
    let text = process.shows(ProcFile::Maps).ok()?;
    maps::parse(&text).ok()?.into_iter().find(|mapping| mapping.overlaps(address, length))
}

fn setting(process: &mut dyn Look, name: &'static str) -> Option<u64> {
    limits::parse(&process.shows(ProcFile::Setting(name)).ok()?).ok()
}
