//! What reqsign needs besides itself to make two calls at another place than AWS.

use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::events::Event;
use reqsign::{HttpSend, aws};

/// What can go wrong here: anything.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The AssumeRole that all peers send.
#[must_use]
pub fn grant() -> aws::AssumeRoleGrant {
    let tags = [("Project", "Automation"), ("CostCenter", "12345")];
    aws::AssumeRoleGrant::new(
        "arn:aws:iam::123456789012:role/Deploy",
        "build-42-of-the-main-branch-for-tests",
    )
    .with_tags(tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
}

/// Its requests go to AWS's hosts only; this sends them elsewhere, with the host that they were signed for.
#[derive(Debug)]
pub struct Elsewhere<S> {
    /// Sends them.
    pub sender: S,
    /// Where to: `http://host:port`.
    pub url: String,
}

impl<S: HttpSend> HttpSend for Elsewhere<S> {
    async fn http_send(&self, mut request: http::Request<Bytes>) -> reqsign::Result<http::Response<Bytes>> {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let moved = format!("{}{target}", self.url).parse();
        *request.uri_mut() = moved.map_err(|_| reqsign::Error::request_invalid("no URL"))?;
        self.sender.http_send(request).await
    }
}

/// The text of the first element of that name.
///
/// # Errors
/// It is no XML, or has no such element.
pub fn text(document: &[u8], name: &str) -> Outcome<String> {
    let mut reader = Reader::from_reader(document);
    let mut is_here = false;
    loop {
        match reader.read_event()? {
            Event::Start(start) => is_here = start.name().as_ref() == name,
            Event::Text(text) if is_here => return Ok(text.to_string()),
            Event::Eof => return Err(format!("no {name} in the reply").into()),
            _ => {}
        }
    }
}
