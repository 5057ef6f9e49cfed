//! The exercises: what is examined, by which rules, in how many runs.
//!
//! What learners read (goal, hints, debrief) stands in `lessons/exercises/exerciseNN.toml`; what they edit, beside it.
//!
//! **Invariant:** numbers never change, and what an exercise demands is here and nowhere else.

use serde::Deserialize;

use super::rules::{self as r, Rule};
use super::script::{Injection, Script, Sizes};
use trace::Code as Mistake;

/// One run under the examiner's eyes.
#[derive(Debug)]
pub struct Trial {
    /// The examiner's part.
    pub script: Script,
    /// What has to hold, in the order in which things have to be right.
    pub rules: &'static [Rule],
    /// Mistakes of which this exercise does not speak yet.
    pub tolerates: &'static [Mistake],
    /// How often it has to go well, where one time may be luck.
    pub times: usize,
    /// Whether the program must say that all went well, by its exit status.
    pub must_succeed: bool,
    /// Whether what is found is only said, and does not count.
    pub advises: bool,
    /// Whether it asks for more, of a program in which nothing else was found.
    pub only_after_a_pass: bool,
    /// Whether the program has to do as well where its segment has the id 0.
    pub tries_id_zero: bool,
}

const PLAIN: Trial = Trial {
    script: Script::LOOK_ON,
    rules: &[],
    tolerates: &[],
    times: 1,
    must_succeed: true,
    advises: false,
    only_after_a_pass: false,
    tries_id_zero: true,
};

/// A run without a segment to be had: does it stop when shmget says so?
const REFUSED: Trial = Trial {
    script: Script { sizes: Sizes::Impossible, ..Script::LOOK_ON },
    rules: &[r::stopped_when_refused],
    must_succeed: false,
    ..PLAIN
};

/// A run in which the kernel makes the segment a little larger than it was asked for: does the size that is printed come
/// from the kernel's record? A program that compares the two, and gives up, has read the record as well.
const LARGER: Trial = Trial {
    script: Script { sizes: Sizes::Larger, ..Script::LOOK_ON },
    rules: &[r::printed_the_records_size],
    must_succeed: false,
    only_after_a_pass: true,
    ..PLAIN
};

/// One exercise.
#[derive(Debug)]
pub struct Exercise {
    /// Its number, which never changes.
    pub number: usize,
    /// The runs.
    pub trials: &'static [Trial],
    texts: &'static str,
    /// The file in Rust, as it was shipped.
    pub rust: &'static str,
    /// The file in C, as it was shipped.
    pub c: &'static str,
}

/// What learners read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// What it is about.
    pub title: String,
    /// The lesson that teaches it.
    pub lesson: String,
    /// What the program has to do.
    pub goal: String,
    /// From a first thought to the line itself.
    pub hints: Vec<String>,
    /// What to notice, shown after a pass.
    pub debrief: String,
}

impl Exercise {
    /// `exercise03`.
    pub fn name(&self) -> String {
        format!("exercise{:02}", self.number)
    }

    /// Where the worked solution lies in the checkout, by the ending of its file: `rs` or `c`.
    pub fn solution(&self, ending: &str) -> String {
        match (self.number, ending) {
            // The article's program is what the walkthrough is compared with, too.
            (8, "c") => "tests/c/shm.c".to_owned(),
            _ => format!("tests/solutions/{}.{ending}", self.name()),
        }
    }

    /// The texts.
    ///
    /// # Panics
    ///
    /// If the file that was built in is no TOML of this form, which a test rules out.
    pub fn texts(&self) -> Texts {
        toml::from_str(self.texts).unwrap_or_else(|error| panic!("{}: {error}", self.name()))
    }

    /// Whether accesses to the segment are watched, so that what is found can name the lines that they come from.
    pub(super) fn names_lines(&self) -> bool {
        let mut scripts = self.trials.iter().map(|trial| trial.script);
        scripts.any(|script| script.watches_counter || script.inject == Injection::AfterChild)
    }

    /// What is demanded beside the goal, as in all exercises from the one on that teaches it.
    pub fn always(&self) -> String {
        let first = &self.trials[0];
        let detach = if first.tolerates.contains(&Mistake::NeverDetached) || self.number == 1 {
            ""
        } else {
            "detach what you attach, "
        };
        let end = if first.must_succeed { "end with exit status 0, " } else { "" };
        format!(
            "As always: remove the segments that you make, {detach}{end}print to standard output, and take only -1 for a failure."
        )
    }

    /// The lesson that teaches it.
    pub fn lesson(&self) -> String {
        self.texts().lesson
    }
}

/// The exercise with this number.
pub fn exercise(number: usize) -> Option<&'static Exercise> {
    EXERCISES.iter().find(|exercise| exercise.number == number)
}

