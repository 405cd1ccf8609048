use super::{KeyError, NoteError, SignerKey, VerifierKey, open, sign};

/// The key pair of the documentation of `golang.org/x/mod/sumdb/note`.
const SIGNER: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
/// What `note.Sign` of Go 1.27.3 made of "hello\n" with that key.
const HELLO: &str = "hello\n\n— PeterNeumann \
    x08go1b7TyKgxEtwlOqD6Stj//G5z0kN9kq1tWQTVKw4S0OZWn/jZ6qhWu5dLA6ROK35Lks+4UCylRFDsFxdmBxyrgI=\n";

#[test]
fn keys_and_signatures_are_gos_to_the_last_bit() {
    let signer = SignerKey::parse(SIGNER).unwrap();
    assert_eq!(signer.reveal(), SIGNER);
    assert_eq!(signer.verifier().to_string(), VERIFIER);
    assert_eq!(VerifierKey::parse(VERIFIER).unwrap(), signer.verifier());
    assert_eq!(sign("hello\n", &[], &[&signer]).unwrap(), HELLO);
    let sum = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    assert_eq!(VerifierKey::parse(sum).unwrap().to_string(), sum);
}

#[test]
fn a_signer_key_never_prints_its_secret() {
    assert_eq!(format!("{:?}", SignerKey::parse(SIGNER).unwrap()), "SignerKey(PeterNeumann+c74f20a3)");
}

