//! Approving what was assessed: it takes a second person.

use anyhow::{Context, bail};
use asepsis_govern::{Assessment, Exception, Question, Subject, catalogue};
use asepsis_store::{Change, Principal};
use serde_json::{Value as Json, json};

use super::book::{ASSESSMENT, Book, Kept, record_id};
use super::changes::Written;
use crate::args::AssessApprove;
use crate::commands::deid::local_user;
use crate::commands::register::entry::sealed;
use crate::commands::vault;
use crate::config::Config;
use crate::home::Home;
use crate::output;

pub(super) async fn run(home: &Home, config: &Config, book: &Book, asked: &AssessApprove) -> anyhow::Result<u8> {
    let (subject, id) = book.find(&asked.of)?;
    let second = second_person(home, config, &asked.second_person_key_env).await?;
    let dossier = book.dossier(subject, &id);
    let exceptions = exceptions(asked, book, &second.user)?;
    let found = Assessment::of(catalogue(), &dossier, &exceptions, book.today);
    let approval = match found.approve(catalogue(), !asked.not_for_phi, &local_user().user, &second.user) {
        Ok(approval) => approval,
        Err(obstacles) => {
            if asked.json {
                let why: Vec<_> = obstacles.iter().map(ToString::to_string).collect();
                output::line(&serde_json::to_string(&json!({ "approved": false, "obstacles": why }))?)?;
            }
            for obstacle in obstacles {
                output::remark(&format!("not approved: {obstacle}"));
            }
            return Ok(3);
        }
    };
    let kind = if subject == Subject::System { "system" } else { "vendor" };
    let (body, version) = book.stored(kind, &id)?;
    let mut body = body.clone();
    let last_day = approval.last_day(catalogue(), &dossier, book.today);
    let of_exceptions = approval.exceptions.iter().map(|exception| exception.until);
    let until = of_exceptions.chain([approval.review_by]).min().unwrap_or(approval.review_by);
    // What two people decided and recorded is as good as evidence gets. It ends with its review and with its exceptions, and with each
    // fact that it rests on.
    let status = json!({
        "value": "approved",
        "grade": "A",
        "source": format!("{ASSESSMENT}/{}", record_id(subject, &id)),
        "as_of": approval.on.to_string(),
        "expires": until.to_string(),
        "checked_by": second.user,
        "rests_on": rests_on(&approval.rests_on),
    });
    body.insert("status".to_owned(), status);
    if subject == Subject::Vendor {
        // The register keeps these of vendors, for its lists and notices.
        body.insert("tier".to_owned(), found.tier.tier.name().into());
        body.insert("next_review".to_owned(), approval.review_by.to_string().into());
    }
    let results = json!({
        "tier": found.tier,
        "cap": found.cap,
        "coverage": found.coverage,
        "confidence": found.confidence,
    });
    let kept = Kept { approval: approval.clone(), results };
    let changes = vec![
        Change::set(ASSESSMENT, record_id(subject, &id), serde_json::to_string(&kept)?),
        Change::set(kind, &id, sealed(kind, body)?).expecting(version),
    ];
    let what =
        Written { interface: "cli.assess.approve", basis: &asked.basis, second: Some((&second.user, &second.key_id)) };
    book.change(home, what, changes).await?;
    if asked.json {
        let approved = json!({ "approved": true, "approval": approval, "stands_until": last_day.to_string() });
        output::line(&serde_json::to_string(&approved)?)?;
    } else {
        output::line(&format!("{id} is approved by {} and stands until {last_day}", second.user))?;
        output::line(&format!("It rests on {}", approval.rests_on.join(", ")))?;
    }
    Ok(0)
}

/// The names that the register looks at: exceptions end by the day, and are none of its facts.
fn rests_on(names: &[String]) -> Vec<Json> {
    names.iter().filter(|name| !name.starts_with("exception:")).map(|name| Json::from(name.as_str())).collect()
}

/// Somebody else whose key is good. Where there are roles that look after Asepsis, it must be one of theirs.
async fn second_person(home: &Home, config: &Config, variable: &str) -> anyhow::Result<Principal> {
    let second = vault::other_person(home, variable).await?;
    let role = config.register.role(&second.role).with_context(|| format!("there is no role `{}`", second.role))?;
    if !role.administer && config.register.roles().any(|role| role.administer) {
        bail!("the second person's role may not approve (administer = false)");
    }
    Ok(second)
}

fn exceptions(asked: &AssessApprove, book: &Book, who: &str) -> anyhow::Result<Vec<Exception>> {
    let read = |text: &String| {
        let mut parts = text.splitn(3, '=');
        let mut next = || parts.next().with_context(|| format!("--exception {text}: write QUESTION=DAY=REASON"));
        let question = next()?.parse::<Question>().map_err(anyhow::Error::msg)?;
        let until = asepsis_govern::day::parse(next()?).context("--exception: a day looks like 2026-12-31")?;
        let why = next()?.trim().to_owned();
        let exception = Exception { question, who: who.to_owned(), why, signed: book.today, until };
        if !exception.stands(book.today) {
            bail!("--exception {question}: it needs a reason, and a last day from today to a year on");
        }
        Ok(exception)
    };
    asked.exceptions.iter().map(read).collect()
}
