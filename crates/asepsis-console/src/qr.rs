//! QR codes as drawings within the page.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};
use zeroize::Zeroizing;

use crate::html::Html;

/// The quiet zone around the code, in modules (ISO/IEC 18004 wants four).
const QUIET: i32 = 4;

/// The code of a text as SVG; nothing where the text is too long for one. `label` says what it is to those who do not see it.
pub(crate) fn code(text: &str, label: &'static str) -> Html {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return Html::new() };
    let size = code.size();
    let mut path = Zeroizing::new(String::with_capacity(16 * 1024));
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let from = x;
            while code.get_module(x, y) {
                x += 1;
            }
            if x > from {
                // What is written into a String is written.
                let _ = write!(path, "M{} {}h{}v1h-{}z", from + QUIET, y + QUIET, x - from, x - from);
            }
            x += 1;
        }
    }
    let all = (size + 2 * QUIET).to_string();
    Html::new()
        .raw("<svg class=\"qr\" role=\"img\" aria-label=\"")
        .raw(label)
        .raw("\" viewBox=\"0 0 ")
        .text(&all)
        .raw(" ")
        .text(&all)
        .raw("\" xmlns=\"http://www.w3.org/2000/svg\"><path fill=\"#fff\" d=\"M0 0h")
        .text(&all)
        .raw("v")
        .text(&all)
        .raw("H0z\"/><path fill=\"#000\" d=\"")
        .text(&path)
        .raw("\"/></svg>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_with_its_quiet_zone_and_a_text_that_is_too_long_gives_none() {
        let drawn = code("otpauth://totp/x?secret=ABC", "Code").into_string();
        // Version 3 has 29 modules; the finder pattern begins behind the quiet zone.
        assert!(drawn.contains("viewBox=\"0 0 37 37\"") && drawn.contains("M4 4h7v1h-7z"), "{drawn}");
        assert_eq!(code(&"x".repeat(5000), "Code").into_string(), "");
    }
}
