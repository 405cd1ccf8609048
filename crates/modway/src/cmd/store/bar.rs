//! How far it is, in one line of a terminal that is drawn again and again.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

/// It is drawn at most so often.
const EVERY: Duration = Duration::from_millis(100);

/// With these the longest line fits into 80 columns: a longer one would be drawn below itself again and again.
const CELLS: u64 = 20;

/// A bar on standard error.
pub(super) struct Bar {
    total_bytes: u64,
    started: Instant,
    drawn: Option<Instant>,
}

impl Bar {
    pub(super) fn new(total_bytes: u64) -> Self {
        Self { total_bytes, started: Instant::now(), drawn: None }
    }

    /// Draws it, unless it was drawn just now.
    pub(super) fn move_to(&mut self, bytes: u64) {
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < EVERY) {
            return;
        }
        self.drawn = Some(Instant::now());
        let line = line(bytes, self.total_bytes, self.started.elapsed());
        // Nobody is harmed by a bar that cannot be seen.
        let _ = write!(std::io::stderr(), "\r{line}\x1b[K");
    }

    /// Takes it away, for something else to be written.
    pub(super) fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// The bar in figures and signs alone, the same in every language.
fn line(bytes: u64, total_bytes: u64, elapsed: Duration) -> String {
    // What is kept meanwhile is in no total.
    let (bytes, total_bytes) = (bytes.min(total_bytes), total_bytes.max(1));
    let full = (bytes as u128 * u128::from(CELLS) / u128::from(total_bytes)) as usize;
    let bar = format!("{}{}", "#".repeat(full), "-".repeat(CELLS as usize - full));
    let percent = bytes as u128 * 100 / u128::from(total_bytes);
    let left = if bytes == 0 { Duration::ZERO } else { elapsed.mul_f64((total_bytes - bytes) as f64 / bytes as f64) };
    let (minutes, seconds) = (left.as_secs() / 60, left.as_secs() % 60);
    format!("[{bar}] {percent:>3}%  {} / {}  {}  -{minutes}:{seconds:02}", size(bytes), size(total_bytes), rate(bytes, elapsed))
}

/// A length as people read it: `12.3 MiB`.
pub(super) fn size(bytes: u64) -> String {
    let mut scaled = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if scaled < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{scaled:.1} {unit}") };
        }
        scaled /= 1024.0;
    }
    format!("{scaled:.1} TiB")
}

/// `bytes` in `elapsed`, in millions a second.
pub(super) fn rate(bytes: u64, elapsed: Duration) -> String {
    format!("{:.0} MB/s", bytes as f64 / 1e6 / elapsed.as_secs_f64().max(1e-3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: u64, total_bytes: u64, seconds: u64, expected: &str) {
        assert_eq!(line(bytes, total_bytes, Duration::from_secs(seconds)), expected);
    }

    #[test]
    fn a_bar_tells_how_far_how_fast_and_how_long_yet() {
        check(0, 0, 0, "[--------------------]   0%  0 B / 1 B  0 MB/s  -0:00");
        check(1 << 30, 4 << 30, 10, "[#####---------------]  25%  1.0 GiB / 4.0 GiB  107 MB/s  -0:30");
        check(100, 100, 1, "[####################] 100%  100 B / 100 B  0 MB/s  -0:00");
        check(300, 100, 1, "[####################] 100%  100 B / 100 B  0 MB/s  -0:00");
    }

    #[test]
    fn no_bar_is_longer_than_a_line_of_80_columns() {
        for total_bytes in [1 << 10, (1 << 40) - 1, 1023 << 30, 1023 << 40] {
            // From the first moment on, at 99 GB/s, and so slowly that it takes days.
            for (bytes, seconds) in [(0, 0), (total_bytes - 1, 1 + total_bytes / 99_000_000_000), (1 + total_bytes / 100, 3600)] {
                let line = line(bytes, total_bytes, Duration::from_secs(seconds));
                assert!(line.len() < 80, "{line}");
            }
        }
    }

    #[test]
    fn sizes_are_read_by_people() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (12_897_485, "12.3 MiB"),
            (1 << 40, "1.0 TiB"),
            (u64::MAX, "16777216.0 TiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
