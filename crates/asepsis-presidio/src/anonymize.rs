//! `POST /anonymize`.

use serde_json::{Map, Value};

use crate::conflict::resolved;
use crate::fault::Fault;
use crate::operator::Way;
use crate::points::Points;
use crate::rewrite::{Operators, each, places, rewrite};

pub(crate) fn answer(request: &Map<String, Value>) -> Result<Value, Fault> {
    let operators = Operators::read(request.get("anonymizers"))?;
    if operators.names().any(|name| name == "custom") {
        return Err(Fault::bad("Custom type anonymizer is not supported"));
    }
    let operators = operators.or_replace();
    each(request, "analyzer_results", |text, results| {
        let results =
            results.ok_or_else(|| Fault::parameter("Invalid input, request must contain analyzer results"))?;
        let points = Points::of(text);
        let places = places(results, true)?;
        rewrite(&points, resolved(places, &points), &operators, Way::Out)
    })
}
