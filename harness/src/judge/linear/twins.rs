//! Which of several operations that returned, and that did the same, is placed first.
//!
//! Used by `wgl`. Where two were called with the same arguments and returned the same, and
//! both could be placed now, the one that returned earlier is: an order that has them the
//! other way round stays one if they change places. And where an operation that never
//! returned would do now what one that returned can do as well, the latter is placed: should
//! the order have it later, the former can stand there instead.
//!
//! But nothing waits for a twin that can be hidden, see `hidden`, unless it can be as well: such
//! a twin is placed only if it does something, and the other one must be placed at all events.
//!
//! Neither is called after a time by which a pending operation must be placed: between the
//! two places there might be one of those.
//!
//! 1. `before[e]` is the last entry of the class of `e` that returned before it, if any.

use super::part::Part;
use super::rules::{Rule, Rules};

const NONE: u32 = u32::MAX;

pub(super) struct Twins {
    before: Vec<u32>,
}

impl Twins {
    /// Those of the entries of `part` that returned, by their classes.
    pub(super) fn new<O, R>(part: &Part<'_, O, R>, classes: &[u32], rules: Rules) -> Twins {
        let count = classes.iter().max().map_or(0, |&most| most as usize + 1);
        let mut last = vec![NONE; count];
        let before = classes[..part.done]
            .iter()
            .enumerate()
            .map(|(entry, &class)| std::mem::replace(&mut last[class as usize], entry as u32))
            .map(|before| if rules.has(Rule::Twins) { before } else { NONE })
            .collect();
        Twins { before }
    }

    /// Whether a twin of `entry` is placed before it where everything that returned before
    /// `low` is placed, and some pending entry must be placed by `deadline`.
    pub(super) fn waits<O, R>(
        &self,
        part: &Part<'_, O, R>,
        placed: &[bool],
        (low, deadline): (u32, u64),
        entry: u32,
        can_hide: impl Fn(u32) -> bool,
    ) -> bool {
        let latest = part.ends[low as usize].min(deadline);
        let mut twin = self.before[entry as usize];
        while twin != NONE && twin >= low {
            let comes = !placed[twin as usize] && part.at(twin) <= latest;
            if comes && (!can_hide(twin) || can_hide(entry)) {
                return true;
            }
            twin = self.before[twin as usize];
        }
        false
    }
}
