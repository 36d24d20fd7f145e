use std::fmt;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{Model, Operation};
use crate::constraint::Members;
use crate::credentials::Secret;
use crate::form::Form;
use crate::reply::{self, Metadata, ReplyFault};
use crate::xml::{Cursor, Token, push};

/// The most elements of a reply that are kept.
const MAX_ELEMENTS: usize = 10_000;

/// Any action of any service that speaks AWS's Query protocol, for what this crate does not know.
///
/// Parameters are sent as they are given, without validation; the answer is a tree of elements.
///
/// ```
/// use sts_proto::operation::{Operation, RawAction};
///
/// let action = RawAction::new("GetCallerIdentity").parameter("Flavor", "new");
/// let reply = http::Response::new(
///     "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:x</Arn></GetCallerIdentityResult>
///      <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
/// );
/// let reply = action.decode(&reply)?;
/// let arn = reply.child("GetCallerIdentityResult").and_then(|result| result.child("Arn"));
/// assert_eq!(arn.map(|arn| arn.expose_text()), Some("arn:x"));
/// assert_eq!(reply.metadata.request_id.as_deref(), Some("r"));
/// # Ok::<(), sts_proto::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RawAction {
    action: String,
    version: String,
    parameters: Vec<(String, Secret)>,
    /// Which of them are known to be secrets, by their places.
    secrets: Vec<usize>,
}

impl RawAction {
    /// An action of STS, signed.
    pub fn new(action: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            version: super::API_VERSION.to_owned(),
            parameters: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// The API version, for another service: IAM's is `2010-05-08`.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Adds a parameter, by its name on the wire: `Tags.member.1.Key`.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Adds a parameter that is a secret: should the service echo it in a refusal, it is taken out of the error.
    #[must_use]
    pub fn secret_parameter(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.secrets.push(self.parameters.len());
        self.parameter(name, value)
    }
}

/// Names only: what is a secret among the values is not known here.
impl fmt::Debug for RawAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawAction")
            .field("action", &self.action)
            .field("version", &self.version)
            .field("parameters", &self.parameters)
            .finish()
    }
}

impl Operation for RawAction {
    type Output = Element;

    fn action(&self) -> &str {
        &self.action
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn model(&self) -> Option<Model> {
        None
    }

    fn members(&self, _members: &mut impl Members) {}

    fn secrets(&self, found: &mut dyn FnMut(&str)) {
        self.secrets
            .iter()
            .filter_map(|&at| self.parameters.get(at))
            .for_each(|(_, value)| found(value.expose()));
    }

    fn form(&self) -> Form {
        let mut form = Form::new();
        form.pair("Action", &self.action);
        form.pair("Version", &self.version);
        for (name, value) in &self.parameters {
            form.pair(name, value.expose());
        }
        // What is a secret among the values is not known here.
        form.set_sensitive(!self.parameters.is_empty());
        form
    }

    fn read_reply(&self, cursor: &mut Cursor<'_>, metadata: &mut Metadata) -> Result<Element, ReplyFault> {
        let root = self.read(cursor)?;
        let id = root.children.iter().find_map(|child| {
            let id = if child.name == "ResponseMetadata" { child.child("RequestId")? } else { child };
            (id.name == "RequestId").then(|| id.expose_text())
        });
        if let Some(id) = id {
            reply::set_request_id(id, metadata);
        }
        Ok(root)
    }

    /// Without recursion: the elements that are open stand in a list.
    fn read(&self, cursor: &mut Cursor<'_>) -> Result<Element, ReplyFault> {
        let mut open = vec![(Element::new(cursor.name_text()), Zeroizing::new(String::new()))];
        let mut count = 1;
        loop {
            match cursor.token()? {
                Token::Start => {
                    count += 1;
                    if count > MAX_ELEMENTS {
                        return Err(ReplyFault::TooMany);
                    }
                    open.push((Element::new(cursor.name_text()), Zeroizing::new(String::new())));
                }
                Token::Text(piece) => {
                    // Which texts are secrets is not known here.
                    if let Some((_, text)) = open.last_mut() {
                        push(text, &piece.text);
                    }
                }
                Token::End => {
                    let Some((mut element, mut text)) = open.pop() else { return Err(ReplyFault::Truncated) };
                    element.text = Secret::from(std::mem::take(&mut *text));
                    match open.last_mut() {
                        Some((parent, _)) => parent.children.push(element),
                        None => return Ok(element),
                    }
                }
            }
        }
    }
}

/// An element of a reply to a [`RawAction`]. Its `Debug` shows names, and texts by their lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    name: String,
    text: Secret,
    children: Vec<Self>,
}

