//! Sign-in by the word of another installation (OpenID Connect).

use crate::access;

/// The issuer that is trusted.
pub struct Oidc {
    settings: access::Oidc,
}

impl Oidc {
    /// From the settings.
    pub fn new(settings: access::Oidc) -> Oidc {
        Oidc { settings }
    }

    /// Its address.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }
}
