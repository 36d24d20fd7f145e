//! Whole calls, and what they are set up with.

use super::*;

/// A whole call: a failure, a refusal that echoes secrets, and a result.
#[test]
fn calls() {
    clean("a call", || {
        let caller = Arc::new(Caller::new(encoder(), RetryPolicy::default()));
        let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };
        for is_refused in [false, true] {
            let call = Call::new(Arc::clone(&caller), role(), Some(Arc::new(credentials())), deadlines, 7);
            let mut step = call.start(NOW);
            let mut sent = 0;
            let outcome = loop {
                step = match step {
                    Step::Send(mut transmit, then) => {
                        sent += 1;
                        keep_token(&mut transmit.request);
                        black_box(format!("{transmit:?}"));
                        let answer = match (sent, is_refused) {
                            (1, _) => Err(Error::transport(TransportKind::Closed, "x")),
                            (_, false) => Ok(Response::new(reply("AssumeRole"))),
                            (_, true) => Ok(echo()),
                        };
                        then.resume(NOW, answer)
                    }
                    Step::Wait(_, then) => then.resume(NOW, ()),
                    Step::Done(outcome) => break outcome,
                };
            };
            assert_eq!(outcome.is_err(), is_refused);
            black_box(format!("{outcome:?}"));
            if let Err(error) = outcome {
                black_box(error.to_string());
            }
        }
    });
}

/// A service that shows the canonical request, the token in it, and a parameter.
fn echo() -> Response<Body> {
    let text = unseen(|| {
        format!(
            "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The Canonical String should have been\n'POST\
         \n/\n\nx-amz-security-token:{TOKEN}&#10;' ExternalId={} {EXTERNAL_ID}</Message><Detail>{TOKEN}</Detail></Error>\
         <RequestId>r</RequestId></ErrorResponse>",
            SECRETS[6]
        )
    });
    let mut response = Response::new(Body::from(text.into_bytes()));
    *response.status_mut() = http::StatusCode::FORBIDDEN;
    response
}

#[test]
fn settings() {
    clean("credentials that are refused", || {
        let (key, token) = unseen(|| (format!("{KEY}\n"), format!("{TOKEN} ")));
        black_box(Credentials::new("AKIA", key).unwrap_err().to_string());
        black_box(credentials().with_session_token(token).unwrap_err().to_string());
    });
    clean("the environment's credentials", || {
        let lookup = |name: &str| match name {
            "AWS_ACCESS_KEY_ID" => Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some(KEY.to_owned()),
            "AWS_SESSION_TOKEN" => Some(TOKEN.to_owned()),
            _ => None,
        };
        black_box(format!("{:?}", sts_proto::source::environment::credentials(lookup).unwrap()));
    });
    clean("a proxy", || {
        let settings = ProxySettings::explicit("http://alice:hunter%20EIGHT@127.0.0.1:3128").unwrap();
        let url = http::Uri::from_static("https://sts.eu-west-1.amazonaws.com/");
        let proxy = settings.for_url(&url).unwrap().unwrap();
        assert_eq!(proxy.credentials().unwrap().1.expose(), "hunter EIGHT");
        black_box(format!("{settings:?} {proxy}"));
        drop(http1::connect(proxy, "sts.eu-west-1.amazonaws.com", 443));
    });
}
