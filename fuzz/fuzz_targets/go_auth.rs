//! See `fuzz::go_auth`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::go_auth(data));
