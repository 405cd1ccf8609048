//! See `fuzz::module_path`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::module_path(data));
