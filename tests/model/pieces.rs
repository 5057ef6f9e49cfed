//! What is done to a piece of an attachment: it gets other rights, another length, another place.
//!
//! **Invariant:** a choice here makes it likely that something is met; whether it is harmless is asked afterwards.

use playground_core::call::{Address, Call, ShmatFlags};
use playground_core::machine::{Action, Mapping, Protection, View};

use super::generate::Chooser;
use super::random::Random;

impl Chooser<'_> {
    /// Other rights for some pages, or those of the piece before it, so that the two may join.
    pub fn mprotect(&self, random: &mut Random) -> Action {
        if random.one_in(2)
            && let Some(joins) = self.like_its_neighbour(random)
        {
            return joins;
        }
        let rights = [0, 1, 3, 3, 2, 5, 7].map(Protection::from_bits_truncate);
        let (address, length) = (self.near(random), self.length(random));
        Action::Mprotect { address, length, protection: random.pick(&rights) }
    }

    /// A piece gets the rights of the one before it, or its first page alone does, so that the border between the two
    /// moves.
    pub fn like_its_neighbour(&self, random: &mut Random) -> Option<Action> {
        let views: Vec<(&Mapping, &View)> = self.space().views().collect();
        let differs = |pair: &&[(&Mapping, &View)]| {
            let [(below, first), (above, second)] = pair else { return false };
            let of_one = first.attachment == second.attachment && below.end == above.start;
            of_one && first.protection != second.protection
        };
        let pair = views.windows(2).find(differs)?;
        let ((_, first), (above, _)) = (pair[0], pair[1]);
        let length = if random.one_in(3) { above.length() } else { self.page() };
        Some(Action::Mprotect { address: Address(above.start), length, protection: first.protection })
    }

    /// A piece, or part of it, made shorter or longer. A length of 0 makes a second piece. One page of a longer piece
    /// has no room behind it, so that it has to move, with what was touched.
    pub fn mremap(&self, random: &mut Random) -> Action {
        let pieces: Vec<(u64, u64)> = self.space().views().map(|(m, _)| (m.start, m.end)).collect();
        let whole = !pieces.is_empty() && !random.one_in(3);
        let (address, old_length) = match whole.then(|| random.pick(&pieces)) {
            Some((start, _)) if random.one_in(3) => (Address(start), self.page()),
            Some(_) if random.one_in(3) => (self.touched(random), self.page()),
            Some((start, end)) => (Address(start), end - start),
            None => (self.near(random), random.below(4) * self.page()),
        };
        let longer = old_length + random.pick(&[0, 1, 1, 2, 3]) * self.page();
        let new_length = match random.below(10) {
            0 => random.pick(&[0, 1, self.machine.host.task_size + self.page(), u64::MAX]),
            1..=6 => longer.saturating_sub(random.pick(&[0, 0, 5])),
            _ => self.length(random),
        };
        Action::Mremap { address, old_length, new_length, may_move: !random.one_in(3) }
    }

    /// A segment takes the place of a piece, or of all but its first page.
    pub fn replace(&self, random: &mut Random) -> Call {
        let starts: Vec<u64> = self.space().views().map(|(mapping, _)| mapping.start).collect();
        let address = if starts.is_empty() { self.fixed(random).0 } else { random.pick(&starts) };
        let address = Address(address + random.below(2) * self.page());
        Call::Shmat { shmid: self.shmid(random), address, flags: ShmatFlags::SHM_REMAP }
    }

    /// A page that the process has touched, or any other address.
    pub fn touched(&self, random: &mut Random) -> Address {
        let known: Vec<u64> = self.space().present.iter().copied().collect();
        if known.is_empty() || random.one_in(2) {
            return self.near(random);
        }
        Address(random.pick(&known) * self.page())
    }
}
