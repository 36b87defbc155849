//! `asepsis presidio`: answers Presidio's REST calls.

use anyhow::{Context, bail};
use asepsis_phi::Engine;
use asepsis_presidio::{Access, Limits, Server, Service};
use zeroize::Zeroizing;

use crate::args::Presidio;
use crate::commands::serve::{runtime, stop};
use crate::config::read_known;
use crate::output;

pub(crate) fn run(presidio: &Presidio) -> anyhow::Result<u8> {
    let access = access(presidio)?;
    let engine = Engine::builder().profile(presidio.profile).build()?;
    let known = presidio.known.as_deref().map(read_known).transpose()?.unwrap_or_default();
    let service = Service::new(engine, known, presidio.languages.clone(), access, Limits::default());
    runtime()?.block_on(async {
        let asked_to_stop = stop()?;
        let server = Server::bind(service, presidio.listen).await.with_context(|| {
            format!("cannot listen on {}; is Presidio or another Asepsis running?", presidio.listen)
        })?;
        output::remark(&format!("asepsis answers Presidio's calls and listens on http://{}", server.address()?));
        server.run(asked_to_stop).await;
        Ok(0)
    })
}

/// Who may ask. Beyond this machine only who brings a token, and only where somebody said that it may be reached from there.
fn access(presidio: &Presidio) -> anyhow::Result<Access> {
    let name = &presidio.token_env;
    let token = Zeroizing::new(std::env::var(name).unwrap_or_default());
    let remote = !presidio.listen.ip().is_loopback();
    if remote && !presidio.allow_remote {
        bail!(
            "{} can be reached from other machines, and what they send is patient data in the clear; listen on 127.0.0.1, or say \
             --allow-remote and set a token in {name}",
            presidio.listen
        );
    }
    if remote && token.is_empty() {
        bail!("--allow-remote needs a token in the environment variable {name}; `openssl rand -hex 24` makes one");
    }
    if remote {
        output::remark(
            "warning: what clients send to this listener is patient data in the clear; put a proxy that speaks TLS in front, or \
             use a network that nobody else reads",
        );
    }
    if token.is_empty() { Ok(Access::Anybody) } else { Access::token(&token).with_context(|| name.clone()) }
}
