//! See `fuzz::journey`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::journey(data));
