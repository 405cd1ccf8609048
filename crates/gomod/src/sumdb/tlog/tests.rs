//! The vectors are what `golang.org/x/mod/sumdb/tlog` of Go 1.27.3 computes for a log of `record 0\n`, `record 1\n`, ….

use super::super::testlog::TestLog;
use super::{
    Hash, TextError, TlogError, Tree, check_record, check_tree, format_record, parse_record, prove_record, prove_record_indexes,
    prove_tree, prove_tree_indexes, split_stored_hash_index, stored_hash_count, stored_hash_index, stored_hashes, tree_hash,
};

fn log(size: u64) -> TestLog {
    let mut log = TestLog::new(0, "");
    (0..size).for_each(|number| log.add(&format!("record {number}\n")));
    log
}

fn record_proof(log: &TestLog, size: u64, record: u64) -> Vec<Hash> {
    prove_record(size, record, &log.read(&prove_record_indexes(size, record).unwrap())).unwrap()
}

fn tree_proof(log: &TestLog, size: u64, old: u64) -> Vec<Hash> {
    prove_tree(size, old, &log.read(&prove_tree_indexes(size, old).unwrap())).unwrap()
}

#[test]
fn tree_hashes_are_gos() {
    let log = log(300);
    assert_eq!(Tree::empty().hash.to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    assert_eq!(log.tree(0), Tree::empty());
    assert_eq!(log.tree(1).hash.to_string(), "hH2/O6WqM8SXbRrP04wkRcdxBnXjSED3frqPG1Slmqo=");
    assert_eq!(log.tree(256).hash.to_string(), "YM4q9B2yxJjQzI3wjS28QSe5lhVenLORq/0HtRJm3q4=");
    assert_eq!(log.tree(300).hash.to_string(), "Ey++6U8jR3/07muS3KCjyN5ywJOyyUIHrJWv/iryBOQ=");
}

#[test]
fn proofs_are_gos() {
    let log = log(300);
    let print = |proof: Vec<Hash>| proof.iter().map(Hash::to_string).collect::<Vec<_>>().join(" ");
    let record = "aHMIrhwUOdvrjkY+5wojDrMwVTOMzs7BalFePZ0RNL0= yZbhzgLHnXgy43ZP1h/tEJQcmscUcaPAFpcuiQEfVJU=";
    assert_eq!(print(record_proof(&log, 13, 12)), record);
    let tree = "e1Xv0niy5NchNX78U8HTx+tmBg8qE2hWxRSwhpU1r94= eR35Vfe0vjlrkXjd9ikjx56nmAVGnOznfamuRCTkvbc= \
        jRdhNOO1pomVjpE6+aGS0XF4xRqT+38AqXJf7EbHMM8= D7MA36XkqRkNkLMv/xorbskYQ9+v4gnQeFDkOKOUZHk= \
        6MV6sHcEoww6Bf8JUq7h6y+NaKAwIDKm+VhmD5xtIao= 7h+BZhObmilXRZEsCXTMNT6sdfMEqlh67ch8lTyhiQ0= \
        RQ+QybJQDBunOgyDkrmYUmsmxImZL0bbKdPSz1FDtXE=";
    assert_eq!(print(tree_proof(&log, 300, 216)), tree);
    assert_eq!(print(tree_proof(&log, 13, 13)), "");
}

#[test]
fn every_proof_checks_and_no_changed_one_does() {
    let log = log(65);
    for size in 1..=65 {
        let root = log.tree(size).hash;
        for number in 0..size {
            let leaf = log.read(&[stored_hash_index(0, number)])[0];
            let old = log.tree(number + 1).hash;
            let proof = record_proof(&log, size, number);
            assert_eq!(check_record(&proof, size, &root, number, &leaf), Ok(()));
            spoil(proof, |proof| check_record(proof, size, &root, number, &leaf));
            let proof = tree_proof(&log, size, number + 1);
            assert_eq!(check_tree(&proof, size, &root, number + 1, &old), Ok(()), "{size} {number}");
            spoil(proof, |proof| check_tree(proof, size, &root, number + 1, &old));
        }
    }
}

#[track_caller]
fn spoil(proof: Vec<Hash>, check: impl Fn(&[Hash]) -> Result<(), TlogError>) {
    let mut longer = proof.clone();
    longer.push(Hash([0; 32]));
    let shorter = proof.len().checked_sub(1).map(|end| proof[..end].to_vec());
    let changed = (0..proof.len()).map(|at| {
        let mut changed = proof.clone();
        changed[at].0[31] ^= 1;
        changed
    });
    for bad in changed.chain([longer]).chain(shorter) {
        assert_eq!(check(&bad), Err(TlogError::ProofFailed));
    }
}

#[test]
fn a_proof_holds_for_its_roots_only() {
    let log = log(20);
    let (root, other) = (log.tree(20).hash, Hash([0; 32]));
    let proof = tree_proof(&log, 20, 11);
    assert_eq!(check_tree(&proof, 20, &root, 11, &other), Err(TlogError::ProofFailed));
    assert_eq!(check_tree(&proof, 20, &other, 11, &log.tree(11).hash), Err(TlogError::ProofFailed));
    assert_eq!(check_tree(&[], 20, &root, 20, &other), Err(TlogError::ProofFailed));
    let (leaf, proof) = (log.read(&[0])[0], record_proof(&log, 20, 0));
    assert_eq!(check_record(&proof, 20, &other, 0, &leaf), Err(TlogError::ProofFailed));
    assert_eq!(check_record(&proof, 20, &root, 1, &leaf), Err(TlogError::ProofFailed));
}

#[test]
fn questions_about_what_is_not_in_the_tree_are_refused() {
    assert_eq!(prove_record_indexes(5, 5), Err(TlogError::Inputs));
    assert_eq!(prove_tree_indexes(5, 6), Err(TlogError::Inputs));
    assert_eq!(prove_tree_indexes(5, 0), Err(TlogError::Inputs));
    assert_eq!(prove_record_indexes(u64::MAX, 1), Err(TlogError::Inputs));
    assert_eq!(prove_record(5, 3, &[]), Err(TlogError::HashCount { want: 3, have: 0 }));
    assert_eq!(tree_hash(5, &[]), Err(TlogError::HashCount { want: 2, have: 0 }));
    assert_eq!(stored_hashes(1, Hash([0; 32]), &[]), Err(TlogError::HashCount { want: 1, have: 0 }));
}

#[test]
fn stored_indexes_are_gos_and_go_both_ways() {
    for (index, level, number) in
        [(0, 0, 0), (2, 1, 0), (6, 2, 0), (100, 2, 12), (510, 8, 0), (131070, 16, 0), (1 << 40, 0, 549755813889)]
    {
        assert_eq!(split_stored_hash_index(index), (level, number));
        assert_eq!(stored_hash_index(level, number), index);
    }
    for index in 0..5000 {
        let (level, number) = split_stored_hash_index(index);
        assert_eq!(stored_hash_index(level, number), index);
    }
    for (size, count) in [(0, 0), (1, 1), (2, 3), (3, 4), (7, 11), (100, 197), (1 << 40, 2199023255551)] {
        assert_eq!(stored_hash_count(size), count);
    }
    // No coordinates make it panic.
    assert_eq!(stored_hash_index(255, u64::MAX), u64::MAX);
    assert_eq!(stored_hash_count(u64::MAX), u64::MAX);
    split_stored_hash_index(u64::MAX);
}

#[test]
fn tree_heads_read_back_as_printed_and_in_no_other_way() {
    let text = "go.sum database tree\n2\nnND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=\n";
    assert_eq!(Tree::parse(text).unwrap().to_string(), text);
    assert_eq!(Tree::parse(&format!("{text}more\n\nlines")).unwrap().to_string(), text);
    for (old, new) in [
        ("tree\n", "tree v2\n"),
        ("\n2\n", "\n02\n"),
        ("\n2\n", "\n+2\n"),
        ("\n2\n", "\n-2\n"),
        ("\n2\n", "\n\n"),
        ("\n2\n", "\n9223372036854775808\n"),
        ("QeI=\n", "QeI="),
        ("QeI=", "QeI"),
        ("QeI=", "QQ=="),
        ("go.sum", "\ngo.sum"),
    ] {
        assert_eq!(Tree::parse(&text.replace(old, new)), Err(TextError::Tree), "{new:?}");
    }
    assert!(Tree::parse(&text.replace("\n2\n", "\n9223372036854775807\n")).is_ok());
    assert_eq!(Tree::parse(&format!("{text}{}", " ".repeat(1_000_000))), Err(TextError::Tree));
}

#[test]
fn records_read_back_as_formatted() {
    let message = format_record(123456, "hello, world\n").unwrap();
    assert_eq!(message, "123456\nhello, world\n\n");
    assert_eq!(parse_record((message + "rest").as_bytes()), Ok((123456, "hello, world\n", &b"rest"[..])));
    for text in ["", "x", "a\n\nb\n", "a\n\n", "a\tb\n", "a\r\n", "\0\n"] {
        assert_eq!(format_record(1, text), Err(TextError::Record), "{text:?}");
    }
    for message in ["", "1", "1\n", "1\nx", "1\nx\n", "x\nx\n\n", "-1\nx\n\n", "\nx\n\n", "1 \nx\n\n", "1\n\tx\n\n"] {
        assert_eq!(parse_record(message.as_bytes()), Err(TextError::Record), "{message:?}");
    }
    assert_eq!(parse_record(b"1\n\xff\n\n"), Err(TextError::Record));
}
