//! Who is let in: the gateway's doors, put together from configuration, store and log.

use std::sync::{Arc, Mutex};

use anyhow::Context;
use asepsis_gateway::Doors;
use asepsis_people::entrance::Entrance;
use asepsis_people::token::Offline;
use asepsis_store::Store;

use crate::config::Config;

/// The doors of a gateway.
pub(crate) async fn doors(config: &Config, store: &Store) -> anyhow::Result<Doors> {
    let rules = config.entrance()?;
    let entrance = Entrance::open(store.clone(), rules, Arc::new(Offline), Arc::new(Mutex::default()))
        .await
        .context("the registers of people and devices cannot be read")?;
    Ok(Doors { entrance, pages: None })
}
