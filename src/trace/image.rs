//! What a process runs: whether tracing changes what it may, or misses what it does.
//!
//! **Invariant:** only says what it has read from the program's file.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use nix::libc;

use super::abi::COMPAT_ARCH;
use super::outside;

/// The first bytes of an ELF file: the class is the fifth.
const HEAD: usize = 5;
const CLASS_32_BIT: u8 = 1;

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
    let is_32_bit = head.starts_with(b"\x7fELF") && head[4] == CLASS_32_BIT;
    (is_32_bit && COMPAT_ARCH.is_none()).then(|| {
        "This is a 32-bit program of a kind whose System V calls cannot be read here: it runs, and nothing is told \
         of them."
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_that_are_not_decoded_are_named() {
        let is_named = |class| narrow(&[0x7f, b'E', b'L', b'F', class]).is_some();
        assert!(!is_named(2), "64-bit");
        // x86_64 runs two kinds of them, i386 and x32, and both are decoded.
        assert_eq!(is_named(CLASS_32_BIT), cfg!(not(target_arch = "x86_64")));
    }
}
