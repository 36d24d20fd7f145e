use std::path::PathBuf;
use std::time::Duration;

use http::StatusCode;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::cache::{self, Unwritten};
use super::document::{self, Names};
use super::fetch::{self, Attempts, ServiceRequest};
use super::json::Json;
use crate::body::Body;
use crate::credentials::{Credentials, Secret};
use crate::endpoint::url::{Policy, ServiceUrl};
use crate::endpoint::{Partition, is_host_label};
use crate::error::Error;
use crate::hint::{Cause, Hint};
use crate::source::{Context, Found, Looking, Source};
use crate::timestamp;

mod proof;

const NAME: &str = "aws login";

/// As for a call of STS.
const ATTEMPTS: Attempts =
    Attempts { timeout: Duration::from_secs(5), number: 3, pause: Duration::from_millis(500) };

/// How long before their end credentials are refreshed, as in AWS's SDKs.
const WINDOW: time::Duration = time::Duration::minutes(5);

/// Where tokens are refreshed.
const TOKEN_PATH: &str = "/v1/token";

/// In the cache, below `accessToken`.
const NAMES: Names = Names {
    access_key_id: "accessKeyId",
    secret_access_key: "secretAccessKey",
    token: "sessionToken",
    expiration: "expiresAt",
    account_id: "accountId",
    are_temporary: true,
};

/// The credentials of who has signed in to the console with `aws login`, from the cache of the AWS CLI. Feature `login`.
///
/// Credentials that end within five minutes are refreshed with the key in the cache, and written back, or kept in memory
/// where they cannot be written.
///
/// AWS: [login credentials provider](https://docs.aws.amazon.com/sdkref/latest/guide/feature-login-credentials.html).
#[derive(Clone, Debug)]
pub struct Login {
    session: String,
    region: String,
    cache_directory: PathBuf,
    profile: Option<String>,
    // A URL that is not checked yet may hold a password.
    url: Option<Secret>,
    allows_http: bool,
    unwritten: Unwritten,
}

impl Login {
    /// The session of that name, `login_session`, which is the ARN of who signed in; refreshed in that region. The cache is
    /// `AWS_LOGIN_CACHE_DIRECTORY`, or `~/.aws/login/cache`.
    #[must_use]
    pub fn new(
        session: impl Into<String>,
        region: impl Into<String>,
        cache_directory: impl Into<PathBuf>,
    ) -> Self {
        Self {
            session: session.into(),
            region: region.into(),
            cache_directory: cache_directory.into(),
            profile: None,
            url: None,
            allows_http: false,
            unwritten: Unwritten::default(),
        }
    }

    /// Where the credentials are kept that cannot be written, for a source that is made for each look.
    pub(super) fn keeping(mut self, unwritten: Unwritten) -> Self {
        self.unwritten = unwritten;
        self
    }

