//! Requests to the instance metadata service with one token, and why there is none.

use std::borrow::Cow;

use http::{Method, Response, StatusCode};

use super::{InstanceMetadata, NAME, refused};
use crate::body::Body;
use crate::credentials::Secret;
use crate::endpoint::url::ServiceUrl;
use crate::error::Error;
use crate::hint::{Cause, Hint};
use crate::source::fetch::{self, ServiceRequest};
use crate::step::{Answer, Ask};

const TOKEN_PATH: &str = "/latest/api/token";

/// How long a token is good, in seconds: as long as can be.
const TOKEN_TTL: &str = "21600";

/// The longest token, name of a role or name of a region that is taken for one. Tokens have 56 characters.
const MAX_WORD: usize = 1024;

/// Answers that carry a token travel over so many hosts only; a container is one host more.
const HOP_LIMIT: &str =
    "in a container, the instance's hop limit may be 1: set `HttpPutResponseHopLimit` to 2";

/// Why there is nothing to be had.
#[derive(Debug)]
pub(super) struct Away {
    pub(super) words: Cow<'static, str>,
    /// A deadline passed, which has a usual cause.
    pub(super) is_late: bool,
    pub(super) cause: Option<Error>,
}

impl Away {
    pub(super) fn new(words: impl Into<Cow<'static, str>>) -> Self {
        Self { words: words.into(), is_late: false, cause: None }
    }

    pub(super) fn into_words(self) -> Cow<'static, str> {
        if self.is_late {
            format!("{}: this is no instance, or {HOP_LIMIT}", self.words).into()
        } else {
            self.words
        }
    }

    pub(super) fn into_error(self) -> Error {
        let hint = if self.is_late { Hint::told(Cause::HopLimit, HOP_LIMIT) } else { None };
        let error = Error::credentials(NAME, self.words).with_hint(hint);
        match self.cause {
            Some(cause) => error.caused_by(cause),
            None => error,
        }
    }
}

/// Requests with one token.
pub(super) struct Session<'a> {
    pub(super) metadata: &'a InstanceMetadata,
    pub(super) ask: &'a Ask,
    pub(super) base: ServiceUrl,
    /// None with version 1.
    pub(super) token: Option<Secret>,
    pub(super) is_renewed: bool,
}

impl Session<'_> {
    /// Asks for a token; `is_there` where the service has answered before.
    pub(super) async fn token(&self, is_there: bool) -> Answer {
        let request = ServiceRequest::new(Method::PUT, &self.base.join(TOKEN_PATH)?, Body::default())
            .header("x-aws-ec2-metadata-token-ttl-seconds", TOKEN_TTL)
            .direct();
        let answer = self.metadata.attempts_of(is_there).send(self.ask, &request).await?;
        // What has answered is there, and worth more attempts.
        if is_there || !answer.status().is_server_error() {
            return Ok(answer);
        }
        self.metadata.attempts_of(true).send(self.ask, &request).await
    }

    pub(super) fn take(&mut self, reply: &Response<Body>) -> Result<(), Error> {
        let token =
            word(reply).ok_or_else(|| Error::credentials(NAME, "the token that it gave cannot be one"))?;
        self.token = Some(Secret::from(token));
        Ok(())
    }

    /// Gets a document. A token that is refused is renewed once. Without one, who does not answer is away.
    pub(super) async fn get(&mut self, path: &str) -> Result<Result<Response<Body>, Away>, Error> {
        let attempts = self.metadata.attempts_of(self.token.is_some());
        let url = self.base.join(path)?;
        loop {
            let mut request = ServiceRequest::get(&url).direct();
            if let Some(token) = &self.token {
                request = request.secret(NAME, "x-aws-ec2-metadata-token", "Token", token)?;
            }
            let reply = match attempts.send(self.ask, &request).await {
                Ok(reply) => reply,
                Err(error) if self.token.is_none() => return Ok(Err(self.metadata.out_of_reach(error))),
                Err(error) => return Err(fetch::unanswered(NAME, "it", error)),
            };
            if reply.status() != StatusCode::UNAUTHORIZED || self.token.is_none() || self.is_renewed {
                return Ok(Ok(reply));
            }
            self.is_renewed = true;
            let reply = self.token(true).await.map_err(|error| fetch::unanswered(NAME, "it", error))?;
            if reply.status() != StatusCode::OK {
                return Err(refused(&reply, self.token.as_ref()));
            }
            self.take(&reply)?;
        }
    }
}

/// The first line of a reply, if it is visible ASCII.
pub(super) fn word(reply: &Response<Body>) -> Option<&str> {
    let line = reply.body().as_ref().trim_ascii().split(|b| *b == b'\n').next()?.trim_ascii();
    let is_word = !line.is_empty() && line.len() <= MAX_WORD && line.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(line).ok().filter(|_| is_word)
}
