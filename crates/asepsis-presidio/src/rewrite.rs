//! Putting the changed values into a text: Presidio's `EngineBase` and `TextReplaceBuilder`.

use std::collections::HashMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::conflict::Place;
use crate::fault::Fault;
use crate::operator::{Operator, Way};
use crate::points::Points;

/// The most bytes of an answer's text.
const LARGEST: usize = 64 << 20;

/// The operators of a request, by entity; `DEFAULT` is for all others.
pub(crate) struct Operators {
    by_entity: HashMap<String, Operator>,
}

impl Operators {
    /// Reads the operators of a request.
    pub(crate) fn read(value: Option<&Value>) -> Result<Self, Fault> {
        let mut by_entity = HashMap::new();
        match value {
            None | Some(Value::Null) => {}
            Some(Value::Object(operators)) => {
                for (entity, operator) in operators {
                    by_entity.insert(entity.clone(), Operator::read(operator)?);
                }
            }
            Some(_) => return Err(Fault::parameter("Invalid input, operators must be an object")),
        }
        Ok(Self { by_entity })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_entity.values().map(|o| o.name.as_str())
    }

    /// Replaces by the entity's name what nothing else is said of.
    pub(crate) fn or_replace(mut self) -> Self {
        self.by_entity.entry("DEFAULT".to_owned()).or_insert_with(Operator::replace);
        self
    }

    fn of(&self, entity: &str) -> Result<&Operator, Fault> {
        let operator = self.by_entity.get(entity).or_else(|| self.by_entity.get("DEFAULT"));
        operator
            .ok_or_else(|| Fault::parameter(format!("Invalid input, there is no operator for {entity} and no DEFAULT")))
    }
}

/// The text with every place changed, and what was done, the last place first.
pub(crate) fn rewrite(
    points: &Points<'_>,
    mut places: Vec<Place>,
    operators: &Operators,
    way: Way,
) -> Result<Value, Fault> {
    // By start, and by end where results are compared by it; equal ones stay in their order.
    let by_end = way == Way::Out;
    places
        .sort_by(|a, b| b.start.cmp(&a.start).then(if by_end { b.end.cmp(&a.end) } else { std::cmp::Ordering::Equal }));
    // From the end of the text to its start.
    let (mut pieces, mut items) = (Vec::new(), Vec::new());
    let (mut last, mut behind, mut bytes) = (points.len(), 0, 0);
    for place in places {
        if points.len() < place.start || place.end > points.len() {
            return Err(Fault::parameter(format!(
                "Invalid analyzer result, start: {} and end: {}, while text length is only {}.",
                place.start,
                place.end,
                points.len()
            )));
        }
        let operator = operators.of(&place.entity)?;
        let changed = operator.apply(way, &place.entity, points.slice(place.start, place.end))?;
        let end = place.end.min(last);
        let kept = points.slice(end, last);
        bytes += kept.len() + changed.len();
        if bytes > LARGEST {
            return Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the answer would be over {LARGEST} bytes")));
        }
        let length = changed.chars().count();
        behind += (last - end) + length;
        items.push((behind, length, place, changed.clone(), operator.name.clone()));
        pieces.extend([kept.to_owned(), changed]);
        last = items.last().map_or(last, |(_, _, place, ..)| place.start);
    }
    pieces.push(points.slice(0, last).to_owned());
    let text: String = pieces.iter().rev().map(String::as_str).collect();
    let length = last + behind;
    let items: Vec<Value> = items
        .into_iter()
        .map(|(from_end, own, place, changed, operator)| {
            let start = length - from_end;
            json!({
                "start": start,
                "end": start + own,
                "entity_type": place.entity,
                "text": changed,
                "operator": operator,
                "score": place.score,
            })
        })
        .collect();
    Ok(json!({"text": text, "items": items}))
}

/// The text of a request, and a list of results for each text: one, or several.
pub(crate) fn each(
    request: &Map<String, Value>,
    results: &str,
    mut work: impl FnMut(&str, Option<&Value>) -> Result<Value, Fault>,
) -> Result<Value, Fault> {
    let given = request.get(results).filter(|r| !r.is_null());
    match request.get("text") {
        None => work("", given),
        Some(Value::String(text)) => work(text, given),
        Some(Value::Array(texts)) => {
            let none = vec![Value::Array(Vec::new()); texts.len()];
            let lists = match given {
                None => &none,
                Some(Value::Array(lists)) if lists.len() == texts.len() => lists,
                Some(_) => {
                    return Err(Fault::parameter(format!(
                        "Invalid input, '{results}' must contain one list of results per item in 'text' when 'text' is a list \
                         ({} text items)",
                        texts.len()
                    )));
                }
            };
            let mut bytes = 0;
            let mut answers = Vec::with_capacity(texts.len());
            for (text, list) in texts.iter().zip(lists) {
                let text = text.as_str().ok_or_else(|| Fault::parameter("Invalid input, text must hold strings"))?;
                let answer = work(text, Some(list))?;
                bytes += answer["text"].as_str().map_or(0, str::len);
                if bytes > LARGEST {
                    return Err(Fault::new(
                        StatusCode::PAYLOAD_TOO_LARGE,
                        format!("the answer would be over {LARGEST} bytes"),
                    ));
                }
                answers.push(answer);
            }
            Ok(Value::Array(answers))
        }
        Some(_) => Err(Fault::parameter("Invalid input, text must be a string or a list of strings")),
    }
}

/// Reads a list of results of a request.
pub(crate) fn places(list: &Value, scored: bool) -> Result<Vec<Place>, Fault> {
    let Value::Array(list) = list else { return Err(Fault::parameter("Invalid input, results must be a list")) };
    list.iter().map(|item| place(item, scored)).collect()
}

fn place(item: &Value, scored: bool) -> Result<Place, Fault> {
    let offset = |name: &str| -> Result<i64, Fault> {
        match item.get(name) {
            None | Some(Value::Null) => Err(Fault::parameter(format!("Invalid input, result must contain {name}"))),
            Some(value) => value
                .as_i64()
                .ok_or_else(|| Fault::parameter(format!("Invalid parameter value for {name}. Expecting 'number'."))),
        }
    };
    let (start, end) = (offset("start")?, offset("end")?);
    let entity = item.get("entity_type").and_then(Value::as_str).filter(|e| !e.is_empty());
    let entity = entity.ok_or_else(|| Fault::parameter("Invalid input, result must contain entity_type"))?;
    let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end)) else {
        return Err(Fault::parameter("Invalid input, result start and end must be positive"));
    };
    if from > to {
        return Err(Fault::parameter(format!(
            "Invalid input, start index '{start}' must be smaller than end index '{end}'"
        )));
    }
    let score = item.get("score").and_then(Value::as_f64);
    if scored && score.is_none() {
        return Err(Fault::parameter("Invalid input, analyzer result must contain score"));
    }
    Ok(Place { entity: entity.to_owned(), start: from, end: to, score })
}
