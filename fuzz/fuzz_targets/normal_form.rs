#![no_main]
//! The normal form of any text leads back to it.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| asepsis_normal::fuzz::normal_form(text));