    /// The name of the profile, for the command that errors tell.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// The URL of the sign-in service, instead of AWS's: `AWS_ENDPOINT_URL_SIGNIN`. `https`, or `http` with a host that is
    /// loopback.
    #[must_use]
    pub fn url(mut self, url: impl Into<Secret>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Whether [`url`](Self::url) may begin with `http://` for a host that is not loopback. Everybody on the way can read the
    /// refresh token then. AWS's own hosts stay refused. Off by default.
    #[must_use]
    pub fn dangerously_allow_http(mut self, on: bool) -> Self {
        self.allows_http = on;
        self
    }

    async fn find(&self, context: &Context) -> Result<Found, Error> {
        if self.session.is_empty() {
            return Err(Error::setting("login_session", "must be there"));
        }
        // A wrong URL is an error also while no refresh needs it. A region is needed by a refresh only.
        let own = self.own_url()?;
        // AWS's tools name the file after the session.
        let name = hex::encode(Sha256::digest(self.session.trim().as_bytes())) + ".json";
        let path = self.cache_directory.join(name);
        let found = cache::read(context.ask(), &path, NAME).await.map_err(|fault| match fault {
            cache::Fault::Missing(error) => self.sign_in(error),
            cache::Fault::Unusable(error) => error,
        })?;
        let mut cached = self.unwritten.or(&found);
        let credentials = credentials(&cached)?;
        let left = credentials.expiration().map(|at| at - context.server_time());
        if left.is_some_and(|left| left > WINDOW) {
            return Ok(credentials.into());
        }
        match self.refresh(context, own, &mut cached).await {
            Ok(fresh) => {
                // A home that is read-only is no reason to go without the credentials that are there.
                self.unwritten.write(context.ask(), path, found, cached).await;
                Ok(fresh.into())
            }
            Err(_) if left.is_some_and(|left| left > time::Duration::ZERO) => Ok(credentials.into()),
            Err(failure) => {
                // Another process may have been quicker, and a refresh token is good once.
                let again = cache::read(context.ask(), &path, NAME).await.ok();
                let theirs = again.and_then(|found| self::credentials(&self.unwritten.or(&found)).ok());
                let is_good = |theirs: &Credentials| theirs.expiration() > Some(context.server_time());
                theirs.filter(is_good).map(Found::from).ok_or_else(|| self.unwritten.explain(failure))
            }
        }
    }

    /// Puts fresh credentials into what was in the cache.
    async fn refresh(
        &self,
        context: &Context,
        own: Option<ServiceUrl>,
        cached: &mut Json,
    ) -> Result<Credentials, Error> {
        let text = |name: &'static str| {
            let text = cached.required(name).cloned();
            text.map_err(|fault| {
                self.sign_in(Error::credentials(NAME, format!("in the cache, `{name}` {fault}")))
            })
        };
        let (refresh_token, client_id, key) = (text("refreshToken")?, text("clientId")?, text("dpopKey")?);
        let url = own.map_or_else(|| host(&self.region), Ok)?.join(TOKEN_PATH)?;
        let id = [context.random(), context.random()];
        let proof =
            proof::proof(&key, &url.uri().to_string(), context.server_time(), id).ok_or_else(|| {
                self.sign_in(Error::credentials(NAME, "in the cache, `dpopKey` is no private key on P-256"))
            })?;
        let order = Json::of_texts([
            ("clientId", &client_id),
            ("grantType", &Secret::from("refresh_token")),
            ("refreshToken", &refresh_token),
        ]);
        let request = ServiceRequest::post(&url, order.to_body()).secret(NAME, "dpop", "DPoP", &proof)?;
        let reply = ATTEMPTS.send(context.ask(), &request).await;
        let reply = reply.map_err(|error| fetch::unanswered(NAME, "the sign-in service", error))?;
        if reply.status() != StatusCode::OK {
            let words = fetch::refusal("the sign-in service", &reply, &[&refresh_token, &proof]);
            let error = Error::credentials(NAME, words);
            let is_final =
                reply.status().is_client_error() && reply.status() != StatusCode::TOO_MANY_REQUESTS;
            return Err(if is_final { self.sign_in(error) } else { error });
        }
        store(reply.body(), cached, context.server_time())?;
        credentials(cached)
    }

    fn own_url(&self) -> Result<Option<ServiceUrl>, Error> {
        let policy = Policy::SIGN_IN.dangerously_allow_http(self.allows_http);
        self.url.as_ref().map(|url| ServiceUrl::parse(url.expose(), policy)).transpose()
    }

    /// The error with what a person can do.
    fn sign_in(&self, error: Error) -> Error {
        let command = match &self.profile {
            Some(profile) if profile != "default" => format!("aws login --profile {}", fetch::word(profile)),
            _ => "aws login".to_owned(),
        };
        error.with_hint(Hint::told(Cause::SignInNeeded, format!("run `{command}`")))
    }
}

/// AWS: the endpoint rules of the sign-in service.
fn host(region: &str) -> Result<ServiceUrl, Error> {
    if !is_host_label(region) {
        return Err(Error::setting("Region", "must be the name of a region, such as `eu-west-1`"));
    }
    let suffix = Partition::of_region(region).console_suffix;
    ServiceUrl::https(&format!("{region}.signin.{suffix}"), "Region")
}

