//! Picking single bits of a set of any size, given as its words that are not empty with
//! their places.

use crate::kernel::data::enabled::Words;
use crate::kernel::schedule::rng::Rng;

/// How many bits are set.
pub(super) fn count(set: Words<'_, false>) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor has the instruction.
        return unsafe { count_by_instruction(set) };
    }
    count_plainly(set)
}

#[inline(always)]
fn count_plainly(set: Words<'_, false>) -> u32 {
    set.map(|(_, word)| word.count_ones()).sum()
}

/// What costs a dozen instructions for each word costs one here: a set of a thousand tasks
/// is counted at every step.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn count_by_instruction(set: Words<'_, false>) -> u32 {
    count_plainly(set)
}

/// The position of set bit number `n`, which is below their number.
pub(super) fn nth(set: Words<'_, false>, n: u32) -> usize {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor has the instruction.
        return unsafe { nth_by_instruction(set, n) };
    }
    nth_plainly(set, n)
}

#[inline(always)]
fn nth_plainly(set: Words<'_, false>, mut n: u32) -> usize {
    for (index, word) in set {
        let ones = word.count_ones();
        if n < ones {
            return index * 64 + nth_bit(word, n);
        }
        n -= ones;
    }
    unreachable!("n is below the number of bits")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn nth_by_instruction(set: Words<'_, false>, n: u32) -> usize {
    nth_plainly(set, n)
}

/// The position of the n-th set bit, counted from 0.
#[inline(always)]
fn nth_bit(mut word: u64, n: u32) -> usize {
    for _ in 0..n {
        word &= word - 1;
    }
    word.trailing_zeros() as usize
}

/// Whether the processor has the instructions that [`at`] is short with.
pub(in crate::kernel) fn can_deposit() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("bmi2") && is_x86_feature_detected!("popcnt");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// The position of one of the bits of a set, which has some: all equally likely where `drawn`
/// is 64 random bits. The same one whatever the processor can do; `deposits` says what
/// [`can_deposit`] does, which is too long to be asked at each decision.
#[inline(always)]
pub(super) fn at(set: u64, drawn: u64, deposits: bool) -> usize {
    #[cfg(target_arch = "x86_64")]
    if deposits {
        // SAFETY: the processor has the instructions.
        return unsafe { at_by_instruction(set, drawn) };
    }
    let _ = deposits;
    at_plainly(set, drawn)
}

#[inline(never)]
fn at_plainly(set: u64, drawn: u64) -> usize {
    let count = set.count_ones();
    pick_bit(set, count, Rng::fit(drawn, count))
}

/// What is a chain of dozens of instructions otherwise, at most of the steps of many programs,
/// is three here: they count, deposit a bit at the place of the n-th, and find it.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi2,popcnt")]
fn at_by_instruction(set: u64, drawn: u64) -> usize {
    let n = Rng::fit(drawn, set.count_ones());
    std::arch::x86_64::_pdep_u64(1 << n, set).trailing_zeros() as usize
}

/// The position of bit number `n` of the `count` bits of `set`; which one is random,
/// so that a branch on `n` would be mispredicted.
#[inline(always)]
fn pick_bit(set: u64, count: u32, n: u32) -> usize {
    let mut rest = set;
    let mut drop = |from: u32, to: u32| {
        for k in from..to {
            rest &= rest.wrapping_sub(u64::from(n > k));
        }
    };
    drop(0, 1);
    if count > 2 {
        drop(1, 3);
        if count > 4 {
            drop(3, 9);
            if count > 10 {
                drop(9, count);
            }
        }
    }
    rest.trailing_zeros() as usize
}

/// The position of the first set bit; 0 if there is none.
#[inline(always)]
pub(super) fn first(mut set: impl Iterator<Item = (usize, u64)>) -> usize {
    set.next().map_or(0, |(index, word)| index * 64 + word.trailing_zeros() as usize)
}

/// Calls `found` with the position of each set bit.
#[inline(always)]
pub(super) fn each(set: impl Iterator<Item = (usize, u64)>, mut found: impl FnMut(usize)) {
    for (index, word) in set {
        let mut rest = word;
        while rest != 0 {
            found(index * 64 + rest.trailing_zeros() as usize);
            rest &= rest - 1;
        }
    }
}

/// The position of the set bit that `rest` falls on, where each has a weight and the
/// weights lie side by side; the last one if `rest` is beyond them all.
#[inline(always)]
pub(super) fn weighed(
    set: impl Iterator<Item = (usize, u64)>,
    mut rest: u64,
    weight: impl Fn(usize) -> u64,
) -> usize {
    let mut last = 0;
    for (index, word) in set {
        let mut bits = word;
        while bits != 0 {
            last = index * 64 + bits.trailing_zeros() as usize;
            let weight = weight(last);
            if rest < weight {
                return last;
            }
            rest -= weight;
            bits &= bits - 1;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::{at, can_deposit};
    use crate::kernel::Rng;

    #[test]
    fn every_processor_draws_the_same_bit_and_all_are_drawn() {
        let mut rng = Rng::new(5);
        for bits in 1..=64 {
            let set = (0..bits).fold(0_u64, |set, _| set | 1 << rng.below(64));
            let mut drawn = 0_u64;
            for _ in 0..2_000 {
                let number = rng.next_u64();
                let (bit, plain) = (at(set, number, can_deposit()), at(set, number, false));
                assert_eq!(bit, plain, "of {set:#x}");
                drawn |= 1 << bit;
            }
            assert_eq!(drawn, set);
        }
    }
}
