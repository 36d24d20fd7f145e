//! Replies of every operation, well-formed or not.
//!
//! The first byte chooses the operation: `A` is the first of the list in `decode`, `N` the last. The second one
//! chooses the status, `0` to `7`, or `p` to `w` for the same ones after a line that becomes the headers' text.
//! The rest is the body.
//!
//! Another reader of XML, roxmltree, is the oracle: what both take, both read alike. What only one of them takes is listed
//! with the reason at [`ours_only`] and [`theirs_only`]; anything else is a finding.

#![no_main]

use std::fmt::{self, Debug};

use libfuzzer_sys::fuzz_target;
use roxmltree::{Document, Error as XmlError, Node, ParsingOptions};
use sts_proto::http::{HeaderValue, Response};
use sts_proto::operation::{
    AssumeRole, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, AssumeRoot, DecodeAuthorizationMessage,
    Element, GetAccessKeyInfo, GetCallerIdentity, GetDelegatedAccessToken, GetFederationToken,
    GetScopedCredentials, GetSessionToken, GetWebIdentityToken, Operation, RawAction, SigningAlgorithm,
};
use sts_proto::reply::MAX_DETAILS;
use sts_proto::shape::TrustedIdentityPropagationContext;
use sts_proto::{Credentials, Error, ErrorKind, Reply, Secret};

const STATUSES: [u16; 8] = [200, 202, 302, 400, 403, 429, 500, 503];

/// More than two texts of 2,048 characters, the most that `ServiceError` shows, at up to 6 bytes for each, and a
/// request id.
const MAX_DISPLAY: usize = 32 << 10;

fuzz_target!(|input: &[u8]| {
    let [operation, status, rest @ ..] = input else { return };
    let (head, body) = match rest.iter().position(|&b| b == b'\n') {
        Some(end) if status & 0x40 != 0 => (&rest[..end], &rest[end + 1..]),
        _ => (&rest[..0], rest),
    };
    let mut response = Response::new(body);
    *response.status_mut() = STATUSES[usize::from(status & 7)].try_into().expect("a status");
    if let Ok(text) = HeaderValue::from_bytes(head) {
        for name in ["date", "x-amzn-requestid", "x-amz-id-2", "x-amz-cf-id"] {
            response.headers_mut().insert(name, text.clone());
        }
    }
    decode(*operation, &response);
    compare(body);
});

/// What both readers make of the same bytes.
fn compare(body: &[u8]) {
    let response = Response::new(body);
    let Ok(text) = std::str::from_utf8(body) else {
        let ours = RawAction::new("").unsigned().decode(&response);
        assert!(ours.is_err(), "what is no UTF-8 is no document");
        return;
    };
    // The action that the root belongs to, if it belongs to one.
    let before = text.split_once("Response").map_or("", |(before, _)| before);
    let action = before.rsplit(['<', ':']).next().unwrap_or_default();
    let ours = RawAction::new(action).unsigned().decode(&response);
    let options = ParsingOptions { allow_dtd: false, nodes_limit: 100_000, ..ParsingOptions::default() };
    let theirs = Document::parse_with_options(text, options);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => same(&ours, theirs.root_element()),
        (Ok(_), Err(error)) => assert!(ours_only(&error, text), "only ours takes it: {error}"),
        (Err(error), Ok(_)) => assert!(theirs_only(&error, text), "only theirs takes it: {error}"),
        (Err(_), Err(_)) => {}
    }
}

