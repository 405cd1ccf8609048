//! See `fuzz::gosumdb`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::gosumdb(data));
