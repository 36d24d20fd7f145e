use std::path::Path;
use std::{env, fs};

use sts_proto::Encoder;
use sts_proto::endpoint::EndpointOptions;
use sts_proto::operation::{GetCallerIdentity, Operation};
use sts_proto::time::OffsetDateTime;

use crate::contest::Outcome;
use crate::ours;

/// Leaves both requests of the programs, signed, as the bytes that a socket takes.
pub(crate) fn requests(url: &str, directory: &Path) -> Outcome {
    let region = env::var("AWS_REGION")?;
    let client =
        sts_blocking::Client::builder().region(&region).endpoint_url(url).credentials_from_env().build()?;
    let role = client.send(ours::operation())?.into_output();
    let encoder = Encoder::new(EndpointOptions::new().region(&region).url(url).resolve()?);
    let user = client.credentials()?;
    let user = user.as_deref();
    leave(&encoder, &ours::operation(), user, &directory.join("assume-role"))?;
    leave(
        &encoder,
        &GetCallerIdentity::new(),
        Some(&role.credentials),
        &directory.join("get-caller-identity"),
    )
}

fn leave<O: Operation>(
    encoder: &Encoder,
    operation: &O,
    credentials: Option<&sts_proto::Credentials>,
    path: &Path,
) -> Outcome {
    let request = encoder.encode(operation, credentials, OffsetDateTime::now_utc())?;
    fs::write(path, sts_proto::http1::request(&request)?)?;
    Ok(())
}