/// Why ours reads what the other one refuses. None of it can change a value: namespaces are not looked at, attributes
/// are passed over unread, comments and instructions are skipped, and names are compared with those that are known.
fn ours_only(error: &XmlError, text: &str) -> bool {
    match error {
        // Ours compares local names and resolves no prefix.
        XmlError::UnknownNamespace(..)
        | XmlError::DuplicatedNamespace(..)
        | XmlError::InvalidXmlPrefixUri(..)
        | XmlError::UnexpectedXmlUri(..)
        | XmlError::UnexpectedXmlnsUri(..)
        | XmlError::InvalidElementNamePrefix(..)
        // Ours reads no attribute.
        | XmlError::DuplicatedAttribute(..)
        | XmlError::UnknownEntityReference(..)
        | XmlError::MalformedEntityReference(..)
        | XmlError::EntityReferenceLoop(..)
        | XmlError::InvalidAttributeValue(..) => true,
        // `--` in a comment, `xml` as an instruction's name, a declaration with other words in it.
        XmlError::InvalidComment(..) | XmlError::UnexpectedDeclaration(..) => true,
        // `]]>` outside of a CDATA section is what it says.
        XmlError::InvalidCharacterData(..) => text.contains("]]>"),
        // A name or an attribute that is none, or a declaration or instruction without its spaces: quick-xml looks for the
        // next `>` only. U+FFFE and U+FFFF, which XML leaves out, are no control characters to ours.
        XmlError::InvalidName(..)
        | XmlError::InvalidChar(..)
        | XmlError::InvalidChar2(..)
        | XmlError::InvalidString(..)
        | XmlError::InvalidExternalID(..)
        | XmlError::NonXmlChar(..)
        | XmlError::UnexpectedCloseTag(..)
        | XmlError::UnexpectedEndOfStream
        | XmlError::UnknownToken(..) => has_oddity(text),
        _ => false,
    }
}

/// Whether there is a place that only a reader of attributes, names, declarations and instructions looks at.
fn has_oddity(text: &str) -> bool {
    // A tag ends at the next `>`, whatever else is in it.
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        let (inside, behind) = tag.split_once('>').unwrap_or((tag, ""));
        let name = inside.trim_start_matches('/').trim_end_matches('/');
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric());
        if !is_name {
            return true;
        }
        rest = behind;
    }
    text.contains(['\u{fffe}', '\u{ffff}'])
}

/// Why the other one reads what ours refuses: limits, and what STS never sends.
fn theirs_only(error: &Error, text: &str) -> bool {
    let shown = error.to_string();
    // A root of another name.
    shown.contains("its root is")
        // Its own limits on depth, elements and size.
        || shown.contains("nested more than")
        || shown.contains("too many elements")
        || shown.contains("exceed the limit")
        // The other one looks at bytes, not at what the declaration calls them.
        || shown.contains("encoding other than UTF-8")
        // A result without text is none to some callers; an error page in HTML is told apart by its root.
        || shown.contains("HTML page")
        || (shown.contains("not well-formed") || shown.contains("in the middle"))
            && (has_oddity(text) || names_no_character(text))
}

/// Whether a reference stands for half of a character, `&#xD800;`, or for more than there are: the other one reads U+FFFD
/// for it, and XML wants an error.
fn names_no_character(text: &str) -> bool {
    text.split("&#").skip(1).any(|rest| {
        let digits = rest.split(';').next().unwrap_or_default();
        let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |hex| (hex, 16));
        u32::from_str_radix(digits, radix).is_ok_and(|code| char::from_u32(code).is_none())
    })
}

/// Element by element; a list of those that are still to be compared instead of recursion.
fn same(ours: &Element, theirs: Node<'_, '_>) {
    let mut open = vec![(ours, theirs)];
    while let Some((ours, theirs)) = open.pop() {
        assert_eq!(ours.name(), theirs.tag_name().name());
        let text: String = theirs.children().filter(Node::is_text).filter_map(|node| node.text()).collect();
        assert_eq!(lines(ours.expose_text()), lines(text.trim_ascii()), "the text of {}", ours.name());
        let children: Vec<_> = theirs.children().filter(Node::is_element).collect();
        assert_eq!(ours.children().len(), children.len(), "children of {}", ours.name());
        open.extend(ours.children().iter().zip(children));
    }
}

