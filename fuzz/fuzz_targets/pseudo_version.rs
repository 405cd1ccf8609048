//! See `fuzz::pseudo_version`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::pseudo_version(data));