impl Element {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), text: Secret::default(), children: Vec::new() }
    }

    /// Its name without the namespace prefix.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its own text, without that of its children and without white space at its ends.
    #[must_use]
    pub fn expose_text(&self) -> &str {
        self.text.expose().trim_ascii()
    }

    /// Its text as the moment at which something expires, by the rule of the typed operations.
    ///
    /// `None` for a text that is no timestamp as in RFC 3339, for a year before 2000, and for one that is after 9999 in UTC.
    #[must_use]
    pub fn expiration(&self) -> Option<OffsetDateTime> {
        reply::timestamp("Expiration", self.expose_text()).ok()
    }

    /// The elements in it, in order.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        &self.children
    }

    /// The first element of that name in it.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::sample;

    #[test]
    fn another_service_without_a_result() {
        let action = RawAction::new("DeleteRole").version("2010-05-08").parameter("RoleName", "r s");
        assert_eq!(
            action.form().into_body().as_ref(),
            b"Action=DeleteRole&Version=2010-05-08&RoleName=r%20s"
        );
        let reply = sample::decode(
            &action,
            "<DeleteRoleResponse><ResponseMetadata><RequestId>r1</RequestId></ResponseMetadata>
             </DeleteRoleResponse>",
        )
        .unwrap();
        assert_eq!(reply.metadata.request_id.as_deref(), Some("r1"));
        assert_eq!(reply.children().len(), 1);
    }

    #[test]
    fn expiration_follows_the_rule_of_typed_replies() {
        let expiration = |text: &str| {
            let body = format!("<XResponse><Expiration> {text} </Expiration></XResponse>");
            let reply = sample::decode(&RawAction::new("X"), &body).unwrap();
            reply.child("Expiration").unwrap().expiration().map(OffsetDateTime::unix_timestamp)
        };
        assert_eq!(expiration("2026-01-02T03:04:05Z"), Some(1_767_323_045));
        for text in ["", "soon", "1926-01-02T03:04:05Z", "9999-12-31T23:59:59-01:00"] {
            assert_eq!(expiration(text), None, "{text}");
        }
    }

    #[test]
    fn many_elements_are_refused() {
        let body = format!("<XResponse>{}</XResponse>", "<a/>".repeat(MAX_ELEMENTS));
        assert!(sample::decode(&RawAction::new("X"), &body).is_err());
    }

    #[test]
    fn a_secret_that_the_service_echoes_is_taken_out() {
        let action = RawAction::new("X").parameter("Name", "open-value").secret_parameter("Token", "sEcReT");
        let response = http::Response::builder()
            .status(403)
            .body("<Error><Code>E</Code><Message>open-value and sEcReT</Message></Error>")
            .unwrap();
        for error in [action.decode(&response).unwrap_err(), action.unsigned().decode(&response).unwrap_err()]
        {
            assert_eq!(error.service().unwrap().message(), Some("open-value and [redacted]"));
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let action = RawAction::new("X").parameter("Password", "sEcReT");
        let reply = sample::decode(&action, "<XResponse><Key>sEcReT</Key></XResponse>").unwrap();
        let text = format!("{action:?} {reply:?}");
        assert!(text.contains("Password") && text.contains("Key") && !text.contains("sEcReT"), "{text}");
    }
}
