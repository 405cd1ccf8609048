//! The strict half of HTTP/1 framing that the parser leaves out.

/// Watches the bytes of an HTTP/1 connection as they come in, and spoils those that another server could read differently.
///
/// Every byte a client sends here belongs to a request's header, because a request with a body is refused and its connection closed. So the
/// scan needs no more state than "inside a request line" and "after a CR". A spoiled byte is a NUL, which the parser refuses with 400 and a
/// closed connection. Spoiled are: a LF without CR (RFC 9112 §2.2 lets a server refuse it; servers that differ here are smuggled past), and a
/// `#` in a request line (a fragment is no part of a request target, RFC 9112 §3.2; the parser would drop it).
#[derive(Debug)]
pub(crate) struct Framing {
    in_request_line: bool,
    last: u8,
    line_is_empty: bool,
}

impl Framing {
    pub(crate) fn new() -> Self {
        Self { in_request_line: true, last: 0, line_is_empty: true }
    }

    /// Looks at `bytes`, which follow all those seen before.
    pub(crate) fn look(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            match *byte {
                b'\n' if self.last != b'\r' => *byte = 0,
                b'\n' => self.end_line(),
                b'#' if self.in_request_line => *byte = 0,
                b'\r' => {}
                _ => self.line_is_empty = false,
            }
            self.last = *byte;
        }
    }

    /// An empty line ends the header, so the next line is a request line; empty lines before a request line are skipped (RFC 9112 §2.2).
    fn end_line(&mut self) {
        self.in_request_line = self.line_is_empty;
        self.line_is_empty = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let mut whole = input.as_bytes().to_vec();
        Framing::new().look(&mut whole);
        assert_eq!(String::from_utf8_lossy(&whole), expected, "in one piece");
        let (mut framing, mut pieces) = (Framing::new(), input.as_bytes().to_vec());
        pieces.chunks_mut(1).for_each(|piece| framing.look(piece));
        assert_eq!(String::from_utf8_lossy(&pieces), expected, "byte by byte");
    }

    #[test]
    fn a_clean_header_passes_unchanged() {
        check("GET /a HTTP/1.1\r\nHost: #x\r\n\r\n", "GET /a HTTP/1.1\r\nHost: #x\r\n\r\n");
    }

    #[test]
    fn a_line_feed_alone_is_spoiled() {
        check("GET /a HTTP/1.1\nHost: x\n\n", "GET /a HTTP/1.1\0Host: x\0\0");
        check("GET /a HTTP/1.1\r\nHost: x\n\r\n", "GET /a HTTP/1.1\r\nHost: x\0\r\n");
    }

    #[test]
    fn a_fragment_is_spoiled_in_every_request_line() {
        check("GET /a#b HTTP/1.1\r\n\r\nGET /#c HTTP/1.1\r\n\r\n", "GET /a\0b HTTP/1.1\r\n\r\nGET /\0c HTTP/1.1\r\n\r\n");
        check("\r\nGET /#c HTTP/1.1\r\n", "\r\nGET /\0c HTTP/1.1\r\n");
    }
}
