//! Error documents, in all the shapes that AWS and its imitators send.

use zeroize::{Zeroize, Zeroizing};

use super::{MAX_DETAILS, Metadata, ReplyFault, json};
use crate::error::redact::Redaction;
use crate::error::{ErrorCode, Fault, ServiceError};
use crate::lanes;
use crate::xml::{Cursor, Token, push};

/// What an error document says. It may echo a secret of ours, which is taken out when it becomes an error.
#[derive(Default)]
pub(super) struct Refusal {
    code: Option<Zeroizing<String>>,
    message: Option<Zeroizing<String>>,
    fault: Option<Fault>,
    details: Vec<[Zeroizing<String>; 2]>,
}

impl Refusal {
    /// The parts of an `<Error>` by their names, which some services write in lower case.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let slot = match name {
            "Code" | "code" if self.code.is_none() => &mut self.code,
            "Message" | "message" if self.message.is_none() => &mut self.message,
            "Type" | "type" if self.fault.is_none() && fault(value).is_some() => {
                self.fault = fault(value);
                return;
            }
            _ => {
                if self.details.len() < MAX_DETAILS {
                    self.details.push([name, value].map(|text| Zeroizing::new(text.to_owned())));
                }
                return;
            }
        };
        if !value.is_empty() {
            *slot = Some(Zeroizing::new(value.to_owned()));
        }
    }

    pub(super) fn into_error(self, metadata: Metadata, redaction: Redaction<'_>) -> ServiceError {
        let clean = |mut text: Zeroizing<String>| {
            redaction.clean(&mut text);
            std::mem::take(&mut *text)
        };
        let code_text = self.code.map(clean).unwrap_or_default();
        ServiceError {
            code: ErrorCode::from_wire(&code_text),
            code_text,
            message: self.message.map(clean),
            fault: self.fault,
            details: self.details.into_iter().map(|pair| pair.map(clean).into()).collect(),
            metadata,
        }
    }

    fn checked(self) -> Result<Self, ReplyFault> {
        if self.code.is_some() { Ok(self) } else { Err(ReplyFault::NoCode) }
    }
}

/// Reads the body of a reply whose status is no success.
pub(super) fn refusal(body: &[u8], metadata: &mut Metadata) -> Result<Refusal, ReplyFault> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if text.trim_ascii_start().starts_with(b"{") {
        return json::refusal(text, metadata)?.checked();
    }
    let mut cursor = enter(body)?;
    let refusal = match cursor.name() {
        b"html" | b"HTML" => return Err(ReplyFault::Html),
        // The root itself is the error: MinIO and S3.
        b"Error" => read_error(&mut cursor, metadata)?,
        // An error that is nothing but its name.
        name if name.ends_with(b"Exception") => {
            let code = Some(Zeroizing::new(cursor.name_text().to_owned()));
            Refusal { code, ..read_error(&mut cursor, metadata)? }
        }
        _ => find_error(&mut cursor, metadata)?,
    };
    cursor.finish()?;
    refusal.checked()
}

/// Enters the root of an XML document, and tells apart what is none.
pub(super) fn enter(body: &[u8]) -> Result<Cursor<'_>, ReplyFault> {
    let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    if start.is_empty() {
        return Err(ReplyFault::Empty);
    }
    if start.get(..9).is_some_and(|s| s.eq_ignore_ascii_case(b"<!doctype")) {
        let is_html = start[9..].trim_ascii_start().get(..4).is_some_and(|s| s.eq_ignore_ascii_case(b"html"));
        return Err(if is_html { ReplyFault::Html } else { ReplyFault::Doctype });
    }
    if start.starts_with(b"{") {
        return Err(ReplyFault::Json);
    }
    if !start.starts_with(b"<") {
        return Err(match std::str::from_utf8(body) {
            Ok(_) => ReplyFault::NotXml,
            Err(e) => ReplyFault::NotUtf8 { position: e.valid_up_to() },
        });
    }
    Cursor::new(body)
}

/// Looks for `<Error>` through whatever wraps it: `<ErrorResponse>`, or EC2's `<Response><Errors>`.
fn find_error(cursor: &mut Cursor<'_>, metadata: &mut Metadata) -> Result<Refusal, ReplyFault> {
    let root = ReplyFault::wrong_root("Error", cursor.name_text());
    let mut found = None;
    let mut wrappers = 0usize;
    loop {
        if cursor.child()? {
            if cursor.name() == b"Error" && found.is_none() {
                found = Some(read_error(cursor, metadata)?);
            } else if is_request_id(cursor.name()) {
                set_request_id(&cursor.text()?, metadata);
            } else {
                wrappers += 1;
            }
        } else if wrappers == 0 {
            return found.ok_or(root);
        } else {
            wrappers -= 1;
        }
    }
}

