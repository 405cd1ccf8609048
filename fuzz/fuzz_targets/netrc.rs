//! See `fuzz::netrc`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::netrc(data));
