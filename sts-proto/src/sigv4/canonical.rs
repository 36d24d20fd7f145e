//! Step 1: the canonical request.
//!
//! It is never put together as a text on the way to a signature: its parts go straight to the hash.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Deref;

use http::Request;
use http::header::{HOST, HeaderName, HeaderValue};
use sha2::digest::Update;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::gather::Gather;
use super::{Signing, host};
use crate::credentials::Secret;
use crate::error::Error;
use crate::{form, lanes};

/// More than the canonical request of a small call has.
const ROOM: usize = 512;

/// Where the bytes of a canonical request go.
trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

impl<H: Update, const ROOM: usize> Sink for Gather<'_, H, ROOM> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        Gather::put(self, bytes);
    }
}

impl Sink for Zeroizing<Vec<u8>> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// A sink that counts.
struct Length(usize);

impl Sink for Length {
    fn put(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
}

/// A canonical request, as references to what it is made of.
pub(super) struct Canonical<'r> {
    method: &'r str,
    path: Cow<'r, str>,
    query: Vec<QueryPair<'r>>,
    headers: Vec<(&'r str, Value<'r>)>,
    payload: &'r [u8],
}

/// The canonical form of a query parameter, `name` and `value` percent-encoded.
struct QueryPair<'r> {
    name: Encoded<'r>,
    value: Encoded<'r>,
}

/// A percent-encoded text in its canonical spelling.
enum Encoded<'r> {
    AsIs(&'r str),
    /// It may be the session token.
    Anew(Zeroizing<String>),
}

impl Deref for Encoded<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::AsIs(text) => text,
            Self::Anew(text) => text,
        }
    }
}

