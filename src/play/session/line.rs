//! A line of several statements, and a word that is a variable's name, too.

use super::perform::Performer;
use super::told::Told;
use crate::language::{At, Does, Expr, Kind, Misunderstood, Statement};

impl Performer<'_> {
    /// Performs the statements of the line. What stands behind a fork is for the parent alone, unless it names the child.
    ///
    /// # Errors
    ///
    /// As for [`perform`](Performer::perform).
    pub fn perform_all(&mut self, statements: &[Statement]) -> Result<(), Misunderstood> {
        for (number, statement) in statements.iter().enumerate() {
            let told = self.told.len();
            self.perform(statement)?;
            let child = self.told[told..].iter().find_map(|told| match told {
                Told::Begins { who, how: "fork", .. } => Some(who.clone()),
                _ => None,
            });
            let next = statements.get(number + 1).filter(|next| next.process == statement.process);
            if let (Some(child), Some(Statement { does: Does::Evaluate(_) | Does::Declare(_), .. })) =
                (child, next)
            {
                self.note_rest_of_line(statement, &child);
            }
        }
        Ok(())
    }

    fn note_rest_of_line(&mut self, statement: &Statement, child: &str) {
        let Some(parent) = statement.process.as_ref().or(self.world.current.as_ref()) else { return };
        let text = format!(
            "In C {child} would do the rest of this line, too. Here {parent} does it alone: {child}: before a statement has {child} do it."
        );
        if !self.told.iter().any(|told| matches!(told, Told::Note { text: said } if *said == text)) {
            self.told.push(Told::Note { text });
        }
    }

    /// The variable that a word stands for, where the process that acts has one of its name.
    pub(super) fn variable_before_word(&self, statement: &Statement) -> Option<Does> {
        let Does::Word(word) = &statement.does else { return None };
        let named = statement.process.as_deref().or(self.world.current.as_deref())?;
        let name = word.to_string();
        self.world.actors.get(named).filter(|_| word.gives_way())?.arena.variable(&name)?;
        Some(Does::Evaluate(Expr { at: At(0), kind: Kind::Name(name) }))
    }
}
