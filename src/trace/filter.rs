//! The filter that a traced program runs under: System V calls stop it, and any other call runs free.
//!
//! A filter needs `no_new_privs` (prctl(2)), so a set-uid program that is traced does not gain its owner's rights.
//!
//! It is written instruction by instruction. The kernel goes through a new filter once for every call that there is, to
//! know which ones always pass, so the program waits for each instruction some hundred times before it begins.
//! `seccompiler` writes three a number; the calls that stop lie side by side, and here two do for a range of them.
//!
//! **Invariant:** the filter forbids nothing. A call either runs, or stops first and then runs.

use nix::libc;
use seccompiler::BpfProgram;

use super::abi::{self, NUMBER_MASK};
use super::bpf::{
    AND, ARCHITECTURE, JUMP_IF_EQUAL, JUMP_IF_GREATER, JUMP_IF_GREATER_OR_EQUAL, LOAD, NUMBER, RETURN,
    instruction, jump,
};

/// Builds the filter for this machine's programs, and for 32-bit ones. None, if this machine's calls are not known.
pub(super) fn program() -> Option<BpfProgram> {
    let native = calls_of(abi::NATIVE_ARCH?, abi::native_stops());
    let compat = abi::COMPAT_ARCH.map_or(Vec::new(), |compat| calls_of(compat, abi::compat_stops()));
    let other = vec![instruction(RETURN, libc::SECCOMP_RET_ALLOW)];
    Some([vec![instruction(LOAD, ARCHITECTURE)], native, compat, other].concat())
}

/// Decides on the calls of one architecture; those of any other fall through to what comes after it.
fn calls_of(architecture: u32, mut numbers: Vec<u32>) -> BpfProgram {
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    let ranges: Vec<_> = numbers.chunk_by(|higher, lower| higher - lower == 1).collect();
    let body = 2 * ranges.len() as u8;
    let mut program = vec![
        jump(JUMP_IF_EQUAL, architecture, 0, body + 4),
        instruction(LOAD, NUMBER),
        instruction(AND, NUMBER_MASK),
    ];
    // From the highest down: what is above a range, and not in one before, passes.
    for (range, place) in ranges.iter().zip((0u8..).step_by(2)) {
        let (last, first) = (range[0], range[range.len() - 1]);
        program.push(jump(JUMP_IF_GREATER, last, body - place - 1, 0));
        program.push(jump(JUMP_IF_GREATER_OR_EQUAL, first, body - place - 1, 0));
    }
    program.push(instruction(RETURN, libc::SECCOMP_RET_ALLOW));
    program.push(instruction(RETURN, libc::SECCOMP_RET_TRACE));
    program
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{
        COMPAT, COMPAT_ARCH, COMPAT_FILTERS, COMPAT_IPC, COMPAT_MOVES, NATIVE, NATIVE_ARCH, NATIVE_FILTERS,
        NATIVE_MOVES,
    };
    use crate::bpf;

    fn verdict(program: &BpfProgram, architecture: u32, number: u32) -> u32 {
        bpf::verdict(program, |at| if at == NUMBER { number } else { architecture })
    }

    #[test]
    fn only_what_is_told_of_stops_and_nothing_is_forbidden() {
        let program = program().unwrap();
        let expected = |stops| if stops { libc::SECCOMP_RET_TRACE } else { libc::SECCOMP_RET_ALLOW };
        for number in (0..1024).chain([u32::MAX]) {
            let native =
                NATIVE.map(|(native, _)| native).into_iter().chain(NATIVE_MOVES).chain(NATIVE_FILTERS);
            let stops = native.into_iter().any(|native| native == i64::from(number));
            assert_eq!(
                verdict(&program, NATIVE_ARCH.unwrap(), number),
                expected(stops),
                "native call {number}"
            );
            let stops = COMPAT.iter().any(|(compat, _)| *compat == number)
                || number == COMPAT_IPC
                || COMPAT_MOVES.contains(&number)
                || COMPAT_FILTERS.contains(&number);
            if let Some(compat) = COMPAT_ARCH {
                assert_eq!(verdict(&program, compat, number), expected(stops), "32-bit call {number}");
            }
            assert_eq!(verdict(&program, 1, number), libc::SECCOMP_RET_ALLOW, "another architecture");
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_numbers_of_x32_are_no_way_around_it() {
        let number = libc::SYS_shmget as u32 | 0x4000_0000;
        assert_eq!(verdict(&program().unwrap(), NATIVE_ARCH.unwrap(), number), libc::SECCOMP_RET_TRACE);
    }
}