/// The value of a header.
enum Value<'r> {
    Given(&'r HeaderValue),
    /// The host, where it stands in the URL only.
    Host(&'r str),
}

impl<'r> Canonical<'r> {
    /// That of a request whose query gets these parameters more, percent-encoded.
    pub(super) fn of<B>(
        request: &'r Request<B>,
        signing: &Signing<'_>,
        more: &'r str,
        payload: &'r [u8],
    ) -> Result<Self, Error> {
        Ok(Self {
            method: request.method().as_str(),
            path: path(request.uri().path(), signing.normalize_path, signing.double_encode_path),
            query: canonical_query(request.uri().query().unwrap_or_default(), more),
            headers: canonical_headers(request)?,
            payload,
        })
    }

    /// By a hash that is at its beginning, and is so again afterwards: to make one and wipe it costs half a block.
    pub(super) fn sha256(&self, hash: &mut Sha256) -> [u8; 32] {
        self.write(&mut Gather::<_, ROOM>::new(hash));
        hash.finalize_reset().into()
    }

    pub(super) fn text(&self) -> Secret {
        // Measured first, so that no copy is left behind by growth.
        let mut length = Length(0);
        self.write(&mut length);
        let mut out = Zeroizing::new(Vec::with_capacity(length.0));
        self.write(&mut out);
        Secret::from(String::from_utf8_lossy(&out).into_owned())
    }

    /// `host;x-amz-date`
    pub(super) fn signed_headers(&self) -> String {
        signed_headers(&self.headers)
    }

    fn write(&self, out: &mut impl Sink) {
        out.put(self.method.as_bytes());
        out.put(b"\n");
        out.put(self.path.as_bytes());
        out.put(b"\n");
        for (i, pair) in self.query.iter().enumerate() {
            if i > 0 {
                out.put(b"&");
            }
            out.put(pair.name.as_bytes());
            out.put(b"=");
            out.put(pair.value.as_bytes());
        }
        let mut last = "";
        for (name, value) in &self.headers {
            if *name == last {
                out.put(b",");
            } else {
                out.put(b"\n");
                out.put(name.as_bytes());
                out.put(b":");
            }
            last = name;
            put_trimmed(value.as_bytes(), out);
        }
        out.put(b"\n\n");
        names(&self.headers, |part| out.put(part.as_bytes()));
        out.put(b"\n");
        out.put(self.payload);
    }
}

/// `host;x-amz-date` of a request that is yet to get the query that names them.
pub(super) fn signed_headers_of<B>(request: &Request<B>) -> Result<String, Error> {
    Ok(signed_headers(&canonical_headers(request)?))
}

fn signed_headers(headers: &[(&str, Value<'_>)]) -> String {
    let mut out = String::with_capacity(headers.iter().map(|(name, _)| name.len() + 1).sum());
    names(headers, |part| out.push_str(part));
    out
}

fn names(headers: &[(&str, Value<'_>)], mut put: impl FnMut(&str)) {
    let mut last = "";
    for (name, _) in headers {
        if *name != last {
            if !last.is_empty() {
                put(";");
            }
            put(name);
        }
        last = name;
    }
}

impl Value<'_> {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Given(value) => value.as_bytes(),
            Self::Host(host) => host.as_bytes(),
        }
    }
}

/// A header's value without white space at its ends, and with one space for each run of spaces and tabs in it: as
/// botocore does it. aws-sigv4 leaves tabs as they are; no header of AWS's holds one.
fn put_trimmed(value: &[u8], out: &mut impl Sink) {
    let is_space = |b: &u8| (*b == b' ') | (*b == b'\t');
    let value = value.trim_ascii();
    if !lanes::any(value, |b| is_space(&b)) || !has_runs(value) {
        return out.put(value);
    }
    for (i, word) in value.split(is_space).filter(|word| !word.is_empty()).enumerate() {
        if i > 0 {
            out.put(b" ");
        }
        out.put(word);
    }
}

/// Whether there is a tab, or a space behind a space. Single spaces, as the type of a form has one, stay as they are.
fn has_runs(value: &[u8]) -> bool {
    let pairs = value.iter().zip(value.iter().skip(1));
    // To the end, so that many pairs are compared at a time.
    let has_pair = pairs.fold(false, |found, (a, b)| found | ((*a == b' ') & (*b == b' ')));
    has_pair || lanes::any(value, |b| b == b'\t')
}

/// The headers to be signed, by name; values of one name in the order sent.
fn canonical_headers<'r, B>(request: &'r Request<B>) -> Result<Vec<(&'r str, Value<'r>)>, Error> {
    let mut headers: Vec<(&'r str, Value<'r>)> = Vec::with_capacity(request.headers().len() + 1);
    // Each at its place behind those of its name. There are few, never more than `MAX_HEADERS`, and a sort would be 6 KB of
    // a program.
    let mut put = |name: &'r str, value| {
        let at = headers.partition_point(|(before, _)| *before <= name);
        headers.insert(at, (name, value));
    };
    let mut has_host = false;
    for (name, value) in request.headers() {
        has_host |= *name == HOST;
        if is_signed(name) {
            put(name.as_str(), Value::Given(value));
        }
    }
    if !has_host {
        let host = host(request.uri()).ok_or_else(|| Error::setting("Url", "has no host"))?;
        put(HOST.as_str(), Value::Host(host));
    }
    Ok(headers)
}

/// Not those that belong to one connection, or that proxies and drivers change or add on the way.
pub(super) fn is_signed(name: &HeaderName) -> bool {
    !matches!(
        name.as_str(),
        "amz-sdk-invocation-id"
            | "amz-sdk-request"
            | "authorization"
            | "connection"
            | "expect"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "user-agent"
            | "x-amzn-trace-id"
    )
}

/// The path, its segments percent-encoded twice or once.
pub(super) fn path(path: &str, normalize: bool, encode_twice: bool) -> Cow<'_, str> {
    // What every request of STS has.
    if path == "/" {
        return Cow::Borrowed(path);
    }
    let path = if normalize { normalized(path) } else { path.to_owned() };
    let mut out = String::with_capacity(path.len());
    let mut put = |part: &[u8]| out.push_str(std::str::from_utf8(part).unwrap_or_default());
    if encode_twice {
        form::encode(path.as_bytes(), &form::PATH, &mut put);
    } else {
        // Decoded per segment, so that an escaped slash stays escaped.
        for (i, segment) in path.split('/').enumerate() {
            if i > 0 {
                put(b"/");
            }
            form::encode(&form::decode_bytes(segment.as_bytes(), false), &form::UNRESERVED, &mut put);
        }
    }
    if out.is_empty() {
        out.push('/');
    }
    Cow::Owned(out)
}

