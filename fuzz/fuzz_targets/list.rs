//! See `fuzz::list`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::list(data));
