//! The access token in SSO's cache, and its refresh.

use std::path::{Path, PathBuf};

use http::StatusCode;
use sha1::{Digest, Sha1};
use time::OffsetDateTime;

use super::{ATTEMPTS, NAME, Sso};
use crate::body::Body;
use crate::credentials::Secret;
use crate::endpoint::url::ServiceUrl;
use crate::error::Error;
use crate::source::fetch::ServiceRequest;
use crate::source::json::Json;
use crate::source::{Context, cache, fetch};
use crate::timestamp;

/// How long before its end a token is refreshed. AWS's SDKs for JavaScript and Rust have the same.
const WINDOW: time::Duration = time::Duration::minutes(5);

impl Sso {
    /// The access token, which is good still, or is refreshed at the OIDC service.
    pub(super) async fn token(&self, context: &Context, oidc: &ServiceUrl) -> Result<Secret, Error> {
        let path = self.cache_file();
        let found = cache::read(context.ask(), &path, NAME).await.map_err(|fault| match fault {
            cache::Fault::Missing(error) => self.sign_in(error),
            cache::Fault::Unusable(error) => error,
        })?;
        let mut cached = self.unwritten.or(&found);
        let (current, expires) = access_token(&cached, &path)?;
        let left = expires - context.server_time();
        if left > WINDOW {
            return Ok(current);
        }
        let failure = match self.refresh(context, oidc, &cached).await {
            Ok(fresh) => {
                let token = fresh.access_token.clone();
                fresh.store(&mut cached);
                // A home that is read-only is no reason to go without the token that is there.
                self.unwritten.write(context.ask(), path, found, cached).await;
                return Ok(token);
            }
            Err(_) if left > time::Duration::ZERO => return Ok(current),
            Err(Refresh::Impossible(why)) => {
                let words = format!("the session has expired, and {why}");
                return Err(self.sign_in(self.unwritten.explain(Error::credentials(NAME, words))));
            }
            Err(Refresh::Failed(error)) => error,
        };
        // Another process may have been quicker, and a refresh token is good once.
        let again = cache::read(context.ask(), &path, NAME).await.ok();
        match again.and_then(|found| access_token(&self.unwritten.or(&found), &path).ok()) {
            Some((token, expires)) if expires > context.server_time() => Ok(token),
            _ => Err(self.unwritten.explain(failure)),
        }
    }

    /// AWS's tools name the file after the session, or after the URL where there is none.
    fn cache_file(&self) -> PathBuf {
        let name = self.session.as_ref().unwrap_or(&self.start_url);
        self.cache_directory.join(hex::encode(Sha1::digest(name.as_bytes())) + ".json")
    }

    async fn refresh(&self, context: &Context, oidc: &ServiceUrl, cached: &Json) -> Result<Fresh, Refresh> {
        let impossible = Refresh::Impossible;
        if self.session.is_none() {
            return Err(impossible("a profile without `sso_session` has no refresh"));
        }
        let text = |name| cached.text(name).ok().flatten().cloned();
        let (Some(refresh_token), Some(client_id), Some(client_secret)) =
            (text("refreshToken"), text("clientId"), text("clientSecret"))
        else {
            return Err(impossible("there is no refresh token"));
        };
        let registered = text("registrationExpiresAt").and_then(|at| timestamp::parse(at.expose()));
        if registered.is_some_and(|until| until <= context.server_time()) {
            return Err(impossible("so has the client's registration"));
        }
        let secrets = [&refresh_token, &client_secret];
        let order = Json::of_texts([
            ("clientId", &client_id),
            ("clientSecret", &client_secret),
            ("grantType", &Secret::from("refresh_token")),
            ("refreshToken", &refresh_token),
        ]);
        let request = ServiceRequest::post(&oidc.join("/token")?, order.to_body());
        let reply = ATTEMPTS.send(context.ask(), &request).await;
        let reply = reply.map_err(|error| fetch::unanswered(NAME, "the OIDC service", error))?;
        if reply.status() != StatusCode::OK {
            let error = Error::credentials(NAME, fetch::refusal("the OIDC service", &reply, &secrets));
            // The token was refused, not the moment.
            let is_final =
                reply.status().is_client_error() && reply.status() != StatusCode::TOO_MANY_REQUESTS;
            return Err(Refresh::Failed(if is_final { self.sign_in(error) } else { error }));
        }
        Ok(Fresh::read(reply.body(), context.server_time())?)
    }
}

/// The access token in the cache, and until when it is good.
fn access_token(cached: &Json, path: &Path) -> Result<(Secret, OffsetDateTime), Error> {
    let wrong = |words: String| Error::credentials(NAME, format!("in `{}`, {words}", path.display()));
    let text = |name: &str| cached.required(name).map_err(|fault| wrong(format!("`{name}` {fault}")));
    let expires = timestamp::parse(text("expiresAt")?.expose());
    let expires = expires.ok_or_else(|| wrong("`expiresAt` is no time".to_owned()))?;
    Ok((text("accessToken")?.clone(), expires))
}

/// Why there is no new token.
enum Refresh {
    Impossible(&'static str),
    Failed(Error),
}

impl From<Error> for Refresh {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What a refresh gives.
struct Fresh {
    access_token: Secret,
    refresh_token: Option<Secret>,
    expires: OffsetDateTime,
}

impl Fresh {
    fn read(body: &Body, now: OffsetDateTime) -> Result<Self, Error> {
        let wrong =
            |fault: String| Error::credentials(NAME, format!("the answer of the OIDC service {fault}"));
        let json = Json::read(body.as_ref()).map_err(|damage| wrong(damage.to_string()))?;
        let access_token =
            json.required("accessToken").map_err(|f| wrong(format!("is not complete: `accessToken` {f}")))?;
        let seconds = match json.get("expiresIn") {
            Ok(Some(Json::Integer(seconds @ 1..))) => *seconds,
            _ => return Err(wrong("is not complete: `expiresIn` is no positive number".to_owned())),
        };
        Ok(Self {
            access_token: access_token.clone(),
            refresh_token: json.text("refreshToken").ok().flatten().cloned(),
            expires: now.saturating_add(time::Duration::seconds(seconds)),
        })
    }

    /// Everything else in the file stays, for other tools know more of it than we do.
    fn store(self, cached: &mut Json) {
        cached.set("accessToken", Json::Text(self.access_token));
        cached.set("expiresAt", Json::Text(Secret::from(timestamp::rfc3339(self.expires))));
        if let Some(token) = self.refresh_token {
            cached.set("refreshToken", Json::Text(token));
        }
    }
}
