//! `--dry-run` and `--curl`: the request as it would be sent, with secrets redacted unless they are asked for.

use clap::ArgMatches;
use sts_blocking::Body;
use sts_blocking::http::{HeaderMap, Request};

const REDACTED: &str = "[redacted]";

/// How a request is shown instead of sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Preview {
    is_curl: bool,
    shows_secrets: bool,
}

impl Preview {
    /// What was asked for, if it was.
    pub(crate) fn of(matches: &ArgMatches) -> Option<Self> {
        let is_curl = matches.get_flag("curl");
        let shows_secrets = matches.get_flag("show-secrets");
        (is_curl || matches.get_flag("dry-run")).then_some(Self { is_curl, shows_secrets })
    }
}

/// The request as a text. `secrets` are the names of the pairs that are secrets.
pub(crate) fn render(request: &Request<Body>, preview: Preview, secrets: &[String]) -> String {
    let headers = headers(request.headers(), preview);
    let body = body(request.body(), preview, secrets);
    if preview.is_curl { curl(request, &headers, &body) } else { http(request, &headers, &body) }
}

fn http(request: &Request<Body>, headers: &[(String, String)], body: &str) -> String {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let length = request.body().len();
    format!("{} {path} HTTP/1.1\n{headers}content-length: {length}\n\n{body}\n", request.method())
}

fn curl(request: &Request<Body>, headers: &[(String, String)], body: &str) -> String {
    let headers: String = headers
        .iter()
        .filter(|(name, _)| name != "host")
        .map(|(name, value)| format!(" \\\n  --header {}", quoted(&format!("{name}: {value}"))))
        .collect();
    let url = quoted(&request.uri().to_string());
    format!("curl --request {} {url}{headers} \\\n  --data-binary {}\n", request.method(), quoted(body))
}

fn headers(headers: &HeaderMap, preview: Preview) -> Vec<(String, String)> {
    let shown = headers.iter().map(|(name, value)| {
        let text = String::from_utf8_lossy(value.as_bytes());
        let text = match text.split_once("Signature=") {
            _ if preview.shows_secrets || !value.is_sensitive() => text.into_owned(),
            Some((before, _)) => format!("{before}Signature={REDACTED}"),
            None => REDACTED.to_owned(),
        };
        (name.to_string(), text)
    });
    shown.collect()
}

fn body(body: &Body, preview: Preview, secrets: &[String]) -> String {
    let text = String::from_utf8_lossy(body.as_ref());
    if preview.shows_secrets {
        return text.into_owned();
    }
    let pairs = text.split('&').map(|pair| match pair.split_once('=') {
        // The names of pairs need no percent-encoding.
        Some((name, _)) if secrets.iter().any(|secret| secret == name) => format!("{name}={REDACTED}"),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_read_what_was_meant() {
        assert_eq!(quoted("it's $x"), r"'it'\''s $x'");
    }
}
