//! See `fuzz::govcs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::govcs(data));
