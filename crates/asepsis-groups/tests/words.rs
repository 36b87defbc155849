//! What may be stated of a person's groups, and what is refused.

use asepsis_groups::{BadDimension, BadStatement, Dimensions, MOST_BYTES, ready};
use proptest::prelude::*;

fn set_up() -> Dimensions {
    Dimensions::new(ready().map(|name| (name.to_owned(), Dimensions::ready(name).expect("it ships"))))
        .expect("they hold")
}

fn own(name: &str, values: &[&str]) -> Result<Dimensions, BadDimension> {
    Dimensions::new([(name.to_owned(), values.iter().map(|value| (*value).to_owned()).collect())])
}

#[test]
fn r23_what_ships_holds_together_and_has_the_categories_of_omb_directive_15() {
    let race = Dimensions::ready("race").expect("it ships");
    assert_eq!(race.len(), 7 + 2, "seven categories, `several` and `unknown`: {race:?}");
    assert!(["age", "interpreter", "language", "payer", "race", "sex"].iter().eq(ready().collect::<Vec<_>>().iter()));
    let read = set_up().read("Language=ES, age=65+ ,sex=f,payer=medicaid").expect("it is known");
    let pairs: Vec<String> = read.iter().map(|(dimension, value)| format!("{dimension}={value}")).collect();
    assert_eq!(pairs, ["age=65+", "language=es", "payer=medicaid", "sex=F"]);
}

#[test]
fn r23_unknown_words_are_refused_with_the_nearest_and_never_repeated() {
    let known = set_up();
    let dimension = known.read("sex=F, langauge=es").expect_err("a slip");
    assert!(
        matches!(&dimension, BadStatement::Dimension { place: 2, nearest, .. } if nearest == "language"),
        "{dimension}"
    );
    let value = known.read("payer=medicade-anna-lind").expect_err("no value");
    assert!(matches!(&value, BadStatement::Value { nearest, .. } if nearest == "medicaid"), "{value}");
    assert!(!value.to_string().contains("anna"), "{value}");
    assert!(!known.read("anna lind=1").expect_err("no dimension").to_string().contains("anna"));
    assert!(matches!(known.read("sex"), Err(BadStatement::Pair { place: 1 })));
    assert!(matches!(known.read(""), Err(BadStatement::Pair { place: 1 })));
    assert!(matches!(known.read("sex=F,SEX=M"), Err(BadStatement::Twice { place: 2, .. })));
    assert_eq!(known.read("sex=F,age=65+,payer=private,language=es,race=white"), Err(BadStatement::Many));
    assert_eq!(known.read(&"a".repeat(MOST_BYTES + 1)), Err(BadStatement::Long));
    assert_eq!(Dimensions::default().read("sex=F"), Err(BadStatement::Off));
}

#[test]
fn r23_a_dimension_of_a_site_holds_codes_and_can_hold_no_number_of_a_person() {
    assert!(own("clinic", &["north", "south_2", "65+"]).is_ok());
    for (name, values) in [
        ("zip", &["97201", "97202"][..]),
        ("mrn", &["a", "A-1234"]),
        ("name", &["Anna Lind", "other"]),
        ("x=y", &["a", "b"]),
        ("", &["a", "b"]),
    ] {
        assert!(matches!(own(name, values), Err(BadDimension::Word { .. })), "{name}");
    }
    assert!(matches!(own("a", &["one"]), Err(BadDimension::Number { .. })));
    assert!(matches!(own("a", &["one", "ONE"]), Err(BadDimension::Twice { .. })));
    assert!(matches!(Dimensions::ready("colour"), Err(BadDimension::NotReady { .. })));
    let many = (0..17).map(|at| (format!("d{at}"), vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(Dimensions::new(many), Err(BadDimension::Many));
}

proptest! {
    #[test]
    fn r23_whatever_is_stated_only_words_that_were_set_up_come_out(stated in "\\PC{0,600}") {
        if let Ok(groups) = set_up().read(&stated) {
            for (dimension, value) in groups {
                prop_assert!(Dimensions::ready(&dimension).is_ok_and(|values| values.contains(&value)));
            }
        }
    }
}
