//! Where cargo puts the programs. Those of other packages than the lessons' are built when they are first asked for.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The program of this name, as it is with the code that is tested.
#[allow(dead_code, reason = "programs of tests use a part of this")]
pub fn program_file(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(build);
    path_of(name)
}

/// Where the program of this name is: for a process that may not build, since who started it has built.
pub fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_lesson01")).with_file_name(name)
}

/// The folder that cargo builds into, by the same words as cargo has for it: a test knows its programs by their whole
/// paths, so it would be built anew for another spelling.
fn target() -> &'static Path {
    let lesson = Path::new(env!("CARGO_BIN_EXE_lesson01"));
    lesson.ancestors().nth(2).expect("cargo builds into a folder of its own")
}

/// Builds them, if they are not as the code is. It names what runs here as well, and its features: so cargo chooses the
/// same features for all that both need, and builds nothing a second time.
pub fn build() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--bins"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    if cfg!(debug_assertions) {
        cargo.arg("--test=all");
    } else {
        cargo.args(["--release", "--bench=trace"]);
    }
    if cfg!(feature = "tools") {
        cargo.args(["--features", "tools", "--examples"]);
    }
    cargo.arg("--target-dir").arg(target());
    assert!(cargo.status().expect("cargo runs").success(), "the programs cannot be built");
}
