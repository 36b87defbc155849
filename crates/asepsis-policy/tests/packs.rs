//! The shipped packs: that they are whole, that every rule does what it says, and that people can read them.

use asepsis_policy::{Duty, Kind, Pack, Policy, SHIPPED};
use time::UtcOffset;

fn policy(name: &str) -> (Pack, Policy) {
    let pack = Pack::shipped(name).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    let policy = Policy::of(&pack, UtcOffset::UTC).unwrap_or_else(|error| panic!("{name}: {error}"));
    (pack, policy)
}

#[test]
fn r31_every_shipped_pack_is_valid_and_every_rule_passes_its_cases() {
    for name in SHIPPED {
        let (pack, policy) = policy(name);
        assert_eq!((pack.name.as_str(), policy.warnings()), (name, &[][..]));
        assert!(policy.remembers(), "decisions of {name} are remembered");
        // With the facts checked against the schema, and as a release decides.
        for policy in [policy, self::policy(name).1.unchecked()] {
            let failures: Vec<String> = policy.test().expect("it decides").iter().map(ToString::to_string).collect();
            assert!(failures.is_empty(), "{name}:\n{}", failures.join("\n"));
        }
    }
}

#[test]
fn r31_every_rule_has_a_citation_with_its_date_texts_for_all_readers_and_cases_both_ways() {
    for name in SHIPPED {
        let (pack, policy) = policy(name);
        for (id, kind) in policy.kinds() {
            let text = pack.rules.iter().find(|text| text.id == id).unwrap_or_else(|| panic!("{id} has no texts"));
            let refuses = matches!(kind, Kind::Forbid | Kind::Explain);
            assert!(
                ["45 CFR 16", "42 CFR 2.", "Cal."].iter().any(|law| text.cite.starts_with(law)),
                "{id}: {}",
                text.cite
            );
            assert!(
                text.as_of.as_deref().is_some_and(|day| day.len() == 10),
                "{id} does not say when its source was read"
            );
            assert!(text.rule.starts_with('D') && !text.officer.is_empty() && !text.reason.is_empty(), "{id}");
            assert!(
                text.exception.as_deref().is_some_and(|text| !text.is_empty()),
                "{id} tells no way to an exception"
            );
            assert!(!refuses || !text.fix.is_empty(), "{id} tells no fix");
            // What always holds has no request that it does not touch.
            let always = ["every-disclosure-is-recorded", "device-commands-are-refused"].contains(&id);
            assert!(text.stops.is_some() && (always || text.allows.is_some()), "{id} lacks a case");
        }
    }
}

/// The reference numbers its rules D1 to D25; each is carried out by a rule of the pack.
#[test]
fn the_pack_of_a_provider_carries_out_all_default_rules() {
    let (pack, _) = policy("us-provider");
    let missing: Vec<u8> = (1..=25).filter(|n| !pack.rules.iter().any(|rule| rule.rule == format!("D{n}"))).collect();
    assert_eq!(missing, [] as [u8; 0]);
}

/// Staff messages are two sentences at about the eighth grade or below, by Flesch and Kincaid's formula.
#[test]
fn r31_staff_messages_are_two_sentences_that_an_eighth_grader_reads() {
    for name in SHIPPED {
        for rule in Pack::shipped(name).expect("it is shipped").rules {
            let sentences = rule.staff.split_inclusive(['.', '!', '?']).filter(|s| !s.trim().is_empty()).count();
            assert_eq!(sentences, 2, "{}: {}", rule.id, rule.staff);
            let grade = grade(&rule.staff);
            assert!(grade <= 8.0, "{} is of grade {grade:.1}: {}", rule.id, rule.staff);
        }
    }
    // The measure tells the simple from the hard.
    let hard = "Pseudonymised information necessitates authorization. Notwithstanding organizational considerations, \
                disclosure is prohibited.";
    assert!(grade(hard) > 15.0);
}

#[test]
fn c12_an_obligation_is_known_and_says_who_carries_it_out_or_refuses() {
    for name in SHIPPED {
        let (pack, _) = policy(name);
        for source in pack.policies() {
            for codes in source.text.split("@obliges(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                for code in codes.split(',') {
                    assert!(code.parse::<Duty>().is_ok(), "{code}");
                }
            }
        }
    }
}

/// 0.39 words a sentence + 11.8 syllables a word - 15.59.
fn grade(text: &str) -> f64 {
    let words: Vec<&str> = text.split(|c: char| !c.is_alphabetic() && c != '\'').filter(|w| !w.is_empty()).collect();
    let sentences = text.matches(['.', '!', '?']).count().max(1);
    let syllables: usize = words.iter().map(|word| syllables(word)).sum();
    let count = |n: usize| f64::from(u32::try_from(n).expect("a message is short"));
    0.39 * count(words.len()) / count(sentences) + 11.8 * count(syllables) / count(words.len()) - 15.59
}

/// Groups of vowels, without a silent e at the end.
fn syllables(word: &str) -> usize {
    let word = word.to_lowercase();
    let vowel = |c: char| "aeiouy".contains(c);
    let groups =
        word.chars().fold((0, false), |(count, before), c| (count + usize::from(vowel(c) && !before), vowel(c))).0;
    let silent = word.ends_with('e') && !word.ends_with("le") && !word.ends_with("ee") && groups > 1;
    let past = word.ends_with("ed") && !word.ends_with("ted") && !word.ends_with("ded") && groups > 1;
    (groups - usize::from(silent || past)).max(1)
}
