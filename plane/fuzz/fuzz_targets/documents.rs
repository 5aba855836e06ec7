//! `gslb_fuzz::documents`, fed by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| gslb_fuzz::documents::run(octets));
