//! The forms in which models give surrogates back, and what becomes of each.

use std::sync::Arc;

use asepsis_surrogate::{Code, Context, Issued, Tally, restore};

const NAME: &str = "7F3K9QXA2BCDE";
const DATE: &str = "1ZZ8K00M4WXYT";
const PLAN: &str = "03V5J6H7G8FAA";
const UNKNOWN: &str = "5555555555555";
const LINK: &str = "2QQQQQQQQQQQQ";

fn issued() -> Arc<Issued> {
    assert!([NAME, DATE, PLAN, UNKNOWN, LINK].iter().all(|c| c.parse::<Code>().is_ok()));
    Arc::new(
        Issued::builder()
            .add(&format!("[NAME_{NAME}]"), "María \"Mia\" Gómez")
            .add(&format!("[DATE_1984_{DATE}]"), "03/04/1984")
            .add(&format!("[HEALTH_PLAN_{PLAN}]"), "H-99\\12")
            .add(&format!("[URL_{LINK}]"), "https://portal.example.org/p/17")
            .add("Ovella Tenbrick", "Ann Lee")
            .add("Ovella Tenbrick-Vashdell", "Joan Roe")
            .add_alias("Tenbrick", "Lee")
            .add("(213) 555-0142", "(617) 867-5309")
            .build(),
    )
}

/// Restores, with `N`, `D`, `P`, `U` and `L` in braces as the codes.
fn run(context: Context, text: &str) -> (String, Tally) {
    let codes = [("{N}", NAME), ("{D}", DATE), ("{P}", PLAN), ("{U}", UNKNOWN), ("{L}", LINK)];
    let text =
        codes.iter().fold(text.to_owned(), |t, (k, v)| t.replace(k, v).replace(&k.to_lowercase(), &v.to_lowercase()));
    let (out, tally) = restore(&issued(), context, &text);
    let out = codes.iter().fold(out, |t, (k, v)| t.replace(v, k).replace(&v.to_lowercase(), &k.to_lowercase()));
    (out, tally)
}

#[track_caller]
fn restores(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let (out, tally) = run(Context::Text, text);
        assert_eq!(&out, expected, "from {text}");
        assert!(tally.restored > 0 && tally.unissued == 0 && tally.withheld == 0, "{text}: {tally:?}");
    }
}

#[track_caller]
fn leaves(cases: &[&str], tally: Tally) {
    for text in cases {
        assert_eq!(run(Context::Text, text), ((*text).to_owned(), tally), "{text}");
    }
}

const M: &str = "María \"Mia\" Gómez";

macro_rules! m {
    ($text:literal) => {
        &$text.replace("@", M)
    };
}

#[test]
fn p11_an_exact_placeholder_is_restored() {
    restores(&[("[NAME_{N}]", M), ("a [NAME_{N}], b", m!("a @, b")), ("x[NAME_{N}]y", m!("x@y"))]);
    restores(&[("[DATE_1984_{D}]", "03/04/1984"), ("[HEALTH_PLAN_{P}]", "H-99\\12")]);
}

#[test]
fn p11_a_changed_case_does_no_harm() {
    restores(&[("[name_{n}]", M), ("[Name_{N}]", M), ("[NAME_{n}]", M), ("Name_{n}.", m!("@."))]);
}

#[test]
fn p11_quotation_marks_around_stay() {
    restores(&[("\"[NAME_{N}]\"", m!("\"@\"")), ("'NAME_{N}'", m!("'@'")), ("“[NAME_{N}]”", m!("“@”"))]);
}

#[test]
fn p11_a_plural_or_possessive_ending_is_kept() {
    restores(&[
        ("[NAME_{N}]'s", m!("@'s")),
        ("[NAME_{N}]s", m!("@s")),
        ("NAME_{N}s", m!("@s")),
        ("NAME_{N}’s", m!("@’s")),
        ("[NAME_{N}s]", m!("@s")),
        ("[NAME_{N}'s]", m!("@'s")),
        ("[NAMES_{N}]", M),
        ("[Names_{N}]", M),
    ]);
}

