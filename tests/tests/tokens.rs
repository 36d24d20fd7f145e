//! Tokens against the local STS, which verifies signatures with code that is not ours; and broken ones against the verifier.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use http::{Request, Response};
use serde_json::Value;
use sts_proto::endpoint::EndpointOptions;
use sts_proto::token::eks::{EksTokenRequest, MAX_TOKEN_BYTES, PREFIX, Rejection, Verifier};
use sts_proto::token::vault::VaultLogin;
use sts_proto::{Credentials, Encoder, ErrorKind};
use sts_tests::server::{AccessKey, Principal, Server};
use time::{Duration, OffsetDateTime};

const CLUSTER: &str = "my-cluster";

fn encoder(sts: &Server) -> Encoder {
    let endpoint = EndpointOptions::new().region("eu-west-1").url(sts.url()).resolve();
    Encoder::new(endpoint.expect("an endpoint"))
}

fn credentials(key: &AccessKey) -> Credentials {
    sts_tests::sign::credentials(key.access_key_id(), key.secret_access_key(), key.session_token())
        .expect("valid")
}

fn send<B: AsRef<[u8]>>(request: Request<B>) -> Response<Vec<u8>> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let (parts, body) = request.into_parts();
    let mut response = if parts.method == "GET" {
        agent.run(Request::from_parts(parts, ()))
    } else {
        agent.run(Request::from_parts(parts, body.as_ref().to_vec()))
    }
    .expect("a response");
    let body = response.body_mut().read_to_vec().expect("a body");
    response.map(|_| body)
}

#[test]
fn an_eks_token_tells_the_cluster_who_made_it() {
    let sts = Server::start().expect("a server");
    let session = Principal::role_session("123456789012", "Admin", "alice");
    sts.add_key("ASIAROLEROLEROLEROLE", "secret", Some("to/ken+="), session);
    let role =
        Credentials::new("ASIAROLEROLEROLEROLE", "secret").unwrap().with_session_token("to/ken+=").unwrap();
    let verifier = Verifier::new(CLUSTER).unwrap().endpoint(sts.url()).unwrap();
    let now = OffsetDateTime::now_utc();
    for (credentials, arn, session) in [
        (credentials(sts.user()), "arn:aws:iam::123456789012:user/alice", None),
        (role.clone(), "arn:aws:iam::123456789012:role/Admin", Some("alice")),
    ] {
        let token = EksTokenRequest::new(CLUSTER).build(&encoder(&sts), &credentials, now).unwrap();
        let verification = verifier.verify(token.expose(), now).unwrap();
        let identity = verification.accept(&send(verification.expose_request().unwrap())).unwrap();
        assert_eq!((identity.canonical_arn.as_str(), identity.session_name.as_deref()), (arn, session));
        assert_eq!(identity.access_key_id, credentials.access_key_id());
        assert_eq!(identity.account, "123456789012");
    }
    assert_eq!(sts.requests()[0].header("accept"), Some("application/json"));

    // A token for another cluster, and one of a forger: the rules are kept, and STS refuses.
    let forger =
        Credentials::new(role.access_key_id(), "other").unwrap().with_session_token("to/ken+=").unwrap();
    for (cluster, credentials) in [("other", &role), (CLUSTER, &forger)] {
        let token = EksTokenRequest::new(cluster).build(&encoder(&sts), credentials, now).unwrap();
        let verification = verifier.verify(token.expose(), now).unwrap();
        let error = verification.accept(&send(verification.expose_request().unwrap())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service, "{error}");
    }
}

/// A token around this URL.
fn around(url: &str) -> String {
    format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(url))
}

