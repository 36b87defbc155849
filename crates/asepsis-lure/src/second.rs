//! The second grammar: attacks and their benign twins for the test alone.
//!
//! Its sentences were written and frozen before anything was trained. Nothing that trains reads it.

use std::path::Path;

use anyhow::Context;

use crate::carrier::Carrier;
use crate::chance::Chance;
use crate::disguise::Disguise;
use crate::grammar::Grammar;
use crate::text::{Sample, sentences};

/// The rules of attacks that are styles; the other rules are what they are made of.
pub const STYLES: [&str; 14] = [
    "override",
    "tags",
    "fewshot",
    "addressed",
    "foreign",
    "policy",
    "soft",
    "urgent",
    "notice",
    "action",
    "exfil",
    "toolcall",
    "leak",
    "persona",
];

/// The sets of benign texts, and the rules that each is said by.
const BENIGN: [(&str, &[&str], usize); 7] = [
    ("trigger notes", &["trigger", "trigger", "trigger", "portal", "foreign_plain"], 2_000),
    ("staff tasks", &["staff"], 1_000),
    ("scribe commands", &["scribe"], 400),
    ("about injection", &["training"], 400),
    ("envelopes", &["plain"], 2_000),
    ("trigger envelopes", &["trigger", "portal", "plain"], 1_000),
    ("coded", &["plain", "foreign_plain"], 600),
];

/// How many plain attacks there are of each style, and disguised ones of each disguise.
const PLAIN: usize = 300;
const DISGUISED: usize = 200;

/// The grammars and the clinical sentences around them.
pub struct Second {
    attacks: Grammar,
    benign: Grammar,
    fillers: Vec<String>,
}

impl Second {
    /// Reads the grammars in a folder; abstracts are the clinical sentences.
    ///
    /// # Errors
    /// If a file cannot be read or is no grammar.
    pub fn read(folder: &Path, abstracts: &[String]) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            Grammar::read(&text).with_context(|| path.display().to_string())
        };
        let fillers = abstracts.iter().flat_map(|t| sentences(t)).map(str::to_owned).collect();
        Ok(Self { attacks: read("attacks.txt")?, benign: read("benign.txt")?, fillers })
    }

    /// A clinical sentence or two.
    fn filler(&self, chance: &mut Chance) -> String {
        if self.fillers.is_empty() || chance.is(0.5) {
            self.benign.say("plain", chance)
        } else {
            chance.pick(&self.fillers).clone()
        }
    }

    /// Sentences around another: none in a quarter of bare texts.
    fn around(&self, carrier: Carrier, chance: &mut Chance) -> (String, String) {
        if carrier == Carrier::Bare && chance.is(0.25) {
            return (String::new(), String::new());
        }
        let some = |chance: &mut Chance| {
            let count = 1 + chance.below(3);
            (0..count).map(|_| self.filler(chance)).collect::<Vec<_>>().join(" ")
        };
        (some(chance), some(chance))
    }

    /// Every text of the test, the same each time.
    #[must_use]
    pub fn texts(&self) -> Vec<Sample> {
        let mut chance = Chance::new(20_261_126);
        let mut out = Vec::new();
        for style in STYLES {
            for _ in 0..PLAIN {
                out.push(self.attack(style, None, &mut chance));
            }
        }
        for disguise in Disguise::ALL {
            for _ in 0..DISGUISED {
                let style = *chance.pick(&STYLES);
                out.push(self.attack(style, Some(disguise), &mut chance));
            }
        }
        for (set, rules, count) in BENIGN {
            for _ in 0..count {
                out.push(self.benign(set, rules, &mut chance));
            }
        }
        out
    }

    fn attack(&self, style: &str, disguise: Option<Disguise>, chance: &mut Chance) -> Sample {
        let said = self.attacks.say(style, chance);
        let carrier = *chance.pick(&Carrier::ALL);
        let (before, after) = self.around(carrier, chance);
        let (said, markup) = match disguise {
            Some(disguise) => {
                (disguise.hide(&said, chance), matches!(disguise, Disguise::HiddenHtml | Disguise::Entities))
            }
            None => (said, false),
        };
        Sample {
            source: "second grammar".to_owned(),
            set: style.to_owned(),
            disguise,
            carrier: Some(carrier),
            attack: true,
            text: carrier.wrap(&before, &said, &after, markup, chance),
        }
    }

    fn benign(&self, set: &str, rules: &[&str], chance: &mut Chance) -> Sample {
        let said = self.benign.say(rules[chance.below(rules.len())], chance);
        let mut carrier = match set {
            "staff tasks" => Carrier::Bare,
            "scribe commands" => Carrier::Transcript,
            "envelopes" | "trigger envelopes" | "coded" => *chance.pick(&Carrier::ALL[1..]),
            _ => *chance.pick(&[Carrier::Bare, Carrier::Bare, Carrier::Letter, Carrier::Portal]),
        };
        let (mut before, mut after) = self.around(carrier, chance);
        if set == "staff tasks" && chance.is(0.5) {
            after = format!("\n\n{before}");
            before.clear();
        } else if set == "staff tasks" {
            (before, after) = (String::new(), String::new());
        }
        let said = if set == "coded" { coded(&said, chance) } else { said };
        if set == "coded" && carrier == Carrier::Fax {
            carrier = Carrier::Letter;
        }
        Sample {
            source: "second grammar".to_owned(),
            set: set.to_owned(),
            disguise: None,
            carrier: Some(carrier),
            attack: false,
            text: carrier.wrap(&before, &said, &after, false, chance),
        }
    }
}

/// Ordinary text in an ordinary encoding: attachments, links, hyphenated print, names and signs of other scripts.
fn coded(said: &str, chance: &mut Chance) -> String {
    match chance.below(8) {
        0 => format!("Attachment (text/plain, base64): {}", Disguise::Base64.hide(said, chance)),
        1 => format!("https://portal.example.org/visit?note={}", said.replace(' ', "%20").replace(',', "%2C")),
        2 => {
            let mut words: Vec<String> = said.split(' ').map(str::to_owned).collect();
            if let Some(longest) = words.iter_mut().max_by_key(|w| w.len()).filter(|w| w.is_ascii() && w.len() > 5) {
                longest.insert(4, '\u{AD}');
            }
            words.join(" ")
        }
        3 => format!("{said} IL-1β and α-synuclein within range, Δ 2 µmol/l."),
        4 => format!("{said} 👩\u{200D}⚕️ ❤️"),
        5 => format!("{said} Contact: می\u{200C}خواهم, אנה כהן."),
        6 => format!("{said} sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        _ => format!("{said} P L A N : continue. Temp &lt; 38 &amp; stable."),
    }
}
