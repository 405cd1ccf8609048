//! See `fuzz::mod_file`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::mod_file(data));
