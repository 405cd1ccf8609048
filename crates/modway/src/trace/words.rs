//! The output of the traced command, with the user's URLs in place of ours. Everything else goes through as it comes.

use std::io;

use tokio::{
    io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use super::{
    courier::{AT, MARK, NO_ANSWER},
    detour::Hop,
    limits,
};
use crate::run::Reader;

/// Puts the user's URLs in place of ours, in one of the command's outputs.
pub(super) struct Words {
    /// What our URLs begin with: `http://127.0.0.1:PORT/TOKEN/`.
    ours: String,
    /// What each of them is printed as.
    printed: Vec<String>,
    held: Vec<u8>,
    /// The beginning of the line that is being written: JSON has its quotation marks escaped.
    line: Vec<u8>,
}

/// What the go command writes before the URL of an answer that it does not like.
const READING: &str = "reading ";

impl Words {
    /// `door` is the URL of our door for hops.
    pub(super) fn new(door: &str, hops: &[Hop]) -> Self {
        let printed = hops.iter().map(|hop| hop.printed.clone()).collect();
        Self { ours: format!("{door}/"), printed, held: Vec::new(), line: Vec::new() }
    }

    /// Carries all of `from` to `to`, and each piece as soon as it is certain.
    ///
    /// # Errors
    /// Nobody reads `to` any more. The rest of `from` is read then, so that the command does not wait; it would have got the same error.
    pub(super) async fn carry(mut self, mut from: Reader, to: &mut (dyn AsyncWrite + Send + Unpin)) -> io::Result<()> {
        let mut piece = vec![0; 32 << 10];
        loop {
            let read = match timeout(limits::OUTPUT_PAUSE, from.read(&mut piece)).await {
                Ok(read) => read?,
                Err(_) => {
                    let rest = self.rest();
                    write(to, &rest).await?;
                    from.read(&mut piece).await?
                }
            };
            let out = if read == 0 { self.rest() } else { self.next(&piece[..read]) };
            write(to, &out).await?;
            if read == 0 {
                return Ok(());
            }
        }
    }

    /// What can be written now that `piece` has come.
    fn next(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let mut out = Vec::new();
        while let Some(at) = find(&self.held, self.ours.as_bytes()) {
            let Some(end) = url_end(&self.held[at..]).map(|end| at + end) else {
                if self.held.len() - at < limits::MAX_OUTPUT_URL_BYTES {
                    let from = before(&self.held, at);
                    let ready: Vec<u8> = self.held.drain(..from).collect();
                    self.put(&mut out, &ready);
                    return out;
                }
                let all = std::mem::take(&mut self.held);
                self.put(&mut out, &all);
                return out;
            };
            let found: Vec<u8> = self.held.drain(..end).collect();
            self.replace(&mut out, &found, at);
        }
        let held = self.tail();
        let ready: Vec<u8> = self.held.drain(..self.held.len() - held).collect();
        self.put(&mut out, &ready);
        out
    }

    /// What is held back, when nothing more is to be expected.
    fn rest(&mut self) -> Vec<u8> {
        let (mut held, mut out) = (std::mem::take(&mut self.held), Vec::new());
        match find(&held, self.ours.as_bytes()) {
            Some(at) => {
                held.push(b' ');
                self.replace(&mut out, &held, at);
                out.pop();
            }
            None => self.put(&mut out, &held),
        }
        out
    }

    /// Writes `text`, in which one of our URLs begins at `at`, and ends with what follows it if that is ours, too.
    fn replace(&mut self, out: &mut Vec<u8>, text: &[u8], at: usize) {
        let text = String::from_utf8_lossy(text).into_owned();
        // Ours is ASCII, so that the place is the same in the text.
        let at = text.find(&self.ours).unwrap_or(at);
        let (front, url) = text.split_at(at);
        let mark = format!(": {NO_ANSWER} {MARK}");
        let (url, rest) = match url.find(&mark) {
            Some(end) => (&url[..end], Some(&url[end + mark.len()..])),
            None => (url, None),
        };
        let theirs = self.theirs(url);
        let Some(rest) = rest else {
            self.put(out, front.as_bytes());
            return self.put(out, theirs.as_bytes());
        };
        // `Get "URL": why` is what Go's client says of a request without an answer; of a password it shows other stars there.
        self.put(out, front.strip_suffix(READING).unwrap_or(front).as_bytes());
        let quote = if self.line.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'"') { "\\\"" } else { "\"" };
        if !front.ends_with(READING) {
            self.put(out, format!("{theirs}: ").as_bytes());
        }
        let said = theirs.replacen(":xxxxx@", ":***@", 1);
        let (said, rest) = match rest.strip_prefix(AT).and_then(|at| at.split_once(' ')) {
            Some((url, rest)) => (url.to_owned(), rest),
            None => (said, rest),
        };
        self.put(out, format!("Get {quote}{said}{quote}: {rest}").as_bytes());
    }

    /// The user's URL for one of ours.
    fn theirs(&self, url: &str) -> String {
        let below = url.strip_prefix(self.ours.as_str()).unwrap_or_default();
        let digits = below.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(below.len());
        let hop = below[..digits].parse().ok().and_then(|number: usize| self.printed.get(number));
        hop.map_or_else(|| url.to_owned(), |printed| format!("{printed}{}", &below[digits..]))
    }

    fn put(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        out.extend_from_slice(bytes);
        let after = bytes.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        if let Some(after) = after {
            self.line.clear();
            self.line.extend(bytes[after..].iter().take(limits::MAX_LINE_START_BYTES));
        } else if self.line.len() < limits::MAX_LINE_START_BYTES {
            self.line.extend(bytes.iter().take(limits::MAX_LINE_START_BYTES));
        }
    }

    /// How many of the last bytes may be the beginning of what is to be replaced.
    fn tail(&self) -> usize {
        let whole = [READING.as_bytes(), self.ours.as_bytes()].concat();
        let begins = |length: usize| {
            let tail = &self.held[self.held.len() - length..];
            whole.starts_with(tail) || self.ours.as_bytes().starts_with(tail)
        };
        (1..=self.held.len().min(whole.len())).rev().find(|length| begins(*length)).unwrap_or(0)
    }
}

