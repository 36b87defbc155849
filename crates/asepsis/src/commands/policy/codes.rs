//! `asepsis policy codes`: the codes that policies, labels and headers use.

use asepsis_policy::Duty;
use asepsis_vocab::Table;

use crate::output;

pub(super) fn run(table: Option<&str>) -> anyhow::Result<u8> {
    let wanted = |name: &str| table.is_none_or(|table| name == table || name.strip_suffix(".local") == Some(table));
    let mut any = false;
    for table in Table::ALL.into_iter().filter(|table| wanted(table.name())) {
        any = true;
        for code in table.codes() {
            let parent = code.parent.map(|parent| format!(" < {parent}")).unwrap_or_default();
            let duty: Option<Duty> = code.code.parse().ok();
            let is_duty = matches!(table, Table::Obligation | Table::LocalObligation | Table::Refrain);
            let executor = match duty.filter(|_| is_duty) {
                Some(duty) => format!(
                    "  [{}]",
                    duty.executor()
                        .or(duty.executor_of_calls())
                        .unwrap_or("nobody carries it out: a form that needs it is refused")
                ),
                None => String::new(),
            };
            output::line(&format!("{:17} {:16} {}{parent}{executor}", table.name(), code.code, code.display))?;
        }
    }
    anyhow::ensure!(any, "there is no such table; they are {}", Table::ALL.map(Table::name).join(", "));
    Ok(0)
}
