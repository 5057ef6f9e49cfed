//! What a process runs: whether tracing changes what it may, or misses what it does.
//!
//! **Invariant:** only says what it has read from the program's file.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use elf::ElfStream;
use elf::endian::AnyEndian;
use nix::libc;

use super::abi::COMPAT_ARCH;
use super::procfs;

/// The first bytes of an ELF file: the class is the fifth.
const HEAD: usize = 5;
const CLASS_32_BIT: u8 = 1;

/// What there is to say of the program that a process has just begun to run.
pub(super) fn notes(pid: i32) -> Vec<String> {
    let path = format!("/proc/{pid}/exe");
    // A program that may be run need not be one that may be read, so its bits are asked for without opening it.
    let rights = fs::metadata(&path).ok().and_then(|file| set_id(&file, pid));
    let width = head(&path).and_then(|head| narrow(&head));
    [rights, width, leaks(&path, pid)].into_iter().flatten().collect()
}

/// LeakSanitizer stops a program's threads by ptrace itself, and a thread has one tracer only.
fn leaks(path: &str, pid: i32) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let switched_off = environment.windows(SWITCHED_OFF.len()).any(|word| word == SWITCHED_OFF);
    (!switched_off && has_leak_sanitizer(path)?).then(|| {
        "This program was built with LeakSanitizer (-fsanitize=address or leak), which cannot run under ptrace: it will \
         end with an error of that, whatever the program does. ASAN_OPTIONS=detect_leaks=0, or LSAN_OPTIONS with the \
         same, leaves it out here; leaks are for a run without a tracer."
            .to_owned()
    })
}

const SWITCHED_OFF: &[u8] = b"detect_leaks=0";

/// Whether a program names the functions by which these sanitizers begin.
fn has_leak_sanitizer(path: &str) -> Option<bool> {
    let mut elf = ElfStream::<AnyEndian, _>::open_stream(File::open(path).ok()?).ok()?;
    let (symbols, names) = elf.dynamic_symbol_table().ok()??;
    let begins = ["__asan_init", "__lsan_init"];
    Some(
        symbols
            .iter()
            .any(|symbol| names.get(symbol.st_name as usize).is_ok_and(|name| begins.contains(&name))),
    )
}

/// The kernel ignores set-uid bits under a filter, and under a tracer without privileges.
fn set_id(file: &Metadata, pid: i32) -> Option<String> {
    let bits = file.permissions().mode();
    if bits & (libc::S_ISUID | libc::S_ISGID) == 0 {
        return None;
    }
    let (uid, gid) = procfs::effective(pid)?;
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
