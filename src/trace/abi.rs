//! Which system call a number is: for this machine's own programs, and for 32-bit ones where it runs them.
//!
//! **Invariant:** numbers and the order of arguments only; what the arguments mean is for `decode.rs`.

use nix::libc;

/// The calls that stop a traced program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Shmget,
    Shmat,
    Shmdt,
    Shmctl,
    Semget,
    Semop,
    Semtimedop,
    Semctl,
}

impl Name {
    /// The name of the C function.
    pub fn in_c(self) -> &'static str {
        match self {
            Name::Shmget => "shmget",
            Name::Shmat => "shmat",
            Name::Shmdt => "shmdt",
            Name::Shmctl => "shmctl",
            Name::Semget => "semget",
            Name::Semop => "semop",
            Name::Semtimedop => "semtimedop",
            Name::Semctl => "semctl",
        }
    }
}

/// How wide a `long` and a pointer are, which decides how a record lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// As in this program.
    Native,
    /// 32 bits.
    Compat,
}

/// A system call as it was asked for, with its arguments in the order of the C function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawSyscall {
    pub name: Name,
    pub arguments: [u64; 5],
    pub width: Width,
    /// Set where the old call `ipc` carries this one: it passes some things by pointer.
    pub multiplexed: bool,
}

/// The numbers on this machine.
pub(super) const NATIVE: [(i64, Name); 8] = [
    (libc::SYS_shmget, Name::Shmget),
    (libc::SYS_shmat, Name::Shmat),
    (libc::SYS_shmdt, Name::Shmdt),
    (libc::SYS_shmctl, Name::Shmctl),
    (libc::SYS_semget, Name::Semget),
    (libc::SYS_semop, Name::Semop),
    (libc::SYS_semtimedop, Name::Semtimedop),
    (libc::SYS_semctl, Name::Semctl),
];

/// The calls by which a thread moves to another IPC namespace: they stop it, too, and nothing is told of them.
pub(super) const NATIVE_MOVES: [i64; 2] = [libc::SYS_unshare, libc::SYS_setns];

/// The calls by which a program puts a filter of its own in front of itself: they stop it, too.
pub(super) const NATIVE_FILTERS: [i64; 2] = [libc::SYS_prctl, libc::SYS_seccomp];

/// This machine's architecture, as filters and ptrace name it (`AUDIT_ARCH_*`, `linux/audit.h`), where it is known.
pub(super) const NATIVE_ARCH: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else if cfg!(target_arch = "riscv64") {
    Some(0xc000_00f3)
} else {
    None
};

/// The bits of a number that say which call it is. On x86_64 a program may set one more, and thereby make the same
/// call as of the x32 ABI (`__X32_SYSCALL_BIT`).
pub(super) const NUMBER_MASK: u32 = if cfg!(target_arch = "x86_64") { !0x4000_0000 } else { !0 };

/// The architecture of 32-bit programs, as filters and ptrace name it (`AUDIT_ARCH_I386`), where they are decoded.
#[cfg(target_arch = "x86_64")]
pub(super) const COMPAT_ARCH: Option<u32> = Some(0x4000_0003);
#[cfg(not(target_arch = "x86_64"))]
pub(super) const COMPAT_ARCH: Option<u32> = None;

/// `ipc`, which carried all of these calls before Linux 5.1 gave i386 a number for each.
pub(super) const COMPAT_IPC: u32 = 117;

/// The numbers for 32-bit programs: `arch/x86/entry/syscalls/syscall_32.tbl`.
pub(super) const COMPAT: [(u32, Name); 7] = [
    (393, Name::Semget),
    (394, Name::Semctl),
    (395, Name::Shmget),
    (396, Name::Shmctl),
    (397, Name::Shmat),
    (398, Name::Shmdt),
    (420, Name::Semtimedop),
];

/// [`NATIVE_MOVES`] for 32-bit programs.
pub(super) const COMPAT_MOVES: [u32; 2] = [310, 346];

/// [`NATIVE_FILTERS`] for 32-bit programs.
pub(super) const COMPAT_FILTERS: [u32; 2] = [172, 354];

/// The numbers of every call that stops a program of this machine.
pub(super) fn native_stops() -> Vec<u32> {
    let ours = NATIVE.iter().map(|(number, _)| *number);
    ours.chain(NATIVE_MOVES).chain(NATIVE_FILTERS).map(|number| number as u32).collect()
}

/// The numbers of every call that stops a 32-bit program.
pub(super) fn compat_stops() -> Vec<u32> {
    COMPAT
        .iter()
        .map(|(number, _)| *number)
        .chain([COMPAT_IPC])
        .chain(COMPAT_MOVES)
        .chain(COMPAT_FILTERS)
        .collect()
}

/// Whether a call may move its thread to another IPC namespace.
pub(super) fn moves(arch: u32, number: u64) -> bool {
    match Some(arch) == COMPAT_ARCH {
        true => COMPAT_MOVES.iter().any(|compat| u64::from(*compat) == number),
        false => NATIVE_MOVES.iter().any(|native| *native as u64 == number & u64::from(NUMBER_MASK)),
    }
}

