//! The access key of an object store, from where all clients of S3 take it.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::MirrorError;

/// The longest file of access keys, in bytes.
const LONGEST: u64 = 1 << 20;

/// An access key.
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: Zeroizing<String>,
    pub(crate) token: Option<Zeroizing<String>>,
}

impl Credentials {
    /// From the file that is given, else from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, or the file of access keys
    /// (`AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`; the section `AWS_PROFILE`, else `default`).
    pub(crate) fn find(given: Option<&Path>) -> Result<Self, MirrorError> {
        let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if given.is_none()
            && let (Some(id), Some(secret)) = (var("AWS_ACCESS_KEY_ID"), var("AWS_SECRET_ACCESS_KEY"))
        {
            let token = var("AWS_SESSION_TOKEN").map(Zeroizing::new);
            return Ok(Self { id, secret: Zeroizing::new(secret), token });
        }
        let usual = || var("HOME").map(|home| PathBuf::from(home).join(".aws/credentials"));
        let file =
            given.map(Path::to_owned).or_else(|| var("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from)).or_else(usual);
        let profile = var("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
        let none = |why: String| {
            MirrorError::Settings(format!(
                "no access key for the object store: {why}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write it into the \
                 file that AWS_SHARED_CREDENTIALS_FILE names"
            ))
        };
        let file = file.ok_or_else(|| none("neither variables nor a file name one".to_owned()))?;
        let length = std::fs::metadata(&file).map_or(0, |meta| meta.len());
        if length > LONGEST {
            return Err(none(format!("{} is too long", file.display())));
        }
        let text = Zeroizing::new(
            std::fs::read_to_string(&file).map_err(|e| none(format!("{}: {}", file.display(), e.kind())))?,
        );
        of_profile(&text, &profile)
            .ok_or_else(|| none(format!("{} has no section [{profile}] with one", file.display())))
    }
}

/// The access key of a section of the file, which is of the form of `.ini` files.
fn of_profile(text: &str, profile: &str) -> Option<Credentials> {
    let mut here = false;
    let (mut id, mut secret, mut token) = (None, None, None);
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            here = section.trim() == profile;
        } else if let Some((name, value)) = line.split_once('=').filter(|_| here) {
            let value = Zeroizing::new(value.trim().to_owned());
            match name.trim() {
                "aws_access_key_id" => id = Some(value.to_string()),
                "aws_secret_access_key" => secret = Some(value),
                "aws_session_token" => token = Some(value),
                _ => {}
            }
        }
    }
    Some(Credentials { id: id?, secret: secret?, token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_the_access_key_of_a_section_is_found() {
        let text = "# keys\n[default]\naws_access_key_id = AK1\naws_secret_access_key=s1/=\n\n[other]\naws_access_key_id=AK2\n\
                    aws_secret_access_key = s2\naws_session_token = t2\n[half]\naws_access_key_id=AK3\n";
        let one = of_profile(text, "default").unwrap();
        assert_eq!((one.id.as_str(), one.secret.as_str(), one.token.is_none()), ("AK1", "s1/=", true));
        let two = of_profile(text, "other").unwrap();
        assert_eq!(two.token.as_deref().map(String::as_str), Some("t2"));
        assert!(of_profile(text, "half").is_none() && of_profile(text, "none").is_none());
    }
}
