//! The smallest sequence that still shows a difference.
//!
//! **Invariant:** what is returned was run, and differed.

use super::mutants::Rules;
use super::runner::{Care, Difference, Runner};

/// Leaves steps out as long as the two sides differ without them: halves first, then ever smaller pieces.
pub fn smallest(
    runner: &mut Runner,
    rules: &Rules,
    seeds: Vec<u64>,
    difference: Difference,
) -> (Difference, Vec<u64>) {
    let mut best = (difference, seeds);
    let mut size = best.1.len() / 2;
    while size > 0 {
        let mut from = 0;
        while from < best.1.len() {
            let mut fewer = best.1.clone();
            fewer.drain(from..(from + size).min(fewer.len()));
            match runner.run(&fewer, rules, Care { memory: true, pause: None }) {
                Some(difference) => best = (difference, fewer),
                None => from += size,
            }
        }
        size /= 2;
    }
    best
}
