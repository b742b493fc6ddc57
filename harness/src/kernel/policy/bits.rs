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

/// The positions of the set bits of a set of any size.
#[inline(always)]
pub(super) fn ones(set: &[u64]) -> impl Iterator<Item = usize> + '_ {
    set.iter().enumerate().flat_map(|(index, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            if rest == 0 {
                return None;
            }
            let bit = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            Some(index * 64 + bit)
        })
    })
}