/// Reads the children of the innermost element as pairs, those of nested elements too; leaves the element.
fn read_error(cursor: &mut Cursor<'_>, metadata: &mut Metadata) -> Result<Refusal, ReplyFault> {
    let mut refusal = Refusal::default();
    // The names of the elements that are open below the error, and the text of the innermost one.
    let mut open: Vec<Zeroizing<String>> = Vec::new();
    let mut text = Zeroizing::new(String::new());
    let mut has_children = false;
    loop {
        match cursor.token()? {
            Token::Start => {
                open.push(Zeroizing::new(cursor.name_text().to_owned()));
                text.zeroize();
                has_children = false;
            }
            Token::Text(piece) => push(&mut text, &piece.text),
            Token::End => {
                let Some(name) = open.pop() else { return Ok(refusal) };
                // Of a message nothing is left out: people compare it with what others show.
                let is_message = name.eq_ignore_ascii_case("Message");
                let value = if is_message { text.as_str() } else { text.trim_ascii() };
                if !has_children && open.is_empty() && is_request_id(name.as_bytes()) {
                    set_request_id(value, metadata);
                } else if !has_children {
                    refusal.set(&name, value);
                }
                text.zeroize();
                has_children = true;
            }
        }
    }
}

pub(super) fn is_request_id(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"RequestId")
}

/// The longest request id that is taken for one; AWS's have 36 bytes.
const MAX_ID_BYTES: usize = 256;

/// The id in the body is the service's own; a header may be that of something in between. It goes into logs, so what
/// could forge a line there is no id.
pub(crate) fn set_request_id(id: &str, metadata: &mut Metadata) {
    if is_id(id) {
        metadata.request_id = Some(id.to_owned());
    }
}

pub(super) fn is_id(text: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&text.len()) && lanes::all_visible(text.as_bytes())
}

fn fault(text: &str) -> Option<Fault> {
    match text {
        "Sender" => Some(Fault::Sender),
        "Receiver" => Some(Fault::Receiver),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(ServiceError, Option<String>), ReplyFault> {
        let mut metadata = Metadata::default();
        let refusal = refusal(body.as_bytes(), &mut metadata)?;
        let id = metadata.request_id.clone();
        Ok((refusal.into_error(metadata, Redaction::NONE), id))
    }

    #[test]
    fn every_shape_gives_code_message_and_id() {
        for body in [
            "<ErrorResponse xmlns='u'><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message>\
             </Error><RequestId>r1</RequestId></ErrorResponse>",
            "<ErrorResponse><RequestId>r1</RequestId><Error><Message>no</Message><Code>AccessDenied</Code>\
             </Error></ErrorResponse>",
            "<Response><Errors><Error><Code>AccessDenied</Code><Message>no</Message></Error></Errors>\
             <RequestID>r1</RequestID></Response>",
            "<Error><Code>AccessDenied</Code><Message>no</Message><RequestId>r1</RequestId></Error>",
            r#"{"Error":{"Code":"AccessDenied","Message":"no","Type":"Sender"},"RequestId":"r1"}"#,
            r#"{"__type":"com.amazon#AccessDeniedException","message":"no","requestId":"r1"}"#,
        ] {
            let (error, id) = read(body).unwrap_or_else(|fault| panic!("{body}: {fault}"));
            assert_eq!(*error.code(), ErrorCode::AccessDenied, "{body}");
            assert_eq!(error.message(), Some("no"), "{body}");
            assert_eq!(id.as_deref(), Some("r1"), "{body}");
        }
    }

    #[test]
    fn message_keeps_its_white_space() {
        for message in ["\n\n\n", " \n a\n\n\nb \n"] {
            let (error, _) =
                read(&format!("<Error><Code> c\n</Code><Message>{message}</Message></Error>")).unwrap();
            assert_eq!((error.code_text(), error.message()), ("c", Some(message)));
        }
        assert_eq!(read("<Error><Code>c</Code><Message/></Error>").unwrap().0.message(), None);
    }

    #[test]
    fn an_empty_element_may_be_the_whole_error() {
        let (error, _) = read("<UnknownOperationException/>").unwrap();
        assert_eq!(*error.code(), ErrorCode::UnknownOperation);
    }

    #[test]
    fn unknown_children_are_kept_and_bounded() {
        let body = format!(
            "<Error><Code>c</Code><Resource>/x</Resource><Detail><A>1</A><B/></Detail>{}</Error>",
            "<N>n</N>".repeat(100)
        );
        let (error, _) = read(&body).unwrap();
        let pairs: Vec<_> = error.details()[..3].iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("Resource", "/x"), ("A", "1"), ("B", "")]);
        assert_eq!(error.details().len(), MAX_DETAILS);
    }

    #[test]
    fn what_is_no_error_document() {
        for (body, fault) in [
            ("", ReplyFault::Empty),
            (" \r\n", ReplyFault::Empty),
            ("<!doctype html><html lang=en>", ReplyFault::Html),
            ("<html><body>502</body></html>", ReplyFault::Html),
            ("Bad gateway", ReplyFault::NotXml),
            ("<ErrorResponse><Error><Message>no</Message></Error></ErrorResponse>", ReplyFault::NoCode),
            ("<Error><Code>x</Code>", ReplyFault::Truncated),
        ] {
            assert_eq!(read(body).err(), Some(fault), "{body}");
        }
        assert!(matches!(read("<Other/>"), Err(ReplyFault::WrongRoot { .. })));
    }
}
