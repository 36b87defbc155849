//! A streamed answer comes back the same, however the vendor and the network cut it.

mod support;

use serde_json::json;
use support::{Reply, Setup, Site, user};

const NOTE: &str = "Patient: Zoë Marchetti, MRN 0048213, phone (802) 555-0143.\n\
    Dear Dr. Okonkwo, **Mrs. Marchetti** (born 03/14/1931, \"aged 95\") of 12 Larkmoor Lane, Tillbrook, VT 05673,\n\
    was seen on January 9, 2026; write to zoe.marchetti@example.org. BP 138/76.";

/// How an answer ended, as the client and as the log have it.
fn ended(site: &Site, answer: &Reply) -> String {
    let text = answer.text();
    let end = &text[text.ceil_char_boundary(text.len().saturating_sub(1000))..];
    let logged = site.run(["audit", "show", answer.exchange()]);
    format!("whole: {}; it ends in {end}; the log has {}", answer.whole, logged.stdout)
}

/// Every size of a piece of bytes, which cuts events, escapes and characters anywhere, with several sizes of a fragment of
/// text, which cuts placeholders anywhere.
#[test]
fn p11_however_a_stream_is_cut_the_same_comes_back() {
    let site = Setup::new().start();
    for fragment in [1, 2, 5, 11, 40] {
        for piece in (1..=24).chain([31, 64, 127, 500]) {
            let model = format!("standin-echo-f{fragment}-b{piece}");
            let answer = site.chat(&json!({"model": model, "stream": true, "messages": [user(NOTE)]}));
            assert_eq!(
                answer.streamed_text(),
                NOTE,
                "fragments of {fragment}, pieces of {piece}: {}",
                ended(&site, &answer)
            );
            let model = format!("standin-messages-echo-f{fragment}-b{piece}");
            let body = json!({"model": model, "stream": true, "max_tokens": 100, "messages": [user(NOTE)]});
            let answer = site.messages(&body);
            assert_eq!(
                answer.streamed_text(),
                NOTE,
                "fragments of {fragment}, pieces of {piece}: {}",
                ended(&site, &answer)
            );
        }
    }
    for part in ["Marchetti", "0048213", "555-0143", "Okonkwo", "03/14/1931", "Larkmoor", "zoe.marchetti"] {
        assert!(!site.saw(part), "the vendor saw an identifier");
    }
    assert_eq!(site.run(["audit", "verify"]).code, 0);
}
