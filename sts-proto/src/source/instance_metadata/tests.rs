use super::*;
use crate::source::testing::{Asked, Play, found, nothing, sentence};

const DOCUMENT: &str = r#"{"Code":"Success","LastUpdated":"2026-11-20T00:00:00Z","Type":"AWS-HMAC","AccessKeyId":
    "ASIAROLE","SecretAccessKey":"sEcReT","Token":"sEcReTtoken","Expiration":"2026-11-20T06:00:00Z"}"#;

fn requests(asked: &[Asked]) -> Vec<String> {
    asked.iter().filter(|a| matches!(a, Asked::Request(..))).map(|a| a.request().0).collect()
}

#[test]
fn a_role_is_found_by_three_direct_requests() {
    let play = Play::new().reply(200, "tok\n").reply(200, "Role\nOther").reply(200, DOCUMENT);
    let (result, asked) = play.watch(InstanceMetadata::new());
    let credentials = found(result);
    assert_eq!((credentials.access_key_id(), credentials.source()), ("ASIAROLE", Some(NAME)));
    assert_eq!(credentials.expiration().unwrap().unix_timestamp(), 1_795_154_400);
    let base = "http://169.254.169.254/latest";
    let expected = [
        format!("PUT {base}/api/token"),
        format!("GET {base}/meta-data/iam/security-credentials/"),
        format!("GET {base}/meta-data/iam/security-credentials/Role"),
    ];
    assert_eq!(requests(&asked), expected);
    assert!(asked.iter().all(Asked::is_direct));
    assert_eq!(asked[0].header("x-aws-ec2-metadata-token-ttl-seconds"), Some("21600"));
    assert_eq!(asked[2].header("x-aws-ec2-metadata-token"), Some("tok"));
    assert!(matches!(asked[0], Asked::Request(_, timeout) if timeout == Duration::from_secs(1)));
    assert!(!format!("{asked:?}").contains("tok\""), "the token's header is sensitive");
}

#[test]
fn a_token_is_renewed_once() {
    let play = Play::new().reply(200, "old").reply(401, "").reply(200, "new");
    let (result, asked) = play.reply(200, "Role").reply(200, DOCUMENT).watch(InstanceMetadata::new());
    found(result);
    assert_eq!(asked[3].header("x-aws-ec2-metadata-token"), Some("new"));
    let play = Play::new().reply(200, "old").reply(401, "").reply(200, "new").reply(401, "");
    assert!(sentence(play.run(InstanceMetadata::new())).contains("the status 401"));
}

#[test]
fn endpoints() {
    let first = |source: InstanceMetadata| {
        let (_, asked) = Play::new().reply(400, "").watch(source);
        requests(&asked).remove(0)
    };
    let new = InstanceMetadata::new;
    assert_eq!(first(new().ipv6(true)), "PUT http://[fd00:ec2::254]/latest/api/token");
    assert_eq!(first(new().ipv6(true).endpoint("http://own:456/")), "PUT http://own:456/latest/api/token");
    for url in ["not a uri", "/path", "ftp://h", "http://user@h/", "http://h/?q"] {
        let text = sentence(Play::new().run(new().endpoint(url)));
        assert!(text.contains("`Ec2MetadataServiceEndpoint` must be a URL"), "{text}");
    }
}

#[test]
fn who_is_no_instance_is_skipped_after_one_attempt() {
    let why = nothing(Play::new().broken(TransportKind::Timeout).run(InstanceMetadata::new()));
    assert!(why.contains("within 1 s") && why.contains("hop limit"), "{why}");
    // Unless somebody said how often.
    let twice = Play::new().broken(TransportKind::Timeout).broken(TransportKind::Timeout);
    nothing(twice.run(InstanceMetadata::new().attempts(2)));
    let why = nothing(Play::new().broken(TransportKind::Connect).run(InstanceMetadata::new()));
    assert_eq!(why, "it is out of reach: no connection could be made");
    let why = nothing(Play::new().reply(403, "").run(InstanceMetadata::new()));
    assert!(why.contains("switched off"), "{why}");
    let why = nothing(Play::new().reply(200, "tok").reply(404, "<html>").run(InstanceMetadata::new()));
    assert_eq!(why, "the instance has no role");
    let why = nothing(Play::new().run(InstanceMetadata::new().disabled(true)));
    assert!(why.contains("AWS_EC2_METADATA_DISABLED"), "{why}");
}

#[test]
fn who_is_asked_for_by_name_must_answer() {
    let required = || InstanceMetadata::new().required(true).attempts(2);
    let silent = || Play::new().broken(TransportKind::Timeout).broken(TransportKind::Timeout);
    let error = silent().run(required()).unwrap_err();
    assert_eq!(error.hint().map(Hint::cause), Some(Cause::HopLimit), "{error}");
    assert!(error.to_string().contains("no token within 1 s; in a container, the"), "{error}");
    assert!(silent().run(InstanceMetadata::new().attempts(2).endpoint("http://own")).is_err());
    assert!(Play::new().run(required().disabled(true)).is_err());
    assert!(Play::new().reply(200, "tok").reply(404, "").run(required()).is_err());
}

