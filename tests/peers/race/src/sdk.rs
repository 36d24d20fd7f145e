use std::hint::black_box;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sdk_sts::config::Region;
use aws_sdk_sts::operation::assume_role::{AssumeRole, AssumeRoleInput};
use aws_sdk_sts::types::Tag;
use aws_sdk_sts::{Client, Config};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin;
use aws_smithy_runtime_api::client::ser_de::{
    DeserializeResponse, SerializeRequest, SharedRequestSerializer, SharedResponseDeserializer,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;

use crate::contest::Outcome;
use crate::memory::{KEY, REGION, URL};
use crate::responder;

/// The AssumeRole that all peers send.
fn input() -> Outcome<AssumeRoleInput> {
    let input = AssumeRoleInput::builder()
        .role_arn("arn:aws:iam::123456789012:role/Deploy")
        .role_session_name("build-42-of-the-main-branch-for-tests")
        .duration_seconds(3600)
        .tags(Tag::builder().key("Project").value("Automation").build()?)
        .tags(Tag::builder().key("CostCenter").value("12345").build()?)
        .build()?;
    Ok(input)
}

fn credentials() -> Credentials {
    Credentials::new(KEY.0, KEY.1, None, None, "race")
}

/// What its orchestrator calls to make a request and to sign it, without the orchestrator.
pub(crate) fn request() -> Outcome<impl FnMut() -> Outcome> {
    let layer = AssumeRole::new().config().ok_or("no configuration of the operation")?;
    let serializer = layer.load::<SharedRequestSerializer>().ok_or("no serializer")?.clone();
    let mut bag = ConfigBag::base();
    let identity = credentials().into();
    Ok(move || {
        let request = serializer.serialize_input(Input::erase(input()?), &mut bag);
        let mut request = request.map_err(|error| -> Box<dyn std::error::Error> { error })?;
        request.set_uri(URL)?;
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name("sts")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = SignableBody::Bytes(request.body().bytes().ok_or("no body")?);
        let signable = SignableRequest::new(request.method(), request.uri(), request.headers().iter(), body)?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let (headers, _) = instructions.into_parts();
        for header in headers {
            request.headers_mut().append(header.name(), header.value().to_owned());
        }
        black_box(request);
        Ok(())
    })
}

fn response(document: &str) -> Outcome<HttpResponse> {
    let mut response = HttpResponse::new(200.try_into()?, SdkBody::from(document));
    response.headers_mut().insert("x-amzn-requestid", "c6104cbe-af31-11e0-8154-cbc7ccf896c7");
    Ok(response)
}

/// What its orchestrator calls to read a reply.
pub(crate) fn reply() -> Outcome<impl FnMut() -> Outcome> {
    let layer = AssumeRole::new().config().ok_or("no configuration of the operation")?;
    let (response, bag) = (response(&responder::document())?, ConfigBag::base());
    Ok(move || {
        // It cannot be cloned out of the layer. To find it there takes 1 % of this.
        let deserializer = layer.load::<SharedResponseDeserializer>().ok_or("no deserializer")?;
        let output = deserializer.deserialize_nonstreaming_with_config(black_box(&response), &bag);
        black_box(output.map_err(|_| "no reply")?);
        Ok(())
    })
}

/// Answers at once.
#[derive(Debug)]
struct Canned(String);

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        black_box(request);
        match response(&self.0) {
            Ok(response) => HttpConnectorFuture::ready(Ok(response)),
            Err(_) => unreachable!("200 is a status"),
        }
    }
}

/// A client without a network.
pub(crate) fn canned() -> Client {
    let connector = SharedHttpConnector::new(Canned(responder::document()));
    Client::from_conf(config().http_client(http_client_fn(move |_, _| connector.clone())).build())
}

/// A client of that URL.
pub(crate) fn client(url: &str) -> Client {
    let http = aws_smithy_http_client::Builder::new().build_http();
    Client::from_conf(config().http_client(http).endpoint_url(url).build())
}

fn config() -> aws_sdk_sts::config::Builder {
    Config::builder().region(Region::new(REGION)).credentials_provider(credentials())
}

/// So many calls by that client.
pub(crate) async fn calls(client: &Client, count: u32) -> Outcome {
    for _ in 0..count {
        let call = client
            .assume_role()
            .role_arn("arn:aws:iam::123456789012:role/Deploy")
            .role_session_name("build-42-of-the-main-branch-for-tests")
            .duration_seconds(3600)
            .tags(Tag::builder().key("Project").value("Automation").build()?)
            .tags(Tag::builder().key("CostCenter").value("12345").build()?);
        black_box(call.send().await?);
    }
    Ok(())
}
