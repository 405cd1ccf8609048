//! See `fuzz::note_text`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::note_text(data));
