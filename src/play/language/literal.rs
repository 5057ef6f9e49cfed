//! Numbers, characters and strings as C writes them.

/// The value of an integer in any notation of C: `25600`, `0x6400`, `062000`, `0b110`, with or without `u` and `l`.
///
/// # Errors
///
/// A sentence that says which character cannot be there, or that no type holds the number.
pub(super) fn integer(text: &str) -> Result<u64, String> {
    let lower = text.to_ascii_lowercase();
    let digits = match lower.strip_prefix("0x") {
        Some(_) => lower.trim_end_matches(['u', 'l']),
        None => lower.trim_end_matches(['u', 'l', 'U', 'L']),
    };
    let (radix, kind, digits) = match digits {
        _ if digits.starts_with("0x") => (16, "hexadecimal", &digits[2..]),
        _ if digits.starts_with("0b") => (2, "binary", &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, "octal", &digits[1..]),
        _ => (10, "decimal", digits),
    };
    if radix == 10 && digits.contains('.') {
        return Err(format!("{text} has a point, and there are only integers here"));
    }
    if digits.is_empty() {
        return Err(format!("{text} has no digits"));
    }
    if let Some(wrong) = digits.chars().find(|digit| !digit.is_digit(radix)) {
        let why = if radix == 8 { ", and a number that begins with 0 is octal" } else { "" };
        return Err(format!("{text} is no number: {wrong} is no {kind} digit{why}"));
    }
    u64::from_str_radix(digits, radix).map_err(|_| format!("{text} does not fit into 64 bits"))
}

/// The byte that a character between apostrophes is.
///
/// # Errors
///
/// A sentence that says what is wrong with it.
pub(super) fn character(text: &str) -> Result<u8, String> {
    match bytes(text)?.as_slice() {
        [byte] => Ok(*byte),
        [] => Err("'' holds no character".to_owned()),
        _ => Err(format!("{text} holds more than one byte: a string stands between quotation marks")),
    }
}

/// The bytes of a string between quotation marks, or of a character, with escapes resolved.
///
/// # Errors
///
/// A sentence that names the escape that C does not know.
pub(super) fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let inside = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let (mut rest, mut bytes) = (inside, Vec::new());
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        if character == '\\' {
            let (byte, after) = escape(after)?;
            bytes.push(byte);
            rest = after;
        } else {
            bytes.extend_from_slice(&rest.as_bytes()[..character.len_utf8()]);
            rest = after;
        }
    }
    Ok(bytes)
}

/// The escapes of one letter, each with the byte that it means.
const ESCAPES: [(char, u8); 10] = [
    ('n', b'\n'),
    ('t', b'\t'),
    ('r', b'\r'),
    ('a', 7),
    ('b', 8),
    ('f', 12),
    ('v', 11),
    ('\\', b'\\'),
    ('\'', b'\''),
    ('"', b'"'),
];

/// Resolves what follows a backslash. Returns the byte, and what comes after it.
fn escape(text: &str) -> Result<(u8, &str), String> {
    let known = ESCAPES.iter().find(|(letter, _)| text.starts_with(*letter));
    if let Some((letter, byte)) = known {
        return Ok((*byte, &text[letter.len_utf8()..]));
    }
    let (digits, most, radix) = match text.strip_prefix('x') {
        Some(digits) => (digits, 2, 16),
        None => (text, 3, 8),
    };
    let length = digits.chars().take(most).take_while(|digit| digit.is_digit(radix)).count();
    match u8::from_str_radix(&digits[..length], radix) {
        Ok(byte) => Ok((byte, &digits[length..])),
        Err(_) => Err(format!("C knows no escape \\{}", text.chars().next().unwrap_or(' '))),
    }
}

/// A byte as it is written between apostrophes or, with `quote` the quotation mark, in a string.
pub(super) fn written(byte: u8, quote: u8) -> String {
    let escaped = ESCAPES
        .iter()
        .find(|(letter, known)| *known == byte && (!matches!(letter, '\'' | '"') || byte == quote));
    match escaped {
        Some((letter, _)) => format!("\\{letter}"),
        None if byte == b' ' || byte.is_ascii_graphic() => char::from(byte).to_string(),
        None => format!("\\{byte:03o}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_is_read_in_every_notation() {
        for text in ["25600", "0x6400", "0X6400", "062000", "0b110010000000000", "25600UL", "0x6400ull"] {
            assert_eq!(integer(text), Ok(25600), "{text}");
        }
        assert_eq!(integer("0"), Ok(0));
        assert_eq!(integer("0xffffffffffffffff"), Ok(u64::MAX));
    }

    #[test]
    fn a_wrong_digit_is_named() {
        assert_eq!(
            integer("08").unwrap_err(),
            "08 is no number: 8 is no octal digit, and a number that begins with 0 is octal"
        );
        assert_eq!(integer("12ab").unwrap_err(), "12ab is no number: a is no decimal digit");
        assert_eq!(integer("0x").unwrap_err(), "0x has no digits");
        assert_eq!(
            integer("99999999999999999999").unwrap_err(),
            "99999999999999999999 does not fit into 64 bits"
        );
    }

    #[test]
    fn escapes_are_resolved() {
        assert_eq!(bytes(r#""a\n\x41\101\0""#), Ok(vec![b'a', b'\n', b'A', b'A', 0]));
        assert_eq!(character(r"'\''"), Ok(b'\''));
        assert!(character("''").is_err() && character("'ab'").is_err() && bytes(r#""\q""#).is_err());
    }
}
