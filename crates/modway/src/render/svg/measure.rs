//! How much room text takes, as far as it can be known without the fonts of the reader.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Which letters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Face {
    /// Letters as wide as they are, for sentences.
    Sans,
    /// Letters all of one width, for what is typed.
    Mono,
}

/// The width of `text` in pixels, rather too large than too small: fonts differ. A Chinese character takes a square.
pub fn width(text: &str, size: f64, face: Face) -> f64 {
    text.chars().map(|c| of(c, face)).sum::<f64>() * size
}

/// `text` if there is room for it, else its beginning with `…`.
pub fn fit(text: &str, room: f64, size: f64, face: Face) -> String {
    if width(text, size, face) <= room {
        return text.to_owned();
    }
    let mut left = room - of('…', face) * size;
    let kept = text.chars().take_while(|c| {
        left -= of(*c, face) * size;
        left >= 0.0
    });
    kept.chain(['…']).collect()
}

/// `text` in lines that there is room for, broken at spaces, after `/` and between Chinese characters; a longer word stands out.
pub fn wrap(text: &str, room: f64, size: f64, face: Face) -> Vec<String> {
    let mut lines = vec![String::new()];
    for piece in pieces(text) {
        let last = lines.last_mut().expect("there is one from the beginning");
        if last.is_empty() || width(&format!("{last}{}", piece.trim_end()), size, face) <= room {
            last.push_str(piece);
        } else {
            lines.push(piece.to_owned());
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The pieces that stay whole. A closing mark stays with what stands before it.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut from) = (Vec::new(), 0);
    let next = text.chars().skip(1).map(Some).chain([None]);
    for ((at, c), next) in text.char_indices().zip(next) {
        let end = at + c.len_utf8();
        let closing = next.is_some_and(|next| "，。、；：！？）》」』】”’,.;:)".contains(next));
        let opening = "（《「『【“‘(".contains(c);
        let breaks = c == ' ' || c == '/' || (!opening && (is_wide(c) || next.is_some_and(is_wide)));
        if breaks && !closing && next != Some(' ') {
            pieces.push(&text[from..end]);
            from = end;
        }
    }
    pieces.push(&text[from..]);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn is_wide(c: char) -> bool {
    c.width() == Some(2)
}

/// The width of a character in parts of the letters' size; between those of Arial and of DejaVu Sans.
fn of(c: char, face: Face) -> f64 {
    let mut buffer = [0; 4];
    let columns = c.encode_utf8(&mut buffer).width();
    match (face, columns, c) {
        (_, 2.., _) => 1.0,
        (_, 0, c) if !c.is_control() => 0.0,
        (Face::Mono, ..) => 0.61,
        (Face::Sans, _, 'i' | 'j' | 'l' | '\'' | '|' | '.' | ',' | ':' | ';' | '!' | 'I' | '·' | ' ') => 0.31,
        (Face::Sans, _, 'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '/' | '-' | '"' | '`' | '*') => 0.40,
        (Face::Sans, _, 'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' | '—' | '→') => 0.92,
        (Face::Sans, _, 'A'..='Z' | '+' | '=' | '<' | '>' | '~' | '&') => 0.71,
        (Face::Sans, ..) => 0.59,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_character_takes_a_square_and_a_letter_less() {
        assert_eq!(width("校验和", 10.0, Face::Sans), 30.0);
        assert_eq!(width("校验和", 10.0, Face::Mono), 30.0);
        assert!((width("GOPROXY", 10.0, Face::Mono) - 42.7).abs() < 0.001);
        assert!(width("ill", 10.0, Face::Sans) < width("www", 10.0, Face::Sans));
    }

    #[track_caller]
    fn check_fit(text: &str, room: f64, fitted: &str) {
        assert_eq!(fit(text, room, 10.0, Face::Mono), fitted);
        assert!(width(fitted, 10.0, Face::Mono) <= room);
    }

    #[test]
    fn what_has_no_room_is_cut_and_says_so() {
        check_fit("example", 43.0, "example");
        check_fit("example", 42.0, "examp…");
        check_fit("模块代理", 30.0, "模块…");
    }

    #[track_caller]
    fn check_wrap(text: &str, room: f64, lines: &[&str]) {
        assert_eq!(wrap(text, room, 10.0, Face::Mono), lines);
    }

    #[test]
    fn lines_break_at_spaces_after_slashes_and_between_chinese_characters() {
        check_wrap("go env -w GOPROXY=off", 62.0, &["go env -w", "GOPROXY=off"]);
        check_wrap("git.corp/team/x", 62.0, &["git.corp/", "team/x"]);
        check_wrap("直接连接，不经代理。", 52.0, &["直接连接，", "不经代理。"]);
        check_wrap("用 GOPROXY 的值", 62.0, &["用 GOPROXY", "的值"]);
        check_wrap("", 62.0, &[""]);
    }
}