#[test]
fn p11_brackets_that_were_dropped_or_swapped_do_no_harm_and_a_second_pair_stays() {
    restores(&[
        ("NAME_{N} came", m!("@ came")),
        ("[[NAME_{N}]]", m!("[@]")),
        ("<NAME_{N}>", M),
        ("<<NAME_{N}>>", m!("<@>")),
        ("(NAME_{N})", M),
        ("{NAME_{N}}", M),
        ("{{NAME_{N}}}", m!("{@}")),
        ("{{ NAME_{N} }}", m!("{@}")),
        ("[ NAME_{N} ]", M),
        ("【NAME_{N}】", M),
        ("([NAME_{N}])", m!("(@)")),
        ("&lt;NAME_{N}&gt;", M),
        ("&#91;NAME_{N}&#93;", M),
    ]);
}

#[test]
fn p11_emphasis_of_markdown_stays_around_the_value() {
    restores(&[
        ("**[NAME_{N}]**", m!("**@**")),
        ("**NAME_{N}**", m!("**@**")),
        ("_NAME_{N}_", m!("_@_")),
        ("`[NAME_{N}]`", m!("`@`")),
        ("`NAME_{N}`", m!("`@`")),
        ("| [NAME_{N}] |", m!("| @ |")),
    ]);
}

#[test]
fn p11_escapes_of_markdown_are_read_through() {
    restores(&[(r"\[NAME\_{N}\]", M), (r"[NAME\_{N}]", M), (r"NAME\_{N}", M), (r"\<NAME\_{N}\>", M)]);
}

#[test]
fn p11_another_separator_does_no_harm() {
    restores(&[
        ("[NAME {N}]", M),
        ("[NAME-{N}]", M),
        ("[NAME  {N}]", M),
        ("NAME {N}", M),
        ("[NAME\u{2011}{N}]", M),
        ("[HEALTH PLAN {P}]", "H-99\\12"),
        ("health-plan_{P}", "H-99\\12"),
        ("[DATE 1984 {D}]", "03/04/1984"),
    ]);
}

#[test]
fn p11_a_hint_may_be_lost_kept_or_moved() {
    restores(&[("[DATE_{D}]", "03/04/1984"), ("DATE_1984_{D}", "03/04/1984"), ("DATE {D}", "03/04/1984")]);
}

#[test]
fn p11_a_code_alone_is_restored_at_the_borders_of_a_word() {
    restores(&[("{N}", M), ("see {n}.", m!("see @.")), ("[{N}]", M)]);
    leaves(&["x{N}", "{N}x", "é{N}", "{N}7"], Tally::default());
}

#[test]
fn p11_a_label_that_disagrees_or_was_translated_is_restored_by_its_code() {
    restores(&[("[PHONE_{N}]", M), ("[PERSOON_{N}]", M), ("[ИМЯ_{N}]", M), ("[PATIENT_NAME_{N}]", M)]);
}

#[test]
fn p11_a_bracket_without_its_other_half_stays() {
    restores(&[
        ("[NAME_{N}", m!("[@")),
        ("NAME_{N}]", m!("@]")),
        ("[[NAME_{N}]", m!("[@")),
        ("[NAME_{N}]]", m!("@]")),
        ("<NAME_{N}]", m!("<@]")),
        (r"\[NAME_{N}]", m!("\\@")),
        ("[[[NAME_{N}]]]", m!("[[@]]")),
        ("[see NAME_{N}]", m!("[see @]")),
    ]);
}

#[test]
fn a_markdown_link_keeps_its_brackets() {
    restores(&[("[[NAME_{N}]](#a)", m!("[@](#a)"))]);
    restores(&[("[portal]([URL_{L}])", "[portal](https://portal.example.org/p/17)")]);
}

#[test]
fn a_placeholder_that_nobody_issued_stays_and_is_counted() {
    let one = Tally { unissued: 1, ..Tally::default() };
    leaves(&["[NAME_{U}]", "a [date_1990_{U}] b", "<HEALTH PLAN {U}>", r"\[NAME\_{U}\]"], one);
    leaves(&["NAME_{U}", "{U}", "[FOO_{U}]", "[NAME_123]", "[NAME_]", "[]", "[NAME", "[[", "&lt;"], Tally::default());
}

