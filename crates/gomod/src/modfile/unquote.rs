/// Reads a Go string literal in double quotes or backquotes.
///
/// Errors: None if it is none; Go says `invalid syntax`.
///
/// Source: Go `strconv.Unquote`, 1.27. Escapes that make bytes that are not UTF-8 give U+FFFD here.
pub(super) fn unquote(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('`') {
        let raw = raw.strip_suffix('`').filter(|raw| !raw.contains('`'))?;
        return Some(raw.replace('\r', ""));
    }
    let mut rest = literal.strip_prefix('"')?;
    let mut bytes = Vec::with_capacity(rest.len());
    loop {
        let mut characters = rest.chars();
        let character = characters.next()?;
        rest = characters.as_str();
        match character {
            '"' => return rest.is_empty().then(|| String::from_utf8_lossy(&bytes).into_owned()),
            '\n' => return None,
            '\\' => rest = escape(rest, &mut bytes)?,
            _ => bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
}

/// Reads an escape behind its backslash and returns what follows it.
fn escape<'t>(text: &'t str, bytes: &mut Vec<u8>) -> Option<&'t str> {
    let mut characters = text.chars();
    let first = characters.next()?;
    let rest = characters.as_str();
    let short = match first {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' | '"' => u8::try_from(first).ok()?,
        'x' => return byte(rest, 2, 16, bytes),
        '0'..='7' => return byte(text, 3, 8, bytes),
        'u' => return code_point(rest, 4, bytes),
        'U' => return code_point(rest, 8, bytes),
        _ => return None,
    };
    bytes.push(short);
    Some(rest)
}

fn byte<'t>(text: &'t str, digits: usize, radix: u32, bytes: &mut Vec<u8>) -> Option<&'t str> {
    bytes.push(u8::try_from(number(text, digits, radix)?).ok()?);
    text.get(digits..)
}

fn code_point<'t>(text: &'t str, digits: usize, bytes: &mut Vec<u8>) -> Option<&'t str> {
    let character = char::from_u32(number(text, digits, 16)?)?;
    bytes.extend(character.encode_utf8(&mut [0; 4]).bytes());
    text.get(digits..)
}

fn number(text: &str, digits: usize, radix: u32) -> Option<u32> {
    let text = text.get(..digits).filter(|text| text.bytes().all(|digit| digit.is_ascii_alphanumeric()))?;
    u32::from_str_radix(text, radix).ok()
}
