use std::io;
use std::path::Path;

use super::*;
use crate::error::TransportKind;
use crate::source::testing::{Asked, Play, found, sentence};

const REPLY: &str = r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"sEcReT","sessionToken":
    "sEcReTtoken","expiration":1795150000000}}"#;

const REFRESHED: &str =
    r#"{"accessToken":"sEcReTnew","expiresIn":28800,"refreshToken":"sEcReTnext","tokenType":"Bearer"}"#;

fn sso() -> Sso {
    Sso::new(
        "https://d-abc123.awsapps.com/start",
        "us-east-1",
        "012345678901",
        "Sample/Role",
        "/home/.aws/sso/cache",
    )
}

fn session() -> Sso {
    sso().session("dev").profile("work")
}

/// The cache's file with a token that expires at that time on the day of the tests, at half past midnight.
fn cached(expires: &str) -> String {
    format!(
        r#"{{"startUrl":"https://d-abc123.awsapps.com/start","accessToken":"sEcReTold","expiresAt":"2026-11-20T{expires}Z",
            "refreshToken":"sEcReTrefresh","clientId":"client","clientSecret":"sEcReTclient","future":[1],
            "registrationExpiresAt":"2027-01-01T00:00:00Z"}}"#
    )
}

#[test]
fn a_good_token_becomes_credentials() {
    let (result, asked) = Play::new().file(cached("00:36:00")).reply(200, REPLY).watch(session());
    let credentials = found(result);
    assert_eq!((credentials.access_key_id(), credentials.source()), ("ASIASSO", Some("SSO")));
    assert_eq!(credentials.account_id(), Some("012345678901"));
    assert_eq!(credentials.expiration().unwrap().unix_timestamp(), 1_795_150_000);
    let Asked::File(path) = &asked[0] else { panic!("{asked:?}") };
    // The digest of `dev`.
    assert_eq!(path, "/home/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json");
    assert_eq!(
        asked[1].request().0,
        "GET https://portal.sso.us-east-1.amazonaws.com/federation/credentials?account_id=012345678901&\
         role_name=Sample%2FRole"
    );
    assert_eq!(asked[1].header("x-amz-sso_bearer_token"), Some("sEcReTold"));
    assert!(!asked[1].is_direct() && !format!("{asked:?}").contains("sEcReT"));
    let source =
        Sso::new("https://ssotest.awsapps.com/start", "us-east-2", "1", "r", "c").fips(true).dual_stack(true);
    let (_, asked) = Play::new().file(cached("20:00:00")).reply(200, REPLY).watch(source);
    let Asked::File(path) = &asked[0] else { panic!("{asked:?}") };
    assert_eq!(Path::new(path), Path::new("c/dace00cba5f8355ec9d274ceb2bcebdfbeed0e12.json"));
    assert!(asked[1].request().0.contains("https://portal.sso-fips.us-east-2.api.aws/"));
}

#[test]
fn a_session_is_refreshed_and_written_back() {
    let play = Play::new().file(cached("00:34:59")).reply(200, REFRESHED).written(Ok(())).reply(200, REPLY);
    let (result, asked) = play.watch(session());
    found(result);
    let (line, body) = asked[1].request();
    assert_eq!(line, "POST https://oidc.us-east-1.amazonaws.com/token");
    assert_eq!(
        body,
        r#"{"clientId": "client", "clientSecret": "sEcReTclient", "grantType": "refresh_token", "refreshToken": "sEcReTrefresh"}"#
    );
    let (Asked::File(path), Asked::Write(file)) = (&asked[0], &asked[2]) else { panic!("{asked:?}") };
    assert_eq!(file.path, Path::new(path));
    let written = Json::read(file.contents.as_ref()).unwrap();
    let text = |name: &str| written.required(name).unwrap().expose().to_owned();
    assert_eq!(
        (text("accessToken"), text("refreshToken")),
        ("sEcReTnew".to_owned(), "sEcReTnext".to_owned())
    );
    assert_eq!(
        (text("expiresAt"), text("clientId")),
        ("2026-11-20T08:30:00Z".to_owned(), "client".to_owned())
    );
    assert!(written.get("future").unwrap().is_some(), "what nobody knows stays");
    assert_eq!(asked[3].header("x-amz-sso_bearer_token"), Some("sEcReTnew"));
    // A disk that is read-only.
    let play = Play::new().file(cached("00:00:00")).reply(200, REFRESHED);
    found(play.written(Err(io::ErrorKind::ReadOnlyFilesystem.into())).reply(200, REPLY).run(session()));
}

#[test]
fn a_refresh_that_fails_costs_nothing_while_the_token_is_good() {
    let refused = r#"{"error":"invalid_grant","error_description":"sEcReTrefresh is used up"}"#;
    let (result, asked) =
        Play::new().file(cached("00:33:00")).reply(400, refused).reply(200, REPLY).watch(session());
    found(result);
    assert_eq!(asked[2].header("x-amz-sso_bearer_token"), Some("sEcReTold"));
    let error = Play::new()
        .file(cached("00:29:00"))
        .reply(400, refused)
        .file(cached("00:29:00"))
        .run(session())
        .unwrap_err();
    assert_eq!(error.hint().map(Hint::cause), Some(Cause::SignInNeeded));
    assert_eq!(
        sentence(Err(error)),
        "no credentials from SSO: the OIDC service answered with the status 400: invalid_grant: [redacted] is used up; \
         run `aws sso login --profile work`"
    );
    let silent =
        (0..3).fold(Play::new().file(cached("00:29:00")), |play, _| play.broken(TransportKind::Timeout));
    let error = silent.no_file(io::ErrorKind::NotFound).run(session()).unwrap_err();
    assert_eq!(error.hint(), None, "signing in would not help: {error}");
    for answer in ["", "{}", r#"{"accessToken":"sEcReT"}"#, r#"{"accessToken":"sEcReT","expiresIn":-1}"#] {
        sentence(Play::new().file(cached("00:29:00")).reply(200, answer).file("{}").run(session()));
    }
}

