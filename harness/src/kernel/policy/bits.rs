//! Picking single bits of a set.

/// The position of the n-th set bit, counted from 0.
#[inline(always)]
pub(super) fn nth_bit(mut word: u64, n: u32) -> usize {
    for _ in 0..n {
        word &= word - 1;
    }
    word.trailing_zeros() as usize
}

/// The position of bit number `n` of the `count` bits of `set`; which one is random,
/// so that a branch on `n` would be mispredicted.
#[inline(always)]
pub(super) fn pick_bit(set: u64, count: u32, n: u32) -> usize {
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

/// Calls `found` with the position of each set bit of a set of any size.
#[inline(always)]
pub(super) fn each(set: &[u64], mut found: impl FnMut(usize)) {
    for (index, &word) in set.iter().enumerate() {
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
pub(super) fn weighed(set: &[u64], mut rest: u64, weight: impl Fn(usize) -> u64) -> usize {
    let mut last = 0;
    for (index, &word) in set.iter().enumerate() {
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