/// An exercise with its files, which are built in as they were shipped.
macro_rules! exercise {
    ($number:literal, $name:literal, $trials:expr) => {
        Exercise {
            number: $number,
            trials: $trials,
            texts: include_str!(concat!("../../lessons/exercises/", $name, ".toml")),
            rust: include_str!(concat!("../../lessons/exercises/.original/", $name, ".rs")),
            c: include_str!(concat!("../../lessons/exercises/.original/", $name, ".c")),
        }
    };
}

/// Before exercise 5, the kernel may detach what the program does not.
const DETACHING_COMES_LATER: &[Mistake] = &[Mistake::NeverDetached];

/// Every exercise, in order.
pub const EXERCISES: &[Exercise] = &[
    exercise!(1, "exercise01", &[Trial { rules: &[r::allocated], ..PLAIN }]),
    exercise!(
        2,
        "exercise02",
        &[Trial {
            rules: &[r::allocated, r::attached, r::attached_anywhere],
            tolerates: DETACHING_COMES_LATER,
            ..PLAIN
        }]
    ),
    exercise!(
        3,
        "exercise03",
        &[
            Trial {
                rules: &[r::allocated, r::asked_and_printed_size],
                tolerates: DETACHING_COMES_LATER,
                ..PLAIN
            },
            LARGER,
        ]
    ),
    exercise!(
        4,
        "exercise04",
        &[Trial {
            rules: &[r::allocated, r::attached, r::wrote_text],
            tolerates: DETACHING_COMES_LATER,
            ..PLAIN
        }]
    ),
    exercise!(
        5,
        "exercise05",
        &[Trial {
            rules: &[r::allocated, r::attached, r::wrote_text, r::detached, r::detached_first],
            ..PLAIN
        }]
    ),
    exercise!(
        6,
        "exercise06",
        &[Trial {
            rules: &[
                r::allocated,
                r::attached,
                r::wrote_text,
                r::reattached_there,
                r::printed_where,
                r::detached,
            ],
            ..PLAIN
        }]
    ),
    exercise!(
        7,
        "exercise07",
        &[Trial {
            script: Script::injecting(Injection::BeforeReattach),
            rules: &[r::allocated, r::attached, r::wrote_text, r::reattached, r::printed_what_is_there],
            ..PLAIN
        }]
    ),
    exercise!(
        8,
        "exercise08",
        &[
            Trial {
                script: Script::injecting(Injection::BeforeReattach),
                rules: &[
                    r::allocated,
                    r::attached,
                    r::asked_and_printed_size,
                    r::wrote_text,
                    r::reattached_there,
                    r::printed_what_is_there,
                    r::detached,
                    r::detached_first,
                ],
                ..PLAIN
            },
            LARGER,
            // The article's program checks no call, and its lost lines alone shall make it whole.
            Trial { advises: true, ..REFUSED },
        ]
    ),
    exercise!(
        9,
        "exercise09",
        &[Trial {
            script: Script::giving(0x0909_0909, 0o600),
            rules: &[r::found_by_key, r::attached, r::printed_what_is_there, r::left_alone],
            ..PLAIN
        }]
    ),
    exercise!(
        10,
        "exercise10",
        &[
            Trial {
                rules: &[r::created_exclusively, r::attached, r::wrote_first, r::printed_first],
                ..PLAIN
            },
            Trial {
                script: Script::giving(0x0a0a_0a0a, 0o600),
                rules: &[r::opened_what_exists, r::attached, r::left_alone, r::printed_what_is_there],
                ..PLAIN
            },
        ]
    ),
    exercise!(
        11,
        "exercise11",
        &[Trial {
            script: Script::giving(0x0b0b_0b0b, 0o400),
            rules: &[r::found_by_key, r::attached_for_reading, r::printed_what_is_there, r::left_alone],
            ..PLAIN
        }]
    ),
    exercise!(
        12,
        "exercise12",
        &[
            Trial {
                script: Script::injecting(Injection::WipesAtSecond),
                rules: &[r::allocated, r::attached, r::went_elsewhere, r::wrote_text_at_second],
                ..PLAIN
            },
            REFUSED,
        ]
    ),
    exercise!(
        13,
        "exercise13",
        &[Trial {
            script: Script::injecting(Injection::BehindLink),
            rules: &[r::allocated, r::attached, r::linked_by_offset, r::reattached, r::printed_what_is_there],
            ..PLAIN
        }]
    ),
    exercise!(
        14,
        "exercise14",
        &[Trial {
            script: Script::injecting(Injection::AfterChild),
            rules: &[r::allocated, r::attached, r::child_answered],
            ..PLAIN
        }]
    ),
    exercise!(
        15,
        "exercise15",
        &[Trial {
            script: Script { kills_at_stat: true, ..Script::LOOK_ON },
            rules: &[r::allocated, r::attached, r::was_killed_at_work],
            must_succeed: false,
            ..PLAIN
        }]
    ),
    exercise!(
        16,
        "exercise16",
        &[Trial {
            script: Script { watches_counter: true, ..Script::LOOK_ON },
            rules: &[r::has_a_segment],
            tries_id_zero: false,
            ..PLAIN
        }]
    ),
];
