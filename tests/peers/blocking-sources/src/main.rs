//! AssumeRole, then GetCallerIdentity as the role, by sts-blocking as it is by default: everything from where AWS's tools
//! have it, the URL as well (`AWS_ENDPOINT_URL_STS`).

use sts_blocking::Client;
use sts_blocking::operation::{AssumeRole, GetCallerIdentity};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::from_env()?;
    let operation =
        AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "build-42-of-the-main-branch-for-tests")
            .duration_seconds(3600)
            .tag("Project", "Automation")
            .tag("CostCenter", "12345");
    let role = client.send(operation)?.into_output();
    let identity = client.with_credentials(role.credentials).send(GetCallerIdentity::new())?;
    println!("{}", identity.arn);
    Ok(())
}
