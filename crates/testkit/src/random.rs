//! Random choices that a seed repeats, on every machine.

use std::fmt::Debug;

/// A stream of numbers that look random: SplitMix64.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; `splitmix64.c` of <https://prng.di.unimi.it>.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed. Any will do, 0 too.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The stream of one sample of a run: another one for each seed and each number.
    #[must_use]
    pub fn of_sample(seed: u64, number: usize) -> Self {
        Self(seed ^ Self(number as u64).number())
    }

    /// The next number, out of all there are.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 on that is below `end`, which is positive.
    ///
    /// # Panics
    ///
    /// If `end` is not positive.
    pub fn below<N>(&mut self, end: N) -> N
    where
        N: TryFrom<u64, Error: Debug> + TryInto<u64, Error: Debug>,
    {
        let end = end.try_into().expect("not negative");
        N::try_from(self.number() % end).expect("less than one that fits")
    }

    /// True in one of `n` calls.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// True in so many of a hundred calls.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// One of these, which cannot be copied.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn pick_of<T>(&mut self, mut of: Vec<T>) -> T {
        of.swap_remove(self.below(of.len()))
    }

    /// So many bytes. They do not compress.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| self.number().to_le_bytes()).collect();
        bytes.truncate(length);
        bytes
    }
}

/// Bytes that do not compress, and no two parts of which are alike. The same for the same length, and a shorter one begins a longer one.
#[must_use]
pub fn noise(length: usize) -> Vec<u8> {
    Random::new(0).bytes(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut random = Random::new(1_234_567);
        let numbers: Vec<u64> = (0..5).map(|_| random.number()).collect();
        // As `splitmix64.c` prints them.
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(numbers, expected);
    }

    #[test]
    fn every_number_below_the_end_comes_and_no_other() {
        let (mut random, mut seen) = (Random::new(1), [0; 7]);
        for _ in 0..7000 {
            seen[random.below(7_usize)] += 1;
        }
        assert!(seen.iter().all(|times| (800..1200).contains(times)), "{seen:?}");
    }

    #[test]
    fn samples_of_a_run_differ_and_repeat() {
        let first = |seed, number| Random::of_sample(seed, number).number();
        let mut all: Vec<u64> = (0..100).flat_map(|seed| (0..100).map(move |number| first(seed, number))).collect();
        assert_eq!(all[101], first(1, 1));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 10_000);
    }

    #[test]
    fn noise_of_any_length_begins_the_longer_ones() {
        for length in [0, 1, 7, 8, 9, 1000] {
            assert_eq!(noise(length), noise(1001)[..length]);
        }
    }
}
