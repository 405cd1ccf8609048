//! See `fuzz::goproxy`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::goproxy(data));
