//! The instructions of BPF that the filters of seccomp(2) are made of (`linux/bpf_common.h`): as many as are used here.
//!
//! **Invariant:** a filter sees numbers only. What an argument points to can change after it has looked.

use seccompiler::sock_filter;

/// Loads a word of `struct seccomp_data`.
pub const LOAD: u16 = 0x20;
/// Masks what was loaded.
pub const AND: u16 = 0x54;
/// Goes on by whether what was loaded is a constant.
pub const JUMP_IF_EQUAL: u16 = 0x15;
/// Goes on by whether what was loaded is above a constant.
pub const JUMP_IF_GREATER: u16 = 0x25;
/// Goes on by whether what was loaded is a constant or above it.
pub const JUMP_IF_GREATER_OR_EQUAL: u16 = 0x35;
/// Goes on by whether what was loaded has one of a constant's bits.
pub const JUMP_IF_SET: u16 = 0x45;
/// Ends with a constant: what is to be done with the call.
pub const RETURN: u16 = 0x06;

/// Where the number of a call lies in `struct seccomp_data`.
pub const NUMBER: u32 = 0;
/// Where its architecture lies.
pub const ARCHITECTURE: u32 = 4;

/// An instruction that does not jump.
pub fn instruction(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

/// Skips `yes` instructions if what was loaded compares to `k` as the code says, and `no` otherwise.
pub fn jump(code: u16, k: u32, yes: u8, no: u8) -> sock_filter {
    sock_filter { code, jt: yes, jf: no, k }
}

/// What the kernel would do with a call, for the filters' tests: `load` gives the word of `struct seccomp_data` at an
/// offset.
///
/// # Panics
///
/// The filter has an instruction that no filter of ours has.
pub fn verdict(program: &[sock_filter], load: impl Fn(u32) -> u32) -> u32 {
    let (mut place, mut loaded) = (0, 0);
    loop {
        let sock_filter { code, jt, jf, k } = program[place].clone();
        place += 1;
        let skip = |yes| usize::from(if yes { jt } else { jf });
        match code {
            LOAD => loaded = load(k),
            AND => loaded &= k,
            JUMP_IF_EQUAL => place += skip(loaded == k),
            JUMP_IF_GREATER => place += skip(loaded > k),
            JUMP_IF_GREATER_OR_EQUAL => place += skip(loaded >= k),
            JUMP_IF_SET => place += skip(loaded & k != 0),
            RETURN => return k,
            _ => panic!("instruction {code:#x}"),
        }
    }
}
