//! Why a program could not be traced, and what its user can do about it.
//!
//! **Invariant:** the errno is the one that the system gave; the advice names only what may be the cause here.

use nix::errno::Errno;

/// Why a program could not be traced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// `execvp` failed.
    #[error("{program} cannot be run: {}", crate::kernel::portable(*errno).meaning())]
    NotRun {
        /// What was to be run.
        program: String,
        /// `ENOENT` where there is no such program, `EACCES` where it is no program, and the like.
        errno: Errno,
        /// What the program's file names and is not there, in words, where that is what `ENOENT` is about.
        missing: Option<String>,
    },
    /// ptrace is forbidden.
    #[error("tracing is forbidden here: ptrace(PTRACE_SEIZE) gave {}", crate::kernel::portable(*errno))]
    Forbidden {
        /// What ptrace answered.
        errno: Errno,
    },
    /// The filter could not be set up.
    #[error("the filter that stops a program at System V calls cannot be set up: seccomp gave {}", crate::kernel::portable(*errno))]
    Filter {
        /// What seccomp answered.
        errno: Errno,
    },
    /// The process could not be made, or made ready.
    #[error("`{command}` cannot be started: {}", crate::kernel::portable(*errno))]
    Prepare {
        /// The command.
        command: String,
        /// What the system answered.
        errno: Errno,
    },
    /// Waiting for what is traced failed.
    #[error("the traced program was lost: {}", crate::kernel::portable(*errno))]
    Lost {
        /// What waitpid answered.
        errno: Errno,
    },
}

impl Error {
    /// What the user can do about it.
    pub fn advice(&self) -> String {
        match self {
            Error::NotRun { missing: Some(missing), .. } => {
                format!("The file exists, but what should run it does not: {missing}.")
            }
            Error::NotRun { errno: Errno::ENOENT, .. } => {
                "No such program: look for a typing error. A program in this directory is run as ./NAME."
                    .into()
            }
            Error::NotRun { errno: Errno::EACCES, .. } => {
                "It exists, but may not be run: it is a directory, or a file without the x bit (`chmod +x`)."
                    .into()
            }
            Error::NotRun { errno: Errno::ENOEXEC, .. } => {
                "It is no program that this machine can run. Was it built for another one?".into()
            }
            Error::NotRun { .. } => "See `man 2 execve` for what the answer means.".into(),
            Error::Forbidden { .. } => format!(
                "Either it is traced already (by strace, by a debugger), or a setting forbids it: {}; in a \
                 container, its seccomp profile (docker run --cap-add SYS_PTRACE).",
                yama()
            ),
            Error::Filter { .. } => {
                "The kernel needs CONFIG_SECCOMP_FILTER, and this machine's architecture \
                 must be x86_64, aarch64 or riscv64."
                    .into()
            }
            Error::Prepare { .. } => "See `ulimit -u`, and whether a word of the command holds a NUL.".into(),
            Error::Lost { .. } => "Run it again.".into(),
        }
    }

    /// The exit status that a shell would give: 127 not found, 126 not to be run, 1 for the rest.
    pub fn status(&self) -> u8 {
        match self {
            Error::NotRun { errno: Errno::ENOENT, .. } => 127,
            Error::NotRun { .. } => 126,
            _ => 1,
        }
    }
}

/// What the security module yama says to tracing.
fn yama() -> String {
    match std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope") {
        Ok(scope) => format!("kernel.yama.ptrace_scope is {} here", scope.trim()),
        Err(_) => "this kernel has no kernel.yama.ptrace_scope".into(),
    }
}
