use std::io::Cursor;

use super::super::testzip::{Parts, deflate};
use super::{Archive, Inflater, MAX_DIRECTORY_BYTES, MAX_ENTRIES, ZipError};

/// Reads everything there is in a zip, as `name=content` for each entry.
fn read_all(zip: &mut Cursor<Vec<u8>>) -> Result<String, ZipError> {
    let archive = Archive::open(zip)?;
    let (mut all, mut inflater) = (Vec::new(), Inflater::default());
    for entry in archive.entries() {
        let mut content = Vec::new();
        inflater.read(zip, entry, &mut |bytes| content.extend_from_slice(bytes))?;
        all.push(format!("{}={}", entry.name(), String::from_utf8_lossy(&content)));
    }
    Ok(all.join(" "))
}

/// What the reader says to a zip of three entries, deflated, stored, deflated, after `bend` had its way with the pieces.
#[track_caller]
fn check(bend: impl FnOnce(&mut Parts), want: &str) {
    let mut parts = Parts::new(&[("a", b"one"), ("b", b"two"), ("d/c", b"three three three")]);
    bend(&mut parts);
    let said = read_all(&mut parts.join());
    assert_eq!(said.unwrap_or_else(|error| error.to_string()), want);
}

const GOOD: &str = "a=one b=two d/c=three three three";

#[test]
fn a_good_zip_is_read_whole() {
    check(|_| {}, GOOD);
    check(|zip| zip.pieces.clear(), "");
    check(|zip| zip.pieces.truncate(1), "a=one");
    check(|zip| zip.comment = b"made by hand".to_vec(), GOOD);
    check(|zip| zip.pieces[0].with_extra(b"UT\x05\0\x01abcd", b"ux\0\0"), GOOD);
}

#[test]
fn every_kind_of_descriptor_that_names_32_bit_sizes_is_read() {
    check(|zip| drop(zip.pieces[0].descriptor.drain(..4)), GOOD);
    check(
        |zip| {
            let known = zip.pieces[0].descriptor[4..].to_vec();
            zip.pieces[0].local[14..26].copy_from_slice(&known);
        },
        GOOD,
    );
}

#[test]
fn after_a_content_that_is_corrupt_the_next_one_is_read() {
    let mut parts = Parts::new(&[("a", b"one"), ("b", b"stored"), ("c", &[7; 300_000])]);
    parts.pieces[0].content[0] = 0xff;
    let mut zip = parts.join();
    let (archive, mut inflater) = (Archive::open(&mut zip).unwrap(), Inflater::default());
    let mut read = |number: usize| {
        let mut produced = 0;
        inflater.read(&mut zip, &archive.entries()[number], &mut |bytes| produced += bytes.len()).is_ok().then_some(produced)
    };
    assert_eq!([0, 2, 0, 1, 2].map(&mut read), [None, Some(300_000), None, Some(6), Some(300_000)]);
}

#[test]
fn what_is_no_zip_is_not_read() {
    let format = "zip: not a valid zip file";
    for bytes in [&b""[..], b"PK\x05\x06", b"<html>", &[0; 100]] {
        assert_eq!(read_all(&mut Cursor::new(bytes.to_vec())).unwrap_err().to_string(), format);
    }
    check(|zip| zip.pieces[1].central[0] = b'Q', format);
    check(|zip| zip.comment = b"PK\x05\x06".to_vec(), format);
}

#[test]
fn every_cut_of_a_zip_is_refused() {
    let zip = Parts::new(&[("a", b"one"), ("b", b"two")]).join().into_inner();
    for end in 0..zip.len() {
        assert!(read_all(&mut Cursor::new(zip[..end].to_vec())).is_err(), "{end}");
    }
}

#[test]
fn bytes_that_belong_to_nothing_are_refused() {
    let gap = "zip: bytes that belong to no entry";
    check(|zip| zip.lead = b"#!/bin/sh\n".to_vec(), gap);
    check(|zip| zip.pieces[1].descriptor = b"x".to_vec(), gap);
    check(|zip| zip.gap = b"x".to_vec(), "zip: data descriptor and directory disagree");
    check(|zip| zip.trail = b"x".to_vec(), "zip: bytes behind the end");
    check(|zip| zip.comment = [&b"PK\x05\x06"[..], &[0; 18], b"x"].concat(), "zip: bytes behind the end");
    check(|zip| zip.comment = [&b"PK\x05\x06"[..], &[0; 18]].concat(), "zip: directory is not where or what the end record says");
}

#[test]
fn the_end_record_must_tell_the_truth() {
    let directory = "zip: directory is not where or what the end record says";
    check(|zip| zip.entries = Some(2), directory);
    check(|zip| zip.entries = Some(4), "zip: not a valid zip file");
    check(|zip| zip.directory_bytes = Some(1), directory);
    check(|zip| zip.directory_offset = Some(1), directory);
    check(|zip| zip.pieces[0].central[34] = 1, "zip: more than one disk");
}

