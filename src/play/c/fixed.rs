//! What may not be written: variables that are `const`, and what a pointer to `const` leads to.

use super::evaluate::{Evaluation, Result, wrong};
use crate::language::{Expr, Kind, Unary};

/// What a declaration forbids to write.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fixed {
    /// The variable itself.
    pub itself: bool,
    /// What it points to.
    pub target: bool,
}

impl Evaluation<'_> {
    /// Refuses a change that a compiler refuses.
    pub(super) fn may_change(&self, target: &Expr) -> Result<()> {
        match self.fixed_by(target, false) {
            Some(name) => wrong(
                target.at,
                format!("{target} is read-only, as {name} is declared with const: a compiler refuses this"),
            ),
            None => Ok(()),
        }
    }

    /// The variable whose declaration forbids to change this, or what it `leads` to.
    fn fixed_by<'a>(&self, target: &'a Expr, leads: bool) -> Option<&'a str> {
        match &target.kind {
            Kind::Name(name) => {
                let variable = self.arena.variable(name)?;
                let is_pointer = !matches!(variable.ty, super::ty::Ty::Array(..)) && leads;
                let is_fixed = if is_pointer { variable.fixed.target } else { variable.fixed.itself };
                is_fixed.then_some(name)
            }
            Kind::Index(base, _) | Kind::Unary(Unary::Dereference, base) => self.fixed_by(base, true),
            Kind::Member { base, arrow, .. } => self.fixed_by(base, *arrow),
            Kind::Binary(_, left, _) if leads => self.fixed_by(left, true),
            _ => None,
        }
    }
}
