//! No log line, of ours or of what we stand on, holds a secret. A test of its own, because a program has one logger.

use std::fmt::Write;
use std::sync::Mutex;

use sts_blocking::operation::{AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity};
use sts_blocking::{Client, Credentials};
use sts_tests::server::{Mfa, Server};

static LINES: Mutex<String> = Mutex::new(String::new());

struct Collector;

impl log::Log for Collector {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut lines = LINES.lock().expect("no panic while it is held");
        writeln!(lines, "{} {} {}", record.level(), record.target(), record.args())
            .expect("a text takes everything");
    }

    fn flush(&self) {}
}

#[test]
fn log_lines_hold_no_secret() {
    log::set_logger(&Collector).expect("the only logger");
    log::set_max_level(log::LevelFilter::Trace);

    let server = Server::start().unwrap();
    let user = server.user();
    // A code that no other line holds by chance.
    server.add_mfa(user.arn(), Mfa::fixed("arn:aws:iam::123456789012:mfa/alice", "774411"));
    let credentials = Credentials::new(user.access_key_id(), user.secret_access_key()).unwrap();
    let client = Client::builder()
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials(credentials)
        .build()
        .unwrap();
    let arn = "arn:aws:iam::123456789012:role/Deploy";
    let operation = AssumeRole::new(arn, "session")
        .policy(r#"{"Version":"2012-10-17","Statement":[]}"#)
        .external_id("external-id-7741")
        .serial_number("arn:aws:iam::123456789012:mfa/alice")
        .token_code("774411");
    let role = client.send(operation).unwrap().into_output().credentials;
    client.with_credentials(role.clone()).send(GetCallerIdentity::new()).unwrap();
    let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8veC50ZXN0IiwiYXVkIjoieSJ9.c2ln";
    client.send(AssumeRoleWithWebIdentity::new(arn, "session", jwt)).unwrap();
    let wrong = Credentials::new(user.access_key_id(), "wrong-secret-7741").unwrap();
    client.with_credentials(wrong).send(GetCallerIdentity::new()).unwrap_err();
    let beyond = AssumeRole::new(arn, "s".repeat(65)).external_id("external-id-7741");
    client.send(beyond.clone()).unwrap_err();

    let again = sts_async::smol::Client::builder()
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials(Credentials::new(user.access_key_id(), user.secret_access_key()).unwrap())
        .build()
        .unwrap();
    futures_lite::future::block_on(async {
        let operation = AssumeRole::new(arn, "session").external_id("external-id-7741");
        let role = again.send(operation).await.unwrap().into_output().credentials;
        again.with_credentials(role).send(GetCallerIdentity::new()).await.unwrap();
        again.send(beyond).await.unwrap_err();
    });

    let lines = LINES.lock().unwrap();
    assert_eq!(lines.lines().filter(|line| line.contains(" sts_async ")).count(), 4, "{lines}");
    let ours = lines.lines().filter(|line| line.contains(" sts_blocking")).count();
    // Five calls, one of them against advice, and one warning of what ureq logs at this level.
    assert_eq!(ours, 7, "{lines}");
    for driver in ["sts_blocking", "sts_async"] {
        let advice =
            format!("WARN {driver} [sts advice] AssumeRole is sent all the same: by the service model of ");
        let line = lines.lines().find(|line| line.starts_with(&advice));
        let rule = "`RoleSessionName` must have at most 64 characters, and has 65";
        assert!(line.is_some_and(|line| line.ends_with(rule)), "{lines}");
    }
    assert!(
        lines.contains("[sts 200 0.")
            && lines.contains("] AssumeRole(RoleArn=")
            && lines.contains(user.access_key_id())
    );
    for secret in [
        user.secret_access_key(),
        role.secret_access_key().expose(),
        role.session_token().unwrap().expose(),
        "external-id-7741",
        "774411",
        "2012-10-17",
        jwt,
        "wrong-secret-7741",
    ] {
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for form in [secret, &encoded] {
            let line = lines.lines().find(|line| line.contains(form));
            assert_eq!(line, None, "a line holds a secret");
        }
    }
}
