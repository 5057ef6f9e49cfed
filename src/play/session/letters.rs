//! The names of processes: A to Z, then AA, AB and so on.

/// The name of the process that was the so-many-th to begin, counted from 0.
pub(super) fn letter(number: usize) -> String {
    let (before, last) = (number / 26, (b'A' + (number % 26) as u8) as char);
    match before.checked_sub(1) {
        Some(before) => letter(before) + &last.to_string(),
        None => last.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::letter;

    #[test]
    fn after_z_comes_aa() {
        let names: Vec<_> = [0, 1, 25, 26, 27, 51, 52, 701, 702].map(letter).into();
        assert_eq!(names, ["A", "B", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA"]);
    }
}
