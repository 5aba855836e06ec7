//! `gslb_fuzz::options`, fed by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| gslb_fuzz::options::run(octets));