/// A filter that a program puts in front of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewFilter {
    /// Whether another process is to answer calls (`SECCOMP_FILTER_FLAG_NEW_LISTENER`).
    pub has_listener: bool,
}

/// Whether a call puts a filter in front of its thread: `seccomp(SECCOMP_SET_MODE_FILTER, flags, …)`, or
/// `prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, …)`.
pub(super) fn filters(arch: u32, number: u64, [first, second, ..]: [u64; 6]) -> Option<NewFilter> {
    let [prctl, seccomp] = match Some(arch) == COMPAT_ARCH {
        true => COMPAT_FILTERS.map(u64::from),
        false => NATIVE_FILTERS.map(|number| number as u64),
    };
    let number = number & u64::from(NUMBER_MASK);
    if number == seccomp && first == u64::from(libc::SECCOMP_SET_MODE_FILTER) {
        return Some(NewFilter { has_listener: second & libc::SECCOMP_FILTER_FLAG_NEW_LISTENER != 0 });
    }
    let is_filter = number == prctl
        && first == libc::PR_SET_SECCOMP as u64
        && second == u64::from(libc::SECCOMP_MODE_FILTER);
    is_filter.then_some(NewFilter { has_listener: false })
}

/// Which call it is, if it is one of ours.
pub(super) fn asked(arch: u32, number: u64, arguments: [u64; 6]) -> Option<RawSyscall> {
    let number = number & u64::from(NUMBER_MASK);
    let first_five = [arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]];
    if Some(arch) != COMPAT_ARCH {
        let (_, name) = *NATIVE.iter().find(|(native, _)| *native as u64 == number)?;
        return Some(RawSyscall { name, arguments: first_five, width: Width::Native, multiplexed: false });
    }
    if number == u64::from(COMPAT_IPC) {
        return demultiplexed(arguments);
    }
    let (_, name) = *COMPAT.iter().find(|(compat, _)| u64::from(*compat) == number)?;
    Some(RawSyscall { name, arguments: first_five, width: Width::Compat, multiplexed: false })
}

/// `ipc(call, first, second, third, ptr, fifth)`: the arguments in the order of the call that it carries.
///
/// Source: [ipc(2)](https://man7.org/linux/man-pages/man2/ipc.2.html), `ipc/syscall.c`.
fn demultiplexed([call, first, second, third, pointer, fifth]: [u64; 6]) -> Option<RawSyscall> {
    let (name, arguments) = match call & 0xffff {
        1 => (Name::Semop, [first, pointer, second, 0, 0]),
        2 => (Name::Semget, [first, second, third, 0, 0]),
        3 => (Name::Semctl, [first, second, third, pointer, 0]),
        4 => (Name::Semtimedop, [first, pointer, second, fifth, 0]),
        // The kernel writes the address to where the third argument points, and returns 0.
        21 => (Name::Shmat, [first, pointer, second, third, 0]),
        22 => (Name::Shmdt, [pointer, 0, 0, 0, 0]),
        23 => (Name::Shmget, [first, second, third, 0, 0]),
        24 => (Name::Shmctl, [first, second, pointer, 0, 0]),
        _ => return None,
    };
    Some(RawSyscall { name, arguments, width: Width::Compat, multiplexed: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machines_own_numbers_are_known() {
        let found = asked(0, libc::SYS_shmdt as u64, [7, 0, 0, 0, 0, 0]).unwrap();
        assert!(moves(0, libc::SYS_unshare as u64) && !moves(0, libc::SYS_shmdt as u64));
        assert_eq!((found.name, found.arguments[0], found.width), (Name::Shmdt, 7, Width::Native));
        assert_eq!(asked(0, libc::SYS_getpid as u64, [0; 6]), None);
    }

    #[test]
    fn only_a_new_filter_is_one() {
        let filter = |number, first, second| filters(0, number as u64, [first, second, 0, 0, 0, 0]);
        assert_eq!(filter(libc::SYS_prctl, 22, 2), Some(NewFilter { has_listener: false }));
        assert_eq!(filter(libc::SYS_seccomp, 1, 0), Some(NewFilter { has_listener: false }));
        assert_eq!(filter(libc::SYS_seccomp, 1, 8), Some(NewFilter { has_listener: true }));
        // A thread's name, strict mode, and the question what actions there are.
        for (number, first, second) in
            [(libc::SYS_prctl, 15, 2), (libc::SYS_prctl, 22, 1), (libc::SYS_seccomp, 2, 0)]
        {
            assert_eq!(filter(number, first, second), None);
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_old_multiplexed_call_is_taken_apart() {
        let shmat = asked(COMPAT_ARCH.unwrap(), 117, [21, 5, 0o10000, 0xff00, 0x5000000, 0]).unwrap();
        assert_eq!((shmat.name, shmat.arguments), (Name::Shmat, [5, 0x5000000, 0o10000, 0xff00, 0]));
        assert_eq!(asked(COMPAT_ARCH.unwrap(), 117, [11, 0, 0, 0, 0, 0]), None, "msgsnd is not ours");
    }
}
