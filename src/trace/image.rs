//! What a process runs: whether tracing changes what it may, or misses what it does.
//!
//! **Invariant:** only says what it has read from the program's file.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use nix::libc;

use super::abi::COMPAT_ARCH;
use super::outside;

/// The first bytes of an ELF file: the class is the fifth, the machine follows after 18.
const HEAD: usize = 20;
const CLASS_32_BIT: u8 = 1;
const MACHINE_X86_64: u16 = 62;

/// What there is to say of the program that a process has just begun to run.
pub(super) fn notes(pid: i32) -> Vec<String> {
    let path = format!("/proc/{pid}/exe");
    // A program that may be run need not be one that may be read, so its bits are asked for without opening it.
    let rights = std::fs::metadata(&path).ok().and_then(|file| set_id(&file, pid));
    let width = head(&path).and_then(|head| narrow(&head));
    [rights, width].into_iter().flatten().collect()
}

/// The kernel ignores set-uid bits under a filter, and under a tracer without privileges.
fn set_id(file: &Metadata, pid: i32) -> Option<String> {
    let bits = file.permissions().mode();
    if bits & (libc::S_ISUID | libc::S_ISGID) == 0 {
        return None;
    }
    let (uid, gid) = outside::effective(pid)?;
    let user = bits & libc::S_ISUID != 0 && file.uid() != uid;
    // Without the group's x bit, set-gid once meant mandatory locking.
    let group = bits & libc::S_ISGID != 0 && bits & libc::S_IXGRP != 0 && file.gid() != gid;
    let (what, owner) = match (user, group) {
        (true, _) => ("set-uid", format!("user {}", file.uid())),
        (false, true) => ("set-gid", format!("group {}", file.gid())),
        (false, false) => return None,
    };
    Some(format!(
        "This is a {what} program: untraced it would have the rights of {owner}, and here it has not. What it is \
         denied may be denied for that reason only."
    ))
}

fn head(path: &str) -> Option<[u8; HEAD]> {
    let mut head = [0; HEAD];
    File::open(path).ok()?.read_exact(&mut head).ok()?;
    Some(head)
}

/// 32-bit programs whose calls pass unseen.
fn narrow(head: &[u8; HEAD]) -> Option<String> {
    let machine = u16::from_ne_bytes([head[18], head[19]]);
    let is_32_bit = head.starts_with(b"\x7fELF") && head[4] == CLASS_32_BIT;
    let decoded = COMPAT_ARCH.is_some() && machine != MACHINE_X86_64;
    (is_32_bit && !decoded).then(|| {
        "This is a 32-bit program of a kind whose System V calls cannot be read here: it runs, and nothing is told \
         of them."
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head_of(class: u8, machine: u8) -> [u8; HEAD] {
        let mut head = [0; HEAD];
        head[..5].copy_from_slice(&[0x7f, b'E', b'L', b'F', class]);
        head[18] = machine;
        head
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn only_programs_that_are_not_decoded_are_named() {
        assert_eq!(narrow(&head_of(2, 62)), None, "x86_64");
        assert_eq!(narrow(&head_of(1, 3)), None, "i386");
        assert!(narrow(&head_of(1, 62)).is_some(), "x32");
    }
}
