//! Types, by their names.

use super::{Parsed, Parser};
use crate::language::types::{self, NAMES, QUALIFIERS, Type};

impl Parser<'_> {
    /// The longest name of a type that stands next, without its stars.
    pub(super) fn base_type(&mut self) -> Parsed<Type> {
        self.skip_qualifiers();
        let words: Vec<&str> = (0..3).map(|by| self.ahead(by)).collect();
        for length in (1..=3).rev() {
            if let Some(found) = types::named(&words[..length].join(" ")) {
                self.next += length;
                self.skip_qualifiers();
                return Ok(found);
            }
        }
        let written = words[..if words[0] == "struct" { 2 } else { 1 }].join(" ");
        let error = self.wrong(format!("there is no type {written} here"));
        Err(error.near(&written, NAMES.iter().map(|(name, _)| *name)))
    }

    fn skip_qualifiers(&mut self) {
        while QUALIFIERS.contains(&self.peek()) {
            self.next += 1;
        }
    }

    pub(super) fn stars(&mut self, base: Type) -> Parsed<Type> {
        let mut stars = base.stars;
        while self.take("*") {
            self.link()?;
            stars += 1;
            self.skip_qualifiers();
        }
        Ok(Type { stars, ..base })
    }
}
