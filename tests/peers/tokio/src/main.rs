//! AssumeRole, then GetCallerIdentity as the role, against the URL that is given: by sts-async on tokio, with region and
//! credentials from the environment.

use std::env;

use sts_async::operation::{AssumeRole, GetCallerIdentity};
use sts_async::tokio::Client;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Outcome {
    let url = env::args().nth(1).ok_or("usage: peer-tokio URL")?;
    let client =
        Client::builder().region(env::var("AWS_REGION")?).endpoint_url(url).credentials_from_env().build()?;
    let operation =
        AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "build-42-of-the-main-branch-for-tests")
            .duration_seconds(3600)
            .tag("Project", "Automation")
            .tag("CostCenter", "12345");
    let role = client.send(operation).await?.into_output();
    let identity = client.with_credentials(role.credentials).send(GetCallerIdentity::new()).await?;
    println!("{}", identity.arn);
    Ok(())
}
