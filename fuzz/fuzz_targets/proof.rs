//! See `fuzz::proof`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::proof(data));
