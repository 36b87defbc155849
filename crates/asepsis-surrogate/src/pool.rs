use std::sync::LazyLock;

static GIVEN: LazyLock<Vec<&str>> = LazyLock::new(|| entries(include_str!("../data/given-names.txt")));
static FAMILY: LazyLock<Vec<&str>> = LazyLock::new(|| entries(include_str!("../data/family-names.txt")));

fn entries(file: &'static str) -> Vec<&'static str> {
    file.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).collect()
}

/// The invented given names.
pub(crate) fn given() -> &'static [&'static str] {
    &GIVEN
}

/// The invented family names.
pub(crate) fn family() -> &'static [&'static str] {
    &FAMILY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pools_are_large_and_hold_each_name_once() {
        let mut all: Vec<&str> = given().iter().chain(family()).copied().collect();
        assert!(given().len() >= 500 && family().len() >= 500);
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(all.iter().all(|n| n.len() >= 5 && n.bytes().all(|b| b.is_ascii_alphabetic())));
    }
}