#[test]
fn keys_that_are_none_say_why() {
    let mut seen = Vec::new();
    for (old, new) in [
        ("", ""),
        ("PeterNeumann", ""),
        ("PeterNeumann", "Peter Neumann"),
        ("PeterNeumann", "Peter\u{a0}Neumann"),
        ("c74f20a3", "c74f20a"),
        ("c74f20a3", "+74f20a3"),
        ("ARpc", "!!!!"),
        ("10TW", ""),
        ("+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ""),
        ("+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "+"),
        ("PeterNeumann", "PeterNewman"),
        ("c74f20a3", "c74f20a4"),
    ] {
        seen.push(VerifierKey::parse(&VERIFIER.replace(old, new)).err());
    }
    let (bad, hash) = (Some(KeyError::Malformed), Some(KeyError::Hash));
    assert_eq!(seen, [None, bad, bad, bad, bad, bad, bad, hash, bad, bad, hash, hash]);
    // NAME "x", one byte of key 2: an algorithm nobody knows.
    let unknown = "x+ef1c78b5+Ag==";
    assert_eq!(VerifierKey::parse(unknown), Err(KeyError::Algorithm));
    assert_eq!(SignerKey::parse(&SIGNER.replace("c74f20a3", "c74f20a4")).err(), Some(KeyError::Hash));
    assert_eq!(SignerKey::parse(VERIFIER).err(), Some(KeyError::Malformed));
}

/// What `open` says to [`HELLO`] with `old` replaced by `new`, knowing its key.
#[track_caller]
fn check(old: &str, new: &str, want: &str) {
    let message = HELLO.replace(old, new);
    let said = open(message.as_bytes(), &[&VerifierKey::parse(VERIFIER).unwrap()]);
    assert_eq!(said.map(|note| note.text().to_owned()).unwrap_or_else(|error| error.to_string()), want, "{message:?}");
}

#[test]
fn only_what_the_known_key_has_signed_opens() {
    check("", "", "hello\n");
    check("hello", "hullo", "invalid signature for key PeterNeumann+c74f20a3");
    check("4UCyl", "4UCym", "invalid signature for key PeterNeumann+c74f20a3");
    check("PeterNeumann", "PeterNewman", "note has no verifiable signatures");
    check("x08go", "x08gp", "note has no verifiable signatures");
    check(
        "x08go1b7TyKgxEtwlOqD6Stj//G5z0kN9kq1tWQTVKw4S0OZWn/jZ6qhWu5dLA6ROK35Lks+4UCylRFDsFxdmBxyrgI=",
        "x08gowA=",
        "invalid signature for key PeterNeumann+c74f20a3",
    );
}

#[test]
fn notes_of_the_wrong_shape_are_malformed() {
    for (old, new) in [
        ("\n\n", "\n"),
        ("gI=\n", "gI="),
        ("gI=\n", "gI=\nmore\n"),
        ("gI=\n", "gI=\n\n"),
        ("— ", "- "),
        ("— ", "—"),
        ("PeterNeumann ", "PeterNeumann"),
        ("PeterNeumann ", "PeterNeumann  "),
        ("PeterNeumann ", "Peter+Neumann "),
        ("PeterNeumann ", " "),
        ("gI=", "gI"),
        ("hello", "hel\tlo"),
        ("hello", "hello\r"),
        ("hello", "\0"),
        ("x08go1b7TyKgxEtwlOqD6Stj//G5z0kN9kq1tWQTVKw4S0OZWn/jZ6qhWu5dLA6ROK35Lks+4UCylRFDsFxdmBxyrgI=", "x08gow=="),
    ] {
        check(old, new, "malformed note");
    }
    assert_eq!(open(b"\xff\n\n\xe2\x80\x94 x AAAAAAA=\n", &[]), Err(NoteError::Malformed));
    assert_eq!(open(b"", &[]), Err(NoteError::Malformed));
    let long = format!("{}{HELLO}", "x".repeat(super::MAX_NOTE_BYTES));
    assert_eq!(open(long.as_bytes(), &[]), Err(NoteError::Malformed));
}

#[test]
fn a_blank_line_inside_the_text_belongs_to_the_text() {
    let signer = SignerKey::parse(SIGNER).unwrap();
    let message = sign("a\n\nb\n\n", &[], &[&signer]).unwrap();
    assert_eq!(open(message.as_bytes(), &[&signer.verifier()]).unwrap().text(), "a\n\nb\n\n");
}

#[test]
fn a_note_keeps_one_signature_per_known_key_and_all_unknown_ones() {
    let peter = SignerKey::parse(SIGNER).unwrap();
    let (ann, bob) = (SignerKey::from_seed("ann", &[1; 32]).unwrap(), SignerKey::from_seed("bob", &[2; 32]).unwrap());
    let message = sign("hi\n", &[], &[&bob, &peter, &ann, &bob, &peter]).unwrap();
    let note = open(message.as_bytes(), &[&peter.verifier(), &ann.verifier()]).unwrap();
    let names = |list: &[super::Signature]| list.iter().map(|signature| signature.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(note.signatures()), names(note.unverified())),
        (vec!["PeterNeumann".into(), "ann".into()], vec!["bob".into()])
    );
    // Signing again puts the new signature in the old one's place, at the end.
    let again = sign("hi\n", note.signatures(), &[&peter]).unwrap();
    assert_eq!(names(open(again.as_bytes(), &[&peter.verifier()]).unwrap().unverified()), ["ann"]);
    assert_eq!(again, sign("hi\n", &[], &[&ann, &peter]).unwrap());
}

#[test]
fn a_hundred_signatures_are_enough() {
    let peter = SignerKey::parse(SIGNER).unwrap();
    let many: Vec<&SignerKey> = std::iter::repeat_n(&peter, 101).collect();
    assert!(open(sign("hi\n", &[], &many[1..]).unwrap().as_bytes(), &[&peter.verifier()]).is_ok());
    assert_eq!(open(sign("hi\n", &[], &many).unwrap().as_bytes(), &[&peter.verifier()]), Err(NoteError::Malformed));
}

#[test]
fn two_known_keys_of_one_name_and_hash_are_an_error() {
    let key = VerifierKey::parse(VERIFIER).unwrap();
    let said = open(HELLO.as_bytes(), &[&key, &key]).unwrap_err();
    assert_eq!(said.to_string(), "ambiguous key PeterNeumann+c74f20a3");
}

#[test]
fn what_would_not_open_is_not_signed() {
    let signer = SignerKey::parse(SIGNER).unwrap();
    for text in ["", "no newline", "a\tb\n", "a\0\n"] {
        assert_eq!(sign(text, &[], &[&signer]), Err(NoteError::Malformed), "{text:?}");
    }
    assert_eq!(sign("no signer\n", &[], &[]), Err(NoteError::Malformed));
}
