//! The generator behind every seed.
//!
//! Seeds are a public, versioned format: the numbers below must come out the same
//! on every machine and in every version, which is why this is our own code and
//! not a dependency, and why golden vectors stand in the tests.
//!
//! SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
//! generators", OOPSLA 2014): one 64-bit word of state, so a generator is plain
//! data that can live in memory shared by processes.
//!
//! When a process dies here, the state is the old or the new word, never a mixture.

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// A SplitMix64 generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Rng(u64);

impl Rng {
    /// The generator of a seed.
    pub const fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// The seed of this generator as it stands.
    pub(crate) const fn seed(self) -> u64 {
        self.0
    }

    /// The generator of execution `k` of the run with this seed: any execution
    /// can be repeated without those before it.
    pub const fn derive(seed: u64, k: u64) -> Rng {
        Rng(mix(seed ^ mix(k.wrapping_add(GAMMA))))
    }

    /// The next 64 bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// Goes on as if a number had been drawn.
    #[inline]
    pub(crate) fn skip(&mut self) {
        self.0 = self.0.wrapping_add(GAMMA);
    }

    /// A number below `n`, uniform up to a bias of `n / 2^64`; `n` must not be 0.
    #[inline]
    pub fn below(&mut self, n: u32) -> u32 {
        Rng::fit(self.next_u64(), n)
    }

    /// What [`below`](Self::below) makes of 64 bits that were drawn.
    #[inline]
    pub(crate) const fn fit(bits: u64, n: u32) -> u32 {
        // The high half of a 64 x 32 bit product (Lemire 2019), without the
        // rejection step: for n < 2^20 its bias is below 2^-44.
        ((bits as u128 * n as u128) >> 64) as u32
    }

    /// A number below `n`, uniform up to a bias of `n / 2^64`; `n` must not be 0.
    #[inline]
    pub(crate) fn below_u64(&mut self, n: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u64
    }
}

#[inline]
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::Rng;

    /// The reference output of SplitMix64 for seed 1234567, as published with the
    /// algorithm; and our own derivation, frozen.
    #[test]
    fn golden_vectors() {
        let mut rng = Rng::new(1_234_567);
        let words: Vec<u64> = (0..5).map(|_| rng.next_u64()).collect();
        assert_eq!(
            words,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
        let derived: Vec<u64> = (0..3).map(|k| Rng::derive(42, k).next_u64()).collect();
        assert_eq!(derived, GOLDEN_42);
        let mut rng = Rng::new(0);
        let small: Vec<u32> = (0..12).map(|_| rng.below(10)).collect();
        assert_eq!(small, GOLDEN_BELOW);
    }

    const GOLDEN_42: [u64; 3] =
        [14_585_004_453_952_745_724, 3_722_946_841_873_465_102, 13_938_158_061_835_861_011];
    const GOLDEN_BELOW: [u32; 12] = [8, 4, 0, 9, 1, 3, 1, 7, 2, 9, 3, 7];

    #[test]
    fn below_is_uniform() {
        let mut rng = Rng::new(7);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[rng.below(7) as usize] += 1;
        }
        // 10,000 expected each, sigma 93: five sigma on either side.
        assert!(counts.iter().all(|&c| (9_535..10_465).contains(&c)), "{counts:?}");
    }
}
