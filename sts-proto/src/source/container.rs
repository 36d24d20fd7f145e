use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::StatusCode;
use zeroize::Zeroizing;

use super::document::{self, METADATA};
use super::fetch::{self, Attempts, ServiceRequest};
use super::json::Json;
use crate::body::Body;
use crate::credentials::Secret;
use crate::endpoint::url::{Policy, ServiceUrl};
use crate::error::Error;
use crate::source::token_source::{self, is_cut_off};
use crate::source::{Context, Found, Looking, Source};
use crate::step::Ask;

const NAME: &str = "container";

/// Where relative URIs lead to.
const ECS: &str = "http://169.254.170.2";

/// As in botocore.
const ATTEMPTS: Attempts =
    Attempts { timeout: Duration::from_secs(2), number: 3, pause: Duration::from_secs(1) };

/// The role of a container: what ECS, EKS Pod Identity, Greengrass and others hand out at a URL that the environment
/// names.
///
/// A relative URI is one of ECS and wins over a full URI. A full URI must have `https`, or the host must be loopback or one
/// of the addresses that ECS and EKS use; anything else is refused before a byte is sent. A token file wins over a token
/// and is read at each look, again a few times within a second while it is missing, empty or cut off. Requests never go through a proxy.
///
/// AWS: [container credential provider](https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html).
#[derive(Clone, Debug, Default)]
pub struct Container {
    // What is not checked yet may hold a password.
    relative_uri: Option<Secret>,
    full_uri: Option<Secret>,
    token_file: Option<PathBuf>,
    token: Option<Secret>,
    required: bool,
}

impl Container {
    /// Without a URI, which is to say, not set up.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// As the variables say: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, `AWS_CONTAINER_CREDENTIALS_FULL_URI`,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` and `AWS_CONTAINER_AUTHORIZATION_TOKEN`. An empty one counts as one that is
    /// not set.
    #[must_use]
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        Self {
            relative_uri: get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(Secret::from),
            full_uri: get("AWS_CONTAINER_CREDENTIALS_FULL_URI").map(Secret::from),
            token_file: get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(PathBuf::from),
            token: get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Secret::from),
            required: false,
        }
    }

    /// What follows the address of ECS: a path that begins with `/`, perhaps a query.
    #[must_use]
    pub fn relative_uri(mut self, uri: impl Into<Secret>) -> Self {
        self.relative_uri = Some(uri.into());
        self
    }

    /// The whole URL, perhaps with a query.
    #[must_use]
    pub fn full_uri(mut self, uri: impl Into<Secret>) -> Self {
        self.full_uri = Some(uri.into());
        self
    }

    /// The file with the value of the header `Authorization`.
    #[must_use]
    pub fn token_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.token_file = Some(path.into());
        self
    }

    /// The value of the header `Authorization`.
    #[must_use]
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Whether it was asked for by name, such as with `credential_source = EcsContainer`: then it is an error if it is not
    /// set up. Off by default.
    #[must_use]
    pub fn required(mut self, on: bool) -> Self {
        self.required = on;
        self
    }

    /// The URL; `None` where there is none.
    fn url(&self) -> Result<Option<ServiceUrl>, Error> {
        match (&self.relative_uri, &self.full_uri) {
            // Without the slash, what follows could become part of the host.
            (Some(path), _) if !path.expose().starts_with('/') => {
                let rule = format!(
                    "must be a path that begins with `/`, and is {} bytes of something else",
                    path.expose().len()
                );
                Err(Error::setting("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", rule))
            }
            (Some(path), _) => {
                let url = Zeroizing::new([ECS, path.expose()].concat());
                ServiceUrl::parse(&url, Policy::ECS).map(Some)
            }
            (None, Some(url)) => ServiceUrl::parse(url.expose(), Policy::CONTAINER).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The value of `Authorization`, if there is to be one.
    async fn authorization(&self, ask: &Ask) -> Result<Option<Secret>, Error> {
        let (token, from) = match (&self.token_file, &self.token) {
            (Some(path), _) => (token_source::read(ask, path, NAME, whole).await?, Origin::File(path)),
            (None, Some(token)) => (token.clone(), Origin::Environment),
            (None, None) => return Ok(None),
        };
        let fault = if token.is_empty() {
            "is empty"
        } else if token.expose().contains(['\r', '\n']) {
            // What follows would become headers of its own.
            "holds a line break, which no token may, not even at its end"
        } else if token.expose().bytes().any(|b| !(b.is_ascii_graphic() || b == b' ')) {
            "holds what cannot stand in a header"
        } else {
            return Ok(Some(token));
        };
        Err(Error::credentials(NAME, format!("{from} {fault}")))
    }

    async fn find(&self, ask: &Ask) -> Result<Found, Error> {
        let Some(url) = self.url()? else {
            let words = "neither `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` nor `AWS_CONTAINER_CREDENTIALS_FULL_URI` is set";
            return if self.required {
                Err(Error::credentials(NAME, words))
            } else {
                Ok(Found::nothing(words))
            };
        };
        let whom = url.authority();
        let token = self.authorization(ask).await?;
        let mut request = ServiceRequest::get(&url).header("accept", "application/json").direct();
        if let Some(token) = &token {
            request = request.secret(NAME, "authorization", "Authorization", token)?;
        }
        let reply = ATTEMPTS.send(ask, &request).await;
        let reply = reply.map_err(|error| fetch::unanswered(NAME, whom, error))?;
        if reply.status() != StatusCode::OK {
            let secrets: Vec<_> = token.iter().collect();
            return Err(Error::credentials(NAME, fetch::refusal(whom, &reply, &secrets)));
        }
        let json = Json::read(reply.body().as_ref())
            .map_err(|fault| Error::credentials(NAME, format!("the answer of {whom} {fault}")))?;
        let said = fetch::said(&json, &token.iter().collect::<Vec<_>>());
        if !said.is_empty() && matches!(json.get(METADATA.access_key_id), Ok(None)) {
            return Err(Error::credentials(NAME, format!("{whom} gave no credentials{said}")));
        }
        document::credentials(&json, &METADATA, NAME).map(Found::Credentials)
    }
}

/// What a token file holds, as it stands, if nobody is at writing it.
fn whole(contents: &Body, is_last: bool) -> Result<Secret, &'static str> {
    match std::str::from_utf8(contents.as_ref()) {
        Err(_) => Err("is not UTF-8"),
        Ok("") => Err("is empty"),
        // A token of another kind may begin like a JWT: whoever gets it decides.
        Ok(text) if !is_last && is_cut_off(text) => Err("is cut off"),
        Ok(text) => Ok(Secret::from(text)),
    }
}

