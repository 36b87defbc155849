//! `asepsis demo`: a real chat request on its whole way, with a stand-in AI vendor, for a person to see.

mod client;
mod show;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use asepsis_gateway::{Gateway, Server};
use asepsis_log::search::Query;
use asepsis_log::verify::{self, VerifyOptions};
use asepsis_policy::AiUse;
use asepsis_standin::Standin;
use time::OffsetDateTime;

use crate::args::Demo;
use crate::commands::audit::{details, report_lines};
use crate::commands::serve::{runtime, stop};
use crate::config::Config;
use crate::home::{Home, LogName};
use crate::output;
use crate::people;
use client::Client;
use show::Show;

const NOTE: &str = include_str!("../../../../data/demo/visit-note.txt");
const DIALOGUE: &str = include_str!("../../../../data/demo/visit-dialogue.txt");
const USES: &str = include_str!("../../../../data/demo/uses.toml");
const EIGHTEEN: &str = include_str!("../../../../data/demo/all-eighteen.txt");

pub(crate) fn run(demo: &Demo) -> anyhow::Result<u8> {
    let runtime = runtime()?;
    // What the demo keeps (sealed surrogates, the log) goes when it ends.
    let folder =
        tempfile::Builder::new().prefix("asepsis-demo-").tempdir().context("cannot make a temporary folder")?;
    runtime.block_on(play(demo, folder.path().to_owned()))
}

async fn play(demo: &Demo, folder: PathBuf) -> anyhow::Result<u8> {
    let vendor = Standin::start(SocketAddr::from(([127, 0, 0, 1], 0))).await.context("the stand-in vendor")?;
    let look = if demo.realistic { "realistic" } else { "placeholder" };
    let config = Config::parse(&configuration(demo.listen, vendor.address(), look, demo.uses), folder)?;
    let home = Home::of(&config)?;
    let (plane, _) = home
        .plane(
            LogName::Gateway,
            config.engine()?,
            config.known()?,
            config.rules()?,
            Arc::new(config.guarding()?),
            false,
        )
        .await?;
    let store = home.store().await?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let (key, _) = store.add_key("dr-demo", "clinician", Some(now + 86_400), now).await?;
    let (mut settings, _) = config.settings()?;
    let doors = people::doors(&config, &home, &store, &plane).await?;
    let gateway = Gateway::new(plane.clone(), store.clone(), doors, &settings)?;
    let server = match Server::bind(gateway.clone(), &settings).await {
        Ok(server) => server,
        Err(_) => {
            // Something else has the usual port: the demo needs none in particular.
            settings.listen.set_port(0);
            Server::bind(gateway, &settings).await.with_context(|| format!("cannot listen on {}", settings.listen))?
        }
    };
    let address = server.address()?;
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async {
        told.await.ok();
    }));

    let client = Client::new(address, key.reveal());
    let show = Show::new(demo.full);
    show.opening(address, vendor.address())?;
    for Question { title, text, way, ai_use } in if demo.uses { each_use()? } else { visit() } {
        let answer = client.ask(way, ai_use, &text).await?;
        let seen = vendor.seen();
        let received = seen.last().context("the vendor received nothing")?;
        show.exchange(&title, &text, &client::user_text(&received.body)?, &answer.text)?;
        let query = Query { exchange: Some(answer.exchange), ..Query::default() };
        let hits = plane.log().search(&query).await?;
        let entries: Vec<String> = hits.iter().flat_map(details).collect();
        let decision = hits.iter().find_map(|h| h.event.decision.clone());
        show.record(decision.as_ref(), &entries)?;
    }
    plane.log().checkpoint().await?;
    let report = verify::verify(&home.log_place(LogName::Gateway), VerifyOptions::default()).await?;
    show.verification(&report_lines(&report))?;

    if !demo.once {
        let asked_to_stop = stop()?;
        show.invitation(address, key.reveal())?;
        asked_to_stop.await;
    }
    tell.send(()).ok();
    serving.await.ok();
    plane.log().clone().close().await?;
    store.close().await?;
    output::remark("the demo has ended; what it kept is removed");
    Ok(u8::from(!report.is_sound()))
}

/// What the clinician asks.
struct Question {
    title: String,
    text: String,
    way: client::Way,
    ai_use: Option<&'static str>,
}

/// A visit's note and dialogue, and a letter with all identifiers.
fn visit() -> Vec<Question> {
    let questions = [
        ("A visit note, by OpenAI's protocol", NOTE, client::Way::OpenAi),
        ("The dialogue of that visit, streamed by Anthropic's protocol", DIALOGUE, client::Way::AnthropicStream),
        ("A letter with all eighteen identifiers, streamed by OpenAI's protocol", EIGHTEEN, client::Way::OpenAiStream),
    ];
    let question = |(title, text, way): (&str, &str, _)| Question {
        title: title.to_owned(),
        text: text.to_owned(),
        way,
        ai_use: None,
    };
    questions.map(question).into()
}

/// A question for each use of AI in care.
fn each_use() -> anyhow::Result<Vec<Question>> {
    let texts: BTreeMap<String, String> = toml::from_str(USES)?;
    let question = |known: &'static AiUse| {
        let text = texts.get(&known.id).with_context(|| format!("data/demo/uses.toml has nothing for {known}"))?.trim();
        let title = format!("{}: {}", known.title(), known.staff());
        Ok(Question { title, text: text.to_owned(), way: client::Way::OpenAi, ai_use: Some(&known.id) })
    };
    AiUse::all().iter().map(question).collect()
}

/// The configuration of the demo, as a practice would write it.
fn configuration(listen: SocketAddr, vendor: SocketAddr, look: &str, strict: bool) -> String {
    // What a report may hold has none of the eighteen identifiers, and only the strict profile can say so by itself.
    let inspect = if strict { "[inspect]\nprofile = \"strict\"" } else { "" };
    format!(
        r#"
[server]
listen = "{listen}"
data_dir = "data"

{inspect}

[patients]
contact = "call 614-555-0100"

[[role]]
id = "clinician"
restore = true

[[vendor]]
id = "standin"
name = "Stand-in vendor"

[[vendor.agreement]]
id = "baa-demo"
kind = "baa"
state = "signed"
first_day = "2026-01-01"
open_ended = true
systems = ["demo-chat", "demo-messages"]

[[system]]
id = "demo-chat"
vendor = "standin"
protocol = "openai"
base_url = "http://{vendor}"
models = ["standin*"]
roles = ["clinician"]
purposes = ["TREAT", "HOPERAT", "HQUALIMP"]
default_purpose = "TREAT"
surrogates = "{look}"

[[system]]
id = "demo-messages"
vendor = "standin"
protocol = "anthropic"
base_url = "http://{vendor}"
models = ["standin-messages*"]
roles = ["clinician"]
purposes = ["TREAT"]
default_purpose = "TREAT"
surrogates = "{look}"
"#
    )
}
