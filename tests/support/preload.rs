//! Small libraries in C that are loaded into a program before it starts: ground that cannot be had otherwise.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::run::Run;

/// A library, built from `tests/c/`.
pub struct Preload {
    directory: TempDir,
}

impl Preload {
    pub fn build(name: &str) -> Preload {
        let directory = TempDir::new().expect("a place for temporary files");
        let preload = Preload { directory };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(name).with_extension("c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-Wall", "-Werror", "-o"]).arg(preload.path()).arg(source);
        let output = compiler.output().expect("the tests need a C compiler, `cc`");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        preload
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("preload.so")
    }

    /// Lets a program start with it.
    pub fn before(&self, run: Run) -> Run {
        run.env("LD_PRELOAD", self.path())
    }
}
