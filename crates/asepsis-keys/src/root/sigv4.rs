//! Signatures of requests to AWS, version 4
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>), for requests to `/`
//! without a query.

use aws_lc_rs::{digest, hmac};
use zeroize::Zeroizing;

use crate::secret::hex;

/// What a request is signed with and for.
pub(crate) struct Signer<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) secret_key: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

impl Signer<'_> {
    /// The value of `Authorization`. `time` is `YYYYMMDDTHHMMSSZ`, as in the header `x-amz-date`; `headers` are all
    /// that are signed, in lower case and in the order of their names.
    pub(crate) fn authorization(&self, method: &str, headers: &[(&str, &str)], body: &[u8], time: &str) -> String {
        let day = &time[..8];
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let request = format!("{method}\n/\n\n{lines}\n{names}\n{}", sha256(body));
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(request.as_bytes()));
        let mut key = Zeroizing::new(format!("AWS4{}", self.secret_key).into_bytes());
        for part in [day, self.region, self.service, "aws4_request"] {
            key = Zeroizing::new(mac(&key, part.as_bytes()));
        }
        let signature = hex(&mac(&key, to_sign.as_bytes()));
        format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.access_key)
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn mac(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `get-vanilla` and `post-vanilla` of the suite that AWS publishes for version 4.
    #[test]
    fn c2_requests_are_signed_as_aws_signs_its_examples() {
        let signer = Signer {
            access_key: "AKIDEXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "service",
        };
        let time = "20150830T123600Z";
        let headers = [("host", "example.amazonaws.com"), ("x-amz-date", time)];
        for (method, signature) in [
            ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ] {
            assert_eq!(
                signer.authorization(method, &headers, b"", time),
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                     SignedHeaders=host;x-amz-date, Signature={signature}"
                )
            );
        }
    }
}