#[test]
fn broken_tokens_are_refused_with_their_reason() {
    let endpoint = EndpointOptions::new().region("eu-west-1").resolve().unwrap();
    let credentials =
        Credentials::new("ASIAEXAMPLE", "secret").unwrap().with_session_token("to/ken").unwrap();
    let now = OffsetDateTime::from_unix_timestamp(1_795_194_528).unwrap();
    let token = EksTokenRequest::new(CLUSTER).build(&Encoder::new(endpoint), &credentials, now).unwrap();
    let verifier = Verifier::new(CLUSTER).unwrap();
    let verify =
        |token: &str, seconds: i64| verifier.verify(token, now + Duration::seconds(seconds)).map(drop);
    assert_eq!(verify(token.expose(), 0), Ok(()));
    assert_eq!(verify(token.expose(), 900), Ok(()));
    assert_eq!(verify(token.expose(), 901), Err(Rejection::Expired { age_seconds: 901 }));
    assert_eq!(verify(token.expose(), -900), Ok(()));
    assert_eq!(verify(token.expose(), -901), Err(Rejection::NotYetValid { ahead_seconds: 901 }));

    let encoded = &token.expose()[PREFIX.len()..];
    let long = format!("{PREFIX}{}", "a".repeat(MAX_TOKEN_BYTES));
    for (token, expected) in [
        (long.as_str(), Rejection::TooLong { length: long.len() }),
        ("", Rejection::Prefix),
        (encoded, Rejection::Prefix),
        (&format!("k8s-aws-v2.{encoded}"), Rejection::Prefix),
        (&format!("K8S-AWS-V1.{encoded}"), Rejection::Prefix),
        (&format!(" {}", token.expose()), Rejection::Prefix),
        (&format!("{}=", token.expose()), Rejection::Base64),
        (&format!("{}\n", token.expose()), Rejection::Base64),
        (&format!("{PREFIX}+/+/"), Rejection::Base64),
        (&format!("{PREFIX}_w"), Rejection::Base64),
        (PREFIX, Rejection::Url),
    ] {
        assert_eq!(verify(token, 0), Err(expected), "{token}");
    }

    let url = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap();
    assert_eq!(verify(&around(&url), 0), Ok(()));
    let missing = |name| Rejection::Missing { name };
    let repeated = |name| Rejection::Repeated { name };
    // A piece of the URL, and what stands in its place.
    let mutations = [
        ("https://", "http://", Rejection::Scheme),
        ("https://", "HTTPS://", Rejection::Scheme),
        ("https://", "file://", Rejection::Scheme),
        ("https://", "//", Rejection::Url),
        ("https://", "https:", Rejection::Url),
        ("sts.eu-west-1", "evil.eu-west-1", Rejection::Host),
        ("amazonaws.com", "amazonaws.com.evil.test", Rejection::Host),
        ("amazonaws.com", "amazonaws.com:443", Rejection::Host),
        ("amazonaws.com", "amazonaws.com.", Rejection::Host),
        ("amazonaws.com", "amazonaws.com@evil.test", Rejection::Host),
        ("amazonaws.com", "AMAZONAWS.COM", Rejection::Host),
        ("amazonaws.com", "amazonaws.com.cn", Rejection::Host),
        ("sts.eu-west-1.amazonaws.com", "", Rejection::Host),
        ("sts.eu-west-1", "u:p@sts.eu-west-1", Rejection::Host),
        ("sts.eu-west-1.amazonaws.com", "127.0.0.1", Rejection::Host),
        ("sts.eu-west-1.amazonaws.com", "[::1]", Rejection::Host),
        ("sts.eu-west-1.", "sts.eu-west-1.x.", Rejection::Host),
        ("eu-west-1.amazonaws.com", "us-gov-west-1.amazonaws.com", Rejection::Host),
        ("com/?", "com?", Rejection::Path),
        ("com/?", "com//?", Rejection::Path),
        ("com/?", "com/x?", Rejection::Path),
        ("com/?", "com/%2e?", Rejection::Path),
        ("com/?", "com/\\?", Rejection::Url),
        ("com/?", "com/?&", Rejection::UnknownParameter),
        ("Action=GetCallerIdentity&", "", missing("action")),
        ("Action=GetCallerIdentity", "Action=AssumeRole", Rejection::Action),
        ("Action=GetCallerIdentity", "Action=getcalleridentity", Rejection::Action),
        ("Action=GetCallerIdentity", "Action=GetCallerIdentity&Action=AssumeRole", repeated("action")),
        ("Action=GetCallerIdentity", "aCtIoN=AssumeRole&Action=GetCallerIdentity", repeated("action")),
        ("Action=GetCallerIdentity", "Action=GetCallerIdentity&RoleArn=x", Rejection::UnknownParameter),
        ("Action=GetCallerIdentity", "Action=GetCallerIdentity&x", Rejection::UnknownParameter),
        ("Action=", "%41ction=", Rejection::UnknownParameter),
        ("GetCallerIdentity", "GetCallerIdentity%00", Rejection::Url),
        ("GetCallerIdentity", "GetCallerIdentity%0", Rejection::Url),
        ("GetCallerIdentity", "GetCallerIdentity%zz", Rejection::Url),
        ("GetCallerIdentity", "GetCallerIdentity%ff", Rejection::Url),
        ("GetCallerIdentity", "Get+CallerIdentity", Rejection::Url),
        ("GetCallerIdentity", "Get CallerIdentity", Rejection::Url),
        ("GetCallerIdentity", "GetCallerIdentity#", Rejection::Url),
        ("Version=2011-06-15&", "", missing("version")),
        ("2011-06-15", "2011-06-16", Rejection::Version),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "", missing("x-amz-algorithm")),
        ("HMAC-SHA256", "ECDSA-P256-SHA256", Rejection::Algorithm),
        ("&X-Amz-Credential", "&X-Amz-Security-Token=t&X-Amz-Credential", repeated("x-amz-security-token")),
        ("%2Fsts%2F", "%2Fiam%2F", Rejection::Credential),
        ("ASIAEXAMPLE%2F", "%2F", Rejection::Credential),
        ("ASIAEXAMPLE%2F20261120", "ASIAEXAMPLE%2F20261119", Rejection::Credential),
        ("aws4_request", "aws4_request%2Fx", Rejection::Credential),
        ("%2Faws4_request", "", Rejection::Credential),
        ("X-Amz-Date=20261120T170848Z&", "", missing("x-amz-date")),
        ("X-Amz-Date=20261120T170848Z", "X-Amz-Date=", Rejection::Date),
        ("20261120T170848Z", "20261120T170848", Rejection::Date),
        ("20261120T170848Z", "2026-11-20T17:08:48Z", Rejection::Date),
        ("20261120T170848Z", "20261120T176048Z", Rejection::Date),
        ("T170848Z", "T165347Z", Rejection::Expired { age_seconds: 901 }),
        ("T170848Z", "T172349Z", Rejection::NotYetValid { ahead_seconds: 901 }),
        ("X-Amz-Expires=60&", "", missing("x-amz-expires")),
        ("Expires=60", "Expires=901", Rejection::Expires),
        ("Expires=60", "Expires=-1", Rejection::Expires),
        ("Expires=60", "Expires=", Rejection::Expires),
        ("Expires=60", "Expires=%2B60", Rejection::Expires),
        ("Expires=60", "Expires=6e1", Rejection::Expires),
        ("Expires=60", "Expires=99999999999", Rejection::Expires),
        ("X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&", "", missing("x-amz-signedheaders")),
        ("host%3Bx-k8s-aws-id", "host", Rejection::SignedHeaders),
        ("host%3Bx-k8s-aws-id", "x-k8s-aws-id", Rejection::SignedHeaders),
        ("host%3Bx-k8s-aws-id", "host%3Bx-k8s-aws-id%3Bx-other", Rejection::SignedHeaders),
        ("host%3Bx-k8s-aws-id", "host%3Bhost%3Bx-k8s-aws-id", Rejection::SignedHeaders),
        ("host%3Bx-k8s-aws-id", "host%2Cx-k8s-aws-id", Rejection::SignedHeaders),
        ("Security-Token=to%2Fken", "Security-Token=", Rejection::SecurityToken),
        ("X-Amz-Signature=", "X-Amz-Signature=0", Rejection::Signature),
        ("X-Amz-Signature=", "X-Amz-Expires=60&X-Amz-Signature=", repeated("x-amz-expires")),
        ("X-Amz-Signature=", "X-Amz-Other=", Rejection::UnknownParameter),
    ];
    assert!(mutations.len() >= 40);
    for (piece, other, expected) in mutations {
        let broken = url.replacen(piece, other, 1);
        assert_ne!(broken, url, "{piece} is there");
        assert_eq!(verify(&around(&broken), 0), Err(expected), "{piece} -> {other}");
    }
    for (piece, other) in [
        ("Expires=60", "Expires=0"),
        ("Expires=60", "Expires=900"),
        ("Action=", "action="),
        ("host%3Bx-k8s-aws-id", "x-k8s-aws-id%3BHost"),
        ("&X-Amz-Security-Token=to%2Fken", ""),
        ("sts.eu-west-1.amazonaws.com", "sts.amazonaws.com"),
    ] {
        assert_eq!(verify(&around(&url.replacen(piece, other, 1)), 0), Ok(()), "{other}");
    }
    // No reason holds a piece of the token.
    let error = sts_proto::Error::from(verify(&around("https://sEcReT/"), 0).unwrap_err()).to_string();
    assert_eq!(error, "invalid input: `Token` holds a URL of a host that is not one of STS");
}

