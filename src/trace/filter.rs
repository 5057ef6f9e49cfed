//! The filter that a traced program runs under: System V calls stop it, and any other call runs free.
//!
//! A filter needs `no_new_privs` (prctl(2)), so a set-uid program that is traced does not gain its owner's rights.
//!
//! **Invariant:** the filter forbids nothing. A call either runs, or stops first and then runs.

use nix::libc;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, sock_filter};

use super::abi::{COMPAT, COMPAT_ARCH, COMPAT_IPC, NATIVE};

/// Instructions of BPF (`linux/bpf_common.h`): load a word, return a constant, jump if equal to a constant.
const LOAD: u16 = 0x20;
const RETURN: u16 = 0x06;
const JUMP_IF_EQUAL: u16 = 0x15;

/// Where the number and the architecture of a call lie in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

/// Builds the filter for this machine's programs, and for 32-bit ones.
///
/// # Errors
///
/// `seccompiler` knows no filter for this architecture.
pub(super) fn program() -> Result<BpfProgram, seccompiler::BackendError> {
    let here = TargetArch::try_from(std::env::consts::ARCH)?;
    let rules = NATIVE.iter().map(|(number, _)| (*number, Vec::new())).collect();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Trace(0), here)?;
    let native = BpfProgram::try_from(filter)?;
    Ok([foreign(native[1].k), native].concat())
}

/// What stands before the native filter, which would kill a call of any other architecture.
///
/// `own` is this machine's architecture, as the native filter compares it.
fn foreign(own: u32) -> BpfProgram {
    let compat: Vec<u32> = match COMPAT_ARCH {
        Some(_) => COMPAT.iter().map(|(number, _)| *number).chain([COMPAT_IPC]).collect(),
        None => Vec::new(),
    };
    let rules = compat.len() as u8;
    // Over two loads' worth of instructions, one jump a rule, and two returns.
    let mut program = vec![instruction(LOAD, ARCHITECTURE), jump(own, rules + 4, 0)];
    program.push(jump(COMPAT_ARCH.unwrap_or(own), 0, rules + 1));
    program.push(instruction(LOAD, NUMBER));
    program.extend(compat.iter().zip(0u8..).map(|(number, done)| jump(*number, rules - done, 0)));
    program.push(instruction(RETURN, libc::SECCOMP_RET_ALLOW));
    program.push(instruction(RETURN, libc::SECCOMP_RET_TRACE));
    program
}

fn instruction(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

/// Skips `yes` instructions if what was loaded is `k`, and `no` otherwise.
fn jump(k: u32, yes: u8, no: u8) -> sock_filter {
    sock_filter { code: JUMP_IF_EQUAL, jt: yes, jf: no, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would do with a call: as much of BPF as the filter uses.
    fn verdict(program: &[sock_filter], architecture: u32, number: u32) -> u32 {
        let (mut place, mut loaded) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[place].clone();
            place += 1;
            match code {
                LOAD => loaded = if k == NUMBER { number } else { architecture },
                JUMP_IF_EQUAL => place += usize::from(if loaded == k { jt } else { jf }),
                0x05 => place += k as usize,
                RETURN => return k,
                _ => panic!("instruction {code:#x}"),
            }
        }
    }

    #[test]
    fn only_system_v_calls_stop_and_nothing_is_forbidden() {
        let program = program().unwrap();
        let own = jump_target(&program);
        for number in 0..1024 {
            let stops = NATIVE.iter().any(|(native, _)| *native == i64::from(number));
            let expected = if stops { libc::SECCOMP_RET_TRACE } else { libc::SECCOMP_RET_ALLOW };
            assert_eq!(verdict(&program, own, number), expected, "native call {number}");
            let stops = COMPAT.iter().any(|(compat, _)| *compat == number) || number == COMPAT_IPC;
            let expected = if stops { libc::SECCOMP_RET_TRACE } else { libc::SECCOMP_RET_ALLOW };
            if let Some(compat) = COMPAT_ARCH {
                assert_eq!(verdict(&program, compat, number), expected, "32-bit call {number}");
            }
            assert_eq!(verdict(&program, 1, number), libc::SECCOMP_RET_ALLOW, "another architecture");
        }
    }

    fn jump_target(program: &[sock_filter]) -> u32 {
        program[1].k
    }
}
