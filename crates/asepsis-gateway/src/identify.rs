//! The step "identify": who asks, from which device, from where in the network.

use asepsis_exchange::{Asker, Level, Looked, Whereabouts};
use asepsis_people::entrance::{Identity, Presented, Refused};
use asepsis_people::role;
use http::{HeaderMap, StatusCode, header};

use crate::doors::Caller;
use crate::fault::Fault;
use crate::gateway::Gateway;

/// The header with which a device shows its own key, beside the user's.
const DEVICE: &str = "x-asepsis-device";

/// What a token with scopes must be good for: sending something to an AI system.
pub(crate) const EXCHANGE: &str = "asepsis/exchange";
/// Asking which models there are.
pub(crate) const MODELS: &str = "asepsis/models";

impl Gateway {
    /// Who asks, where that is somebody who may ask for `scope`.
    pub(crate) async fn identify(
        &self,
        headers: &HeaderMap,
        caller: &Caller,
        scope: &'static str,
    ) -> Result<Asker, Fault> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| {
            let (scheme, key) = v.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
        });
        let presented = Presented {
            token: text("x-api-key").or(bearer),
            device: text(DEVICE).map(str::trim),
            peer: caller.peer.ip(),
            forwarded: last_forwarded(headers),
            certificate: caller.certificate.as_ref(),
        };
        let now = self.now();
        let (found, alert) = self.doors.entrance.identify(presented, now).await;
        if let Some(alert) = alert {
            self.alerts.raise(self.plane.log(), "gateway", alert, now).await;
        }
        let identity = found.map_err(|refused| {
            self.metrics.unauthenticated();
            fault(refused)
        })?;
        let allows = |scopes: &Vec<String>| scopes.iter().any(|given| given == scope);
        if !identity.scopes.as_ref().is_none_or(allows) {
            let message = format!("the token is not good for this; ask for one with the scope {scope}");
            return Err(Fault::new(StatusCode::FORBIDDEN, "insufficient_scope", message));
        }
        if scope == EXCHANGE && !role::may_change(&identity.role) {
            let message = "an assessor looks and changes nothing; nothing is sent to an AI system in this role";
            return Err(Fault::new(StatusCode::FORBIDDEN, "read_only_role", message));
        }
        Ok(asker(identity))
    }
}

/// Of several headers the last one was written by the proxy that is next to us.
fn last_forwarded(headers: &HeaderMap) -> Option<&str> {
    headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok())
}

/// What a request tells of the device and the network, as decisions take it.
pub fn whereabouts(identity: &Identity) -> Whereabouts {
    let managed_device = identity.managed_device.map_or(Looked::Not, Looked::Found);
    let zone = match &identity.zone {
        None => Looked::Not,
        Some(None) => Looked::Unknown,
        Some(Some(zone)) => Looked::Found(zone.clone()),
    };
    Whereabouts { managed_device, zone }
}

fn asker(identity: Identity) -> Asker {
    let whereabouts = whereabouts(&identity);
    Asker {
        user: identity.user,
        role: identity.role,
        method: identity.method.to_owned(),
        credential: identity.credential,
        level: if identity.several_factors { Level::SeveralFactors } else { Level::OneFactor },
        device: identity.device,
        whereabouts,
    }
}

fn fault(refused: Refused) -> Fault {
    let status = match refused {
        Refused::Provider => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNAUTHORIZED,
    };
    Fault::new(status, "invalid_api_key", refused.to_string())
}