/// Where what belongs to `at` begins: at `reading `, if that stands before it.
fn before(held: &[u8], at: usize) -> usize {
    if held[..at].ends_with(READING.as_bytes()) { at - READING.len() } else { at }
}

/// Where the URL at the beginning of `text` ends, our mark behind it included; none if more must come first.
fn url_end(text: &[u8]) -> Option<usize> {
    let stops = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`,|\\<>()".contains(byte);
    let end = text
        .iter()
        .enumerate()
        .position(|(at, byte)| stops(byte) || *byte == b':' && text.get(at + 1).is_some_and(u8::is_ascii_whitespace))?;
    let mark = format!(": {NO_ANSWER} {MARK}");
    let behind = &text[end..];
    if let Some(words) = behind.strip_prefix(mark.as_bytes()) {
        let begun = end + mark.len();
        if words.len() < AT.len() && AT.as_bytes().starts_with(words) {
            return None;
        }
        let Some(other) = words.strip_prefix(AT.as_bytes()) else { return Some(begun) };
        return other.iter().position(|byte| *byte == b' ').map(|at| begun + AT.len() + at + 1);
    }
    if behind.len() < mark.len() && mark.as_bytes().starts_with(behind) { None } else { Some(end) }
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}

async fn write(to: &mut (dyn AsyncWrite + Send + Unpin), bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    to.write_all(bytes).await?;
    to.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOOR: &str = "http://127.0.0.1:4711/t0ken";

    fn words() -> Words {
        let printed = ["https://u:xxxxx@a.test/p", "http://b.test"].map(str::to_owned).to_vec();
        Words { ours: format!("{DOOR}/"), printed, held: Vec::new(), line: Vec::new() }
    }

    /// In one piece, and cut anywhere.
    #[track_caller]
    fn check(said: &str, want: &str) {
        for size in 1..=said.len().max(1) {
            let mut words = words();
            let mut out: Vec<u8> = said.as_bytes().chunks(size).flat_map(|piece| words.next(piece)).collect();
            out.extend(words.rest());
            assert_eq!(String::from_utf8(out).unwrap(), want, "in pieces of {size}");
        }
    }

    #[test]
    fn the_users_urls_stand_where_ours_stood() {
        check(
            &format!("go: m@v1: reading {DOOR}/0/m/@v/v1.info: 404 Not Found\n\tserver response: no\n"),
            "go: m@v1: reading https://u:xxxxx@a.test/p/m/@v/v1.info: 404 Not Found\n\tserver response: no\n",
        );
        check(&format!("{DOOR}/1|direct\n"), "http://b.test|direct\n");
        check(&format!("# get {DOOR}/1/m/@v/list\n"), "# get http://b.test/m/@v/list\n");
        check(
            &format!("invalid response from proxy \"{DOOR}/1\": invalid"),
            "invalid response from proxy \"http://b.test\": invalid",
        );
        check(&format!("at {DOOR}/0"), "at https://u:xxxxx@a.test/p");
    }

    #[test]
    fn what_got_no_answer_is_told_in_gos_words() {
        check(
            &format!("go: reading {DOOR}/0/m/@v/list: 599 modway: dial tcp 1.2.3.4:443: connect: connection refused\nx"),
            "go: Get \"https://u:***@a.test/p/m/@v/list\": dial tcp 1.2.3.4:443: connect: connection refused\nx",
        );
        check(
            &format!("{{\n\t\"Error\": \"m@v1: reading {DOOR}/1/m/@v/v1.info: 599 modway: EOF\"\n}}\n"),
            "{\n\t\"Error\": \"m@v1: Get \\\"http://b.test/m/@v/v1.info\\\": EOF\"\n}\n",
        );
        check(
            &format!("# get {DOOR}/1/x: 599 modway: EOF (0.001s)\n"),
            "# get http://b.test/x: Get \"http://b.test/x\": EOF (0.001s)\n",
        );
    }

    #[test]
    fn what_failed_on_the_way_that_an_answer_led_to_has_its_own_url() {
        check(
            &format!("reading {DOOR}/1/m/@v/list: 599 modway: at /else/where stopped after 10 redirects\n"),
            "Get \"/else/where\": stopped after 10 redirects\n",
        );
    }

    #[test]
    fn everything_else_is_left_as_it_is() {
        check(
            "reading the news: http://127.0.0.1:4712/t0ken/0 \u{1F600}\n",
            "reading the news: http://127.0.0.1:4712/t0ken/0 \u{1F600}\n",
        );
        check("", "");
        check("reading http://127.0.0.1", "reading http://127.0.0.1");
        let mut words = words();
        let bytes = [0, 159, 146, 150, b'r', 0xff];
        assert_eq!([words.next(&bytes), words.rest()].concat(), bytes);
    }
}
