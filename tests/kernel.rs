//! All tests that need a process for themselves: they fork, change their user, their limits or their namespaces.
//!
//! The rows of `tests/NAME.rs` are named `NAME::ROW`: `cargo test --test kernel facts::GET` runs those whose names
//! begin so.

#[path = "support/built.rs"]
mod built;
mod facts;
mod locks;
mod runner;
mod shm;
#[path = "support/silent.rs"]
mod silent;
mod speed;

use std::process::ExitCode;

fn main() -> ExitCode {
    runner::main(
        prepare,
        vec![facts::group(), facts::on_the_model(), shm::group(), locks::group(), speed::group()],
    )
}

/// Facts call no program of ours: on a machine without cargo they can be asked for alone.
fn prepare() {
    let facts = |word: String| word.starts_with("facts::") || word.starts_with("model::");
    if !std::env::args().skip(1).any(facts) {
        built::build();
    }
}
