//! The calls that a hand-in may not make: those that hide others from the tracer, and those that reach out of the
//! sandbox.
//!
//! A filter that hands calls over to a supervisor (`SECCOMP_FILTER_FLAG_NEW_LISTENER`) goes before the tracer's own, and
//! what the supervisor lets go on stops no more. A process that has slipped away from the tracer (`CLONE_UNTRACED`) and
//! is traced by its maker would stop for that one. So neither can be had here. Keys belong to the marker's session; the
//! kernel's log and what is counted by `perf` are the machine's; a fault that is handled by the program itself
//! (`userfaultfd`) would hold whoever looks into its memory. And a process sets no limit of another (`prlimit` with a
//! process id): as an ordinary user's, the first process of a run has the hand-in's user.
//!
//! **Invariant:** a call is refused by its number and by arguments that are values. What lies in memory can change
//! after the filter has looked.

use nix::libc;
use seccompiler::BpfProgram;
use trace::bpf::{
    ARCHITECTURE, JUMP_IF_EQUAL, JUMP_IF_GREATER_OR_EQUAL, JUMP_IF_SET, LOAD, NUMBER, RETURN, instruction,
    jump,
};

/// Where the lower halves of the first and of the second argument lie in `struct seccomp_data`.
const FIRST_ARGUMENT: u32 = if cfg!(target_endian = "little") { 16 } else { 20 };
const SECOND_ARGUMENT: u32 = FIRST_ARGUMENT + 8;

const NEW_LISTENER: u32 = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER as u32;
const REFUSED: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
/// As a kernel without them answers.
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
/// The bit of the x32 ABI's numbers: its calls take structs of another layout, which the tracer does not know.
const X32: u32 = 0x4000_0000;

/// An architecture whose calls the tracer knows (`AUDIT_ARCH_*`), and its numbers.
struct Abi {
    architecture: u32,
    forbidden: Vec<u32>,
    conditional: [Conditional; 2],
}

/// A call that is refused if any of these bits is set in an argument.
struct Conditional {
    number: u32,
    argument: u32,
    bits: u32,
}

fn conditional(seccomp: u32, prlimit: u32) -> [Conditional; 2] {
    [
        Conditional { number: seccomp, argument: SECOND_ARGUMENT, bits: NEW_LISTENER },
        Conditional { number: prlimit, argument: FIRST_ARGUMENT, bits: u32::MAX },
    ]
}

/// The numbers of this machine's own programs.
fn native() -> Option<Abi> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => 0xc000_003e,
        "aarch64" => 0xc000_00b7,
        "riscv64" => 0xc000_00f3,
        _ => return None,
    };
    let forbidden = [
        libc::SYS_ptrace,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_keyctl,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_kcmp,
        libc::SYS_syslog,
        libc::SYS_name_to_handle_at,
        libc::SYS_open_by_handle_at,
    ];
    let forbidden = forbidden.map(|number| number as u32).to_vec();
    let conditional = conditional(libc::SYS_seccomp as u32, libc::SYS_prlimit64 as u32);
    Some(Abi { architecture, forbidden, conditional })
}

/// The same calls by their 32-bit numbers: `arch/x86/entry/syscalls/syscall_32.tbl`.
fn compat() -> Option<Abi> {
    let forbidden = vec![26, 286, 287, 288, 374, 425, 426, 427, 357, 336, 438, 349, 103, 341, 342];
    let conditional = conditional(354, 340);
    cfg!(target_arch = "x86_64").then_some(Abi { architecture: 0x4000_0003, forbidden, conditional })
}

/// Builds the filter. None, if this machine's calls are not known.
pub(super) fn filter() -> Option<BpfProgram> {
    let abis = [Some(native()?), compat()].into_iter().flatten();
    let parts = abis.flat_map(|abi| calls_of(&abi));
    // Programs of an architecture that the tracer does not know would make their calls unseen.
    let end = instruction(RETURN, libc::SECCOMP_RET_KILL_PROCESS);
    Some([instruction(LOAD, ARCHITECTURE)].into_iter().chain(parts).chain([end]).collect())
}

/// Decides on the calls of one architecture; those of any other fall through to what comes after it.
fn calls_of(abi: &Abi) -> BpfProgram {
    let count = abi.forbidden.len() as u8;
    let rules = 3 * abi.conditional.len() as u8;
    let mut program = vec![
        jump(JUMP_IF_EQUAL, abi.architecture, 0, count + rules + 5),
        instruction(LOAD, NUMBER),
        jump(JUMP_IF_GREATER_OR_EQUAL, X32, count + rules + 2, 0),
    ];
    for (number, left) in abi.forbidden.iter().zip((0..count).rev()) {
        program.push(jump(JUMP_IF_EQUAL, *number, left + rules, 0));
    }
    for (rule, left) in abi.conditional.iter().zip((0..rules).step_by(3).rev()) {
        // Behind the last one stands the refusal, which a call of another number passes by.
        let next = if left == 0 { 3 } else { 2 };
        program.extend([
            jump(JUMP_IF_EQUAL, rule.number, 0, next),
            instruction(LOAD, rule.argument),
            jump(JUMP_IF_SET, rule.bits, left, left + 1),
        ]);
    }
    program.extend([
        instruction(RETURN, REFUSED),
        instruction(RETURN, libc::SECCOMP_RET_ALLOW),
        instruction(RETURN, UNKNOWN),
    ]);
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(architecture: u32, number: u32, [first, second]: [u32; 2]) -> u32 {
        trace::bpf::verdict(&filter().unwrap(), |at| match at {
            NUMBER => number,
            ARCHITECTURE => architecture,
            FIRST_ARGUMENT => first,
            SECOND_ARGUMENT => second,
            _ => panic!("no word at {at}"),
        })
    }

    #[test]
    fn every_call_is_allowed_but_the_forbidden_ones() {
        for abi in [native(), compat()].into_iter().flatten() {
            for number in 0..1024 {
                let expected =
                    if abi.forbidden.contains(&number) { REFUSED } else { libc::SECCOMP_RET_ALLOW };
                assert_eq!(verdict(abi.architecture, number, [0, 0]), expected, "call {number}");
            }
            assert_eq!(verdict(abi.architecture, X32 | 1, [0, 0]), UNKNOWN);
        }
        assert_eq!(
            verdict(1, 1, [0, 0]),
            libc::SECCOMP_RET_KILL_PROCESS,
            "an architecture that is not known"
        );
    }

    #[test]
    fn a_filter_may_be_installed_but_not_with_a_listener() {
        for abi in [native(), compat()].into_iter().flatten() {
            let seccomp = abi.conditional[0].number;
            assert_eq!(verdict(abi.architecture, seccomp, [1, 1]), libc::SECCOMP_RET_ALLOW);
            for flags in [NEW_LISTENER, NEW_LISTENER | 1, u32::MAX] {
                assert_eq!(verdict(abi.architecture, seccomp, [1, flags]), REFUSED, "flags {flags:#x}");
            }
            assert_eq!(verdict(abi.architecture, 1, [1, NEW_LISTENER]), libc::SECCOMP_RET_ALLOW);
        }
    }

    #[test]
    fn a_process_sets_its_own_limits_and_no_others() {
        for abi in [native(), compat()].into_iter().flatten() {
            let prlimit = abi.conditional[1].number;
            assert_eq!(verdict(abi.architecture, prlimit, [0, 7]), libc::SECCOMP_RET_ALLOW);
            for pid in [1, 400, u32::MAX] {
                assert_eq!(verdict(abi.architecture, prlimit, [pid, 7]), REFUSED, "process {pid}");
            }
        }
    }
}
