//! A client of STS as one would write it in an afternoon: a form, aws-sigv4, and quick-xml. It checks nothing, tries
//! nothing again, and has no errors but texts.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use quick_xml::Reader;
use quick_xml::events::Event;

/// What can go wrong here: anything.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The form of the AssumeRole that all peers send.
#[must_use]
pub fn assume_role() -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "AssumeRole")
        .append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", "arn:aws:iam::123456789012:role/Deploy")
        .append_pair("RoleSessionName", "build-42-of-the-main-branch-for-tests")
        .append_pair("DurationSeconds", "3600")
        .append_pair("Tags.member.1.Key", "Project")
        .append_pair("Tags.member.1.Value", "Automation")
        .append_pair("Tags.member.2.Key", "CostCenter")
        .append_pair("Tags.member.2.Value", "12345")
        .finish()
}

/// That of GetCallerIdentity.
#[must_use]
pub fn get_caller_identity() -> String {
    "Action=GetCallerIdentity&Version=2011-06-15".to_owned()
}

/// The signed request that sends a form to a URL.
///
/// # Errors
/// Something in it cannot be signed.
pub fn request(
    url: &str,
    region: &str,
    credentials: &Credentials,
    now: SystemTime,
    form: String,
) -> Outcome<http::Request<String>> {
    let mut request = http::Request::post(url)
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .body(form)?;
    let identity = credentials.clone().into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(now)
        .settings(SigningSettings::default())
        .build()?
        .into();
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or("")));
    let body = SignableBody::Bytes(request.body().as_bytes());
    let (instructions, _) =
        sign(SignableRequest::new("POST", url, headers, body)?, &parameters)?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

/// The texts of the elements with those names, each the first of its name.
///
/// # Errors
/// It is no XML, or one of them is not there.
pub fn texts<const N: usize>(document: &str, names: [&str; N]) -> Outcome<[String; N]> {
    let mut found = [const { None }; N];
    let mut reader = Reader::from_str(document);
    let mut place = None;
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                place = names.iter().position(|name| *name == start.name().as_ref());
            }
            Event::Text(text) => {
                if let Some(place) = place.take() {
                    found[place].get_or_insert_with(|| text.to_string());
                }
            }
            Event::End(_) => place = None,
            Event::Eof => break,
            _ => {}
        }
    }
    if let Some(missing) = found.iter().position(Option::is_none) {
        return Err(format!("no {} in the reply", names[missing]).into());
    }
    Ok(found.map(Option::unwrap_or_default))
}

/// What is kept of a reply to AssumeRole: the credentials, their expiry, and who they belong to.
///
/// # Errors
/// It is no such reply.
pub fn read(document: &str) -> Outcome<(Credentials, [String; 2])> {
    let names = ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AssumedRoleId", "Arn"];
    let [id, secret, token, expiry, role, arn] = texts(document, names)?;
    // Kept as a text: one more crate would be needed to read it.
    if !expiry.ends_with('Z') {
        return Err("no time in the reply".into());
    }
    Ok((Credentials::new(id, secret, Some(token), None, "AssumeRole"), [role, arn]))
}
