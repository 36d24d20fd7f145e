//! The canonical request and the string to sign, as they should have been: for people who look for their mistake.
//!
//! It decides nothing. What is accepted is decided by `verify`, with a signer that is not ours.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

use super::auth::{self, Proof};
use super::clock;
use super::request::Request;
use super::verify;

const REDACTED: &str = "[redacted]";
const TOKEN: &str = "x-amz-security-token";

/// Both texts, with the session token taken out.
pub(super) fn explain(request: &Request, proof: &Proof) -> String {
    let canonical = canonical_request(request, proof);
    let hash = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
    let scope = format!("{}/{}/sts/aws4_request", clock::date(proof.time), proof.region);
    let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{hash}", clock::timestamp(proof.time));
    format!("expected canonical request:\n{}\nexpected string to sign:\n{to_sign}", redacted(&canonical))
}

fn canonical_request(request: &Request, proof: &Proof) -> String {
    let query = auth::literal_plus(&request.query);
    let query = if proof.expires.is_some() { verify::without_presigning(&query) } else { query };
    let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (encoded(name.as_bytes(), ""), encoded(value.as_bytes(), "")))
        .collect();
    if proof.expires.is_some() {
        // The signature itself is the one parameter of presigning that is not signed.
        let whole = auth::literal_plus(&request.query);
        let added = form_urlencoded::parse(whole.as_bytes())
            .filter(|(name, _)| auth::PRESIGNING.contains(&&**name) && name != "X-Amz-Signature");
        pairs
            .extend(added.map(|(name, value)| (encoded(name.as_bytes(), ""), encoded(value.as_bytes(), ""))));
    }
    pairs.sort();
    let query: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut headers = String::new();
    for name in proof.signed_headers.split(';') {
        let values: Vec<_> = request.values(name).map(collapsed).collect();
        headers.extend([name, ":", &values.join(","), "\n"]);
    }
    format!(
        "{}\n{}\n{}\n{headers}\n{}\n{}",
        request.method,
        encoded(normalized(&request.path).as_bytes(), "/"),
        query.join("&"),
        proof.signed_headers,
        hex(digest(&SHA256, &request.body).as_ref())
    )
}

/// Runs of spaces count as one.
fn collapsed(value: &str) -> String {
    value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Without empty segments, `.` and `..`.
fn normalized(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    let slash = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{slash}", segments.join("/"))
}

fn encoded(bytes: &[u8], kept: &str) -> String {
    let mut out = String::new();
    for &byte in bytes {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || kept.contains(c) {
            out.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn redacted(canonical: &str) -> String {
    let lines = canonical.lines().map(|line| {
        if line.starts_with(TOKEN) && line[TOKEN.len()..].starts_with(':') {
            return format!("{TOKEN}:{REDACTED}");
        }
        let pairs = line.split('&').map(|pair| match pair.split_once('=') {
            // Everything that travels in a query may be a secret of its operation, but for what presigning adds.
            Some((name, _))
                if !auth::PRESIGNING.contains(&name) && !["Action", "Version"].contains(&name) =>
            {
                format!("{name}={REDACTED}")
            }
            _ => pair.to_owned(),
        });
        pairs.collect::<Vec<_>>().join("&")
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use ring::hmac::{HMAC_SHA256, Key, sign};

    use super::super::http::parse_head;
    use super::super::keys::Session;
    use super::super::testing::{IDENTITY, Signing};
    use super::super::{AccessKey, Principal};
    use super::*;

    #[test]
    fn what_it_explains_is_what_aws_sigv4_signed() {
        let key = AccessKey {
            access_key_id: "AKIA".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: Some("to/ken+=".to_owned()),
            expires: None,
            session: Session::default(),
            principal: Principal::user("123456789012", "alice"),
        };
        let mut odd = Signing::post(&key, IDENTITY);
        (odd.path, odd.query) = ("/a//b/../%20c/", "b=%20&a=%C3%A9&A=%2B");
        odd.headers.extend([("x-odd", " a   b "), ("x-two", "1"), ("x-two", "2")]);
        let presigned = Signing::presigned(&key, IDENTITY, 60);
        for bytes in [Signing::post(&key, IDENTITY).bytes(), odd.bytes(), presigned.bytes()] {
            let head = parse_head(&bytes).expect("well-formed").expect("complete");
            let mut request = head.request;
            request.body = bytes[head.length..].to_vec();
            let proof = Proof::of(&request).expect("a proof");
            let canonical = canonical_request(&request, &proof);
            let hash = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
            let date = clock::date(proof.time);
            let mut chain = b"AWS4secret".to_vec();
            for part in [&*date, &proof.region, "sts", "aws4_request"] {
                chain = sign(&Key::new(HMAC_SHA256, &chain), part.as_bytes()).as_ref().to_vec();
            }
            let scope = format!("{date}/{}/sts/aws4_request", proof.region);
            let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{hash}", clock::timestamp(proof.time));
            let signature = hex(sign(&Key::new(HMAC_SHA256, &chain), text.as_bytes()).as_ref());
            assert_eq!(signature, proof.signature, "{canonical}");
            let shown = explain(&request, &proof);
            assert!(
                shown.contains(&hash) && !shown.contains("to/ken") && !shown.contains("to%2Fken"),
                "{shown}"
            );
        }
    }
}
