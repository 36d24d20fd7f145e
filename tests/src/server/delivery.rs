//! How an answer reaches the client: at once and whole, unless a fault says otherwise.

use std::time::Duration;

use time::OffsetDateTime;

use super::answers::Answer;
use super::clock;
use super::fault::Fault;
use super::http;

/// So that what was written arrives before the reset that would overtake it.
const BEFORE_RESET: Duration = Duration::from_millis(20);

/// What to do, in order, and how it ends.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) steps: Vec<Step>,
    pub(super) end: End,
}

#[derive(Debug)]
pub(super) enum Step {
    Write(Vec<u8>),
    Wait(Duration),
    /// A pause before each byte.
    Drip(Vec<u8>, Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The connection lasts.
    Keep,
    /// What was written arrives, then the connection ends.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing happens any more until the client leaves.
    Hang,
}

/// The answer, as the fault leaves it. `keep_alive` is whether the client wants to send more.
pub(super) fn deliver(
    answer: Answer,
    fault: Option<&Fault>,
    keep_alive: bool,
    now: OffsetDateTime,
) -> Delivery {
    let (status, mut headers, body) = match answer {
        Answer::Reply { status, headers, body } => (status, headers, body),
        Answer::Raw(bytes) => return Delivery { steps: vec![Step::Write(bytes)], end: End::Close },
        Answer::Close => return Delivery { steps: Vec::new(), end: End::Close },
        Answer::Late { after, answer } => {
            let mut delivery = deliver(*answer, fault, keep_alive, now);
            delivery.steps.insert(0, Step::Wait(after));
            return delivery;
        }
    };
    let is_close = |(name, value): &(String, String)| {
        name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close")
    };
    let closing = headers.iter().any(is_close);
    if !keep_alive && !closing {
        headers.push(("Connection".to_owned(), "close".to_owned()));
    }
    let end = if keep_alive && !closing { End::Keep } else { End::Close };
    let whole = |headers: &[(String, String)]| http::reply(status, headers, &body);
    let with = |headers: &[(String, String)], name: &str, value: String| {
        let mut headers = headers.to_vec();
        headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        headers.push((name.to_owned(), value));
        headers
    };
    let write = |bytes: Vec<u8>, end| Delivery { steps: vec![Step::Write(bytes)], end };
    let reset = |bytes: Vec<u8>| Delivery {
        steps: vec![Step::Write(bytes), Step::Wait(BEFORE_RESET)],
        end: End::Reset,
    };
    // Cut in the middle of the head, or in the middle of the body.
    let cut = |of_body: bool| {
        let mut bytes = whole(&headers);
        let head = bytes.len() - body.len();
        bytes.truncate(if of_body { head + body.len() / 2 } else { head / 2 });
        bytes
    };
    match fault {
        Some(Fault::Delay(pause)) => {
            Delivery { steps: vec![Step::Wait(*pause), Step::Write(whole(&headers))], end }
        }
        Some(Fault::NoAnswer) => Delivery { steps: Vec::new(), end: End::Hang },
        Some(Fault::ResetBeforeHead) => Delivery { steps: Vec::new(), end: End::Reset },
        Some(Fault::ResetInHead) => reset(cut(false)),
        Some(Fault::ResetInBody) => reset(cut(true)),
        Some(Fault::TruncatedBody) => write(cut(true), End::Close),
        Some(Fault::WrongLength) => {
            let headers = with(&headers, "Content-Length", (body.len() / 2).to_string());
            write(whole(&headers), end)
        }
        Some(Fault::Chunked) => write(chunked(status, &headers, &body, true), end),
        Some(Fault::ChunkedGarbage) => write(chunked(status, &headers, &body, false), End::Close),
        Some(Fault::SlowDrip(pause)) => Delivery { steps: vec![Step::Drip(whole(&headers), *pause)], end },
        Some(Fault::SkewedDate(seconds)) => {
            let skewed = now.checked_add(time::Duration::seconds(*seconds)).unwrap_or(now);
            write(whole(&with(&headers, "Date", clock::imf_fixdate(skewed))), end)
        }
        Some(Fault::CloseAfterReply) => write(whole(&headers), End::Close),
        // The others are answers of their own, or struck earlier.
        _ => write(whole(&headers), end),
    }
}

/// The reply in two chunks and the last one, or with something else in the place of the second.
fn chunked(status: u16, headers: &[(String, String)], body: &[u8], valid: bool) -> Vec<u8> {
    let mut headers = headers.to_vec();
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-length"));
    headers.push(("Transfer-Encoding".to_owned(), "chunked".to_owned()));
    let mut bytes = http::head(status, &headers).into_bytes();
    let (first, second) = body.split_at(body.len() / 2);
    for chunk in [first, second] {
        // An empty chunk would be the last one.
        if !chunk.is_empty() {
            bytes.extend_from_slice(format!("{:x};part=1\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        if !valid {
            bytes.extend_from_slice(b"this is no size\r\n");
            return bytes;
        }
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}