fn credentials(cached: &Json) -> Result<Credentials, Error> {
    match cached.get("accessToken") {
        Ok(Some(token)) => document::credentials(token, &NAMES, NAME),
        _ => Err(Error::credentials(NAME, "in the cache, `accessToken` is missing")),
    }
}

/// Takes what was answered into what was in the cache. Everything else there stays, the account among it.
fn store(body: &Body, cached: &mut Json, now: OffsetDateTime) -> Result<(), Error> {
    let wrong =
        |fault: String| Error::credentials(NAME, format!("the answer of the sign-in service {fault}"));
    let json = Json::read(body.as_ref()).map_err(|damage| wrong(damage.to_string()))?;
    let token = match (json.get("accessToken"), cached.get("accessToken")) {
        (Ok(Some(fresh)), Ok(Some(old))) => {
            let mut token = old.clone();
            for name in [NAMES.access_key_id, NAMES.secret_access_key, NAMES.token] {
                let text = fresh
                    .required(name)
                    .map_err(|fault| wrong(format!("is not complete: `{name}` {fault}")))?;
                token.set(name, Json::Text(text.clone()));
            }
            token
        }
        _ => return Err(wrong("is not complete: `accessToken` is missing".to_owned())),
    };
    let seconds = match json.get("expiresIn") {
        Ok(Some(Json::Integer(seconds @ 1..))) => *seconds,
        _ => return Err(wrong("is not complete: `expiresIn` is no positive number".to_owned())),
    };
    let expires = timestamp::rfc3339(now.saturating_add(time::Duration::seconds(seconds)));
    let mut token = token;
    token.set(NAMES.expiration, Json::Text(Secret::from(expires)));
    cached.set("accessToken", token);
    if let Ok(Some(refresh_token)) = json.text("refreshToken") {
        cached.set("refreshToken", Json::Text(refresh_token.clone()));
    }
    Ok(())
}

impl Source for Login {
    fn name(&self) -> &'static str {
        NAME
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(self.find(context))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::source::testing::{Asked, Play, found, sentence};

    const ARN: &str = "arn:aws:iam::123456789012:user/alice";

