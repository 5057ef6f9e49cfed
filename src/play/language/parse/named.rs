//! Types, by their names.

use super::{Parsed, Parser};
use crate::language::types::{self, NAMES, QUALIFIERS, Type};

impl Parser<'_> {
    /// The longest name of a type that stands next, without its stars.
    pub(super) fn base_type(&mut self) -> Parsed<Type> {
        let before = self.takes_const();
        let words: Vec<&str> = (0..3).map(|by| self.ahead(by)).collect();
        for length in (1..=3).rev() {
            if let Some(found) = types::named(&words[..length].join(" ")) {
                self.next += length;
                let is_const = before | self.takes_const();
                return Ok(Type { is_const, ..found });
            }
        }
        let written = words[..if words[0] == "struct" { 2 } else { 1 }].join(" ");
        let error = self.wrong(format!("there is no type {written} here"));
        Err(error.near(&written, NAMES.iter().map(|(name, _)| *name)))
    }

    /// Takes the words before a type that change nothing here. Returns whether `const` is among them, which does.
    fn takes_const(&mut self) -> bool {
        let mut is_const = false;
        while QUALIFIERS.contains(&self.peek()) {
            is_const |= self.peek() == "const";
            self.next += 1;
        }
        is_const
    }

    pub(super) fn stars(&mut self, base: Type) -> Parsed<Type> {
        let (mut stars, mut is_fixed) = (base.stars, false);
        while self.take("*") {
            self.link()?;
            stars += 1;
            is_fixed = self.takes_const();
        }
        Ok(Type { stars, is_fixed, ..base })
    }
}