#[test]
fn r28_nothing_is_restored_into_a_url_of_the_writer() {
    let one = Tally { withheld: 1, ..Tally::default() };
    leaves(
        &[
            "https://evil.example/?q=[NAME_{N}]",
            "![x](https://evil.example/[NAME_{N}])",
            "[x](/go?to=NAME_{N})",
            "<img src=\"//evil.example/?{N}\">",
            "<img src=\"https://evil.example/?q= \n[NAME_{N}]\">",
            "http://evil.example/?a=Tenbrick",
            r"https:\\evil.example\[NAME_{N}]",
            "![x](<https://evil.example/a b [NAME_{N}]>)",
        ],
        one,
    );
    let (out, tally) = run(Context::Text, "https://a.example/ [NAME_{N}] and [URL_{L}]?q=[NAME_{N}]");
    assert_eq!(out, m!("https://a.example/ @ and https://portal.example.org/p/17?q=[NAME_{N}]").as_str());
    assert_eq!(tally, Tally { restored: 2, withheld: 1, unissued: 0 });
}

#[test]
fn p11_text_behind_a_url_is_restored() {
    restores(&[
        ("<https://a.example/>, [NAME_{N}]", m!("<https://a.example/>, @")),
        ("<a href=\"https://a.example/\"> [NAME_{N}]</a>", m!("<a href=\"https://a.example/\"> @</a>")),
        ("[NAME_{N}]([DATE_1984_{D}])", m!("@(03/04/1984)")),
    ]);
}

#[test]
fn p11_realistic_surrogates_are_restored_whole_or_in_part() {
    restores(&[
        ("Ovella Tenbrick was seen.", "Ann Lee was seen."),
        ("OVELLA TENBRICK", "Ann Lee"),
        ("Ovella Tenbrick's", "Ann Lee's"),
        ("Mr. Tenbrick’s arm", "Mr. Lee’s arm"),
        ("Ovella Tenbrick-Vashdell", "Joan Roe"),
        ("Ovella\nTenbrick", "Ann Lee"),
        ("call (213) 555-0142.", "call (617) 867-5309."),
        ("call (213)\u{A0}555\u{2011}0142.", "call (617) 867-5309."),
        ("**Ovella Tenbrick**", "**Ann Lee**"),
    ]);
    leaves(&["Tenbricks", "Ovella", "xTenbrick", "(213) 555-01423", "Tenbricé"], Tally::default());
}

#[test]
fn p11_json_source_is_read_through_its_escapes_and_written_with_them() {
    let json = |text: &str| run(Context::JsonSource, text).0;
    let m = r#"María \"Mia\" Gómez"#;
    assert_eq!(json(r#"{"name":"[NAME_{N}]"}"#), format!(r#"{{"name":"{m}"}}"#));
    assert_eq!(json(r#""\u005bNAME_{N}\u005d""#), format!("\"{m}\""));
    assert_eq!(json(r#""\u005BN\u0041ME\u005f{N}]""#), format!("\"{m}\""));
    assert_eq!(json(r#""\"[NAME_{N}]\"\n""#), format!(r#""\"{m}\"\n""#));
    assert_eq!(json(r#""\\[NAME\\_{N}\\]""#), format!("\"{m}\""));
    assert_eq!(json(r#""\nNAME_{N}\n""#), format!(r#""\n{m}\n""#));
    assert_eq!(json(r#""\u003cHEALTH_PLAN_{P}\u003e""#), r#""H-99\\12""#);
    assert_eq!(json(r#""Ovella\nTenbrick \ud83d\ude00""#), r#""Ann Lee \ud83d\ude00""#);
    assert_eq!(
        json(r#"{"u":"https://a.example","n":"[NAME_{N}]"}"#),
        format!(r#"{{"u":"https://a.example","n":"{m}"}}"#)
    );
    assert_eq!(json(r#"{"u":"https:\/\/evil.example\/[NAME_{N}]"}"#), r#"{"u":"https:\/\/evil.example\/[NAME_{N}]"}"#);
    assert_eq!(json(r#"["Ovella","Tenbrick"]"#), r#"["Ovella","Lee"]"#);
    assert_eq!(json(r#""\u00""#), r#""\u00""#);
}