    const REPLY: &str = r#"{"accessToken":{"accessKeyId":"ASIANEW","secretAccessKey":"sEcReTnew","sessionToken":"sEcReTt"},
        "tokenType":"aws_sigv4","expiresIn":900,"refreshToken":"sEcReTnext"}"#;

    fn login() -> Login {
        Login::new(ARN, "eu-west-1", "/c").profile("console")
    }

    /// The cache's file with credentials that expire at that time on the day of the tests, at half past midnight.
    fn cached(expires: &str) -> String {
        let key = proof::tests::KEY.replace('\n', "\\n");
        format!(
            r#"{{"accessToken":{{"accessKeyId":"ASIAOLD","secretAccessKey":"sEcReT","sessionToken":"t","accountId":
                "123456789012","expiresAt":"2026-11-20T{expires}Z"}},"tokenType":"aws_sigv4","refreshToken":"sEcReTrefresh",
                "idToken":"id","clientId":"arn:aws:signin:::devtools/same-device","dpopKey":"{key}"}}"#
        )
    }

    #[test]
    fn good_credentials_are_taken_from_the_cache() {
        let (result, asked) = Play::new().file(cached("00:36:00")).watch(login());
        let credentials = found(result);
        assert_eq!(
            (credentials.access_key_id(), credentials.account_id()),
            ("ASIAOLD", Some("123456789012"))
        );
        assert_eq!(credentials.source(), Some("aws login"));
        let Asked::File(path) = &asked[0] else { panic!("{asked:?}") };
        assert_eq!(path, &format!("/c/{}.json", hex::encode(Sha256::digest(ARN))));
    }

    #[test]
    fn old_ones_are_refreshed_with_a_proof_and_written_back() {
        let play = Play::new().file(cached("00:35:00")).reply(200, REPLY).written(Ok(()));
        let (result, asked) = play.watch(login());
        let credentials = found(result);
        assert_eq!(
            (credentials.access_key_id(), credentials.account_id()),
            ("ASIANEW", Some("123456789012"))
        );
        assert_eq!(credentials.expiration().unwrap().unix_timestamp(), crate::source::testing::NOW + 900);
        let (line, body) = asked[1].request();
        assert_eq!(line, "POST https://eu-west-1.signin.aws.amazon.com/v1/token");
        let expected = r#"{"clientId": "arn:aws:signin:::devtools/same-device", "grantType": "refresh_token", "refreshToken": "sEcReTrefresh"}"#;
        assert_eq!(body, expected);
        assert_eq!(asked[1].header("dpop").unwrap().split('.').count(), 3);
        let Asked::Write(file) = &asked[2] else { panic!("{asked:?}") };
        let written = Json::read(file.contents.as_ref()).unwrap();
        assert_eq!(written.required("refreshToken").unwrap().expose(), "sEcReTnext");
        assert_eq!(written.required("idToken").unwrap().expose(), "id");
        let token = written.get("accessToken").unwrap().unwrap();
        assert_eq!(token.required("expiresAt").unwrap().expose(), "2026-11-20T00:45:00Z");
    }

    #[test]
    fn a_refresh_that_fails() {
        let refused = r#"{"error":"TOKEN_EXPIRED","message":"sEcReTrefresh has expired"}"#;
        // It costs nothing while the credentials are good.
        found(Play::new().file(cached("00:33:00")).reply(400, refused).run(login()));
        let error = Play::new()
            .file(cached("00:29:00"))
            .reply(400, refused)
            .file(cached("00:29:00"))
            .run(login())
            .unwrap_err();
        assert_eq!(error.hint().map(Hint::cause), Some(Cause::SignInNeeded));
        let text = sentence(Err(error));
        assert!(
            text.ends_with("TOKEN_EXPIRED: [redacted] has expired; run `aws login --profile console`"),
            "{text}"
        );
        for answer in ["", "{}", r#"{"accessToken":{}}"#, &REPLY.replace("900", "0")] {
            sentence(Play::new().file(cached("00:29:00")).reply(200, answer).file("{}").run(login()));
        }
        // Another process was quicker.
        let play = Play::new().file(cached("00:29:00")).reply(400, refused);
        found(play.file(cached("00:44:00")).run(login()));
        let keyless = cached("00:29:00").replace("EC PRIVATE", "NO");
        let text = sentence(Play::new().file(keyless.as_str()).file(keyless.as_str()).run(login()));
        assert!(text.contains("`dpopKey` is no private key on P-256; run `aws login"), "{text}");
        let text = sentence(Play::new().no_file(io::ErrorKind::NotFound).run(login()));
        assert!(text.contains("run `aws login"), "{text}");
        sentence(Play::new().file("{}").run(login()));
    }

    #[test]
    fn what_cannot_be_written_is_kept() {
        let source = login();
        let play = Play::new().file(cached("00:35:00")).reply(200, REPLY);
        found(play.written(Err(io::ErrorKind::ReadOnlyFilesystem.into())).run(source.clone()));
        let kept = found(Play::new().file(cached("00:35:00")).run(source.clone()));
        assert_eq!((kept.access_key_id(), kept.account_id()), ("ASIANEW", Some("123456789012")));
        // Somebody has signed in again.
        assert_eq!(found(Play::new().file(cached("00:40:00")).run(source)).access_key_id(), "ASIAOLD");
    }

    #[test]
    fn hosts() {
        for (region, expected) in [
            ("cn-north-1", "cn-north-1.signin.amazonaws.cn"),
            ("us-gov-west-1", "us-gov-west-1.signin.amazonaws-us-gov.com"),
            ("us-iso-east-1", "us-iso-east-1.signin.c2shome.ic.gov"),
            ("eusc-de-east-1", "eusc-de-east-1.signin.amazonaws-eusc.eu"),
        ] {
            assert_eq!(host(region).unwrap().authority(), expected);
        }
        assert!(host("a/b").is_err());
        let play = Play::new().file(cached("00:35:00")).reply(200, REPLY).written(Ok(()));
        let (_, asked) = play.watch(Login::new(ARN, "", "").url("http://localhost:1/"));
        assert_eq!(asked[1].request().0, "POST http://localhost:1/v1/token");
    }
}
