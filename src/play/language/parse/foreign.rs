//! What the prompt's language does not have: words of a whole program, and characters that C has not.

use std::ops::Range;

use super::Misunderstood;

/// What C has and a prompt does not need.
pub(super) fn not_here(word: &str) -> Option<String> {
    Some(match word {
        "if" | "else" | "while" | "for" | "do" | "switch" | "goto" | "break" | "continue" => {
            format!(
                "{word} belongs into a program: here each line is done at once, and you decide what is next"
            )
        }
        "return" => "return belongs into a function: exit(0) ends the process".to_owned(),
        "union" => {
            "a union semun is not needed here: semctl takes the value, the array or &buf itself".to_owned()
        }
        _ => return None,
    })
}

/// What is wrong with a character that begins no token.
pub(super) fn unknown(line: &str, span: &Range<usize>) -> Misunderstood {
    let text = &line[span.clone()];
    let message = match text.chars().next() {
        Some('"') => "this string does not end: a \" is missing".to_owned(),
        Some('\'') => "this character does not end: a ' is missing".to_owned(),
        Some('“' | '”' | '‘' | '’') => {
            format!("{text} is a typographic quotation mark: C wants \" or '")
        }
        Some('?') => "the choice ? : belongs into a program: here you see the value, and decide".to_owned(),
        _ => format!("{text} means nothing in C"),
    };
    Misunderstood::new(line, span.start, message)
}
