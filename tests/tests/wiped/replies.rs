//! Replies, as documents and as bytes.

use super::*;

#[test]
fn replies() {
    clean("AssumeRole's reply", || {
        let reply = role().decode(&Response::new(reply("AssumeRole"))).unwrap();
        assert_eq!(reply.credentials.secret_access_key().expose(), NEW_KEY);
        black_box(format!("{reply:?}"));
        drop(black_box([reply.clone().into_output(), reply.into_output()]));
    });
    clean("a secret in pieces", || {
        let body = unseen(|| {
            let mut text = String::from_utf8(reply("AssumeRole").into_vec()).unwrap();
            text.insert_str(text.find(NEW_KEY).unwrap() + 5, "<!-- -->&#13;\n");
            Body::from(text.into_bytes())
        });
        let reply = role().decode(&Response::new(body)).unwrap();
        assert_eq!(reply.credentials.secret_access_key().expose(), NEW_KEY);
    });
    clean("a raw reply", || {
        let reply = RawAction::new("AssumeRole").decode(&Response::new(reply("AssumeRole"))).unwrap();
        black_box(format!("{reply:?}"));
    });
    clean("GetWebIdentityToken's reply", || {
        let text = unseen(|| {
            format!(
                "<GetWebIdentityTokenResponse><GetWebIdentityTokenResult><WebIdentityToken>{JWT}</WebIdentityToken>\
             <Expiration>2026-11-20T17:13:48Z</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"
            )
        });
        let operation = GetWebIdentityToken::new(["a"], SigningAlgorithm::Es384);
        operation.decode(&Response::new(Body::from(text.into_bytes()))).unwrap();
    });
    clean("an identity context", || {
        let text = unseen(|| {
            let context = format!(
                "<TrustedIdentityPropagationContext><OriginIdentity><Subject> {JWT}&#13;\n </Subject><Issuer>{JWT}</Issuer>\
                 </OriginIdentity><TransactionContext><IdentityProvider><entry><key>{JWT}</key><value>{JWT}</value></entry>\
                 </IdentityProvider></TransactionContext></TrustedIdentityPropagationContext></AssumeRoleWithSAMLResult>"
            );
            let reply = String::from_utf8(reply("AssumeRoleWithSAML").into_vec()).unwrap();
            reply.replace("</AssumeRoleWithSAMLResult>", &context)
        });
        let operation = AssumeRoleWithSaml::new("arn:role", "arn:provider", "assertion");
        let reply = operation.decode(&Response::new(Body::from(text.into_bytes()))).unwrap().into_output();
        let context = reply.trusted_identity_propagation_context.unwrap();
        let transaction = context.transaction_context.clone().unwrap();
        assert_eq!(transaction.identity_provider.get(JWT).unwrap().expose(), JWT);
        assert_eq!(context.origin_identity.as_ref().unwrap().subject.as_ref().unwrap().expose(), JWT);
        black_box(format!("{context:?}"));
    });
    clean("replies that are cut", || {
        let whole = reply("AssumeRole");
        for end in 0..whole.as_ref().len() {
            let cut = Body::from(whole.as_ref()[..end].to_vec());
            black_box(format!("{:?}", role().decode(&Response::new(cut)).unwrap_err()));
        }
    });
}

#[test]
fn bytes_of_a_connection() {
    let body = reply("AssumeRole");
    let plain = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.as_ref().len());
    let chunks =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.as_ref().len());
    let padding = "0".repeat(20_000);
    let large = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n{padding}\r\n{:x}\r\n",
        body.as_ref().len()
    );
    for (head, end) in [(&plain, ""), (&chunks, "\r\n0\r\n\r\n"), (&large, "\r\n0\r\n\r\n"), (&large, "?")] {
        clean("http1", || {
            let mut reader = ReplyReader::new(&Method::POST);
            let _ = reader.feed(head.as_bytes()).unwrap();
            let mut outcome = Ok(Progress::More);
            for piece in body.as_ref().chunks(100).chain([end.as_bytes()]) {
                outcome = reader.feed(piece);
            }
            assert_eq!(outcome.is_ok(), end != "?");
            black_box(format!("{outcome:?}"));
        });
    }
}