/// A raw reply keeps the line ends that it came with, the other reader has them as line feeds.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn decode(operation: u8, response: &Response<&[u8]>) {
    // Every operation that gives credentials has them in the same place.
    macro_rules! credentials {
        ($operation:expr) => {
            check(&$operation, response, |output| {
                assert_whole(&output.credentials);
                let mut masked = output.clone();
                masked.credentials = mask(&output.credentials);
                format!("{masked:?}")
            })
        };
    }
    // The same with an identity context, all of which is sensitive.
    macro_rules! with_context {
        ($operation:expr) => {
            check(&$operation, response, |output| {
                assert_whole(&output.credentials);
                let mut masked = output.clone();
                masked.credentials = mask(&output.credentials);
                masked.trusted_identity_propagation_context.iter_mut().for_each(mask_context);
                format!("{masked:?}")
            })
        };
    }
    match operation % 14 {
        0 => credentials!(AssumeRole::new("", "")),
        1 => with_context!(AssumeRoleWithSaml::new("", "", "")),
        2 => with_context!(AssumeRoleWithWebIdentity::new("", "", "")),
        3 => credentials!(AssumeRoot::new("", "")),
        4 => check(&DecodeAuthorizationMessage::new(""), response, |output| format!("{output:?}")),
        5 => check(&GetAccessKeyInfo::new(""), response, |output| format!("{output:?}")),
        6 => check(&GetCallerIdentity::new(), response, |output| format!("{output:?}")),
        7 => credentials!(GetDelegatedAccessToken::new("")),
        8 => credentials!(GetFederationToken::new("")),
        9 => credentials!(GetScopedCredentials::new()),
        10 => credentials!(GetSessionToken::new()),
        11 => check(&GetWebIdentityToken::new(["a"], SigningAlgorithm::Es384), response, |output| {
            assert!(!output.web_identity_token.is_empty());
            let mut masked = output.clone();
            masked.web_identity_token = same_length(&output.web_identity_token);
            format!("{masked:?}")
        }),
        12 => check(&RawAction::new("AssumeRole"), response, |root| format!("{:?}", Masked::of(root))),
        _ => check(&RawAction::new("").unsigned(), response, |root| format!("{:?}", Masked::of(root))),
    }
}

/// `debug_without_secrets` gives what the output's `Debug` is to be: a text that is made without the secrets.
fn check<O>(operation: &O, response: &Response<&[u8]>, debug_without_secrets: fn(&O::Output) -> String)
where
    O: Operation<Output: Clone + Debug + PartialEq>,
{
    match (operation.decode(response), operation.decode(response)) {
        (Ok(reply), Ok(again)) => {
            assert!(response.status().is_success());
            assert_eq!(reply.metadata.status, response.status().as_u16());
            assert_eq!(reply, again, "the same body gives the same output");
            assert_eq!(format!("{:?}", reply.output), debug_without_secrets(&reply.output));
            check_cut(operation, response);
            check_surroundings(operation, response, &reply);
        }
        (Err(error), Err(again)) => {
            assert_eq!(format!("{error:?}"), format!("{again:?}"), "the same body gives the same error");
            check_error(&error, response);
        }
        (first, second) => panic!("{first:?}, and then {second:?}"),
    }
}

/// A result that lacks its end is no result: what is missing may be part of a secret.
fn check_cut<O: Operation>(operation: &O, response: &Response<&[u8]>) {
    let body = response.body().trim_ascii_end();
    // In a comment or instruction after the root the end may be missing: then it is not well-formed, but nothing
    // that counts is lost. Those do not end like this.
    if body.ends_with(b"Response>") {
        let sum = body.iter().fold(0usize, |sum, &b| sum.wrapping_mul(31).wrapping_add(b.into()));
        let cut = response.clone().map(|_| &body[..sum % body.len()]);
        assert!(operation.decode(&cut).is_err(), "cut at {} of {}", cut.body().len(), body.len());
    }
}

