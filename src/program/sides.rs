//! A lesson whose two sides can be run by hand, in two terminals: `lesson09 writer`, `lesson09 reader`.
//!
//! **Invariant:** without a side the lesson is run as any other; what is for sides only is a misuse then.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::error::ErrorKind;
use clap::{Args, Command, CommandFactory, FromArgMatches, Parser};

use super::options::{Kernel, Options, examples};
use super::platform::{Rendezvous, key_of_this_program, serve_if_asked};
use super::{Further, Program, answer, begun, failed, run};
use playground_core::call::Key;
use playground_core::course::{self, LAST, LESSONS};
use playground_core::error::Result;
use playground_core::story::{Source, Story};

/// One of the two sides; the first makes the segment, the second looks for it.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it does, for the help.
    pub does: &'static str,
    /// Its own part of the story, with the text of one's own that was given to the first.
    pub tell: fn(&Story, &Rendezvous, Option<&str>) -> Result<()>,
}

#[derive(Parser)]
#[command(version, term_width = 80)]
struct WithSides {
    /// Run one side only, by hand: one in this terminal, the other in a second one
    #[arg(value_name = "SIDE")]
    side: Option<String>,

    #[command(flatten)]
    rendezvous: RendezvousOptions,

    #[command(flatten)]
    options: Options,
}

#[derive(Args)]
struct RendezvousOptions {
    /// The key under which the two sides meet, such as 0x5eed0001
    ///
    /// Without it each side makes the key with ftok, from the program's file and the number of the user. Both must
    /// get the same.
    #[arg(long, value_name = "KEY", requires = "side", value_parser = key)]
    key: Option<Key>,

    /// How many seconds to wait for the other side
    #[arg(long, value_name = "SECONDS", requires = "side", value_parser = clap::value_parser!(u64).range(1..=86400))]
    timeout: Option<u64>,

    /// A text of your own to hand over, of at most 79 bytes
    #[arg(long, value_name = "TEXT", requires = "side", value_parser = text)]
    text: Option<String>,
}

/// How many bytes a text may take, with the NUL at its end.
pub const MOST_TEXT: usize = 80;

/// How long a side waits for the other, unless it is told otherwise.
const TIMEOUT: u64 = 60;

/// Runs a lesson that has sides: all of it, or one side.
pub fn lesson_with_sides(
    number: usize,
    source: Source,
    tell: fn(&Story) -> Result<()>,
    sides: [Side; 2],
) -> ExitCode {
    if let Some(ended) = serve_if_asked() {
        return ended;
    }
    let lesson = course::lesson(number).unwrap_or(&LESSONS[0]);
    let mut command = command(number, sides);
    let asked = command.try_get_matches_from_mut(env::args_os());
    let WithSides { side, rendezvous, options } =
        match asked.and_then(|matches| WithSides::from_arg_matches(&matches)) {
            Ok(asked) => asked,
            Err(error) => return answer(&error),
        };
    let program = Program { number: Some(number), title: lesson.title, source };
    let Some(side) = sides.into_iter().find(|known| Some(known.name) == side.as_deref()) else {
        return run(&options, program, tell);
    };
    if options.kernel == Kernel::Model {
        let words = "the two sides meet in a kernel, and each would have a model of its own";
        return answer(&command.error(ErrorKind::ArgumentConflict, words));
    }
    if options.isolated {
        let words = "the two sides meet in one IPC namespace, and '--isolated' would give each its own";
        return answer(&command.error(ErrorKind::ArgumentConflict, words));
    }
    if rendezvous.text.is_some() && side.name != sides[0].name {
        let words =
            format!("the {} hands over the text, and the {} reads what is there", sides[0].name, side.name);
        return answer(&command.error(ErrorKind::ArgumentConflict, words));
    }
    let text = rendezvous.text.clone();
    let key = match rendezvous.key.map_or_else(key_of_this_program, Ok) {
        Ok(key) => key,
        Err(error) => return failed(&error),
    };
    let timeout = Duration::from_secs(rendezvous.timeout.unwrap_or(TIMEOUT));
    let rendezvous = Rendezvous { lesson: number, names: sides.map(|side| side.name), key, timeout };
    begun(&options, program, Further::default(), |story| (side.tell)(story, &rendezvous, text.as_deref()))
}

fn command(number: usize, sides: [Side; 2]) -> Command {
    let lesson = course::lesson(number).unwrap_or(&LESSONS[0]);
    let [first, second] = sides.map(|side| side.name);
    let by_hand = format!(
        "\n\nBy hand, in two terminals, in any order:\n  \
         cargo run --bin {name} -- {first}\n  \
         cargo run --bin {name} -- {second}",
        name = lesson.name
    );
    let names = sides.map(|side| PossibleValue::new(side.name).help(side.does));
    WithSides::command()
        .name(lesson.name)
        .about(format!("Lesson {number} of {LAST}: {}", lesson.title))
        .after_help(examples(lesson.name) + &by_hand)
        .mut_arg("side", |side| side.value_parser(PossibleValuesParser::new(names)))
}

/// A key as C programs write it, or as `ipcs -m` does: hexadecimal with 0x, or decimal.
fn key(text: &str) -> std::result::Result<Key, String> {
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+')),
        None => text.parse::<i32>().map(|number| number as u32).or_else(|_| text.parse()).ok(),
    };
    match number {
        None => Err("a key is a number of 32 bits, such as 0x5eed0001".to_owned()),
        Some(0) => Err("0 is IPC_PRIVATE, and that names no segment".to_owned()),
        Some(number) => Ok(Key(number as i32)),
    }
}

/// A text that fits.
fn text(text: &str) -> std::result::Result<String, String> {
    match text.len() {
        0 => Err("a text has at least one byte".to_owned()),
        MOST_TEXT.. => Err(format!("it has {} bytes, and {} fit", text.len(), MOST_TEXT - 1)),
        _ => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_fits_with_its_nul() {
        let longest = "x".repeat(MOST_TEXT - 1);
        assert_eq!(text(&longest), Ok(longest.clone()));
        assert!(text(&(longest + "x")).unwrap_err().contains("80 bytes, and 79 fit"));
        assert!(text("").is_err());
    }

    #[test]
    fn a_key_is_read_as_it_is_written_elsewhere() {
        assert_eq!(key("0x5eed0001"), Ok(Key(0x5eed_0001)));
        assert_eq!(key("0xffffffff"), Ok(Key(-1)));
        assert_eq!(key("1234"), Ok(Key(1234)));
        assert_eq!(key("-1"), Ok(Key(-1)));
        assert_eq!(key("4294967295"), Ok(Key(-1)));
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_reason() {
        for text in ["", "0x", "key", "0x100000000", "0x+1", "4294967296", "1.5"] {
            assert!(key(text).unwrap_err().contains("32 bits"), "{text}");
        }
        for text in ["0", "0x0", "0x00000000"] {
            assert!(key(text).unwrap_err().contains("IPC_PRIVATE"), "{text}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        let nothing = |_: &Story, _: &Rendezvous, _: Option<&str>| Ok(());
        let sides = ["writer", "reader"].map(|name| Side { name, does: "something", tell: nothing });
        command(9, sides).debug_assert();
    }
}
