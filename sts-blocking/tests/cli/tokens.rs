//! Tokens for others.

use crate::{IDENTITY, refusal, serve, stderr, stdout, sts, with_credentials, with_input};

const CLUSTER: [&str; 2] = ["--cluster-name", "my-cluster"];

#[test]
fn an_eks_token_is_what_kubectl_asks_for() {
    let token = |info: &str| {
        let mut command = with_credentials(&[&["eks-token"][..], &CLUSTER].concat());
        command.env("KUBERNETES_EXEC_INFO", info).output().unwrap()
    };
    for (info, version) in [("", "v1beta1"), (r#"{"apiVersion": "client.authentication.k8s.io/v1"}"#, "v1")] {
        let printed = stdout(&token(info));
        let expected = format!(
            "{{\"kind\": \"ExecCredential\", \"apiVersion\": \"client.authentication.k8s.io/{version}\", \"spec\": {{}}"
        );
        assert!(printed.starts_with(&expected) && printed.contains("\"k8s-aws-v1.aHR0cHM6Ly9"), "{printed}");
    }
    assert_eq!(token("{}").status.code(), Some(253));
    assert_eq!(with_credentials(&["eks-token"]).output().unwrap().status.code(), Some(252));
}

#[test]
fn eks_tokens_are_verified() {
    let (url, server) =
        serve(vec![(200, IDENTITY.to_owned()), (403, refusal("SignatureDoesNotMatch", "no"))]);
    let endpoint = ["--endpoint-url", url.as_str()];
    let made = with_credentials(&[&["eks-token"][..], &CLUSTER, &endpoint].concat()).output().unwrap();
    let verify = |text: &str, more: &[&str]| {
        let mut command = sts(&[&["eks-verify"][..], &CLUSTER, more].concat());
        with_input(&mut command, text)
    };
    let token = stdout(&made);
    let output = verify(&token, &endpoint);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("\"CanonicalArn\": \"arn:aws:iam::123456789012:user/alice\""));
    assert_eq!(verify(&token, &endpoint).status.code(), Some(254));
    server.join().unwrap();

    // Whoever did not name that host does not believe it.
    let output = verify(&token, &[]);
    assert_eq!(output.status.code(), Some(255));
    assert!(stderr(&output).starts_with("\nThe token is refused: it holds a URL that is not https"));
    for text in ["", "{}", "k8s-aws-v1.", "x"] {
        let output = verify(text, &[]);
        assert!(!output.status.success() && stderr(&output).contains("The token is refused: it "), "{text}");
    }
}

#[test]
fn web_identity_token_scope_and_subject_mode_are_sent() {
    let reply = "<GetWebIdentityTokenResponse><GetWebIdentityTokenResult><WebIdentityToken>eyJh.e30.c2ln</WebIdentityToken>\
        </GetWebIdentityTokenResult></GetWebIdentityTokenResponse>";
    let (url, server) = serve(vec![(200, reply.to_owned())]);
    let arguments = "web-identity-token --audience a --subject-mode OriginIdentity --endpoint-url";
    let arguments: Vec<&str> = arguments.split(' ').chain([&*url, "--scope", "read write:all"]).collect();
    let output = with_credentials(&arguments).output().unwrap();
    assert_eq!(
        server.join().unwrap(),
        "Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=a&SigningAlgorithm=ES384\
         &Scope=read%20write%3Aall&SubjectMode=OriginIdentity"
    );
    assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("eyJh.e30.c2ln\n", ""));

    // Refused before credentials are looked for: there are none.
    let arguments =
        "web-identity-token --audience a --region eu-west-1 --subject-mode OriginIdentity --scope";
    let arguments: Vec<&str> = arguments.split(' ').chain(["a a"]).collect();
    let output = sts(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(252));
    assert_eq!(stderr(&output), "\nGetWebIdentityToken was not sent: `Scope` has the same scope twice\n");
}

#[test]
fn a_login_to_vault_is_for_the_global_endpoint() {
    let payload = |more: &[&str]| {
        let output = with_credentials(&[&["vault-login", "--role", "dev"], more].concat()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    // `https://sts.amazonaws.com/` in base64.
    let global = "\"iam_request_url\": \"aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8=\"";
    let printed = payload(&[]);
    assert!(printed.starts_with("{\"role\": \"dev\", ") && printed.contains(global), "{printed}");
    assert!(!payload(&["--region", "eu-west-1"]).contains(global));
}

#[test]
fn a_console_is_for_temporary_credentials() {
    let output = with_credentials(&["console", "--logout"]).output().unwrap();
    assert!(stdout(&output).starts_with("https://us-east-1.signin.aws.amazon.com/oauth?Action=logout&"));
    let output = with_credentials(&["console"]).env_remove("AWS_SESSION_TOKEN").output().unwrap();
    assert_eq!(output.status.code(), Some(253));
    assert!(stderr(&output).contains("long-term: add --role-arn"), "{}", stderr(&output));
}

#[test]
fn an_authorization_message_is_found_and_shown() {
    let decoded = "<DecodeAuthorizationMessageResponse><DecodeAuthorizationMessageResult>\
                   <DecodedMessage>{\"allowed\":false,\"context\":{\"action\":\"s3:GetObject\"}}</DecodedMessage>\
                   </DecodeAuthorizationMessageResult></DecodeAuthorizationMessageResponse>";
    let decode = |text: &str, more: &[&str]| {
        let mut command = with_credentials(&[&["decode-authorization-message", "--pretty"], more].concat());
        with_input(&mut command, text)
    };
    let (url, server) = serve(vec![(200, decoded.to_owned())]);
    let text = "You are not authorized. Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6X\n";
    let output = decode(text, &["--endpoint-url", &url]);
    assert!(server.join().unwrap().contains("EncodedMessage=4GIOHlTkIaWHQD0Q0m6X"));
    let expected =
        "{\n    \"allowed\": false,\n    \"context\": {\n        \"action\": \"s3:GetObject\"\n    }\n}\n";
    assert_eq!(stdout(&output), expected);
    let output = decode("no message here", &["--endpoint-url", "http://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(252));
}