#[test]
fn who_must_sign_in_is_told_how() {
    let expired = || Play::new().file(cached("00:29:00"));
    for (source, play, words) in [
        (
            sso().profile("a b"),
            expired(),
            "the session has expired, and a profile without `sso_session` has no refresh; \
            run `aws sso login --profile \"a b\"`",
        ),
        (sso(), expired(), "run `aws sso login`"),
        (sso().profile("default"), Play::new().no_file(io::ErrorKind::NotFound), "run `aws sso login`"),
        (
            sso().session("dev"),
            Play::new().file(cached("00:29:00").replace("refreshT", "x")),
            "there is no refresh token; run `aws sso login --sso-session dev`",
        ),
        (
            session(),
            Play::new().file(cached("00:29:00").replace("2027", "2025")),
            "so has the client's registration",
        ),
        (
            session(),
            Play::new().file(cached("06:00:00")).reply(401, r#"{"message":"Session token not found"}"#),
            "the status 401: Session token not found; run `aws sso login --profile work`",
        ),
    ] {
        let error = play.run(source).unwrap_err();
        assert_eq!(error.hint().map(Hint::cause), Some(Cause::SignInNeeded), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let text = sentence(Play::new().no_file(io::ErrorKind::NotFound).run(sso()));
    assert!(text.contains("failed to read `/home/.aws/sso/cache/"), "{text}");
}

#[test]
fn files_and_answers_that_are_none() {
    let (result, _) = Play::new().file("{\"acc").file(cached("06:00:00")).reply(200, REPLY).watch(sso());
    found(result);
    let torn = (0..3).fold(Play::new(), |play, _| play.file("{\"acc"));
    for (play, words) in [
        (torn, "is not JSON"),
        (Play::new().no_file(io::ErrorKind::PermissionDenied), "permission denied"),
        (Play::new().file(r#"{"expiresAt":"2026-11-20T06:00:00Z"}"#), "`accessToken` is missing"),
        (Play::new().file(r#"{"accessToken":"sEcReT","expiresAt":"soon"}"#), "`expiresAt` is no time"),
        (
            Play::new().file(cached("06:00:00")).reply(403, r#"{"message":"No access"}"#),
            "the status 403: No access",
        ),
        (Play::new().file(cached("06:00:00")).reply(200, "{}"), "no `roleCredentials`"),
        (Play::new().file(cached("06:00:00")).reply(200, "<html>"), "is not JSON"),
        (
            Play::new().file(cached("06:00:00")).reply(200, r#"{"roleCredentials":{}}"#),
            "`accessKeyId` is missing",
        ),
    ] {
        let error = play.run(session()).unwrap_err();
        assert_eq!(error.hint(), None, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    for source in
        [Sso::new("", "r", "1", "x", ""), Sso::new("s", "r", "", "x", ""), Sso::new("s", "r", "1", "", "")]
    {
        assert_eq!(Play::new().run(source).unwrap_err().kind(), crate::ErrorKind::InvalidInput);
    }
}

#[test]
fn another_process_may_be_quicker() {
    let refused = r#"{"error":"invalid_grant"}"#;
    let play = Play::new().file(cached("00:29:00")).reply(400, refused);
    let theirs = cached("06:00:00").replace("sEcReTold", "sEcReTtheirs");
    let (result, asked) = play.file(theirs).reply(200, REPLY).watch(session());
    found(result);
    assert_eq!(asked[3].header("x-amz-sso_bearer_token"), Some("sEcReTtheirs"));
}

#[test]
fn a_token_that_cannot_be_written_is_kept_until_somebody_writes_the_file() {
    let read_only = || Err(io::ErrorKind::ReadOnlyFilesystem.into());
    let source = session();
    let play = Play::new().file(cached("00:00:00")).reply(200, REFRESHED).written(read_only());
    found(play.reply(200, REPLY).run(source.clone()));
    let bearer = |file: String| {
        let (result, asked) = Play::new().file(file).reply(200, REPLY).watch(source.clone());
        found(result);
        asked[1].header("x-amz-sso_bearer_token").unwrap().to_owned()
    };
    assert_eq!(bearer(cached("00:00:00")), "sEcReTnew");
    let theirs = cached("06:00:00").replace("sEcReTold", "sEcReTtheirs");
    assert_eq!(bearer(theirs.clone()), "sEcReTtheirs");
    assert_eq!(bearer(theirs), "sEcReTtheirs");

    // Kept, it is refreshed in its turn, with the refresh token that came with it.
    let (short, refused) = (REFRESHED.replace("28800", "1"), r#"{"error":"invalid_grant"}"#);
    let source = session();
    let play = Play::new().file(cached("00:00:00")).reply(200, short).written(read_only()).reply(200, REPLY);
    let play = play.file(cached("00:00:00")).reply(400, refused).file(cached("00:00:00"));
    let (result, asked) = play.flow(|ask| async move {
        let context = crate::source::testing::context(ask);
        source.look(&context).await?;
        context.ask().wait(Duration::from_secs(2)).await;
        source.look(&context).await
    });
    let refresh = asked.iter().filter(|asked| matches!(asked, Asked::Request(..))).nth(2).unwrap();
    assert!(refresh.request().1.contains(r#""refreshToken": "sEcReTnext""#));
    let text = sentence(result);
    assert!(
        text.contains("invalid_grant; what was refreshed before could not be written to `/home/.aws"),
        "{text}"
    );
}
