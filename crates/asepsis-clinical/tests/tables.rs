//! A pharmacy's table: what it can say, and what it is told where it is wrong.

use asepsis_clinical::{Checks, Piece, Tables};
use asepsis_vocab::Origin;

const HEAD: &str = "[table]\nversion = \"2026-11\"\nowner = \"Pharmacy\"\n";

fn error(rows: &str) -> String {
    Tables::read(&format!("{HEAD}{rows}")).expect_err("it is wrong").to_string()
}

#[test]
fn r19_a_pharmacy_adds_drugs_and_bounds_of_its_own() {
    let toml = format!(
        "{HEAD}[[drug]]\nname = \"zanfloxacin\"\nother_names = [\"Zanflo\"]\nclasses = [\"fluoroquinolone\"]\n\n\
         [[bound]]\ndrug = \"zanfloxacin\"\nroute = \"oral\"\nunit = \"mg\"\nmax_single = 400\nsource = \"P&T 12\"\nas_of = 2026-11-01\n"
    );
    let tables = Tables::read(&toml).expect("a table");
    assert_eq!(tables.version(), "2026-11");
    let checks = Checks::new(tables);
    let note = [Piece::new("Zanfloxacin 800 mg daily. Allergies: ciprofloxacin.", Origin::Document)];
    let context = checks.context(&note);
    let rules: Vec<_> =
        checks.review("Start Zanflo 800 mg by mouth daily.", &context).into_iter().map(|f| f.rule).collect();
    assert_eq!(rules, ["allergy/listed", "dose/above-single"]);
    // Its table takes the place of the sample.
    assert!(
        checks
            .review("Acetaminophen 6 g.", &checks.context(&[Piece::new("acetaminophen 6 g", Origin::Staff)]))
            .is_empty()
    );
}

#[test]
fn r19_a_wrong_table_is_told_where_and_what_to_write() {
    let row =
        |fields: &str| format!("\n[[bound]]\ndrug = \"metformin\"\n{fields}\nsource = \"x\"\nas_of = 2026-11-01\n");
    assert_eq!(
        error("\n[[bound]]\ndrug = \"metfromin\"\nunit = \"mg\"\nmax_daily = 1\nsource = \"x\"\nas_of = 2026-11-01\n"),
        "line 5: the drug \"metfromin\" is not known; add it as a [[drug]] with its names"
    );
    assert!(
        error(&row("unit = \"furlong\"\nmax_daily = 1")).contains("\"furlong\" is no unit of a dose; write mg, mcg")
    );
    assert!(
        error(&row("route = \"nose\"\nunit = \"mg\"\nmax_daily = 1"))
            .contains("the route \"nose\" is not known; known are oral")
    );
    assert!(error(&row("max_daily = 1")).contains("bounds without a unit; add unit"));
    assert!(error(&row("unit = \"mg\"\nmax_daily = 0")).contains("not above zero"));
    assert!(error(&row("unit = \"mg\"\nmax_daily = nan")).contains("not above zero"));
    assert!(error(&row("unit = \"mg\"\nmax_single = 5\nmax_daily = 4")).contains("max_single above max_daily"));
    assert!(error(&row("unit = \"mg\"")).contains("nothing is bounded"));
    assert!(error(&row("never = true")).contains("never without a route"));
    assert!(error(&row("unit = \"mg\"\nmax_dialy = 4")).contains("max_dialy"));
    let dateless =
        "\n[[bound]]\ndrug = \"metformin\"\nunit = \"mg\"\nmax_daily = 1\nsource = \" \"\nas_of = 2026-11-01\n";
    assert!(error(dateless).contains("no source or date"));
    assert!(Tables::read("").expect_err("empty").to_string().contains("missing field `table`"));
}
