//! Text that comes from elsewhere, for a terminal: a command line may hold bytes that would move the cursor, or more.
//!
//! **Invariant:** what is shown commands no terminal, and ends no line.

/// The text, with every character that a terminal would obey written as Rust and C write it: `\n`, `\u{1b}`.
pub fn visible(text: &str) -> String {
    text.chars()
        .map(|char| if obeyed(char) { char.escape_default().to_string() } else { char.into() })
        .collect()
}

/// Control characters, and those that turn the direction of what follows.
fn obeyed(char: char) -> bool {
    char.is_control() || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out_and_the_rest_is_as_it_was() {
        assert_eq!(visible("a\x1b[2J\u{9b}1m\r\n\u{202e}"), r"a\u{1b}[2J\u{9b}1m\r\n\u{202e}");
        assert_eq!(visible("é → \\ 'x y'"), "é → \\ 'x y'");
    }
}
