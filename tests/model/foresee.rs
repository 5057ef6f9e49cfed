//! Whether a wrong rule can show in a sequence at all, asked of the model alone.
//!
//! **Invariant:** where nothing is foreseen, a run would compare the kernel with the very same words as the right rules
//! do. So leaving that run out leaves nothing out.

use std::time::Duration;

use super::FIRST_STEP;
use super::generate;
use super::mutants::Rules;
use super::runner::Runner;

impl Runner {
    /// Whether, in some step, these rules say anything else than the right ones.
    pub fn foresees(&self, seeds: &[u64], rules: &Rules) -> bool {
        let mut right = self.synchronised();
        let mut wrong = right.clone();
        seeds.iter().zip(FIRST_STEP..).any(|(seed, second)| {
            right.clock = Duration::from_secs(second as u64);
            wrong.clock = right.clock;
            let Some((pid, action)) = generate::next(&right, *seed, self.mix) else { return false };
            let before = right.clone();
            let said = Rules::RIGHT.step(&before, &mut right, pid, &action);
            rules.step(&before, &mut wrong, pid, &action) != said || wrong != right
        })
    }
}
