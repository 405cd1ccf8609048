//! Where the questions come from: valid texts, bent a little.

pub(crate) use testkit::random::Random;

/// What the questions need beyond plain numbers.
pub(crate) trait Bend {
    /// A size with most of its weight on small ones, up to about 2^`bits`.
    fn size(&mut self, bits: usize) -> u64;

    /// A text made from `seeds` and `tokens`: one of the seeds, bent zero to four times.
    fn bent(&mut self, seeds: &[&str], tokens: &[&str]) -> String;

    /// As [`Bend::bent`], then bent as bytes too: the result may be no UTF-8.
    fn bent_bytes(&mut self, seeds: &[&str], tokens: &[&str]) -> Vec<u8>;

    fn bend_bytes(&mut self, bytes: &mut Vec<u8>);
}

impl Bend for Random {
    fn size(&mut self, bits: usize) -> u64 {
        let bits = self.below(bits) as u32 + 1;
        let near = 1_u64 << (bits - 1);
        match self.below(4) {
            0 => near,
            1 => near - 1,
            2 => near + 1,
            _ => self.number() % (near << 1),
        }
    }

    fn bent(&mut self, seeds: &[&str], tokens: &[&str]) -> String {
        let mut text: Vec<char> = self.pick(seeds).chars().collect();
        for _ in 0..self.below(5) {
            bend(self, &mut text, seeds, tokens);
        }
        text.into_iter().collect()
    }

    fn bent_bytes(&mut self, seeds: &[&str], tokens: &[&str]) -> Vec<u8> {
        let mut bytes = self.bent(seeds, tokens).into_bytes();
        if self.one_in(8) {
            self.bend_bytes(&mut bytes);
        }
        bytes
    }

    fn bend_bytes(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        match self.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = self.pick(&[&0, &1, &0x7f, &0x80, &0xc0, &0xff, &b'\n', &b' ']).to_owned(),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            _ => bytes.insert(at, self.number() as u8),
        }
    }
}

fn bend(random: &mut Random, text: &mut Vec<char>, seeds: &[&str], tokens: &[&str]) {
    let at = random.below(text.len() + 1);
    match random.below(9) {
        0 if at < text.len() => drop(text.remove(at)),
        1 if at < text.len() => text[at] = odd_char(random),
        2 => text.insert(at, odd_char(random)),
        3 => drop(text.splice(at..at, random.pick(tokens).chars())),
        4 => text.truncate(at),
        5 => {
            // The head of this text, the tail of another.
            let other: Vec<char> = random.pick(seeds).chars().collect();
            let from = random.below(other.len() + 1);
            text.truncate(at);
            text.extend(&other[from..]);
        }
        6 if at < text.len() => {
            // A piece twice.
            let piece: Vec<char> = text[at..].iter().take(random.below(8) + 1).copied().collect();
            drop(text.splice(at..at, piece));
        }
        7 if at < text.len() => {
            text[at] = if text[at].is_lowercase() { text[at].to_ascii_uppercase() } else { text[at].to_ascii_lowercase() }
        }
        _ => {
            // A token in the place of a few characters.
            let end = (at + random.below(4)).min(text.len());
            drop(text.splice(at..end, random.pick(tokens).chars()));
        }
    }
}

/// Mostly printable ASCII; the rest is what parsers stumble over: controls, spaces of all kinds, letters beyond ASCII, marks.
fn odd_char(random: &mut Random) -> char {
    const ODD: &str = "\0\t\n\r\u{b}\u{c}\u{1b}\u{7f}\u{80}\u{85}\u{a0}\u{ad}ſKkıİßéÉñǅΣσςЖжא字한e\u{301}\u{2000}\u{2028}\u{3000}\u{e000}\u{feff}\u{fffd}\u{ffff}\u{1f600}\u{10ffff}ꙀⅣ٣०";
    if random.one_in(6) {
        let odd: Vec<char> = ODD.chars().collect();
        odd[random.below(odd.len())]
    } else {
        char::from(b' ' + random.below(95) as u8)
    }
}