/// What Vault does with a login: it decodes the payload and sends the request to its own STS.
fn replay(body: &[u8]) -> Response<Vec<u8>> {
    let json: Value = serde_json::from_slice(body).expect("JSON");
    let decoded = |name: &str| BASE64_STANDARD.decode(json[name].as_str().expect("a text")).expect("base64");
    let url = String::from_utf8(decoded("iam_request_url")).expect("text");
    let mut request =
        Request::builder().method(json["iam_http_request_method"].as_str().expect("a text")).uri(url);
    let headers: Value = serde_json::from_slice(&decoded("iam_request_headers")).expect("JSON");
    for (name, values) in headers.as_object().expect("an object") {
        for value in values.as_array().expect("a list") {
            request = request.header(name, value.as_str().expect("a text"));
        }
    }
    send(request.body(decoded("iam_request_body")).expect("a request"))
}

#[test]
fn a_vault_login_can_be_replayed() {
    let sts = Server::start().expect("a server");
    sts.add_key("ASIAUSERUSERUSERUSER", "secret", Some("to/ken+="), Principal::user("123456789012", "bob"));
    let temporary =
        Credentials::new("ASIAUSERUSERUSERUSER", "secret").unwrap().with_session_token("to/ken+=").unwrap();
    let now = OffsetDateTime::now_utc();
    for (credentials, name) in [(credentials(sts.user()), "alice"), (temporary, "bob")] {
        for login in [VaultLogin::new("dev"), VaultLogin::new("dev").server_id("vault.test")] {
            let payload = login.build(&encoder(&sts), &credentials, now).unwrap();
            let response = replay(payload.body.as_ref());
            let text = String::from_utf8_lossy(response.body());
            assert!(response.status() == 200 && text.contains(&format!("user/{name}<")), "{text}");
        }
    }
    // The server id is signed: another one breaks the signature.
    let payload =
        VaultLogin::new("dev").server_id("vault.test").build(&encoder(&sts), &credentials(sts.user()), now);
    let mut json: Value = serde_json::from_slice(payload.unwrap().body.as_ref()).unwrap();
    let headers = BASE64_STANDARD.decode(json["iam_request_headers"].as_str().unwrap()).unwrap();
    let headers = String::from_utf8(headers).unwrap().replace("vault.test", "other.test");
    json["iam_request_headers"] = BASE64_STANDARD.encode(headers).into();
    assert_eq!(replay(json.to_string().as_bytes()).status(), 403);
}
