//! Results that overlap, resolved as Presidio's anonymizer does by default (`MERGE_SIMILAR_OR_CONTAINED`).

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::points::Points;

/// A place that a request says is to be changed. Offsets are code points.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) entity: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) score: Option<f64>,
}

/// The places that are left, by start: those of one entity that touch become one, those within others go, and those of one
/// entity with only spaces between become one.
pub(crate) fn resolved(mut places: Vec<Place>, points: &Points<'_>) -> Vec<Place> {
    places.sort_by_key(|p| (p.start, p.end));
    together(uncontained(merged(places)), points)
}

/// Presidio's `_merge_same_entity_type_intersections`. A place that begins where one of its entity ends does not intersect it.
fn merged(places: Vec<Place>) -> Vec<Place> {
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<(usize, Place)> = Vec::new();
    for (position, place) in places.into_iter().enumerate() {
        let last = open.get(&place.entity).copied().filter(|&k| intersect(&kept[k].1, &place));
        match last {
            Some(k) => {
                let (at, known) = &mut kept[k];
                *at = position;
                known.end = known.end.max(place.end);
                known.score = if place.score > known.score { place.score } else { known.score };
            }
            None => {
                open.insert(place.entity.clone(), kept.len());
                kept.push((position, place));
            }
        }
    }
    kept.sort_by_key(|(position, _)| *position);
    kept.into_iter().map(|(_, place)| place).collect()
}

/// Whether they have a character in common; what is empty has none.
fn intersect(a: &Place, b: &Place) -> bool {
    a.end.min(b.end) > a.start.max(b.start)
}

/// Presidio's `_remove_contained_results`: of equal places the surest stays, the last of those that are as sure.
fn uncontained(places: Vec<Place>) -> Vec<Place> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|&i| (places[i].start, Reverse(places[i].end)));
    let mut keep = vec![false; places.len()];
    let mut largest_end = None;
    for group in order.chunk_by(|&a, &b| (places[a].start, places[a].end) == (places[b].start, places[b].end)) {
        let end = places[group[0]].end;
        if largest_end.is_some_and(|largest| largest >= end) {
            continue;
        }
        let score = |i: usize| places[i].score.unwrap_or(0.0);
        if let Some(&best) = group.iter().max_by(|&&a, &&b| score(a).total_cmp(&score(b)).then(a.cmp(&b))) {
            keep[best] = true;
        }
        largest_end = Some(end);
    }
    places.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(place, _)| place).collect()
}

/// Presidio's `_merge_entities_with_spaces_between`.
fn together(places: Vec<Place>, points: &Points<'_>) -> Vec<Place> {
    let mut out: Vec<Place> = Vec::with_capacity(places.len());
    for mut place in places {
        if let Some(last) = out.last().filter(|last| last.entity == place.entity && last.end < place.start) {
            let between = points.slice(last.end, place.start);
            if !between.is_empty() && between.bytes().all(|b| b == b' ') {
                place.start = last.start;
                out.pop();
            }
        }
        out.push(place);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(entity: &str, start: usize, end: usize, score: f64) -> Place {
        Place { entity: entity.to_owned(), start, end, score: Some(score) }
    }

    fn shown(places: Vec<Place>, text: &str) -> Vec<(String, usize, usize)> {
        resolved(places, &Points::of(text)).into_iter().map(|p| (p.entity, p.start, p.end)).collect()
    }

    #[test]
    fn overlaps_are_resolved_as_presidio_resolves_them() {
        let text = "John Smith and 12345678";
        let a = |e: &str, s, n| (e.to_owned(), s, n);
        // Within another: gone, whatever the score.
        assert_eq!(shown(vec![place("A", 0, 10, 0.2), place("B", 2, 4, 0.9)], text), [a("A", 0, 10)]);
        // Equal places: the surest, or the last.
        assert_eq!(shown(vec![place("A", 0, 4, 0.9), place("B", 0, 4, 0.5)], text), [a("A", 0, 4)]);
        assert_eq!(shown(vec![place("A", 0, 4, 0.5), place("B", 0, 4, 0.5)], text), [a("B", 0, 4)]);
        // Of one entity, in part the same: one.
        assert_eq!(shown(vec![place("A", 0, 6, 0.5), place("A", 4, 10, 0.5)], text), [a("A", 0, 10)]);
        // Of two entities, in part the same: both stay.
        assert_eq!(shown(vec![place("A", 0, 6, 0.5), place("B", 4, 10, 0.5)], text), [a("A", 0, 6), a("B", 4, 10)]);
        // Only spaces between.
        assert_eq!(shown(vec![place("A", 0, 4, 0.5), place("A", 5, 10, 0.5)], text), [a("A", 0, 10)]);
        assert_eq!(shown(vec![place("A", 0, 4, 0.5), place("B", 5, 10, 0.5)], text), [a("A", 0, 4), a("B", 5, 10)]);
    }
}