/// What stands around the root changes nothing.
fn check_surroundings<O>(operation: &O, response: &Response<&[u8]>, reply: &Reply<O::Output>)
where
    O: Operation<Output: Debug + PartialEq>,
{
    let surrounded = [response.body(), &b"\r\n<!-- <a> --><?b c?>\n"[..]].concat();
    let surrounded = response.clone().map(|_| surrounded);
    assert_eq!(operation.decode(&surrounded).as_ref().ok(), Some(reply));
}

fn check_error(error: &Error, response: &Response<&[u8]>) {
    let metadata = error.metadata().expect("a reply arrived");
    assert_eq!(metadata.status, response.status().as_u16());
    let shown = error.to_string();
    assert!(shown.len() <= MAX_DISPLAY, "Display has {} bytes", shown.len());
    // A line of a log stays one line.
    assert!(!shown.contains(char::is_control), "{shown:?}");
    // `Debug` shows all that was kept, which is part of the body: the code, which is kept twice, escaped, at up to
    // 6 bytes for one; and headers.
    let debug = format!("{error:?}");
    let headers: usize = response.headers().values().map(|value| value.as_bytes().len()).sum();
    let most = 4096 + 16 * (response.body().len() + headers);
    assert!(debug.len() <= most, "Debug has {} bytes", debug.len());
    let _ = (error.is_retryable(), error.is_throttling(), error.is_expired_token(), error.is_clock_skew());

    match (error.kind(), error.service()) {
        (ErrorKind::Service, Some(service)) => {
            assert!(!response.status().is_success());
            assert!(!service.code_text().is_empty());
            assert!(service.details().len() <= MAX_DETAILS);
        }
        (ErrorKind::Response, None) => {}
        (kind, _) => panic!("{kind:?} cannot come out of a reply"),
    }
}

/// None of the parts is missing or empty, and all can be used to sign.
fn assert_whole(credentials: &Credentials) {
    let secret = credentials.secret_access_key();
    let token = credentials.session_token().expect("temporary credentials have a token");
    assert!(!credentials.access_key_id().is_empty() && !secret.is_empty() && !token.is_empty());
    let year = credentials.expiration().expect("temporary credentials expire").year();
    assert!((2000..=9999).contains(&year));
    assert!(!token.expose().contains(char::is_whitespace) && !secret.expose().contains(char::is_whitespace));
}

/// The same credentials with other secrets. If their `Debug` is the same, then it holds no part of the secrets,
/// whatever those look like. A search for them would find secrets such as `redacted`.
fn mask(credentials: &Credentials) -> Credentials {
    let token = credentials.session_token().expect("temporary credentials have a token");
    let expiration = credentials.expiration().expect("temporary credentials expire");
    Credentials::new(credentials.access_key_id(), same_length(credentials.secret_access_key()))
        .and_then(|masked| masked.with_session_token(same_length(token)))
        .expect("another secret is as good")
        .with_expiration(expiration)
}

fn mask_context(context: &mut TrustedIdentityPropagationContext) {
    if let Some(origin) = &mut context.origin_identity {
        let texts = [
            &mut origin.subject,
            &mut origin.subject_type,
            &mut origin.issuer,
            &mut origin.federated_provider_arn,
        ];
        texts.into_iter().flatten().for_each(|text| *text = same_length(text));
    }
}

fn same_length(secret: &Secret) -> Secret {
    Secret::from("*".repeat(secret.len()))
}

/// What the `Debug` of a raw reply is to be.
struct Masked {
    name: String,
    text: Secret,
    children: Vec<Self>,
}

impl Masked {
    fn of(element: &Element) -> Self {
        Self {
            name: element.name().to_owned(),
            text: Secret::from("*".repeat(element.expose_text().len())),
            children: element.children().iter().map(Self::of).collect(),
        }
    }
}

impl Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element")
            .field("name", &self.name)
            .field("text", &self.text)
            .field("children", &self.children)
            .finish()
    }
}