/// Where a token is from.
enum Origin<'a> {
    File(&'a Path),
    Environment,
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "the token file `{}`", path.display()),
            Self::Environment => f.write_str("`AWS_CONTAINER_AUTHORIZATION_TOKEN`"),
        }
    }
}

impl Source for Container {
    fn name(&self) -> &'static str {
        NAME
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(self.find(context.ask()))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::error::TransportKind;
    use crate::source::testing::{Asked, Play, found, nothing, sentence};

    const DOCUMENT: &str = r#"{"RoleArn":"arn:aws:iam::123456789012:role/task","AccessKeyId":"ASIATASK",
        "SecretAccessKey":"sEcReT","Token":"sEcReTtoken","Expiration":"2026-11-20T06:00:00Z","AccountId":"123456789012"}"#;

    #[test]
    fn a_relative_uri_is_one_of_ecs_and_wins() {
        let source = Container::new().relative_uri("/v2/x?a=1").full_uri("http://localhost/");
        let (result, asked) = Play::new().reply(200, DOCUMENT).watch(source);
        let credentials = found(result);
        assert_eq!(credentials.access_key_id(), "ASIATASK");
        assert_eq!(credentials.account_id(), Some("123456789012"));
        assert_eq!(credentials.source(), Some(NAME));
        assert_eq!(asked[0].request().0, "GET http://169.254.170.2/v2/x?a=1");
        assert_eq!(
            (asked[0].header("accept"), asked[0].header("authorization")),
            (Some("application/json"), None)
        );
        assert!(asked[0].is_direct());
        assert!(matches!(asked[0], Asked::Request(_, timeout) if timeout == Duration::from_secs(2)));
    }

    #[test]
    fn hosts_are_refused_before_a_byte() {
        for url in [
            "https://any.example/x",
            "http://localhost:8080/x",
            "http://LOCALHOST/",
            "http://127.0.0.1/",
            "http://127.9.9.9:1/",
            "http://[::1]/",
            "http://169.254.170.2/",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://[FD00:EC2:0::23]/",
        ] {
            found(Play::new().reply(200, DOCUMENT).run(Container::new().full_uri(url)));
        }
        for url in [
            "http://any.example/",
            "http://localhost.example/",
            "http://169.254.169.254/",
            "http://169.254.170.3/",
            "http://0.0.0.0/",
            "http://0177.0.0.1/",
            "http://2130706433/",
            "http://127.1/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::]/",
            "http://localhost@any.example/",
            "https://u:p@any.example/",
            "ftp://localhost/",
            "/credentials",
            "localhost",
            "",
            "http://",
            "http://a b/",
        ] {
            let error = Play::new().run(Container::new().full_uri(url)).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidInput, "{url}: {error}");
        }
        for path in ["x", "", "@any.example/", ".any.example/", "/a b"] {
            let error = Play::new().run(Container::new().relative_uri(path)).unwrap_err();
            assert!(error.to_string().contains("RELATIVE_URI"), "{path}: {error}");
        }
    }

    fn eks() -> Container {
        Container::from_environment(|name| match name {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI" => Some("http://169.254.170.23/v1/credentials".to_owned()),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" => Some("/token".to_owned()),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN" => Some("from the environment".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn the_token_file_wins_and_is_read_each_time() {
        let source = eks();
        for token in ["one", "Bearer two"] {
            let (result, asked) = Play::new().file(token).reply(200, DOCUMENT).watch(source.clone());
            found(result);
            assert_eq!(asked[1].header("authorization"), Some(token));
            assert!(!format!("{asked:?}").contains(token), "it is sensitive");
        }
        let source = Container::new().relative_uri("/").token("three");
        let (_, asked) = Play::new().reply(200, DOCUMENT).watch(source);
        assert_eq!(asked[0].header("authorization"), Some("three"));
    }

    #[test]
    fn tokens_that_are_none() {
        for (token, words) in [
            (&b"sEcReT\n"[..], "holds a line break"),
            (b"sEcReT\r\nHost: x", "holds a line break"),
            (b"", "is empty"),
            (b"sEcReT\x01", "holds what cannot stand"),
            (b"\xff", "is not UTF-8"),
        ] {
            // A line break is no half of a token, and is read once.
            let reads = if matches!(token, b"" | b"\xff") { 4 } else { 1 };
            let text = sentence((0..reads).fold(Play::new(), |play, _| play.file(token)).run(eks()));
            assert!(text.contains(&format!("`/token` {words}")), "{text}");
        }
        let text = sentence(Play::new().run(Container::new().relative_uri("/").token("sEcReT\n")));
        assert!(text.contains("`AWS_CONTAINER_AUTHORIZATION_TOKEN` holds"), "{text}");
        let missing = (0..4).fold(Play::new(), |play, _| play.no_file(io::ErrorKind::NotFound));
        let text = sentence(missing.run(eks()));
        assert!(text.contains("failed to read `/token`: "), "{text}");
        let text = sentence(Play::new().no_file(io::ErrorKind::PermissionDenied).run(eks()));
        assert!(text.contains("permission denied"), "{text}");
    }

    #[test]
    fn a_token_file_that_is_being_written_is_read_again() {
        let play = Play::new().no_file(io::ErrorKind::NotFound).file("").file("eyJh.eyJi.");
        let (result, asked) = play.file("eyJh.eyJi.c").reply(200, DOCUMENT).watch(eks());
        found(result);
        assert_eq!(asked.last().unwrap().header("authorization"), Some("eyJh.eyJi.c"));
        // What stays as it is may be of another kind.
        let (result, asked) =
            (0..4).fold(Play::new(), |play, _| play.file("eyJopaque")).reply(200, DOCUMENT).watch(eks());
        found(result);
        assert_eq!(asked.last().unwrap().header("authorization"), Some("eyJopaque"));
    }

    #[test]
    fn a_failure_inside_of_a_200_keeps_its_words() {
        let body = r#"{"code":"NoIdInRequest","message":"no id\n for sEcReT in the request"}"#;
        let source = Container::new().relative_uri("/").token("sEcReT");
        let text = sentence(Play::new().reply(200, body).run(source.clone()));
        let words =
            r"169.254.170.2 gave no credentials: NoIdInRequest: no id\n for [redacted] in the request";
        assert!(text.ends_with(words), "{text}");
        // With keys, they are no failure.
        let whole = DOCUMENT.replacen('{', r#"{"Code":"Success","Message":"hello","#, 1);
        found(Play::new().reply(200, whole).run(source));
    }

    #[test]
    fn what_may_pass_is_tried_three_times() {
        let source = || Container::new().relative_uri("/");
        found(Play::new().broken(TransportKind::Timeout).reply(500, "").reply(200, DOCUMENT).run(source()));
        let silent = (0..3).fold(Play::new(), |play, _| play.broken(TransportKind::Connect));
        let text = sentence(silent.run(source()));
        assert!(text.contains("169.254.170.2 gave no reply: no connection could be made"), "{text}");
        let refusal = r#"{"code":"AccessDeniedException","message":"token sEcReT is not valid"}"#;
        let text = sentence(Play::new().reply(401, refusal).run(source().token("sEcReT")));
        assert!(text.contains("the status 401: AccessDeniedException: token [redacted] is not"), "{text}");
        for (body, words) in [("<html>", "is not JSON"), ("{}", "`AccessKeyId` is missing")] {
            assert!(sentence(Play::new().reply(200, body).run(source())).contains(words));
        }
    }

    #[test]
    fn without_a_uri_there_is_nothing() {
        assert!(
            nothing(Play::new().run(Container::from_environment(|_| Some(String::new()))))
                .contains("FULL_URI")
        );
        assert!(sentence(Play::new().run(Container::new().required(true))).contains("FULL_URI"));
    }
}
