//! What the examiner says of one run of one exercise.

use serde::{Deserialize, Serialize};

use super::code::Code;
use super::run::Run;
use crate::call::Performed;
use crate::error::Reason;
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
    /// What else there is to see of it.
    #[serde(flatten)]
    pub evidence: Box<Evidence>,
    /// The lesson to read.
    pub lesson: String,
}

/// What shows a finding beside the call. Few findings have any of it, so it lies apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Why the kernel refused that call, if it did.
    pub why: Option<String>,
    /// What the program printed, if the finding is about that.
    pub printed: Option<String>,
    /// What a compiler says of it, line by line.
    pub compiler: Option<String>,
    /// What happened step by step, where one step shows nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}

impl Finding {
    /// A finding; the exercise's own lesson is filled in later, unless [`Finding::lesson`] names another.
    ///
    /// Whatever the program or a compiler has said in the message commands nobody's terminal.
    pub fn new(code: Code, message: impl AsRef<str>) -> Finding {
        let message = visible(message.as_ref());
        Finding { code, message, call: None, evidence: Box::default(), lesson: String::new() }
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
        self.evidence.steps = steps.iter().map(|step| visible(step)).collect();
        self
    }

    /// With the reason for which the kernel refused the call.
    pub fn why(&mut self, reason: &Reason) {
        self.evidence.why = Some(format!("{} {}", reason.why, reason.advice));
    }

    /// With what the program printed.
    #[must_use]
    pub fn printed(mut self, run: &Run) -> Finding {
        self.evidence.printed = Some(Output::of(run).standard);
        self
    }

    /// With what a compiler shows of it: the line, the caret below it, and its help.
    #[must_use]
    pub fn compiler(mut self, text: &str) -> Finding {
        let lines: Vec<String> = text.lines().map(visible).collect();
        self.evidence.compiler = (!lines.is_empty()).then(|| lines.join("\n"));
        self
    }

    /// With a lesson other than the exercise's.
    #[must_use]
    pub fn lesson(mut self, lesson: &str) -> Finding {
        self.lesson = lesson.to_owned();
        self
    }
}

/// What a program printed, cut to what people read, and without anything that commands a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// On standard output.
    pub standard: String,
    /// On standard error.
    pub errors: String,
}

impl Output {
    /// What it printed in a run.
    pub fn of(run: &Run) -> Output {
        Output { standard: cut(&run.output), errors: cut(&run.errors) }
    }
}

/// The first lines, and of each the first letters.
fn cut(text: &str) -> String {
    const LINES: usize = 20;
    const LETTERS: usize = 200;
    let line = |line: &str| match line.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{} …", visible(&line[..end])),
        None => visible(line),
    };
    let mut lines: Vec<String> = text.lines().take(LINES).map(line).collect();
    if text.lines().nth(LINES).is_some() {
        lines.push("…".to_owned());
    }
    lines.join("\n")
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
    /// What the program printed.
    pub output: Output,
    /// What else there is to say: of the sandbox, and of what could not be examined in it.
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
            output: Output::default(),
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

impl Verdict {
    /// One of several, each with the name of what was judged: the first that passes, or else the first. The others are
    /// told in notes.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn of_all(mut all: Vec<(String, Verdict)>) -> Verdict {
        let chosen = all.iter().position(|(_, verdict)| verdict.passed).unwrap_or(0);
        let (name, mut verdict) = all.remove(chosen);
        if !all.is_empty() {
            let state = if verdict.passed { "passed" } else { "did not pass" };
            verdict.notes.push(format!(
                "Several files are not as they were shipped, and were judged: {name} {state}."
            ));
        }
        for (name, other) in all {
            verdict.notes.push(match other.findings.first() {
                Some(first) => format!("{name} did not pass: {}: {}", first.code, first.message),
                None => format!("{name} passed."),
            });
            verdict.removed.extend(other.removed);
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
