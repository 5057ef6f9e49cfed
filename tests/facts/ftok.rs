//! `ftok`: what a key is made of, and so which files give the same one.

use std::ffi::CString;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use nix::errno::Errno;
use playground::call::Key;
use playground::kernel;
use tempfile::TempDir;

use super::process::{Proc, is};
use crate::runner::Needs::Any;
use crate::runner::{Row, row};

pub const ROWS: &[Row<Proc>] = &[
    row("EX-08", Any, "the key: the project's low 8 bits, the device's, and the inode's low 16", |_| {
        let folder = folder();
        let about = fs::metadata(folder.path()).expect("a folder");
        let low_bits = (about.dev() as u32 & 0xff) << 16 | about.ino() as u32 & 0xffff;
        for project in [0, 1, 0x42, 0xff, 0x1242] {
            let expected = Key(((project as u32 & 0xff) << 24 | low_bits) as i32);
            is("the key", ftok(folder.path(), project), Ok(expected));
        }
    }),
    row("EX-09", Any, "a hard link, a symbolic link, and a project 256 further give the same key", |_| {
        let folder = folder();
        let [file, hard, soft] = ["file", "hard", "soft"].map(|name| folder.path().join(name));
        File::create(&file).expect("a file");
        fs::hard_link(&file, &hard).expect("a hard link");
        symlink(&file, &soft).expect("a symbolic link");
        let key = ftok(&file, 7).expect("a key");
        is("by the hard link", ftok(&hard, 7), Ok(key));
        is("by the symbolic link", ftok(&soft, 7), Ok(key));
        is("with project 263", ftok(&file, 263), Ok(key));
        is("with project 256", ftok(&file, 256), ftok(&file, 0));
    }),
    row("EX-10", Any, "a file that is not there: ENOENT", |_| {
        is("ftok", ftok(&folder().path().join("missing"), 7), Err(Errno::ENOENT));
    }),
];

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder of its own")
}

fn ftok(path: &Path, project: i32) -> nix::Result<Key> {
    let path = CString::new(path.as_os_str().as_encoded_bytes()).expect("a path without NUL");
    kernel::ftok(&path, project)
}
