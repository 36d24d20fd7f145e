//! AssumeRole, then GetCallerIdentity as the role, against the URL that is given, with region and credentials from the
//! environment.

use std::env;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use peer_by_hand::{Outcome, assume_role, get_caller_identity, read, request, texts};

fn main() -> Outcome {
    let url = env::args().nth(1).ok_or("usage: peer-by-hand URL")?;
    let region = env::var("AWS_REGION")?;
    let (id, secret) = (env::var("AWS_ACCESS_KEY_ID")?, env::var("AWS_SECRET_ACCESS_KEY")?);
    let user = Credentials::new(id, secret, None, None, "environment");
    let agent = ureq::Agent::new_with_defaults();
    let call = |credentials: &Credentials, form: String| -> Outcome<String> {
        let request = request(&url, &region, credentials, SystemTime::now(), form)?;
        Ok(String::from_utf8(agent.run(request)?.body_mut().read_to_vec()?)?)
    };
    let (role, _) = read(&call(&user, assume_role())?)?;
    let [arn] = texts(&call(&role, get_caller_identity())?, ["Arn"])?;
    println!("{arn}");
    Ok(())
}
