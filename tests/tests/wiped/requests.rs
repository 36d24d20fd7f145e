//! Requests and presigned URLs.

use super::*;

#[test]
fn requests() {
    let (credentials, encoder) = (credentials(), encoder());
    macro_rules! encoded {
        ($($operation:expr),* $(,)?) => {$(
            clean(stringify!($operation), || {
                let operation = $operation;
                let mut request = encoder.encode(&operation, Some(&credentials), NOW).unwrap();
                black_box(format!("{operation:?} {request:?}"));
                keep_token(&mut request);
                drop(http1::request(&request).unwrap());
                drop(operation.clone());
            });
        )*};
    }
    let arn = "arn:aws:iam::123456789012:role/Deploy";
    encoded![
        role(),
        AssumeRoleWithSaml::new(arn, "arn:aws:iam::123456789012:saml-provider/Idp", JWT),
        AssumeRoleWithWebIdentity::new(arn, "session", JWT).policy(POLICY),
        GetCallerIdentity::new(),
        GetDelegatedAccessToken::new(JWT),
        GetFederationToken::new("Bob").policy(POLICY),
        GetSessionToken::new(),
        RawAction::new("X").parameter("A", JWT).parameter("B", POLICY).parameter("C", "x".repeat(1000)),
        AssumeRoleWithCustomToken::new(JWT, arn),
    ];
    clean("sign", || {
        let mut request = Request::post("https://h.test/").header("x-b", "1").body("").unwrap();
        let signing = Signing::new(&credentials, "eu-west-1", "sts", NOW);
        encoder.signer().sign(&mut request, &signing).unwrap();
        black_box(format!("{request:?}"));
        keep_token(&mut request);
    });
    clean("an encoder and credentials", move || drop((encoder, credentials)));
}

#[test]
fn presigned_urls() {
    let (credentials, encoder) = (credentials(), encoder());
    clean("presign", || {
        let url = encoder.presign(&GetCallerIdentity::new(), &credentials, NOW, &Presign::default()).unwrap();
        black_box(format!("{url:?}"));
        drop(black_box([url.clone(), url]));
    });
    clean("a refusal to presign", || {
        let refused = encoder.presign(&role(), &credentials, NOW, &Presign::default());
        black_box(format!("{:?}", refused.unwrap_err()));
    });
    // By header, the token would be the value of one.
    clean("explain", || {
        let request = Request::get("https://h.test/").body("").unwrap();
        let signing = Signing::new(&credentials, "eu-west-1", "sts", NOW);
        let time = Duration::from_secs(60);
        black_box(format!("{:?}", encoder.signer().explain_presigned(&request, &signing, time).unwrap()));
    });
}
