//! Schedules that the learner directs: who moves next is asked before each move, and as often as the learner likes.
//!
//! **Invariant:** no move is made that the schedule does not have, and each is made once.

use std::fmt;

use super::event::{Event, Wants};
use super::{Schedule, Story, Turn};
use crate::error::Result;
use crate::process::Step;

/// Who decides the order.
enum Order {
    /// It stands before the first move.
    Fixed(Schedule),
    /// The learner, move by move.
    Directed,
}

impl Story {
    /// Has all moves of a schedule made: of the one that was `asked` for, or else as the learner decides, one by one.
    /// Where nobody decides, it is the `default`. Then the learner may have another one made, as often as they like.
    ///
    /// `begin` sets everything to its beginning and returns who makes a move; `show` tells of the moves that were made.
    ///
    /// # Errors
    ///
    /// `Quit`, if the learner leaves; `Output`; those of `begin`, and of a move.
    pub fn direct<T: fmt::Display, M: Fn(Turn, Step) -> Result<T>>(
        &self,
        asked: Option<&Schedule>,
        default: &Schedule,
        begin: impl Fn() -> Result<M>,
        show: impl Fn(&Schedule, &[T]),
    ) -> Result<()> {
        let mut order = match asked {
            None if self.waits() => Order::Directed,
            fixed => Order::Fixed(fixed.unwrap_or(default).clone()),
        };
        loop {
            let (schedule, made) = self.make_all(&order, default, begin()?)?;
            show(&schedule, &made);
            match self.next_order()? {
                Some(next) => order = next,
                None => return Ok(()),
            }
        }
    }

    fn make_all<T: fmt::Display>(
        &self,
        order: &Order,
        default: &Schedule,
        make: impl Fn(Turn, Step) -> Result<T>,
    ) -> Result<(Schedule, Vec<T>)> {
        let (mut turns, mut made) = (Vec::new(), Vec::new());
        let (schedule, directed) = match order {
            Order::Fixed(schedule) => (schedule, false),
            Order::Directed => (default, true),
        };
        while let Some(rest) = schedule.rest_after(&turns) {
            let turn = if directed { self.next_turn(&rest)? } else { rest[0] };
            let moved = make(turn, Schedule::step_of(turn, &turns))?;
            if directed {
                self.tell(Event::Moved { text: moved.to_string() });
            }
            turns.push(turn);
            made.push(moved);
        }
        Ok((Schedule::of(turns), made))
    }

    /// Whose turn the learner says it is, among those who have moves left.
    fn next_turn(&self, rest: &[Turn]) -> Result<Turn> {
        let only = rest.iter().all(|turn| *turn == rest[0]).then_some(rest[0]);
        loop {
            let turn = match self.ask(Wants::Move { only })?.as_str() {
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
            if rest.contains(&turn) {
                return Ok(turn);
            }
            self.reply(&format!("{turn} has made its three steps. The other one moves now."));
        }
    }

    /// Another order, if there is a learner who wants one.
    fn next_order(&self) -> Result<Option<Order>> {
        if !self.waits() {
            return Ok(None);
        }
        loop {
            match self.ask(Wants::Order)?.as_str() {
                "" => return Ok(None),
                "y" => return Ok(Some(Order::Directed)),
                word => match word.parse() {
                    Ok(schedule) => return Ok(Some(Order::Fixed(schedule))),
                    Err(_) => self.reply(
                        "Type y to decide again, move by move; or a whole order, three As and three Bs, such as \
                         AABBAB. Enter alone decides nothing more.",
                    ),
                },
            }
        }
    }
}
