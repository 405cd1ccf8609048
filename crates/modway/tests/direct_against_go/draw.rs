//! Random choices that a seed repeats. Not `testkit::random`: here a case is known by its number, over runs and releases, and another stream
//! of numbers makes other cases.

/// A stream of random numbers: xorshift64*.
pub(crate) struct Draw(u64);

impl Draw {
    /// The stream of one sample of a run.
    pub(crate) fn new(seed: u64, number: usize) -> Self {
        let mixed = (seed ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mut draw = Self(mixed | 1);
        for _ in 0..8 {
            draw.next();
        }
        draw
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `most`, which is positive.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        usize::try_from((self.next() >> 33) % most as u64).expect("it is below a usize")
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// One of these, which cannot be copied.
    pub(crate) fn pick_of<T>(&mut self, mut of: Vec<T>) -> T {
        of.swap_remove(self.below(of.len()))
    }
}
