use serde::{Deserialize, Serialize};
use time::Date;

use crate::{Assessment, Cap, Catalogue, Dossier, Question, day};

/// The most days for which an exception may stand in: what cannot be met within a year is no exception.
pub const MOST_EXCEPTION_DAYS: i64 = 366;

/// That one of the five questions may stay open for a time: who says so, why, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Which question.
    pub question: Question,
    /// Who signed it.
    pub who: String,
    /// Why it may be.
    pub why: String,
    /// The day on which it was signed.
    #[serde(with = "day")]
    pub signed: Date,
    /// The last day on which it stands in.
    #[serde(with = "day")]
    pub until: Date,
}

/// That a vendor or system may be used, and what that rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who asked for it.
    pub asked_by: String,
    /// Who approved it: somebody else.
    pub approved_by: String,
    /// The day.
    #[serde(with = "day")]
    pub on: Date,
    /// Whether protected health information was considered, with every gate passed.
    pub for_phi: bool,
    /// The last day before it has to be looked at again.
    #[serde(with = "day")]
    pub review_by: Date,
    /// The facts that it rests on, by name, and `exception:QUESTION`.
    pub rests_on: Vec<String>,
    /// The exceptions that it needs.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// Why something cannot be approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// A gate, where it is to be approved for health information.
    #[error("the gate `{0}` is not passed; approve it without health information, or close the gap")]
    Gate(String),
    /// One of the five questions.
    #[error("the question of {0} is not met; close the gap, or sign an exception for it")]
    Question(Question),
    /// The assessment does not go as deep as its tier asks.
    #[error("{percent} % of what this tier asks is answered; it needs {needs} %")]
    Coverage {
        /// What is reached, in hundredths.
        percent: u32,
        /// What is needed.
        needs: u8,
    },
    /// Too much of it is mere statements.
    #[error("{percent} % of what this tier asks is proven by a contract or an independent report; it needs {needs} %")]
    Confidence {
        /// What is reached, in hundredths.
        percent: u32,
        /// What is needed.
        needs: u8,
    },
    /// The same person asked and approves.
    #[error("who asks for an approval cannot give it; it takes a second person")]
    SamePerson,
}

/// Why an approval no longer stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Lapse {
    /// A fact that it rests on is gone, over, or no longer as it should be.
    #[error("it rests on `{fact}`: {why}")]
    Fact {
        /// The fact.
        fact: String,
        /// What is the matter with it.
        why: String,
    },
    /// One of the five questions is no longer met.
    #[error("the question of {0} is no longer met")]
    Question(Question),
    /// A gate is no longer passed.
    #[error("the gate `{0}` is no longer passed")]
    Gate(String),
    /// It had to be looked at again by then.
    #[error("its review was due on {0}")]
    Review(#[serde(with = "day")] Date),
}

impl Exception {
    /// Whether it stands in on this day.
    pub fn stands(&self, today: Date) -> bool {
        let length = (self.until - self.signed).whole_days();
        let signed = !self.who.trim().is_empty() && !self.why.trim().is_empty();
        signed && (0..=MOST_EXCEPTION_DAYS).contains(&length) && self.signed <= today && today <= self.until
    }
}

impl Assessment {
    /// What stands in the way of an approval; nothing is an empty list.
    pub fn obstacles(&self, catalogue: &Catalogue, for_phi: bool, asked_by: &str, approved_by: &str) -> Vec<Obstacle> {
        let mut found = Vec::new();
        if asked_by == approved_by {
            found.push(Obstacle::SamePerson);
        }
        if for_phi && self.cap != Cap::None {
            let closed = self.gates.iter().filter(|gate| !gate.passed);
            found.extend(closed.map(|gate| Obstacle::Gate(gate.id.clone())));
        }
        let open = self.questions.iter().filter(|question| !question.settled());
        found.extend(open.map(|question| Obstacle::Question(question.question)));
        let depth = catalogue.tiers().depth(self.tier.tier);
        if !self.coverage.reaches(depth.coverage) {
            found.push(Obstacle::Coverage { percent: self.coverage.percent(), needs: depth.coverage });
        }
        if !self.confidence.reaches(depth.confidence) {
            found.push(Obstacle::Confidence { percent: self.confidence.percent(), needs: depth.confidence });
        }
        found
    }

    /// The approval, if nothing stands in its way.
    ///
    /// # Errors
    /// The [`Obstacle`]s.
    pub fn approve(
        &self,
        catalogue: &Catalogue,
        for_phi: bool,
        asked_by: &str,
        approved_by: &str,
    ) -> Result<Approval, Vec<Obstacle>> {
        let found = self.obstacles(catalogue, for_phi, asked_by, approved_by);
        if !found.is_empty() {
            return Err(found);
        }
        let used = self.questions.iter().filter(|question| !question.met);
        Ok(Approval {
            asked_by: asked_by.to_owned(),
            approved_by: approved_by.to_owned(),
            on: self.on,
            for_phi,
            review_by: self.next_review,
            rests_on: self.rests_on.clone(),
            exceptions: used.filter_map(|question| question.exception.clone()).collect(),
        })
    }
}

impl Approval {
    /// Why it no longer stands on this day; an empty list is that it does.
    ///
    /// Everything that it rests on has to be known and as it should be, as it was when it was given: what else has become known
    /// since does not make up for it.
    pub fn lapses(&self, catalogue: &Catalogue, dossier: &Dossier, today: Date) -> Vec<Lapse> {
        let now = Assessment::of(catalogue, dossier, &self.exceptions, today);
        let mut found = Vec::new();
        for name in &self.rests_on {
            if name.starts_with("exception:") {
                continue;
            }
            let known = dossier.known(catalogue, name, today);
            let wants = catalogue.fact(name).map(|kind| &kind.wants);
            let why = match (known.value, wants) {
                (Some(value), Some(wants)) if wants.met(value, today) => continue,
                (Some(value), Some(wants)) => format!("it is `{value}` and should be {}", wants.wanted()),
                _ => known.why.unwrap_or_else(|| "it is unknown".to_owned()),
            };
            found.push(Lapse::Fact { fact: name.clone(), why });
        }
        let open = now.questions.iter().filter(|question| !question.settled());
        found.extend(open.map(|question| Lapse::Question(question.question)));
        if self.for_phi {
            found.extend(now.gates.iter().filter(|gate| !gate.passed).map(|gate| Lapse::Gate(gate.id.clone())));
        }
        if today > self.review_by {
            found.push(Lapse::Review(self.review_by));
        }
        found
    }

    /// The last day on which it stands, if nothing else changes.
    pub fn last_day(&self, catalogue: &Catalogue, dossier: &Dossier, today: Date) -> Date {
        let now = Assessment::of(catalogue, dossier, &self.exceptions, today);
        let lapse = now.first_lapse.and_then(Date::previous_day);
        lapse.map_or(self.review_by, |day| day.min(self.review_by))
    }
}
