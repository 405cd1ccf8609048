//! See `fuzz::import_path`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::import_path(data));
