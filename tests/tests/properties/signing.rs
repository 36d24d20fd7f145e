//! Forms and signatures.

use super::*;

fn key_with(token: Option<&str>) -> Credentials {
    match token {
        Some(token) => key().with_session_token(token).unwrap(),
        None => key(),
    }
}

fn action(parameters: &[(String, String)]) -> RawAction {
    parameters.iter().fold(RawAction::new("GetCallerIdentity"), |operation, (name, value)| {
        operation.parameter(format!("P{name}"), value.as_str())
    })
}

proptest! {
    #![proptest_config(config())]

    /// What a form writes is read back by ours and by another reader, and is plain ASCII.
    #[test]
    fn a_form_is_read_as_it_was_written(pairs in vec((text(), text()), 0..6)) {
        let mut form = Form::new();
        pairs.iter().for_each(|(name, value)| form.pair(name, value));
        let written = String::from_utf8(form.into_body().into_vec()).unwrap();
        prop_assert!(written.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~%&=".contains(&b)));
        let read: Vec<(String, String)> =
            form::parse(&written).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        prop_assert_eq!(&read, &pairs);
        let theirs: Vec<(String, String)> = form_urlencoded::parse(written.as_bytes()).into_owned().collect();
        prop_assert_eq!(read, theirs);
    }

    /// Any text is read as the URL standard says.
    #[test]
    fn any_form_is_read_alike(written in text()) {
        let ours: Vec<_> = form::parse(&written).collect();
        let theirs: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(written.as_bytes()).collect();
        prop_assert_eq!(ours, theirs);
    }

    /// Neither the order of parameters, nor their spelling, nor that of headers changes a signature; another value does.
    #[test]
    fn a_signature_is_of_the_meaning(
        (pairs, shuffled) in vec(("[a-z]{1,4}", "[ -~]{0,6}"), 0..5)
            .prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle())),
        spellings in vec(any::<bool>(), 64),
        path in "(/[a-z.~%]{0,4}){1,4}",
        value in "[!-~]([ -~]{0,8}[!-~])?",
        time in moment(),
    ) {
        let escaped = |text: &str, all: &mut dyn FnMut() -> bool| -> String {
            let digits = |b: u8, small: bool| if small { format!("%{b:02x}") } else { format!("%{b:02X}") };
            text.bytes().map(|b| {
                let is_plain = b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
                if is_plain && !all() { char::from(b).to_string() } else { digits(b, all()) }
            }).collect()
        };
        let query = |pairs: &[(String, String)], choice: &mut dyn FnMut() -> bool| {
            let pairs = pairs.iter().map(|(name, value)| format!("{}={}", escaped(name, choice), escaped(value, choice)));
            pairs.collect::<Vec<_>>().join("&")
        };
        let path = path.replace('%', "%25");
        let request = |query: String, headers: &[(&'static str, String)]| {
            let mut request = Request::get(format!("https://h.test{path}?{query}"));
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            request.body("").unwrap()
        };
        let mut spelling = spellings.iter().copied().cycle();
        let one = request(query(&pairs, &mut || false), &[("x-a", value.clone()), ("x-b", "1".to_owned())]);
        let loose = format!("  {} \t", value.replace(' ', "  "));
        let same = request(
            query(&shuffled, &mut || spelling.next().unwrap_or_default()),
            &[("x-b", "1 ".to_owned()), ("x-a", loose)],
        );
        let credentials = key();
        let signing = Signing::new(&credentials, "eu-west-1", "sts", time);
        let signer = Signer::new();
        let explanation = signer.explain(&one, &signing).unwrap();
        prop_assert_eq!(&explanation, &signer.explain(&same, &signing).unwrap());
        let other = request(query(&pairs, &mut || false), &[("x-a", format!("{value}!")), ("x-b", "1".to_owned())]);
        prop_assert_ne!(explanation.signature, signer.explain(&other, &signing).unwrap().signature);
    }

    /// What an encoder signs, whose headers it put in order beforehand, is signed as any request is.
    #[test]
    fn an_encoder_signs_as_a_signer_does(
        url in "https?://[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z]{1,6}){0,3}(:(80|443|8080))?(/[a-zA-Z0-9~%:@_-][a-zA-Z0-9.~%:@_-]{0,5}){0,4}/?",
        parameters in vec(("[A-Za-z.]{1,8}", text()), 0..5),
        token in prop::option::of("[!-~]{1,600}"),
        time in moment(),
    ) {
        let endpoint = EndpointOptions::new().url(url.replace('%', "%25")).region("eu-west-1").resolve().unwrap();
        let (credentials, operation) = (key_with(token.as_deref()), action(&parameters));
        let encoded = Encoder::new(endpoint).encode(&operation, Some(&credentials), time).unwrap();
        let mut signed = encoded.clone();
        for name in ["authorization", "x-amz-date", "x-amz-security-token"] {
            signed.headers_mut().remove(name);
        }
        Signer::new().sign(&mut signed, &Signing::new(&credentials, "eu-west-1", "sts", time)).unwrap();
        prop_assert_eq!(encoded.headers(), signed.headers());
    }

    /// What is presigned is verified by a signer that is not ours.
    #[test]
    fn what_is_presigned_is_verified(
        parameters in vec(("[A-Za-z.]{1,8}", "[ -~é]{0,12}"), 0..5),
        token in prop::option::of("[!-~]{1,40}"),
        header in prop::option::of("[!-~]{1,12}"),
        time in moment().prop_filter("after the epoch of `SystemTime`'s crate", |time| time.year() >= 1970),
        expires in 1..604_801_u64,
    ) {
        let (credentials, operation) = (key_with(token.as_deref()), action(&parameters));
        let mut options = Presign::new(Duration::from_secs(expires)).allow_sensitive();
        if let Some(header) = &header {
            options = options.header(HeaderName::from_static("x-k8s-aws-id"), HeaderValue::from_str(header).unwrap());
        }
        let url = encoder().presign(&operation, &credentials, time, &options).unwrap();
        let (base, query) = url.expose().split_once('?').unwrap();
        let (signing, own): (Vec<_>, Vec<_>) = query.split('&').partition(|pair| pair.starts_with("X-Amz-"));
        let of = |name: &str| {
            let pair = signing.iter().find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            pair.map(|value| form::parse(&format!("v={value}")).next().unwrap().1.into_owned())
        };
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(of("X-Amz-Expires").unwrap().parse().unwrap()));
        let identity = aws_credential_types::Credentials::new(
            "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token.clone(), None, "test",
        ).into();
        let theirs = v4::SigningParams::builder()
            .identity(&identity).region("eu-west-1").name("sts").time(SystemTime::from(time)).settings(settings)
            .build().unwrap().into();
        let headers = header.iter().map(|value| ("x-k8s-aws-id", value.as_str()));
        let signable =
            SignableRequest::new("GET", format!("{base}?{}", own.join("&")), headers, SignableBody::Bytes(b"")).unwrap();
        let expected = sign(signable, &theirs).unwrap().into_parts().1;
        prop_assert_eq!(of("X-Amz-Signature"), Some(expected));
        prop_assert_eq!(of("X-Amz-Security-Token"), token);
    }
}
