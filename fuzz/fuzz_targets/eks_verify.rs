//! Whatever text comes as an EKS token, the verifier takes it only if it keeps the rules, as another reader finds; and it
//! takes every token that is built.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sts_proto::endpoint::{EndpointOptions, PARTITIONS};
use sts_proto::time::{Duration, OffsetDateTime};
use sts_proto::token::eks::{EksTokenRequest, MAX_TOKEN_BYTES, PREFIX, Verifier};
use sts_proto::{Credentials, Encoder};

/// 2026-11-20T17:08:48Z
const NOW: i64 = 1_795_194_528;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    /// A token as it is.
    Token(&'a str),
    /// A token around a URL, which chance would hardly encode.
    Url(&'a str),
    /// What a token is built of.
    Build { cluster: &'a str, id: &'a str, secret: &'a str, token: &'a str, region: u8, offset: i16 },
}

fuzz_target!(|input: Input<'_>| {
    let now = OffsetDateTime::from_unix_timestamp(NOW).expect("a moment");
    let verifier = |cluster| Some(Verifier::new(cluster).ok()?.partitions(&PARTITIONS));
    match input {
        Input::Token(token) => check(&verifier("c").expect("a name"), token, now),
        Input::Url(url) => check(&verifier("c").expect("a name"), &around(url), now),
        Input::Build { cluster, id, secret, token, region, offset } => {
            let regions = [
                "us-east-1",
                "aws-global",
                "cn-north-1",
                "us-gov-west-1",
                "eusc-de-east-1",
                "us-isof-south-1",
            ];
            let region = regions[usize::from(region) % regions.len()];
            let options = EndpointOptions::new().region(region);
            let encoder = Encoder::new(options.resolve().expect("an endpoint"));
            let Ok(mut credentials) = Credentials::new(id, secret) else { return };
            if !token.is_empty() {
                let Ok(with_token) = credentials.with_session_token(token) else { return };
                credentials = with_token;
            }
            let Ok(built) = EksTokenRequest::new(cluster).build(&encoder, &credentials, now) else { return };
            assert!(!format!("{built:?}").contains(PREFIX));
            // Seconds from -900 to 900.
            let at = now + Duration::seconds(i64::from(offset % 901));
            let verifier = verifier(cluster).expect("the name was good for the token");
            let verification = verifier.verify(built.expose(), at);
            let verification = verification.unwrap_or_else(|rejection| panic!("ours, and it {rejection}"));
            assert_eq!(verification.access_key_id(), id);
            check(&verifier, built.expose(), at);
        }
    }
});

fn check(verifier: &Verifier, token: &str, now: OffsetDateTime) {
    let verification = match verifier.verify(token, now) {
        Ok(verification) => verification,
        Err(rejection) => {
            let sentence = rejection.to_string();
            assert!(sentence.len() < 100 && sentence.is_ascii(), "{sentence}");
            return;
        }
    };
    assert!(token.len() <= MAX_TOKEN_BYTES);
    let url = decoded(token.strip_prefix(PREFIX).expect("the prefix"));
    assert_eq!(around(&url), token, "a token has one form");

    let request = verification.expose_request().expect("what was read can be sent");
    assert_eq!(request.uri().to_string(), url, "what is sent is what was read");
    assert_eq!(request.method(), "GET");
    assert_eq!(request.headers().len(), 2);
    // The access key id is shown, and may be any text.
    let shown = format!("{verification:?}");
    assert!(shown.starts_with(&format!("Verification {{ url: [redacted, {} bytes], ", url.len())), "{shown}");

    let uri = request.uri();
    assert_eq!((uri.scheme_str(), uri.path(), uri.port()), (Some("https"), "/", None));
    let authority = uri.authority().expect("a host").as_str();
    let suffixes = PARTITIONS.iter().flat_map(|p| [p.dns_suffix, p.dual_stack_dns_suffix]);
    let is_of_aws = |suffix: &str| authority.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'));
    let labels: Vec<_> = authority.split('.').collect();
    assert!(suffixes.into_iter().any(is_of_aws) && ["sts", "sts-fips"].contains(&labels[0]), "{authority}");
    assert!(authority.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b)));

    let pairs: Vec<(String, String)> = form_urlencoded::parse(uri.query().expect("a query").as_bytes())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned()))
        .collect();
    let get = |name: &str| {
        let mut found = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = found.next();
        assert!(found.next().is_none(), "{name} is repeated");
        value
    };
    let value = |name: &str| get(name).unwrap_or_else(|| panic!("{name} is missing"));
    assert_eq!(value("action"), "GetCallerIdentity");
    assert_eq!(value("version"), "2011-06-15");
    assert_eq!(value("x-amz-algorithm"), "AWS4-HMAC-SHA256");
    assert!(value("x-amz-expires").parse::<u16>().expect("a number") <= 900);
    assert_eq!(value("x-amz-signature").len(), 64);
    assert_ne!(get("x-amz-security-token"), Some(""));
    let signed = value("x-amz-signedheaders").to_ascii_lowercase();
    assert!(["host;x-k8s-aws-id", "x-k8s-aws-id;host"].contains(&signed.as_str()), "{signed}");
    let date = value("x-amz-date");
    let age = age_of(date, now);
    assert!((-900..=900).contains(&age), "{age}");
    let credential: Vec<_> = value("x-amz-credential").split('/').collect();
    assert_eq!(credential.len(), 5);
    assert_eq!((credential[1], credential[3], credential[4]), (&date[..8], "sts", "aws4_request"));
    assert_eq!(verification.access_key_id(), credential[0]);
    let others = pairs.len() - if get("x-amz-security-token").is_some() { 9 } else { 8 };
    assert_eq!(others, 0, "parameters that do not belong there");
}

/// The age of `20261120T170848Z` in seconds, by days counted by hand.
fn age_of(date: &str, now: OffsetDateTime) -> i64 {
    assert_eq!(date.len(), 16);
    let number = |at: usize, length: usize| date[at..at + length].parse::<i64>().expect("digits");
    let (year, month, day) = (number(0, 4), number(4, 2), number(6, 2));
    // Days since 0000-03-01, in years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 1;
    let seconds = (days - 719_468) * 86_400 + number(9, 2) * 3600 + number(11, 2) * 60 + number(13, 2);
    now.unix_timestamp() - seconds
}

fn around(url: &str) -> String {
    let mut out = PREFIX.to_owned();
    for chunk in url.as_bytes().chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for i in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(bits >> (18 - 6 * i) & 63) as usize]));
        }
    }
    out
}

fn decoded(text: &str) -> String {
    let digit = |byte: &u8| ALPHABET.iter().position(|known| known == byte).expect("a digit") as u32;
    let mut out = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 6 | digit(byte)) << (6 * (4 - chunk.len()));
        out.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    String::from_utf8(out).expect("text")
}
