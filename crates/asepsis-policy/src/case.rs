//! A request of which the outcome is known: what proves a rule.

use std::fmt;

use asepsis_vocab::DisclosureForm;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::inputs::Inputs;

/// A request and what is to come of it. It is written as what differs from [`Inputs::good`]: `{ training = "unknown", gets =
/// "deidentified" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The request.
    pub inputs: Inputs,
    /// What is asked.
    pub question: Question,
    /// The form that it gets; `None` where the case is about rules only.
    pub gets: Option<DisclosureForm>,
    /// Whether another action than a disclosure is permitted.
    pub permitted: Option<bool>,
    /// Whether originals are put back into the answer; `None` where the case does not say.
    pub restored: Option<bool>,
}

/// What is asked of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// In which of these forms data may go, from the richest to the poorest.
    Disclose(Vec<DisclosureForm>),
    /// Whether something else may be done.
    Act(Deed),
}

/// Something other than a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// To turn a surrogate back outside of an exchange.
    Reveal {
        /// Whether a second person said yes.
        #[serde(default)]
        second_person: bool,
    },
    /// To call a tool.
    CallTool(ToolCall),
    /// To command a device.
    CommandDevice {
        /// Whether a person approved this very command.
        #[serde(default)]
        approved: bool,
        /// Whether it is within the device's bounds; `None` where nobody checked.
        #[serde(default)]
        in_bounds: Option<bool>,
    },
    /// To read a data set or record.
    ReadRecord,
    /// To administer Asepsis.
    Administer,
}

/// A call of a tool by an AI system. What is `None` is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ToolCall {
    /// What it does.
    pub effect: Option<ToolEffect>,
    /// Whether it reaches beyond the organisation.
    pub network: Option<bool>,
    /// Whether text that nobody of the organisation wrote is in the conversation.
    pub tainted: Option<bool>,
    /// Whether a tool returned data of a patient before, in this conversation.
    pub after_read: Option<bool>,
    /// Whether an agreement is in force with those whom it reaches, where it is entered for one destination.
    pub covered: Option<bool>,
    /// Whether a person of the right role approved this very call.
    pub approved: bool,
}

/// The action of a call of a tool, in policies.
pub(crate) const CALL_TOOL: &str = "call_tool";

/// What a tool does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolEffect {
    /// It reads.
    Read,
    /// It changes something.
    Write,
    /// It writes into a health record.
    Record,
    /// It controls a device.
    Device,
}

impl ToolEffect {
    /// The name in policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Record => "record",
            Self::Device => "device",
        }
    }
}

impl Deed {
    /// The action's name in policies.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Reveal { .. } => "reveal",
            Self::CallTool(_) => CALL_TOOL,
            Self::CommandDevice { .. } => "command_device",
            Self::ReadRecord => "read_record",
            Self::Administer => "administer",
        }
    }
}

/// The members of a case that are not facts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Frame {
    asks: Vec<DisclosureForm>,
    gets: Option<String>,
    restored: Option<bool>,
    action: Option<String>,
    effect: Option<ToolEffect>,
    network: Option<bool>,
    tainted: Option<bool>,
    after_read: Option<bool>,
    covered: Option<bool>,
    approved: bool,
    in_bounds: Option<bool>,
    second_person: bool,
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            asks: DisclosureForm::LADDER[..4].to_vec(),
            gets: None,
            restored: None,
            action: None,
            effect: None,
            network: Some(false),
            tainted: Some(false),
            after_read: Some(false),
            covered: None,
            approved: false,
            in_bounds: None,
            second_person: false,
        }
    }
}

const FRAME: [&str; 12] = [
    "asks",
    "gets",
    "restored",
    "action",
    "effect",
    "network",
    "tainted",
    "after_read",
    "covered",
    "approved",
    "in_bounds",
    "second_person",
];

impl<'de> Deserialize<'de> for Case {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Map::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Case {
    fn read(members: Map<String, Value>) -> Result<Self, String> {
        let Ok(Value::Object(mut facts)) = serde_json::to_value(Inputs::good()) else {
            return Err("a request is an object".to_owned());
        };
        let mut frame = Map::new();
        for (name, value) in members {
            if value == "unknown" {
                // Of the frame as of the facts: what is not known is absent.
                let to = if FRAME.contains(&name.as_str()) { &mut frame } else { &mut facts };
                to.insert(name.clone(), Value::Null);
                if !FRAME.contains(&name.as_str()) {
                    facts.remove(&name);
                }
            } else if FRAME.contains(&name.as_str()) {
                frame.insert(name, value);
            } else {
                facts.insert(name, value);
            }
        }
        let inputs: Inputs = serde_json::from_value(Value::Object(facts)).map_err(|e| e.to_string())?;
        let frame: Frame = serde_json::from_value(Value::Object(frame)).map_err(|e| e.to_string())?;
        let question = match frame.action.as_deref() {
            None => Question::Disclose(frame.asks),
            Some(action) => Question::Act(match action {
                "reveal" => Deed::Reveal { second_person: frame.second_person },
                "call_tool" => Deed::CallTool(ToolCall {
                    effect: frame.effect,
                    network: frame.network,
                    tainted: frame.tainted,
                    after_read: frame.after_read,
                    covered: frame.covered,
                    approved: frame.approved,
                }),
                "command_device" => Deed::CommandDevice { approved: frame.approved, in_bounds: frame.in_bounds },
                "read_record" => Deed::ReadRecord,
                "administer" => Deed::Administer,
                other => {
                    return Err(format!(
                        "unknown action `{other}`; they are reveal, call_tool, command_device, read_record and administer"
                    ));
                }
            }),
        };
        let (gets, permitted) = match (&question, frame.gets.as_deref()) {
            (_, None) => (None, None),
            (Question::Disclose(_), Some(form)) => (Some(form.parse().map_err(|e| format!("gets: {e}"))?), None),
            (Question::Act(_), Some("permitted")) => (None, Some(true)),
            (Question::Act(_), Some("refused")) => (None, Some(false)),
            (Question::Act(_), Some(_)) => return Err("gets: an action is `permitted` or `refused`".to_owned()),
        };
        Ok(Self { inputs, question, gets, permitted, restored: frame.restored })
    }
}

/// What came of a case, where it is not what was to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The rule.
    pub rule: String,
    /// `allows` or `stops`.
    pub case: &'static str,
    /// What came.
    pub found: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}, {}: {}", self.rule, self.case, self.found)
    }
}
