//! A schedule that the learner directs: who moves next is asked before each move.
//!
//! **Invariant:** no move is made that the schedule does not have, and each is made once.

use std::fmt;

use super::event::{Event, Wants};
use super::{Schedule, Story, Turn};
use crate::error::Result;
use crate::process::Step;

impl Story {
    /// Has every move of a schedule made: of the one that was `asked` for, or else as the learner decides, one by one.
    /// Where nobody decides, `otherwise` is followed.
    ///
    /// Returns the moves, and what came of each.
    ///
    /// # Errors
    ///
    /// `Quit`, if the learner leaves; `Output`; those of `make`.
    pub fn direct<T: fmt::Display>(
        &self,
        asked: Option<&Schedule>,
        otherwise: &Schedule,
        make: impl Fn(Turn, Step) -> Result<T>,
    ) -> Result<(Schedule, Vec<T>)> {
        let (mut turns, mut made) = (Vec::new(), Vec::new());
        let decides = asked.is_none() && self.waits();
        while let Some(rest) = asked.unwrap_or(otherwise).rest_after(&turns) {
            let turn = if decides { self.next_turn(&rest)? } else { rest[0] };
            let moved = make(turn, Schedule::step_of(turn, &turns))?;
            if decides {
                self.tell(Event::Moved { text: moved.to_string() });
            }
            turns.push(turn);
            made.push(moved);
        }
        Ok((Schedule::of(turns), made))
    }

    /// Whose turn the learner says it is, among those who have moves left.
    fn next_turn(&self, rest: &[Turn]) -> Result<Turn> {
        // When one of them is through, the other has no choice.
        while rest.contains(&Turn::A) && rest.contains(&Turn::B) {
            let turn = match self.ask(Wants::Move)?.as_str() {
                "" => return Ok(rest[0]),
                "a" => Turn::A,
                "b" => Turn::B,
                "p" => {
                    self.play(Some(self.done_so_far()));
                    continue;
                }
                _ => {
                    self.reply(
                        "Type a or b, for the process that moves next. Enter alone leaves it to us, and p opens a \
                         prompt of your own.",
                    );
                    continue;
                }
            };
            return Ok(turn);
        }
        Ok(rest[0])
    }
}
