//! See `fuzz::zip`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::zip(data));
