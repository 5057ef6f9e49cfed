//! What the examiner says of one run of one exercise.

use serde::{Deserialize, Serialize};

use super::code::Code;
use crate::call::Performed;
use crate::story::visible;

/// Something that is wrong, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its stable name.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// The call that shows it, in C notation, where a call does.
    pub call: Option<String>,
    /// What happened step by step, where one step shows nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// The lesson to read.
    pub lesson: String,
}

impl Finding {
    /// A finding; the exercise's own lesson is filled in later, unless [`Finding::lesson`] names another.
    ///
    /// Whatever the program or a compiler has said in the message commands nobody's terminal.
    pub fn new(code: Code, message: impl AsRef<str>) -> Finding {
        Finding {
            code,
            message: visible(message.as_ref()),
            call: None,
            steps: Vec::new(),
            lesson: String::new(),
        }
    }

    /// With the call that shows it.
    #[must_use]
    pub fn call(mut self, call: &Performed) -> Finding {
        self.call = Some(call.to_string());
        self
    }

    /// With what happened step by step.
    #[must_use]
    pub fn steps(mut self, steps: Vec<String>) -> Finding {
        self.steps = steps.iter().map(|step| visible(step)).collect();
        self
    }

    /// With a lesson other than the exercise's.
    #[must_use]
    pub fn lesson(mut self, lesson: &str) -> Finding {
        self.lesson = lesson.to_owned();
        self
    }
}

/// What came of an exercise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Its number.
    pub exercise: usize,
    /// Whether nothing is missing.
    pub passed: bool,
    /// What is missing, the most important first.
    pub findings: Vec<Finding>,
    /// What the program had left in the kernel, and is removed.
    pub removed: Vec<String>,
    /// What else there is to say: of the ground, and of what could not be examined on it.
    pub notes: Vec<String>,
}

impl Verdict {
    /// Sorts and completes the findings. What is found twice is said once.
    pub fn new(exercise: usize, lesson: &str, mut findings: Vec<Finding>) -> Verdict {
        findings.sort_by_key(|finding| finding.code);
        let mut seen = Vec::new();
        findings.retain(|finding| {
            let new = !seen.contains(&(finding.code, finding.message.clone()));
            seen.push((finding.code, finding.message.clone()));
            new
        });
        let findings = not_too_many(findings);
        let mut verdict = Verdict {
            exercise,
            passed: findings.is_empty(),
            findings,
            removed: Vec::new(),
            notes: Vec::new(),
        };
        for finding in &mut verdict.findings {
            if finding.lesson.is_empty() {
                finding.lesson = lesson.to_owned();
            }
        }
        verdict
    }
}

/// A mistake in a loop is made a thousand times, and said three times.
fn not_too_many(findings: Vec<Finding>) -> Vec<Finding> {
    const MOST: usize = 3;
    let mut kept: Vec<Finding> = Vec::new();
    for finding in &findings {
        let same = |other: &&Finding| other.code == finding.code;
        let (before, all) = (kept.iter().filter(same).count(), findings.iter().filter(same).count());
        if before < MOST {
            kept.push(finding.clone());
        }
        if before + 1 == MOST && all > MOST {
            let last = kept.len() - 1;
            kept[last].message += &format!(" And {} more like this.", all - MOST);
        }
    }
    kept
}
