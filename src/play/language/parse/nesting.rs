//! How deep brackets and operators nest.
//!
//! **Invariant:** the tree of an expression is at most a small multiple of [`DEEPEST`] high, so that whoever walks it needs
//! little of the stack.

use super::{Parsed, Parser};

/// How deep brackets and operators may nest: deeper, and no person has written them. An operator nests in the next one of
/// its chain, too: `1 + 1 + 1` is `(1 + 1) + 1`.
const DEEPEST: usize = 64;

impl<'a> Parser<'a> {
    /// What commas separate, with the symbol at its end. Items stand side by side: only the one with the most operators
    /// counts.
    pub(super) fn items<T>(
        &mut self,
        end: &str,
        item: impl Fn(&mut Parser<'a>) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let (mut items, links) = (Vec::new(), self.links);
        let mut most = links;
        while self.peek() != end {
            self.links = links;
            items.push(item(self)?);
            most = most.max(self.links);
            if !self.take(",") {
                break;
            }
        }
        self.links = most;
        self.expect(end)?;
        Ok(items)
    }

    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Parser<'a>) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        self.not_too_deep(self.depth)?;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// One more operator stands behind what has been read.
    pub(super) fn link(&mut self) -> Parsed<()> {
        self.links += 1;
        self.not_too_deep(self.links)
    }

    fn not_too_deep(&self, depth: usize) -> Parsed<()> {
        if depth > DEEPEST {
            return Err(self.wrong(format!("brackets and operators nest deeper than {DEEPEST} here")));
        }
        Ok(())
    }
}
