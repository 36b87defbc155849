use std::collections::BTreeSet;

use serde::Serialize;
use time::{Date, Month};

use crate::catalogue::Need;
use crate::five::{QuestionResult, Support};
use crate::{Catalogue, Dossier, Exception, Grade, Subject, Tier, Tiering, Value, day};

/// What an assessment comes to: gates, coverage, confidence, and every figure behind them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// The id of the vendor or system.
    pub id: String,
    /// Which of the two.
    pub subject: Subject,
    /// The day for which it holds.
    #[serde(with = "day")]
    pub on: Date,
    /// How deep it has to go, and why.
    pub tier: Tiering,
    /// Each gate.
    pub gates: Vec<GateResult>,
    /// What the gates that are not passed cap the result at.
    pub cap: Cap,
    /// How much of what has to be answered is answered.
    pub coverage: Share,
    /// How much of what has to be answered is so by an independent report or a contract.
    pub confidence: Share,
    /// The coverage at each tier up to this one, of which the lowest counts.
    pub coverage_by_tier: Vec<Share>,
    /// The confidence at each tier up to this one, of which the lowest counts.
    pub confidence_by_tier: Vec<Share>,
    /// The five questions.
    pub questions: Vec<QuestionResult>,
    /// What is known and not as it should be.
    pub concerns: Vec<Concern>,
    /// Every fact that has to be answered, and what it counted for.
    pub figures: Vec<Figure>,
    /// What an approval would rest on, by name.
    pub rests_on: Vec<String>,
    /// The first day on which something of that no longer counts.
    #[serde(with = "day::option")]
    pub first_lapse: Option<Date>,
    /// When it has to be looked at again.
    #[serde(with = "day")]
    pub next_review: Date,
}

/// A gate, passed or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GateResult {
    /// A short stable name.
    pub id: String,
    /// What has to be so.
    pub title: String,
    /// Whether it is.
    pub passed: bool,
    /// What was looked at.
    pub needs: Vec<NeedResult>,
    /// The source of the rule.
    pub cite: String,
}

/// One thing that has to be so: any of these facts does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeedResult {
    /// Whether it is so.
    pub met: bool,
    /// The facts.
    pub facts: Vec<Support>,
}

/// What gates that are not passed cap a result at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cap {
    /// Nothing: health information may be considered.
    None,
    /// Not for protected health information.
    NotForPhi,
}

/// So many of so many, at a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The tier whose facts are counted.
    pub tier: Tier,
    /// How many count.
    pub met: u32,
    /// Out of how many.
    pub of: u32,
}

/// Something that is known and not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Concern {
    /// The fact.
    pub fact: String,
    /// What is known.
    pub value: Value,
    /// What it should be.
    pub wanted: String,
}

/// What one fact counted for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// The fact.
    pub fact: String,
    /// From which tier on it has to be answered.
    pub from: Tier,
    /// Its value; absent is unknown.
    pub value: Option<Value>,
    /// The grade that counts.
    pub grade: Grade,
    /// Whether it counts for coverage.
    pub answered: bool,
    /// Whether it counts for confidence.
    pub proven: bool,
    /// Why it counts for less than it says.
    pub why: Option<String>,
}

impl Share {
    /// In hundredths, rounded down.
    pub fn percent(self) -> u32 {
        (self.met * 100).checked_div(self.of).unwrap_or_default()
    }

    /// Whether it is less than another: compared exactly, not as rounded.
    pub fn is_less(self, other: Self) -> bool {
        u64::from(self.met) * u64::from(other.of) < u64::from(other.met) * u64::from(self.of)
    }

    /// Whether it reaches so many hundredths.
    pub fn reaches(self, hundredths: u8) -> bool {
        u64::from(self.met) * 100 >= u64::from(hundredths) * u64::from(self.of)
    }
}

impl Assessment {
    /// Assesses a dossier as it stands on a day. `exceptions` are those that were signed for single questions.
    pub fn of(catalogue: &Catalogue, dossier: &Dossier, exceptions: &[Exception], today: Date) -> Self {
        let look = Look { catalogue, dossier, today };
        let tier = catalogue.tiers().tier(&dossier.intake);
        let figures: Vec<_> =
            catalogue.questionnaire(dossier.subject, tier.tier).map(|kind| look.figure(kind)).collect();
        let (coverage, coverage_by_tier) = lowest(&figures, tier.tier, |figure| figure.answered);
        let (confidence, confidence_by_tier) = lowest(&figures, tier.tier, |figure| figure.proven);
        let gates = look.gates();
        let questions = look.questions(exceptions);
        let passed = gates.iter().all(|gate| gate.passed);
        let rests_on = rests_on(&gates, &questions);
        Self {
            id: dossier.id.clone(),
            subject: dossier.subject,
            on: today,
            cap: if passed { Cap::None } else { Cap::NotForPhi },
            coverage,
            confidence,
            coverage_by_tier,
            confidence_by_tier,
            concerns: look.concerns(),
            first_lapse: look.first_lapse(&rests_on, &questions),
            next_review: later(today, catalogue.tiers().depth(tier.tier).review_months),
            tier,
            gates,
            questions,
            figures,
            rests_on,
        }
    }
}

/// The facts that something which holds rests on, by name, and `exception:QUESTION` for what an exception stands in for.
fn rests_on(gates: &[GateResult], questions: &[QuestionResult]) -> Vec<String> {
    let mut names = BTreeSet::new();
    let of_gates = gates.iter().filter(|gate| gate.passed).flat_map(|gate| &gate.needs).flat_map(|need| &need.facts);
    names.extend(of_gates.filter(|fact| fact.met).map(|fact| fact.fact.clone()));
    for question in questions {
        names.extend(question.facts.iter().filter(|fact| fact.met).map(|fact| fact.fact.clone()));
        if !question.met && question.exception.is_some() {
            names.insert(format!("exception:{}", question.question));
        }
    }
    names.into_iter().collect()
}

