//! A request as it arrived.

/// A request as it arrived, whole and well-formed HTTP, whatever STS thought of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) connection: u64,
}

impl Request {
    /// `GET`, `POST`, …
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The request target exactly as sent, for example `/?Action=GetCallerIdentity`.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Every header in the order sent, names as spelled by the client.
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Which connection it came over, counted from 1.
    #[must_use]
    pub fn connection(&self) -> u64 {
        self.connection
    }

    /// The first value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// The first value of a parameter, from the query or the body.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .chain(form_urlencoded::parse(&self.body))
            .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }

    /// Every value of a header, in order.
    pub(super) fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }
}
