//! A client for the server's own tests: it signs with `aws-sigv4` and speaks over a bare socket.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;

use super::{AccessKey, Server};

pub(super) const IDENTITY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
pub(super) const ASSUME: &str = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=sess1\
     &RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fpath%2FTestRole";

/// What and how to sign; the fields that a test wants wrong are changed.
pub(super) struct Signing<'a> {
    pub(super) key: &'a AccessKey,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) body: &'a str,
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) time: SystemTime,
    pub(super) settings: SigningSettings,
}

impl<'a> Signing<'a> {
    /// A POST of this form.
    pub(super) fn post(key: &'a AccessKey, body: &'a str) -> Self {
        let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        Self {
            method: "POST",
            body,
            query: "",
            headers: vec![("host", "sts.test"), form],
            ..Self::get(key, "")
        }
    }

    /// A GET with this query.
    pub(super) fn get(key: &'a AccessKey, query: &'a str) -> Self {
        Self {
            key,
            method: "GET",
            path: "/",
            query,
            body: "",
            headers: vec![("host", "sts.test")],
            region: "eu-central-1",
            service: "sts",
            time: SystemTime::now(),
            settings: SigningSettings::default(),
        }
    }

    /// A GET with this query, presigned.
    pub(super) fn presigned(key: &'a AccessKey, query: &'a str, expires: u64) -> Self {
        let mut signing = Self::get(key, query);
        signing.settings.signature_location = SignatureLocation::QueryParams;
        signing.settings.expires_in = Some(Duration::from_secs(expires));
        signing
    }

    pub(super) fn ago(mut self, seconds: u64) -> Self {
        self.time -= Duration::from_secs(seconds);
        self
    }

    /// The request's bytes.
    pub(super) fn bytes(self) -> Vec<u8> {
        let token = self.key.session_token().map(str::to_owned);
        let (id, secret) = (self.key.access_key_id(), self.key.secret_access_key());
        let identity = Credentials::new(id, secret, token, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.time)
            .settings(self.settings)
            .build()
            .expect("complete")
            .into();
        let target = match self.query {
            "" => self.path.to_owned(),
            query => format!("{}?{query}", self.path),
        };
        let uri = format!("http://sts.test{target}");
        let body = SignableBody::Bytes(self.body.as_bytes());
        let signable = SignableRequest::new(self.method, uri.as_str(), self.headers.iter().copied(), body);
        let (instructions, _) = sign(signable.expect("signable"), &parameters).expect("signed").into_parts();
        let mut request = http::Request::builder().method(self.method).uri(&uri);
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).expect("a request");
        instructions.apply_to_request_http1x(&mut request);
        let target = request.uri().path_and_query().expect("a target");
        let mut text = format!("{} {target} HTTP/1.1\r\n", self.method);
        for (name, value) in request.headers() {
            text.extend([name.as_str(), ": ", value.to_str().expect("text"), "\r\n"]);
        }
        text.extend(["content-length: ", &self.body.len().to_string(), "\r\n\r\n", self.body]);
        text.into_bytes()
    }
}

/// A reply taken apart.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.and_then(|line| line.split_once(": ")).map(|(_, value)| value)
    }

    /// The text of the first element of this name.
    pub(super) fn element(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
    }

    /// Status, code and message of an error.
    pub(super) fn error(&self) -> (u16, &str, &str) {
        (self.status, self.element("Code").unwrap_or_default(), self.element("Message").unwrap_or_default())
    }

    /// The key in `<Credentials>`.
    pub(super) fn credentials(&self) -> AccessKey {
        let text = |name| self.element(name).unwrap_or_else(|| panic!("{name} in {self:?}")).to_owned();
        AccessKey {
            access_key_id: text("AccessKeyId"),
            secret_access_key: text("SecretAccessKey"),
            session_token: Some(text("SessionToken")),
            expires: None,
            session: super::keys::Session::default(),
            principal: super::Principal::root("0"),
        }
    }
}

/// A connection.
pub(super) struct Client(TcpStream);

impl Client {
    pub(super) fn connect(sts: &Server) -> Self {
        let stream = TcpStream::connect(sts.url().trim_start_matches("http://")).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        Self(stream)
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the server reads");
    }

    /// One reply, framed by its length.
    pub(super) fn receive(&mut self) -> Reply {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("a whole head");
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("text");
        let status = head[9..12].parse().expect("a status");
        let mut reply = Reply { status, head, body: String::new() };
        let length = reply.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a whole body");
        reply.body = String::from_utf8(body).expect("text");
        reply
    }

    /// Everything until the server closes.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).expect("a clean end");
        rest
    }
}

/// One request on a connection of its own.
pub(super) fn exchange(sts: &Server, bytes: &[u8]) -> Reply {
    let mut client = Client::connect(sts);
    client.send(bytes);
    client.receive()
}

/// A signed POST of this form.
pub(super) fn post(sts: &Server, key: &AccessKey, form: &str) -> Reply {
    exchange(sts, &Signing::post(key, form).bytes())
}