#[test]
fn zip64_ends_are_read_as_gos_writers_leave_them() {
    let all_marked = |zip: &mut Parts| {
        zip.with_zip64 = true;
        (zip.entries, zip.directory_bytes, zip.directory_offset) = (Some(0xffff), Some(u32::MAX), Some(u32::MAX));
    };
    check(all_marked, GOOD);
    check(|zip| (zip.with_zip64, zip.entries) = (true, Some(0xffff)), GOOD);
    check(|zip| zip.entries = Some(0xffff), "zip: not a valid zip file");
    check(|zip| zip.with_zip64 = true, "zip: directory is not where or what the end record says");
    let other = |zip: &mut Parts| (zip.with_zip64, zip.entries, zip.directory_bytes) = (true, Some(0xffff), Some(1));
    check(other, "zip: directory is not where or what the end record says");
}

#[test]
fn entries_that_overlap_or_repeat_are_refused() {
    check(|zip| zip.pieces[1].central[42] = 3, "zip: overlapping entries");
    check(|zip| zip.pieces.swap(0, 1), "b=two a=one d/c=three three three");
    check(|zip| zip.pieces[2] = zip.pieces[0].clone(), "zip: duplicate entry name");
    let mut parts = Parts::new(&[("a", b"1"), ("b", b"2"), ("c", b"3")]);
    for piece in &mut parts.pieces {
        piece.central[20] = 200;
    }
    assert_eq!(read_all(&mut parts.join()).unwrap_err().to_string(), "zip: overlapping entries");
}

#[test]
fn the_local_header_must_say_what_the_directory_says() {
    let disagree = "zip: local header and directory disagree";
    for (entry, at) in
        [(0, 0), (0, 6), (0, 8), (0, 14), (0, 18), (0, 22), (0, 30), (1, 6), (1, 8), (1, 14), (1, 18), (1, 22), (1, 30)]
    {
        check(|zip| zip.pieces[entry].local[at] ^= 2, disagree);
    }
    check(|zip| zip.pieces[0].with_extra(b"\x01\0\x10\0aaaaaaaabbbbbbbb", b""), "zip: extra field that changes the entry");
    check(|zip| zip.pieces[0].local[26] += 1, disagree);
}

#[test]
fn the_descriptor_must_say_what_the_directory_says() {
    let disagree = "zip: data descriptor and directory disagree";
    for at in 0..16 {
        check(|zip| zip.pieces[0].descriptor[at] ^= 1, disagree);
    }
    check(|zip| zip.pieces[0].descriptor.clear(), disagree);
    check(|zip| zip.pieces[0].descriptor.splice(8..8, [0; 4]).for_each(drop), disagree);
    check(
        |zip| {
            zip.pieces[1].local[6] |= 8;
            zip.pieces[1].central[8] |= 8;
        },
        "zip: stored content of unknown length",
    );
}

#[test]
fn a_bare_descriptor_that_looks_like_a_signed_one_is_refused() {
    // The CRC of these four bytes is the signature of a descriptor.
    let mut parts = Parts::new(&[("a", b"\xac\nz\xd5")]);
    assert!(read_all(&mut parts.join()).is_ok());
    parts.pieces[0].descriptor.drain(..4);
    assert_eq!(read_all(&mut parts.join()).unwrap_err().to_string(), "zip: data descriptor and directory disagree");
}

#[test]
fn extra_fields_that_change_an_entry_are_refused() {
    for extra in [&b"\x01\0\0\0"[..], b"up\x05\0\x01aaaa", b"\x01\x99\0\0", b"\x17\0\0\0", b"abc", b"UT\x05\0\x01"] {
        check(|zip| zip.pieces[1].with_extra(b"", extra), "zip: extra field that changes the entry");
    }
}

#[test]
fn encrypted_and_irregular_entries_are_refused() {
    for bit in [0, 5, 6] {
        check(|zip| zip.pieces[0].central[8] |= 1 << bit, "zip: encrypted entry");
    }
    let unix = |mode: u32| {
        move |zip: &mut Parts| {
            zip.pieces[0].central[5] = 3;
            zip.pieces[0].central[38..42].copy_from_slice(&(mode << 16).to_le_bytes());
        }
    };
    check(unix(0o100755), GOOD);
    check(unix(0o644), GOOD);
    for mode in [0o120777, 0o040755, 0o020644, 0o010644] {
        check(unix(mode), "zip: irregular file");
    }
    check(|zip| zip.pieces[0].central[38] = 0x10, "zip: irregular file");
    let dir = |content: &[u8]| read_all(&mut Parts::new(&[("d/", content)]).join()).map_err(|error| error.to_string());
    assert_eq!(dir(b""), Ok("d/=".to_owned()));
    assert_eq!(dir(b"x"), Err("zip: irregular file".to_owned()));
}

