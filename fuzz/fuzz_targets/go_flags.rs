//! See `fuzz::go_flags`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::go_flags(data));
