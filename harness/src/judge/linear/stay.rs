//! States that must stay for a while, because somebody has yet to read them and nothing will
//! ever bring them back.
//!
//! Used by `wgl` where a model says that what cannot be read again from one state cannot be
//! from any other either ([`Model::LOST_ANYWHERE`]). Whoever brings a state about that must
//! stay until the last of such reads is called decides also about everything that returns
//! before: it must leave the state as it is, or be hidden. Where it cannot, the search need
//! not go on to find that out.
//!
//! 1. `reads[class]` are the entries of a class that only reads, by the time of their return.
//! 2. `tied[state]` are the classes of reads that only this state explains.

use super::hidden::Hidden;
use super::model::Model;
use super::part::Part;
use super::reads::is_lost;
use super::rules::{Rule, Rules};
use super::states::States;
use rustc_hash::FxHashMap;

#[derive(Default)]
pub(super) struct Stay {
    asked: bool,
    reads: Vec<Vec<u32>>,
    tied: FxHashMap<u32, Vec<u32>>,
}

/// Where a search has come to: everything that returned before `low` is placed, `state` has
/// just come after `from`, and what was called by `covered` can be hidden.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) low: u32,
    pub(super) from: u32,
    pub(super) state: u32,
    pub(super) covered: Option<u64>,
}

impl Stay {
    pub(super) fn new<M: Model>(
        part: &Part<'_, M::Op, M::Ret>,
        states: &States<'_, M>,
        classes: &[u32],
        rules: Rules,
    ) -> Stay {
        if !M::LOST_ANYWHERE || !rules.has(Rule::Stay) {
            return Stay::default();
        }
        let count = classes.iter().max().map_or(0, |&most| most as usize + 1);
        let mut reads = vec![Vec::new(); count];
        for (entry, &class) in classes[..part.done].iter().enumerate() {
            if states.reads(class) {
                reads[class as usize].push(entry as u32);
            }
        }
        Stay { asked: true, reads, tied: FxHashMap::default() }
    }

    /// Whether something that returns while the state must stay would change it.
    pub(super) fn is_disturbed<M: Model>(
        &mut self,
        part: &Part<'_, M::Op, M::Ret>,
        states: &mut States<'_, M>,
        classes: &[u32],
        placed: &[bool],
        hidden: &Hidden,
        turn: Turn,
    ) -> bool {
        let Turn { low, state, covered, .. } = turn;
        if !self.asked || turn.from == state {
            return false;
        }
        let until = self.until(part, states, classes, placed, turn);
        (low..part.done as u32).take_while(|&entry| part.ends[entry as usize] < until).any(|entry| {
            !placed[entry as usize]
                && !hidden.can_hide(part, entry, covered)
                && states.step(state, classes[entry as usize]) != Some(state)
        })
    }

    /// The call of the last read that has to find this state, and no later one like it; 0 if
    /// there is none.
    fn until<M: Model>(
        &mut self,
        part: &Part<'_, M::Op, M::Ret>,
        states: &mut States<'_, M>,
        classes: &[u32],
        placed: &[bool],
        Turn { low, from, state, .. }: Turn,
    ) -> u64 {
        let reads = &self.reads;
        let tied = self.tied.entry(state).or_insert_with(|| {
            let mut tied = |class: &u32| {
                !reads[*class as usize].is_empty()
                    && states.step(state, *class) == Some(state)
                    && states.lost(from, *class, &mut std::iter::empty())
            };
            (0..reads.len() as u32).filter(|class| tied(class)).collect()
        });
        let mut until = 0;
        for &class in tied.iter() {
            let reads = &reads[class as usize];
            let next = reads.partition_point(|&read| read < low);
            for &read in reads[next..].iter().filter(|&&read| !placed[read as usize]) {
                if !is_lost(part, states, classes, placed, (low, from), read as usize) {
                    break;
                }
                until = until.max(part.at(read));
            }
        }
        until
    }
}
