//! Requests to services other than STS that hand out credentials.

use std::time::Duration;

use http::header::HeaderValue;
use http::{Method, Request, Response, StatusCode};
use zeroize::Zeroizing;

use super::json::Json;
use crate::body::Body;
use crate::credentials::Secret;
use crate::endpoint::url::ServiceUrl;
use crate::error::redact::Redaction;
use crate::error::{Error, TransportKind};
use crate::form;
use crate::step::{Answer, Ask, Direct};

/// The longest message of a service or a command that is shown, in characters.
const MESSAGE: usize = 300;

/// A request to a service other than STS. Only these are sent, and they can only be made for a checked URL.
pub(super) struct ServiceRequest(Request<Body>);

impl ServiceRequest {
    pub(super) fn new(method: Method, url: &ServiceUrl, body: Body) -> Self {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = url.uri().clone();
        Self(request)
    }

    pub(super) fn get(url: &ServiceUrl) -> Self {
        Self::new(Method::GET, url, Body::default())
    }

    /// With a JSON document.
    pub(super) fn post(url: &ServiceUrl, document: Body) -> Self {
        Self::new(Method::POST, url, document).header("content-type", "application/json")
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.0.headers_mut().insert(name, HeaderValue::from_static(value));
        self
    }

    /// With a header that is a secret, which errors of the source call `setting`.
    pub(super) fn secret(
        mut self,
        source: &'static str,
        name: &'static str,
        setting: &str,
        value: &Secret,
    ) -> Result<Self, Error> {
        self.0.headers_mut().insert(name, secret_header(source, setting, value)?);
        Ok(self)
    }

    /// Never through a proxy.
    pub(super) fn direct(mut self) -> Self {
        self.0.extensions_mut().insert(Direct);
        self
    }
}

/// How often a request is sent and how long each may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempts {
    pub(super) timeout: Duration,
    pub(super) number: u32,
    /// Between two of them.
    pub(super) pause: Duration,
}

impl Attempts {
    /// Sends, and sends again what may pass: no reply, a fault of the server, a throttle.
    pub(super) async fn send(&self, ask: &Ask, request: &ServiceRequest) -> Answer {
        let mut left = self.number;
        loop {
            left = left.saturating_sub(1);
            let answer = ask.send(request.0.clone(), self.timeout).await;
            let may_pass = match &answer {
                Ok(reply) => may_pass(reply.status()),
                Err(error) => error.is_retryable(),
            };
            if !may_pass || left == 0 {
                return answer;
            }
            ask.wait(self.pause).await;
        }
    }
}

fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// A header that is a secret.
fn secret_header(source: &'static str, name: &str, value: &Secret) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(value.expose())
        .map_err(|_| Error::credentials(source, format!("`{name}` holds what cannot stand in a header")))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What a request without a reply came to, as the words of the source's error.
pub(super) fn unanswered(source: &'static str, whom: &str, error: Error) -> Error {
    let kind = error.transport_kind().unwrap_or(TransportKind::Other);
    Error::credentials(source, format!("{whom} gave no reply: {kind}")).caused_by(error)
}

/// The words for a reply with that status, with the code and the message of its document, if it has any.
pub(super) fn refusal(whom: &str, reply: &Response<Body>, secrets: &[&Secret]) -> String {
    let mut words = format!("{whom} answered with the status {}", reply.status().as_u16());
    if let Ok(json) = Json::read(reply.body().as_ref()) {
        words.push_str(&said(&json, secrets));
    }
    words
}

/// The code and the message of a document, each after a colon.
pub(super) fn said(json: &Json, secrets: &[&Secret]) -> String {
    let mut words = String::new();
    let code =
        json.any_text(&["code", "__type", "error"]).map(|code| code.rsplit('#').next().unwrap_or(code));
    for text in [code, json.any_text(&["message", "error_description"])].into_iter().flatten() {
        words.push_str(": ");
        words.push_str(&shown(text, secrets));
    }
    words
}

/// A text of somebody else's as it may be shown: short, and without these secrets.
pub(super) fn shown(text: &str, secrets: &[&Secret]) -> String {
    let mut clean = Zeroizing::new(text.trim().to_owned());
    Redaction::new(&|found| secrets.iter().for_each(|secret| found(secret.expose()))).clean(&mut clean);
    match clean.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => std::mem::take(&mut clean),
    }
}

/// A name as it is typed in a shell.
pub(super) fn word(name: &str) -> String {
    let is_plain = name.bytes().all(|b| form::UNRESERVED[usize::from(b)] || b"/@%:+".contains(&b));
    let name = shown(name, &[]);
    if is_plain { name } else { format!("\"{name}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_words() {
        let reply =
            |body: &str| Response::builder().status(403).body(Body::from(body.as_bytes().to_vec())).unwrap();
        for (body, words) in [
            ("<html>", ""),
            ("{}", ""),
            (r#"{"code":"Denied","message":"no"}"#, ": Denied: no"),
            (r#"{"__type":"com.amazon#Denied","Message":"no"}"#, ": Denied: no"),
            (
                r#"{"error":"invalid_grant","error_description":"token sEcReT"}"#,
                ": invalid_grant: token [redacted]",
            ),
        ] {
            let text = refusal("it", &reply(body), &[&Secret::from("sEcReT")]);
            assert_eq!(text, format!("it answered with the status 403{words}"));
        }
    }

    #[test]
    fn a_secret_that_is_no_header_is_a_failure_of_its_source() {
        let error = secret_header("SSO", "accessToken", &Secret::from("sEcReT\n")).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Credentials);
        let text = error.to_string();
        assert_eq!(text, "no credentials from SSO: `accessToken` holds what cannot stand in a header");
    }

    #[test]
    fn what_others_say_is_short() {
        assert_eq!(shown(&"x".repeat(1000), &[]).chars().count(), MESSAGE + 1);
    }
}