#[test]
fn names_must_be_utf_8_and_say_so() {
    let name = |name: &[u8], flag: u8| {
        let mut parts = Parts::new(&[("é", b"")]);
        let piece = &mut parts.pieces[0];
        (piece.local[7], piece.central[9]) = (flag, flag);
        piece.local[30..].copy_from_slice(name);
        piece.central[46..].copy_from_slice(name);
        read_all(&mut parts.join()).map_err(|error| error.to_string())
    };
    assert_eq!(name("é".as_bytes(), 8), Ok("é=".to_owned()));
    assert_eq!(name(b"ab", 0), Ok("ab=".to_owned()));
    for (bytes, flag) in [("é".as_bytes(), 0), (b"\xc3x", 8), (b"\xff\xff", 0)] {
        assert_eq!(name(bytes, flag), Err("zip: entry name of unknown encoding".to_owned()));
    }
}

#[test]
fn contents_must_be_what_the_directory_says() {
    check(|zip| zip.pieces[1].content[0] ^= 1, r#"zip: checksum error in "b""#);
    let bend = |zip: &mut Parts, at: usize, by: i8| {
        zip.pieces[0].central[at] = zip.pieces[0].central[at].wrapping_add_signed(by);
        zip.pieces[0].descriptor[at - 12] = zip.pieces[0].central[at];
    };
    check(|zip| bend(zip, 16, 1), r#"zip: checksum error in "a""#);
    check(|zip| bend(zip, 24, 1), r#"zip: corrupt content in "a""#);
    check(|zip| bend(zip, 24, -1), r#"zip: corrupt content in "a""#);
    let repack = |zip: &mut Parts, content: Vec<u8>| {
        let (old, new) = (zip.pieces[0].content.len(), content.len());
        bend(zip, 20, (new as i64 - old as i64) as i8);
        zip.pieces[0].content = content;
    };
    check(|zip| repack(zip, [deflate(b"one"), b"more".to_vec()].concat()), "zip: bytes behind the compressed content");
    check(|zip| repack(zip, deflate(b"one")[..3].to_vec()), r#"zip: corrupt content in "a""#);
    check(|zip| repack(zip, vec![0xff; 5]), r#"zip: corrupt content in "a""#);
    check(|zip| repack(zip, Vec::new()), r#"zip: corrupt content in "a""#);
    let method = |zip: &mut Parts| (zip.pieces[1].local[8], zip.pieces[1].central[10]) = (12, 12);
    check(method, r#"zip: unsupported compression algorithm in "b""#);
}

#[test]
fn a_bomb_goes_off_no_further_than_its_declared_size() {
    let mut parts = Parts::new(&[("bomb", &vec![0; 64 << 20])]);
    let small = 100_000u32.to_le_bytes();
    parts.pieces[0].central[24..28].copy_from_slice(&small);
    parts.pieces[0].descriptor[12..16].copy_from_slice(&small);
    let mut zip = parts.join();
    let archive = Archive::open(&mut zip).unwrap();
    let mut produced = 0;
    let said = Inflater::default().read(&mut zip, &archive.entries()[0], &mut |bytes| produced += bytes.len());
    assert_eq!(said.unwrap_err().to_string(), r#"zip: corrupt content in "bomb""#);
    assert!(produced <= 100_000, "{produced}");
}

#[test]
fn more_entries_than_anyone_needs_are_refused_unread() {
    for (entries, bytes) in [(MAX_ENTRIES + 1, 0), (0, MAX_DIRECTORY_BYTES + 1)] {
        let mut zip = vec![0; bytes as usize];
        let at = bytes.to_le_bytes();
        zip.extend([b"PK\x06\x06", &44u64.to_le_bytes()[..], &[45, 0, 45, 0], &[0; 8]].concat());
        zip.extend([entries, entries, bytes, 0].map(u64::to_le_bytes).concat());
        zip.extend([b"PK\x06\x07", &[0; 4][..], &at, &[1, 0, 0, 0]].concat());
        zip.extend([b"PK\x05\x06\0\0\0\0", &[0xff; 12][..], &[0, 0]].concat());
        assert_eq!(read_all(&mut Cursor::new(zip)).unwrap_err().to_string(), "zip: too many entries");
    }
}

#[test]
fn names_no_system_could_unpack_are_refused() {
    let read = |length: usize| read_all(&mut Parts::new(&[(&"a".repeat(length), b"")]).join()).map_err(|error| error.to_string());
    assert!(read(4096).is_ok());
    assert_eq!(read(4097), Err("zip: entry name too long".to_owned()));
}