/// The share at each tier up to this one, and the lowest of them. A tier that rises asks for more; if what is asked more were all
/// answered, the share could rise with it, although something became unknown. So the lower tiers count as well.
fn lowest(figures: &[Figure], tier: Tier, counts: impl Fn(&Figure) -> bool) -> (Share, Vec<Share>) {
    let mut shares = Vec::new();
    for at in Tier::ALL.into_iter().filter(|at| *at <= tier) {
        let asked: Vec<_> = figures.iter().filter(|figure| figure.from <= at).collect();
        let met = asked.iter().filter(|figure| counts(figure)).count();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        shares.push(Share { tier: at, met: number(met), of: number(asked.len()) });
    }
    let mut least = Share { tier, met: 0, of: 0 };
    for share in shares.iter().filter(|share| share.of > 0) {
        if least.of == 0 || share.is_less(least) {
            least = *share;
        }
    }
    (least, shares)
}

/// The day so many months later; the last of its month where it has no such day.
fn later(day: Date, months: u8) -> Date {
    let count = i32::from(u8::from(day.month())) - 1 + i32::from(months);
    let year = day.year() + count / 12;
    let month = Month::try_from(u8::try_from(count % 12 + 1).unwrap_or(12)).unwrap_or(Month::December);
    let last = month.length(year);
    Date::from_calendar_date(year, month, day.day().min(last)).unwrap_or(Date::MAX)
}

/// A dossier, looked at on a day.
struct Look<'a> {
    catalogue: &'a Catalogue,
    dossier: &'a Dossier,
    today: Date,
}

impl Look<'_> {
    fn figure(&self, kind: &crate::FactKind) -> Figure {
        let known = self.dossier.known(self.catalogue, &kind.name, self.today);
        Figure {
            fact: kind.name.clone(),
            from: kind.from,
            answered: known.value.is_some(),
            proven: known.value.is_some() && known.grade <= Grade::B,
            value: known.value.cloned(),
            grade: known.grade,
            why: known.why,
        }
    }

    fn support(&self, name: &str) -> Support {
        let known = self.dossier.known(self.catalogue, name, self.today);
        let fact = self.dossier.facts.get(name);
        let as_of = fact.and_then(|fact| fact.as_of);
        let wants = self.catalogue.fact(name).map(|kind| &kind.wants);
        let met = known.value.zip(wants).is_some_and(|(value, wants)| wants.met(value, self.today));
        let wrong =
            || wants.filter(|_| known.value.is_some() && !met).map(|wants| format!("it should be {}", wants.wanted()));
        Support {
            fact: name.to_owned(),
            grade: known.grade,
            source: fact.and_then(|fact| fact.source.clone()),
            as_of,
            age_days: as_of.map(|day| (self.today - day).whole_days()),
            expires: self.ends(name),
            met,
            why: known.why.clone().or_else(wrong),
            value: known.value.cloned(),
        }
    }

    /// The last day on which a fact counts as it does.
    fn ends(&self, name: &str) -> Option<Date> {
        let fact = self.dossier.facts.get(name)?;
        let document = fact.evidence().and_then(|id| self.dossier.evidence.get(id));
        [fact.expires, document.and_then(|document| document.valid_to)].into_iter().flatten().min()
    }

    fn needs(&self, needs: &[Need]) -> Vec<NeedResult> {
        let concerns = |need: &&Need| {
            self.dossier.subject == Subject::System
                || need.iter().any(|name| self.catalogue.fact(name).is_some_and(|kind| kind.of == Subject::Vendor))
        };
        let result = |need: &Need| {
            let facts: Vec<_> = need.iter().map(|name| self.support(name)).collect();
            NeedResult { met: facts.iter().any(|fact| fact.met), facts }
        };
        needs.iter().filter(concerns).map(result).collect()
    }

    fn gates(&self) -> Vec<GateResult> {
        let gates = self.catalogue.gates().iter().map(|gate| {
            let needs = self.needs(&gate.needs);
            let passed = needs.iter().all(|need| need.met);
            GateResult { id: gate.id.clone(), title: gate.title.clone(), passed, needs, cite: gate.cite.clone() }
        });
        gates.filter(|gate| !gate.needs.is_empty()).collect()
    }

    fn questions(&self, exceptions: &[Exception]) -> Vec<QuestionResult> {
        let questions = self.catalogue.questions().iter().map(|(question, needs)| {
            let needs = self.needs(needs);
            let exception = exceptions.iter().find(|one| one.question == *question && one.stands(self.today));
            QuestionResult {
                question: *question,
                met: needs.iter().all(|need| need.met),
                exception: exception.cloned(),
                facts: needs.into_iter().flat_map(|need| need.facts).collect(),
                cite: question.cite(),
            }
        });
        questions.collect()
    }

    fn concerns(&self) -> Vec<Concern> {
        let mut found = Vec::new();
        for kind in self.catalogue.facts() {
            if let Some(value) = self.dossier.known(self.catalogue, &kind.name, self.today).value
                && !kind.wants.met(value, self.today)
            {
                found.push(Concern { fact: kind.name.clone(), value: value.clone(), wanted: kind.wants.wanted() });
            }
        }
        found
    }

    fn first_lapse(&self, rests_on: &[String], questions: &[QuestionResult]) -> Option<Date> {
        let of_facts = rests_on.iter().filter_map(|name| self.ends(name));
        let used = questions.iter().filter(|question| !question.met);
        let of_exceptions = used.filter_map(|question| question.exception.as_ref()).map(|exception| exception.until);
        of_facts.chain(of_exceptions).min().and_then(Date::next_day)
    }
}
