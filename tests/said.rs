//! What lessons, messages and book say of the kernel beyond the calls that the library makes, asked by a C program:
//! `mprotect` and `munmap` on an attachment, other kinds of shared memory, a process that is killed between two calls,
//! a loop that the compiler has made shorter.
//!
//! Each test is a sentence; `tests/c/said.c` shows what is asked for it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::examined::{cc, root};

/// What `said` exits with if this machine does not let it ask.
const CANNOT_ASK: i32 = 77;

static SAID: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    cc(&root().join("tests/c/said.c"), folder, &["-Wall", "-Wextra", "-Werror"])
});

fn holds(sentence: &str) {
    let ran = Command::new(&*SAID).arg(sentence).output().expect("it runs");
    if ran.status.code() == Some(CANNOT_ASK) {
        eprintln!("{sentence} cannot be asked here");
        return;
    }
    assert!(ran.status.success(), "{}: {}", ran.status, String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn each_page_of_a_segment_takes_a_fault_and_a_memfd_is_mapped_several_pages_at_once() {
    holds("faults-differ");
}

#[test]
fn under_shm_rmid_forced_a_segment_goes_with_its_last_detach_though_its_creator_lives() {
    holds("forced-detach");
}

#[test]
fn under_shm_rmid_forced_a_shmat_that_fails_removes_the_segment() {
    holds("forced-failure");
}

#[test]
fn nattch_counts_mappings_also_those_that_mprotect_and_munmap_make() {
    holds("mappings-count");
}

#[test]
fn a_segment_over_the_middle_of_another_makes_two_mappings_of_that() {
    holds("remapped-in-the-middle");
}

#[test]
fn a_process_killed_between_shmget_and_the_mark_leaves_its_segment() {
    holds("killed-too-early");
}

#[test]
fn an_address_above_the_memory_of_a_program_is_refused_with_enomem() {
    holds("too-high");
}

#[test]
fn an_address_near_zero_is_refused_with_eperm_for_the_unprivileged() {
    holds("too-low");
}

#[test]
fn ipc_set_moves_ctime_and_no_other_time() {
    holds("set-moves-ctime");
}

#[test]
fn the_first_id_is_0_and_the_sequence_number_grows_when_the_index_begins_anew() {
    holds("sequence-grows-with-the-circle");
}

#[test]
fn a_name_of_shm_open_stays_when_its_process_ends() {
    holds("names-stay");
}

#[test]
fn the_umask_cuts_the_mode_of_a_name_and_not_that_of_a_segment() {
    holds("umask-cuts-names");
}

#[test]
fn an_ipc_namespace_hides_segments_and_no_names() {
    holds("names-in-any-namespace");
}

#[test]
fn a_forgotten_segment_occupies_memory_until_it_is_removed() {
    holds("forgotten-memory");
}

#[test]
fn shmdt_takes_what_munmap_has_left_of_an_attachment() {
    holds("detached-after-munmap");
}

#[test]
fn a_compiler_adds_up_a_loop_and_stores_once_unless_the_counter_is_volatile() {
    holds("one-store-for-a-loop");
}
