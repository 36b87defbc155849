use crate::token::TokenFault;
use crate::token::claims::Claims;

/// How the claims of an identity provider become a user and a role.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// The claim that names the user: `sub`, `preferred_username`, `email`.
    pub user_claim: String,
    /// What is put before the user's name, so that users of two providers are not taken for one another.
    pub user_prefix: String,
    /// The claim with the groups: `groups`, `realm_access.roles`.
    pub groups_claim: String,
    /// Groups with their roles. Of several that a user has, the first one here counts.
    pub roles: Vec<(String, String)>,
    /// Ways of authentication (RFC 8176) of which the sign-in must have had one: `mfa`, `hwk`. Empty asks for none.
    pub required_amr: Vec<String>,
    /// Classes of authentication of which the sign-in must have had one. Empty asks for none.
    pub required_acr: Vec<String>,
}

/// Who a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The user.
    pub user: String,
    /// The role.
    pub role: String,
    /// The end of the token, in seconds since 1970 UTC.
    pub expires: i64,
    /// Whether the token says that more than one factor was used.
    pub several_factors: bool,
    /// The scopes that it was given.
    pub scopes: Vec<String>,
}

impl Mapping {
    pub(crate) fn of(&self, claims: &Claims<'_>, expires: i64) -> Result<Mapped, TokenFault> {
        // Without a subject it speaks for nobody, whatever names the user.
        claims.text("sub")?;
        let named = claims.find(&self.user_claim).and_then(serde_json::Value::as_str).unwrap_or_default();
        let user = format!("{}{named}", self.user_prefix);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
        if named.is_empty() || user.len() > 64 || !user.bytes().all(plain) {
            return Err(TokenFault::Claim("of the user"));
        }
        if self.user_claim == "email" && claims.find("email_verified") == Some(&serde_json::Value::Bool(false)) {
            return Err(TokenFault::Claim("email_verified"));
        }
        let (amr, acr) = (claims.texts("amr"), claims.texts("acr"));
        let has_one = |wanted: &[String], there: &[&str]| {
            wanted.is_empty() || wanted.iter().any(|wanted| there.contains(&wanted.as_str()))
        };
        if !has_one(&self.required_amr, &amr) || !has_one(&self.required_acr, &acr) {
            return Err(TokenFault::Factors);
        }
        let groups = claims.texts(&self.groups_claim);
        let role = self.roles.iter().find(|(group, _)| groups.contains(&group.as_str())).map(|(_, role)| role.clone());
        let role = role.ok_or(TokenFault::NoRole)?;
        let several_factors = !self.required_amr.is_empty() || !self.required_acr.is_empty() || amr.contains(&"mfa");
        let scopes = claims.texts("scope").into_iter().skip(1).map(str::to_owned).collect();
        Ok(Mapped { user, role, expires, several_factors, scopes })
    }
}
