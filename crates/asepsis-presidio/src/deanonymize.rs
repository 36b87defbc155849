//! `POST /deanonymize`.

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::operator::Way;
use crate::points::Points;
use crate::rewrite::{Operators, each, places, rewrite};

pub(crate) fn answer(request: &Map<String, Value>) -> Result<Value, Fault> {
    let operators = Operators::read(request.get("deanonymizers"))?;
    each(request, "anonymizer_results", |text, results| {
        let points = Points::of(text);
        let places = results.map(|r| places(r, false)).transpose()?.unwrap_or_default();
        rewrite(&points, places, &operators, Way::Back)
    })
}
