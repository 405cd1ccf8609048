//! See `fuzz::info`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::info(data));
