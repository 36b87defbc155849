//! A plain folder, as rsync and exports make them: nothing checks it, so canaries are all that is looked at.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::canary::{Canaries, Taken};
use super::finding::Looking;

pub(super) fn check(looking: &mut Looking<'_>, canaries: Option<&Canaries>) {
    let folder = Path::new(looking.watch.repository.as_str());
    if let Err(error) = std::fs::read_dir(folder) {
        return looking.not_looked("repository", format!("the folder cannot be read: {}", error.kind()));
    }
    let Some(list) = canaries.filter(|list| !list.planted.is_empty()) else {
        looking.no_canaries();
        return looking
            .not_looked("failed", "a plain folder has nothing to check it by but canaries, and there are none");
    };
    looking.found.notices.push("a plain folder: only its canaries were looked at, not its other files".to_owned());
    for canary in &list.planted {
        let path = folder.join(canary.path.trim_start_matches('/'));
        let mut content = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(canary.limit() as u64).read_to_end(&mut content));
        match read {
            Ok(_) => looking.canary(canary, &Taken::Content(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => looking.canary(canary, &Taken::Missing),
            Err(error) => return looking.not_looked("failed", format!("a canary cannot be read: {}", error.kind())),
        }
    }
}
