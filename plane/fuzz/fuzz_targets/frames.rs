//! `gslb_fuzz::frames`, fed by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| gslb_fuzz::frames::run(octets));
