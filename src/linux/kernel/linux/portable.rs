//! From nix's values to the portable ones.
//!
//! **Invariant:** the portable numbers, names and words are this system's own, which the tests compare.

use nix::errno::Errno;

/// nix's errno as the rest of the house knows it.
pub fn portable(errno: Errno) -> playground_core::Errno {
    playground_core::Errno::from_raw(errno as i32)
}

#[cfg(test)]
mod tests {
    use std::io;

    use nix::libc;
    use nix::sys::signal;
    use playground_core::call::{Cmd, SemCmd, SemFlags, ShmatFlags, ShmgetFlags};
    use playground_core::{Errno, Mode, Signal};

    /// From 1 to a few past the last: 41 and 58 have no name.
    #[test]
    fn every_errno_has_the_name_and_the_words_of_this_system() {
        for number in 1..140 {
            let ours = Errno::from_raw(number);
            let theirs = nix::errno::Errno::from_raw(number);
            assert_eq!(ours.name().is_some(), theirs != nix::errno::Errno::UnknownErrno, "{number}");
            if let Some(name) = ours.name() {
                assert_eq!(name, format!("{theirs:?}"));
            }
            if cfg!(target_env = "gnu") {
                let words = io::Error::from_raw_os_error(number).to_string();
                assert_eq!(format!("{} (os error {number})", ours.meaning()), words);
            }
        }
    }

    #[test]
    fn every_signal_has_the_name_of_this_system() {
        for signal in signal::Signal::iterator() {
            assert_eq!(Signal::from_raw(signal as i32).to_string(), signal.as_str());
        }
        assert_eq!(Signal::from_raw(libc::SIGRTMIN()).to_string(), "SIGRTMIN+0");
    }

    #[test]
    fn flags_modes_and_commands_have_the_numbers_of_this_system() {
        let pairs = [
            (ShmgetFlags::IPC_CREAT.bits(), libc::IPC_CREAT),
            (ShmgetFlags::IPC_EXCL.bits(), libc::IPC_EXCL),
            (ShmgetFlags::SHM_HUGETLB.bits(), libc::SHM_HUGETLB),
            (ShmgetFlags::SHM_NORESERVE.bits(), libc::SHM_NORESERVE),
            (ShmatFlags::SHM_RDONLY.bits(), libc::SHM_RDONLY),
            (ShmatFlags::SHM_RND.bits(), libc::SHM_RND),
            (ShmatFlags::SHM_REMAP.bits(), libc::SHM_REMAP),
            (ShmatFlags::SHM_EXEC.bits(), libc::SHM_EXEC),
            (SemFlags::IPC_NOWAIT.bits(), libc::IPC_NOWAIT),
            (SemFlags::SEM_UNDO.bits(), libc::SEM_UNDO),
            (Cmd::IpcStat.number(), libc::IPC_STAT),
            (Cmd::IpcRmid.number(), libc::IPC_RMID),
            (Cmd::ShmLock.number(), libc::SHM_LOCK),
            (Cmd::ShmUnlock.number(), libc::SHM_UNLOCK),
            (Cmd::IpcInfo.number(), libc::IPC_INFO),
            (SemCmd::SetVal(0).number(), libc::SETVAL),
            (SemCmd::GetVal.number(), libc::GETVAL),
            (SemCmd::GetPid.number(), libc::GETPID),
            (SemCmd::GetNcnt.number(), libc::GETNCNT),
            (SemCmd::GetZcnt.number(), libc::GETZCNT),
            (SemCmd::IpcRmid.number(), libc::IPC_RMID),
        ];
        for (position, (ours, theirs)) in pairs.into_iter().enumerate() {
            assert_eq!(ours, theirs, "row {position}");
        }
        let named = [(libc::GETALL, "GETALL"), (libc::SETALL, "SETALL"), (libc::SEM_STAT, "SEM_STAT")];
        for (number, name) in named {
            assert_eq!(SemCmd::Other(number).to_string(), name);
        }
        for (name, ours) in Mode::all().iter_names() {
            let theirs = nix::sys::stat::Mode::from_name(name).map(|mode| mode.bits());
            assert_eq!(Some(ours.bits()), theirs, "{name}");
        }
    }
}
