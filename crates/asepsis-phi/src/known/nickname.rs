//! What people of a given name are called.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::lexicon::lines;

/// The other forms of a given name, both ways: Bob for Robert and Robert for Bob.
pub(super) fn of(given: &str) -> impl Iterator<Item = &'static str> + use<> {
    static FORMS: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
        let mut forms: HashMap<_, Vec<&str>> = HashMap::new();
        for line in lines(include_str!("../../data/nicknames.txt")) {
            let mut words = line.split(' ');
            let Some(name) = words.next() else { continue };
            for short in words {
                forms.entry(name).or_default().push(short);
                forms.entry(short).or_default().push(name);
            }
        }
        forms
    });
    FORMS.get(given).into_iter().flatten().copied()
}
