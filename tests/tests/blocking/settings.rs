//! What the builder makes of its settings.

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
