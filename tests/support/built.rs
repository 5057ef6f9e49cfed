//! Where cargo puts the programs. Those of other packages than the lessons' are built when they are first asked for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The packages that have programs beside the lessons.
const PACKAGES: [&str; 3] = ["trace", "check", "measured-lessons"];

/// The program of this name, as it is with the code that is tested.
pub fn program_file(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    let folder = Path::new(env!("CARGO_BIN_EXE_lesson01")).parent().expect("a binary is in a folder");
    BUILT.get_or_init(|| build(folder));
    folder.join(name)
}

fn build(folder: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--bins"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
    cargo.arg("--target-dir").arg(folder.parent().expect("a folder of builds"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo runs").success(), "{PACKAGES:?} cannot be built");
}
