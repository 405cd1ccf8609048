//! What a secret looks like inside of a login.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding. RFC 4648 §4.
pub(super) fn base64(text: &str) -> String {
    let mut coded = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits = three.iter().enumerate().fold(0, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at)) as usize & 63];
            coded.push(if at <= three.len() { char::from(digit) } else { '=' });
        }
    }
    coded
}

/// How `secret` looks inside of a longer text that was coded: three ways, by where it begins.
pub(super) fn inside(secret: &str) -> [String; 3] {
    [0, 1, 2].map(|before| {
        let coded = base64(&format!("{}{secret}", "x".repeat(before)));
        // Digits that hold bits of what stands before or behind are another's.
        let from = [0, 2, 3][before];
        let whole = (before + secret.len()) * 8 / 6;
        coded[from..whole].to_owned()
    })
}

#[test]
fn a_secret_is_found_wherever_it_begins() {
    assert_eq!(base64("bird:x"), "YmlyZDp4");
    for before in ["", "a", "bird:", "user"] {
        let login = base64(&format!("{before}canary-and-more"));
        assert!(inside("canary").iter().any(|part| login.contains(part.as_str())), "{before}: {login}");
    }
}
