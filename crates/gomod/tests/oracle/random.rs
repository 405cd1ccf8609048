//! Where the questions come from: valid texts, bent a little.

/// A small generator of numbers (SplitMix64): the same seed gives the same questions on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `limit` - 1.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// True in one of `n` calls.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    /// A size with most of its weight on small ones, up to about 2^`bits`.
    pub(crate) fn size(&mut self, bits: usize) -> u64 {
        let bits = self.below(bits) as u32 + 1;
        let near = 1_u64 << (bits - 1);
        match self.below(4) {
            0 => near,
            1 => near - 1,
            2 => near + 1,
            _ => self.next() % (near << 1),
        }
    }

    /// A text made from `seeds` and `tokens`: one of the seeds, bent zero to four times.
    pub(crate) fn bent(&mut self, seeds: &[&str], tokens: &[&str]) -> String {
        let mut text: Vec<char> = self.pick(seeds).chars().collect();
        for _ in 0..self.below(5) {
            self.bend(&mut text, seeds, tokens);
        }
        text.into_iter().collect()
    }

    fn bend(&mut self, text: &mut Vec<char>, seeds: &[&str], tokens: &[&str]) {
        let at = self.below(text.len() + 1);
        match self.below(9) {
            0 if at < text.len() => drop(text.remove(at)),
            1 if at < text.len() => text[at] = self.odd_char(),
            2 => text.insert(at, self.odd_char()),
            3 => drop(text.splice(at..at, self.pick(tokens).chars())),
            4 => text.truncate(at),
            5 => {
                // The head of this text, the tail of another.
                let other: Vec<char> = self.pick(seeds).chars().collect();
                let from = self.below(other.len() + 1);
                text.truncate(at);
                text.extend(&other[from..]);
            }
            6 if at < text.len() => {
                // A piece twice.
                let piece: Vec<char> = text[at..].iter().take(self.below(8) + 1).copied().collect();
                drop(text.splice(at..at, piece));
            }
            7 if at < text.len() => {
                text[at] = if text[at].is_lowercase() { text[at].to_ascii_uppercase() } else { text[at].to_ascii_lowercase() }
            }
            _ => {
                // A token in the place of a few characters.
                let end = (at + self.below(4)).min(text.len());
                drop(text.splice(at..end, self.pick(tokens).chars()));
            }
        }
    }

    /// Mostly printable ASCII; the rest is what parsers stumble over: controls, spaces of all kinds, letters beyond ASCII, marks.
    fn odd_char(&mut self) -> char {
        const ODD: &str = "\0\t\n\r\u{b}\u{c}\u{1b}\u{7f}\u{80}\u{85}\u{a0}\u{ad}ſKkıİßéÉñǅΣσςЖжא字한e\u{301}\u{2000}\u{2028}\u{3000}\u{e000}\u{feff}\u{fffd}\u{ffff}\u{1f600}\u{10ffff}ꙀⅣ٣०";
        if self.one_in(6) {
            let odd: Vec<char> = ODD.chars().collect();
            odd[self.below(odd.len())]
        } else {
            char::from(b' ' + self.below(95) as u8)
        }
    }

    /// As [`Random::bent`], then bent as bytes too: the result may be no UTF-8.
    pub(crate) fn bent_bytes(&mut self, seeds: &[&str], tokens: &[&str]) -> Vec<u8> {
        let mut bytes = self.bent(seeds, tokens).into_bytes();
        if self.one_in(8) {
            self.bend_bytes(&mut bytes);
        }
        bytes
    }

    pub(crate) fn bend_bytes(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        match self.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = self.pick(&[&0, &1, &0x7f, &0x80, &0xc0, &0xff, &b'\n', &b' ']).to_owned(),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            _ => bytes.insert(at, self.next() as u8),
        }
    }
}
