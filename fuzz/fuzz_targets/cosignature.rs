//! See `fuzz::cosignature`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::cosignature(data));
