//! `asepsis system`.

use std::path::Path;

use anyhow::Context;
use asepsis_policy::Grade;
use asepsis_store::Change;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::act::actor;
use crate::args::SystemAction;
use crate::commands::register::desk::Desk;
use crate::commands::register::entry::{self, make, object, sealed};
use crate::output;
use crate::registers::SYSTEM;
use crate::runtime::block_on;

pub(crate) fn run(path: &Path, action: &SystemAction) -> anyhow::Result<u8> {
    match action {
        SystemAction::Entry(action) => entry::run(path, SYSTEM, action),
        SystemAction::Approve { id, rests_on, without, expires, basis, json } => block_on(async {
            let desk = Desk::open(path).await?;
            if let Some(unknown) = without.iter().find(|name| !rests_on.contains(name)) {
                anyhow::bail!("--without {unknown}: the approval would not rest on it anyway");
            }
            let rests_on: Vec<&String> = rests_on.iter().filter(|name| !without.contains(name)).collect();
            let missing = missing(&desk, id, &rests_on).await?;
            for name in &missing {
                output::remark(&format!(
                    "{id} is not approved: {name} is not known, has expired, or speaks against it; enter it with its evidence \
                     (`asepsis system set {id} '{name}=yes;grade=B;source=...' --basis ...`), or state an exception with \
                     --without {name}"
                ));
            }
            if !missing.is_empty() {
                return Ok(3);
            }
            let today = OffsetDateTime::now_utc().to_offset(desk.config.offset).date().to_string();
            let status = json!({"value": "approved", "as_of": today, "expires": expires, "checked_by": actor().user,
                "source": basis, "grade": "D", "rests_on": rests_on});
            change(&desk, "approve", id, status, basis, *json).await
        }),
        SystemAction::Suspend { id, basis, json } => block_on(async {
            let desk = Desk::open(path).await?;
            let status = json!({"value": "suspended", "checked_by": actor().user, "source": basis, "grade": "D"});
            change(&desk, "suspend", id, status, basis, *json).await
        }),
    }
}

/// Which of these facts the system does not have now.
async fn missing(desk: &Desk, id: &str, rests_on: &[&String]) -> anyhow::Result<Vec<String>> {
    let config = desk.joined().await?;
    desk.record(SYSTEM, id).await?;
    let system = config.register.system(id).with_context(|| format!("there is no system `{id}`"))?;
    let (now, offset) = (OffsetDateTime::now_utc(), config.offset);
    let known = |name: &&&String| !config.register.supports(system, name, now, offset, Grade::D);
    Ok(rests_on.iter().filter(known).map(|name| (*name).clone()).collect())
}

async fn change(desk: &Desk, verb: &str, id: &str, status: Value, basis: &str, json: bool) -> anyhow::Result<u8> {
    let there = desk.record(SYSTEM, id).await?;
    let mut body = object(&there)?;
    body.insert("status".to_owned(), status);
    let change = Change::set(SYSTEM, id, sealed(SYSTEM, body)?).expecting(there.version);
    make(desk, SYSTEM, verb, change, basis, json).await?;
    Ok(0)
}
