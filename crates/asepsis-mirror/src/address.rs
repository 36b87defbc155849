use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

/// Where published files are: `s3://bucket/prefix` or `file:///folder`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A bucket of S3, or of what speaks its protocol.
    S3 {
        /// The bucket.
        bucket: String,
        /// What stands before the paths in it; empty for none.
        prefix: String,
    },
    /// A folder, of another disk or a network's.
    Folder(PathBuf),
}

/// What is no address of published files.
#[derive(Debug, thiserror::Error)]
#[error("{0} is no place of published files; it looks like s3://bucket/prefix or file:///folder")]
pub struct InvalidAddress(String);

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        // What may hold a password is not said back.
        let wrong = || InvalidAddress(text.split('@').next_back().unwrap_or_default().to_owned());
        let url = Url::parse(text).map_err(|_| wrong())?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        match (url.scheme(), url.host_str()) {
            _ if !plain || url.password().is_some() || url.port().is_some() => Err(wrong()),
            ("s3", Some(bucket)) if !bucket.is_empty() => {
                let prefix = url.path().trim_matches('/');
                let fine = |c: char| c.is_ascii_alphanumeric() || "-_./=".contains(c);
                let ok = prefix.chars().all(fine);
                if ok && !prefix.contains("//") {
                    Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
                } else {
                    Err(wrong())
                }
            }
            ("file", None) => url.to_file_path().map(Self::Folder).map_err(|()| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Folder(path) => write!(f, "file://{}", path.display()),
        }
    }
}

/// How an object store is reached. What is absent is taken from the environment variables that all clients of S3 know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Its address, where it is not AWS's own; else `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`.
    pub endpoint: Option<String>,
    /// The region; else `AWS_REGION`, `AWS_DEFAULT_REGION`, `us-east-1`.
    pub region: Option<String>,
    /// Whether plain HTTP beyond this machine is meant. Entries hold no identifier of a patient, and who reads on the way can
    /// also change.
    pub allow_http: bool,
    /// The file of access keys, of the form that AWS's programs have; else the variables, else `AWS_SHARED_CREDENTIALS_FILE`,
    /// `~/.aws/credentials`.
    pub credentials_file: Option<PathBuf>,
    /// Authorities to trust besides the public ones, PEM.
    pub ca_file: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_places_are_read_and_what_is_none_is_told_without_a_password() {
        for text in ["s3://audit-logs/site-1/node", "s3://b", "file:///srv/mirror"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("s3://b/".parse::<Address>().unwrap().to_string(), "s3://b");
        for text in [
            "",
            "log",
            "/srv/mirror",
            "s3://",
            "s3:///x",
            "s3://b/a//c",
            "s3://b/a%20c",
            "s3://b?x=1",
            "http://b/c",
            "file://host/x",
            "s3://b:99/x",
            "s3://me:sesame@b/x",
        ] {
            let refused = text.parse::<Address>().unwrap_err().to_string();
            assert!(refused.contains("it looks like s3://") && !refused.contains("sesame"), "{text}: {refused}");
        }
    }
}