#[test]
fn a_service_that_is_there_is_asked_again() {
    let play = Play::new().reply(500, "").reply(200, "tok").reply(503, "").broken(TransportKind::Closed);
    found(play.reply(200, "Role").reply(200, DOCUMENT).run(InstanceMetadata::new()));
    let play = (0..3).fold(Play::new().reply(200, "tok"), |play, _| play.broken(TransportKind::Timeout));
    assert!(sentence(play.run(InstanceMetadata::new())).contains("gave no reply: the deadline passed"));
}

#[test]
fn version_1_is_used_where_it_is_allowed_only() {
    let old = || InstanceMetadata::new().v1_fallback(true);
    for play in [Play::new().reply(404, ""), Play::new().broken(TransportKind::Timeout)] {
        let (result, asked) = play.reply(200, "Role").reply(200, DOCUMENT).watch(old());
        found(result);
        assert_eq!(asked[1].header("x-aws-ec2-metadata-token"), None);
    }
    nothing(Play::new().reply(404, "").run(InstanceMetadata::new()));
    nothing(Play::new().broken(TransportKind::Timeout).broken(TransportKind::Timeout).run(old()));
    nothing(Play::new().broken(TransportKind::Connect).run(old()));
    // A request that is wrong is no sign of version 1.
    assert!(Play::new().reply(400, "").run(old()).is_err());
}

#[test]
fn a_failure_inside_of_a_200_is_an_error() {
    let failed = r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot\nassume"}"#;
    let play = || Play::new().reply(200, "tok").reply(200, "Role");
    let error = play().reply(200, failed).run(InstanceMetadata::new()).unwrap_err();
    assert_eq!(error.hint().map(Hint::cause), Some(Cause::TrustPolicy));
    assert!(error.to_string().contains(r"AssumeRoleUnauthorizedAccess: EC2 cannot\nassume"), "{error}");
    for (status, body, words) in
        [(200, "<html>", "is not JSON"), (200, "{}", "`AccessKeyId` is missing"), (404, "", "the status 404")]
    {
        let text = sentence(play().reply(status, body).run(InstanceMetadata::new()));
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_token_that_is_echoed_is_not_shown() {
    let echo = r#"{"code":"Odd","message":"sEcReTtok is wrong"}"#;
    let token = || Play::new().reply(200, "sEcReTtok");
    for play in [
        token().reply(400, echo),
        token().reply(200, "Role").reply(400, echo),
        token().reply(200, "Role").reply(200, echo),
        token().reply(401, "").reply(400, echo),
    ] {
        let text = sentence(play.run(InstanceMetadata::new()));
        assert!(text.contains("[redacted] is wrong"), "{text}");
    }
    let region = |play: Play| play.flow(|ask| async move { InstanceMetadata::new().region(&ask).await }).0;
    assert!(region(token().reply(400, echo)).unwrap_err().to_string().contains("[redacted] is wrong"));
}

#[test]
fn odd_names_and_tokens_are_refused() {
    for role in ["a/../b", "..", "r\u{e9}", "a b", "?x"] {
        let text = sentence(Play::new().reply(200, "tok").reply(200, role).run(InstanceMetadata::new()));
        assert!(text.contains("role that it names cannot be one"), "{text}");
    }
    for token in ["", "a b", "\u{1}"] {
        assert!(sentence(Play::new().reply(200, token).run(InstanceMetadata::new())).contains("token"));
    }
}

#[test]
fn regions() {
    let look =
        |play: Play, source: InstanceMetadata| play.flow(|ask| async move { source.region(&ask).await });
    let (region, asked) =
        look(Play::new().reply(200, "tok").reply(200, "eu-west-1\n"), InstanceMetadata::new());
    assert_eq!(region.unwrap().as_deref(), Some("eu-west-1"));
    assert_eq!(requests(&asked)[1], "GET http://169.254.169.254/latest/meta-data/placement/region");
    let unknown = Play::new().reply(200, "tok").reply(404, "");
    assert_eq!(look(unknown, InstanceMetadata::new()).0.unwrap(), None);
    let away = Play::new().broken(TransportKind::Connect);
    assert_eq!(look(away, InstanceMetadata::new()).0.unwrap(), None);
    assert!(look(Play::new(), InstanceMetadata::new().disabled(true).required(true)).0.is_err());
    assert!(look(Play::new().reply(200, "tok").reply(200, "x/y"), InstanceMetadata::new()).0.is_err());
}

#[test]
fn settings_of_the_environment() {
    let from = |variables: &[(&str, &str)]| {
        let environment = variables.iter().copied().collect();
        InstanceMetadata::from_config(&Config::of_environment(environment).unwrap())
    };
    assert_eq!(from(&[]).unwrap(), InstanceMetadata::new());
    let source = from(&[
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://own:1"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6"),
        ("AWS_EC2_METADATA_V1_DISABLED", "false"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "7"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1"),
    ]);
    let new = InstanceMetadata::new().endpoint("http://own:1").ipv6(true).v1_fallback(true);
    assert_eq!(source.unwrap(), new.timeout(Duration::from_secs(7)).attempts(1));
    assert_eq!(
        from(&[("AWS_EC2_METADATA_DISABLED", "true")]).unwrap(),
        InstanceMetadata::new().disabled(true)
    );
    assert!(from(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv7")]).is_err());
}
