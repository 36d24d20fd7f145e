//! What the builder makes of its settings.

use std::sync::Arc;

use sts_blocking::config::profile::ProfileSet;
use sts_blocking::config::{Config, Environment, Files};

use super::*;

#[test]
fn settings_reach_the_wire() {
    let server = server();
    let options = EndpointOptions::new().region("eu-west-3").url(format!("{}/a%20b/sts", server.url()));
    let client = Client::builder()
        .endpoint(options)
        .credentials(user(&server))
        .user_agent_suffix("my-app/2.0")
        .app_id("billing")
        .build()
        .unwrap();
    client.send(GetCallerIdentity::new()).unwrap();
    let requests = server.requests();
    let request = requests.last().unwrap();
    assert_eq!(request.target(), "/a%20b/sts");
    assert!(request.header("authorization").unwrap().contains("/eu-west-3/sts/aws4_request"));
    let agent = request.header("user-agent").unwrap();
    assert!(agent.starts_with("sts-proto/") && agent.contains(" lib/sts-blocking#"), "{agent}");
    assert!(agent.contains(" m/E,N,e cfg/retry-mode#standard app/billing my-app/2.0"), "{agent}");
    assert_eq!(request.header("accept"), None);

    let other = client.call(GetCallerIdentity::new()).credentials(Credentials::new("AKIAX", "x").unwrap());
    assert_eq!(other.send().unwrap_err().code(), Some(&ErrorCode::InvalidClientTokenId));
}

#[test]
fn a_client_that_cannot_work_is_not_built() {
    let error = Client::builder().build().unwrap_err();
    assert!(error.to_string().contains("`Region` is required"), "{error}");
    let timeouts = Timeouts::default().connect(Duration::ZERO);
    let error = Client::builder().region("us-east-1").timeouts(timeouts).build().unwrap_err();
    assert!(error.to_string().contains("`Timeouts.connect`"), "{error}");
}

#[test]
fn an_environment_and_a_profile_are_all_that_a_client_needs() {
    let server = server();
    let (user, url) = (server.user(), server.url());
    let variables = [
        ("AWS_ACCESS_KEY_ID", user.access_key_id()),
        ("AWS_SECRET_ACCESS_KEY", user.secret_access_key()),
        ("AWS_PROFILE", "local"),
    ];
    let text = format!(
        "[profile local]\nregion = us-east-1\nservices = s\n[services s]\nsts =\n endpoint_url = {url}"
    );
    let profiles = ProfileSet::parse(&Files::default(), Some(text.as_bytes()), None).unwrap();
    let config = Arc::new(Config::new(variables.into_iter().collect(), profiles, None).unwrap());
    let builder = || Client::builder().config(Arc::clone(&config));
    builder().credentials_from_env().build().unwrap().send(GetCallerIdentity::new()).unwrap();
    // Credentials are not taken unasked.
    assert!(builder().build().unwrap().send(GetCallerIdentity::new()).is_err());

    let environment: Environment = [("AWS_PROFILE", "missing")].into_iter().collect();
    assert!(
        Config::of_environment(environment).unwrap_err().to_string().contains("`missing` is in neither file")
    );
}
