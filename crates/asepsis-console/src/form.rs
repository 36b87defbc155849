use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use zeroize::Zeroizing;

/// The longest form, in bytes.
const LONGEST: usize = 64 * 1024;
/// The most fields.
const MOST: usize = 256;
/// How long one may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// The fields of a form or of a query. They may hold passwords, so they are wiped in the end and shown nowhere by themselves.
#[derive(Default)]
pub struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// Reads fields as forms write them.
    pub fn parse(text: &[u8]) -> Self {
        let fields = form_urlencoded::parse(text).take(MOST);
        Self(fields.map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned()))).collect())
    }

    /// A field; empty where it is not there. Of one that stands twice, the first.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str())
    }

    /// How often a field stands there.
    pub fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(field, _)| field == name).count()
    }
}

/// The body of a request within bounds; `None` for one that is too long, too slow, or breaks off.
pub(crate) async fn body(body: Incoming) -> Option<Bytes> {
    let read = Limited::new(body, LONGEST).collect();
    Some(tokio::time::timeout(PATIENCE, read).await.ok()?.ok()?.to_bytes())
}
