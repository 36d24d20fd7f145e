//! AssumeRole, then GetCallerIdentity as the role, against the URL that is given, with region and credentials from the
//! environment.

use std::env;
use std::time::Duration;

use bytes::Bytes;
use peer_reqsign::{Elsewhere, Outcome, grant, text};
use reqsign::aws::{self, AssumeRoleGranter, RequestSigner, StaticCredentialProvider};
use reqsign::{Context, Granter, Signer};
use reqsign_http_send_reqwest::ReqwestHttpSend;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let url = env::args().nth(1).ok_or("usage: peer-reqsign URL")?;
    let region = env::var("AWS_REGION")?;
    let (id, secret) = (env::var("AWS_ACCESS_KEY_ID")?, env::var("AWS_SECRET_ACCESS_KEY")?);
    let sender = Elsewhere { sender: ReqwestHttpSend::new(reqwest::Client::new()), url };
    // Not its default context, which makes a second HTTP client only to have this one take its place.
    let context = Context::new().with_http_send(sender);
    let source = StaticCredentialProvider::new(&id, &secret);
    let granter = Granter::new(context.clone(), source, AssumeRoleGranter::new(&region, grant()));
    let role = granter.grant(Some(Duration::from_secs(3600))).await?;

    let source = StaticCredentialProvider::new(&role.access_key_id, &role.secret_access_key)
        .with_session_token(role.session_token.as_deref().unwrap_or_default());
    let signer = Signer::new(context.clone(), source, RequestSigner::new("sts", &region));
    let query = "Action=GetCallerIdentity&Version=2011-06-15";
    // Without that header it signs as S3 has it, for a payload that is not signed.
    let request = http::Request::get(format!("https://sts.{region}.amazonaws.com/?{query}"))
        .header("x-amz-content-sha256", aws::EMPTY_STRING_SHA256)
        .body(Bytes::new())?;
    let (mut head, body) = request.into_parts();
    signer.sign(&mut head, None).await?;
    let reply = context.http_send(http::Request::from_parts(head, body)).await?;
    println!("{}", text(reply.body(), "Arn")?);
    Ok(())
}