/// RFC 3986, section 5.2.4, and without empty segments; a slash at the end stays.
fn normalized(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let mut out = String::with_capacity(path.len() + 1);
    for segment in &segments {
        out.push('/');
        out.push_str(segment);
    }
    let ends_open = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    if ends_open || out.is_empty() {
        out.push('/');
    }
    out
}

/// The parameters of both texts, decoded, encoded anew and sorted, so that every spelling of a query gives the same.
fn canonical_query<'r>(query: &'r str, more: &'r str) -> Vec<QueryPair<'r>> {
    // As with every request of STS that is signed by header.
    if query.is_empty() && more.is_empty() {
        return Vec::new();
    }
    let texts = || [query, more].into_iter().flat_map(|text| text.split('&')).filter(|pair| !pair.is_empty());
    let mut pairs = Vec::with_capacity(texts().count());
    pairs.extend(texts().map(QueryPair::new));
    // A heap sorts as well, and is a tenth of the code of a sort. What it may change places of is the same text.
    BinaryHeap::from(pairs).into_sorted_vec()
}

/// By name, and by value where names are the same.
impl Ord for QueryPair<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        (&*self.name, &*self.value).cmp(&(&*other.name, &*other.value))
    }
}

impl PartialOrd for QueryPair<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for QueryPair<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for QueryPair<'_> {}

impl<'r> QueryPair<'r> {
    fn new(pair: &'r str) -> Self {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Self { name: encoded_anew(name), value: encoded_anew(value) }
    }
}

fn encoded_anew(text: &str) -> Encoded<'_> {
    if is_canonical(text.as_bytes()) {
        return Encoded::AsIs(text);
    }
    let decoded = form::decode_bytes(text.as_bytes(), false);
    // Room for the worst case, so that no copy is left behind by growth.
    let mut out = Zeroizing::new(String::with_capacity(3 * decoded.len()));
    form::encode(&decoded, &form::UNRESERVED, &mut |part| {
        out.push_str(std::str::from_utf8(part).unwrap_or_default());
    });
    // It may have been the session token.
    if let Cow::Owned(bytes) = decoded {
        drop(Zeroizing::new(bytes));
    }
    Encoded::Anew(out)
}

/// Whether encoding it anew would change nothing: all is escaped that must be, in capital letters, and nothing else.
fn is_canonical(mut text: &[u8]) -> bool {
    let is_kept = |byte: u8| form::UNRESERVED[usize::from(byte)];
    loop {
        text = match text {
            [] => return true,
            [b'%', high, low, rest @ ..] if form::is_escape(*high, *low) => rest,
            [byte, rest @ ..] if is_kept(*byte) => rest,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalized() {
        for (path, expected) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/.", "/"),
            ("/a/../b", "/b"),
            ("/a/b/..", "/a/"),
            ("/../../a", "/a"),
            ("/./a//b/", "/a/b/"),
            ("/a/.", "/a/"),
        ] {
            assert_eq!(normalized(path), expected, "{path}");
        }
    }

    #[test]
    fn queries_have_one_spelling() {
        let text = |query| {
            let pairs = canonical_query(query, "");
            pairs.iter().map(|p| format!("{}={}", &*p.name, &*p.value)).collect::<Vec<_>>().join("&")
        };
        assert_eq!(text("b=2&a=%7e&a=1&c"), "a=1&a=~&b=2&c=");
        assert_eq!(text("a=b=c&d=%"), "a=b%3Dc&d=%25");
        assert_eq!(text("k=a+b"), "k=a%2Bb");
        assert_eq!(text("k=%2F%2f&%41=%25%2"), "A=%25%252&k=%2F%2F");
    }

    #[test]
    fn values_lose_needless_white_space() {
        for (value, expected) in [
            ("  a  b\t\"c   d\" ", "a b \"c d\""),
            ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
            ("a\tb", "a b"),
            ("a \tb c", "a b c"),
            (" a b  ", "a b"),
            ("", ""),
        ] {
            let mut out = Zeroizing::new(Vec::new());
            put_trimmed(value.as_bytes(), &mut out);
            assert_eq!(&**out, expected.as_bytes(), "{value:?}");
        }
    }
}
