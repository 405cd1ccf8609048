//! See `fuzz::go_import`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::go_import(data));
