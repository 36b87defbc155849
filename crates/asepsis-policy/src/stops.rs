//! What is switched off: AI systems, vendors, models and tools.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Of what a kill switch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopOf {
    /// An AI system of the register.
    System,
    /// A vendor, with all of its systems.
    Vendor,
    /// A model, by the name that requests give it.
    Model,
    /// A tool, by the name that requests offer it under.
    Tool,
}

impl StopOf {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::System, Self::Vendor, Self::Model, Self::Tool];

    /// The name at the command line and in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Vendor => "vendor",
            Self::Model => "model",
            Self::Tool => "tool",
        }
    }
}

/// A kill switch that was pulled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// Of what.
    pub of: StopOf,
    /// Its id or name. One of a model or tool that ends in `*` stands for all that begin so.
    pub name: String,
}

/// Every kill switch that is pulled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stops(BTreeSet<Stop>);

impl Stops {
    /// These.
    pub fn new(stops: impl IntoIterator<Item = Stop>) -> Self {
        Self(stops.into_iter().collect())
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Stop> {
        self.0.iter()
    }

    /// The one that stops this.
    pub fn of(&self, of: StopOf, name: &str) -> Option<&Stop> {
        self.0.iter().filter(|stop| stop.of == of).find(|stop| match (of, stop.name.strip_suffix('*')) {
            (StopOf::Model | StopOf::Tool, Some(start)) => name.starts_with(start),
            _ => stop.name == name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r12_a_stop_is_of_one_thing_or_of_all_that_begin_so() {
        let stop = |of, name: &str| Stop { of, name: name.to_owned() };
        let stops =
            Stops::new([stop(StopOf::Model, "gpt-4*"), stop(StopOf::Tool, "send_mail"), stop(StopOf::System, "a*")]);
        assert!(stops.of(StopOf::Model, "gpt-4o").is_some() && stops.of(StopOf::Model, "gpt-3.5").is_none());
        assert!(stops.of(StopOf::Tool, "send_mail").is_some() && stops.of(StopOf::Tool, "send_mail_2").is_none());
        assert!(stops.of(StopOf::System, "abc").is_none() && stops.of(StopOf::Vendor, "gpt-4o").is_none());
    }
}
