use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::body::Body;
use crate::credentials::Secret;
use crate::error::Error;
use crate::step::{Ask, ReadFile};

/// The largest file that a token is read from. It protects memory; STS took an assertion of 100,000 characters and a web
/// identity token of 20,000 as of 2026.
pub const MAX_TOKEN_FILE_BYTES: usize = 1 << 20;

/// The waits before a file that is missing, empty or cut off is read again: whoever rotates it is at it.
const READ_WAITS: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(200), Duration::from_millis(400)];

/// Where the token of an identity provider or the assertion of a SAML provider comes from. It is asked for anew at each
/// look, because tokens are short-lived and rotated.
#[derive(Clone)]
pub struct TokenSource(Kind);

#[derive(Clone)]
enum Kind {
    Literal(Secret),
    File(PathBuf),
    Flow(Arc<dyn Fn(Ask) -> Giving + Send + Sync>),
}

/// A token on its way. What it awaits comes from the [`Ask`].
type Giving = Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send>>;

impl TokenSource {
    /// The token itself.
    #[must_use]
    pub fn literal(token: impl Into<Secret>) -> Self {
        Self(Kind::Literal(token.into()))
    }

    /// A file that holds the token and nothing else, white space around it aside; at most [`MAX_TOKEN_FILE_BYTES`].
    ///
    /// One that is missing, empty or cut off is read again a few times, within a second: it may just be written.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File(path.into()))
    }

    /// A function that gives the token and does not block for long.
    #[must_use]
    pub fn callback(give: impl Fn() -> Result<Secret, Error> + Send + Sync + 'static) -> Self {
        Self::flow(move |_| std::future::ready(give()))
    }

    /// A flow that gives the token, such as a request to the service of a CI system. What it awaits comes from its [`Ask`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use sts_proto::source::TokenSource;
    /// use sts_proto::{Body, Error, Secret, http};
    ///
    /// let token = TokenSource::flow(|ask| async move {
    ///     let request = http::Request::get("https://ci.example.com/token").body(Body::default());
    ///     let request = request.map_err(|error| Error::credentials("CI", "the request is wrong").caused_by(error))?;
    ///     let reply = ask.send(request, Duration::from_secs(5)).await?;
    ///     Ok(Secret::from(String::from_utf8_lossy(reply.body().as_ref()).trim()))
    /// });
    /// # let _ = token;
    /// ```
    #[must_use]
    pub fn flow<Fut>(give: impl Fn(Ask) -> Fut + Send + Sync + 'static) -> Self
    where
        Fut: Future<Output = Result<Secret, Error>> + Send + 'static,
    {
        Self(Kind::Flow(Arc::new(move |ask| Box::pin(give(ask)))))
    }

    /// The token as it is now.
    pub(super) async fn token(&self, ask: &Ask, source: &'static str) -> Result<Secret, Error> {
        match &self.0 {
            Kind::Literal(token) => Ok(token.clone()),
            Kind::File(path) => read(ask, path, source, |contents, _| token(contents)).await,
            Kind::Flow(give) => give(ask.clone()).await,
        }
    }
}

/// Reads a file again while it is missing, or `token` finds something wrong with it, which is told whether it is the last
/// time.
pub(super) async fn read(
    ask: &Ask,
    path: &Path,
    source: &'static str,
    token: impl Fn(&Body, bool) -> Result<Secret, &'static str>,
) -> Result<Secret, Error> {
    let mut waits = READ_WAITS.iter();
    loop {
        let next = waits.next();
        let fault = match ask.read(ReadFile::new(path, MAX_TOKEN_FILE_BYTES)).await {
            Ok(contents) => match token(&contents, next.is_none()) {
                Ok(token) => return Ok(token),
                Err(words) => {
                    Error::credentials(source, format!("the token file `{}` {words}", path.display()))
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => unreadable(source, path, error),
            Err(error) => return Err(unreadable(source, path, error)),
        };
        match next {
            Some(wait) => ask.wait(*wait).await,
            None => return Err(fault),
        }
    }
}

/// A file could not be read.
pub(super) fn unreadable(source: &'static str, path: &Path, error: io::Error) -> Error {
    let words = format!("failed to read `{}`: {error}", path.display());
    Error::credentials(source, words).caused_by(error)
}

/// What a file holds, or what is wrong with it.
fn token(contents: &Body) -> Result<Secret, &'static str> {
    let text = std::str::from_utf8(contents.as_ref()).map_err(|_| "is not UTF-8")?.trim();
    if text.is_empty() {
        return Err("is empty");
    }
    if is_cut_off(text) {
        return Err("is cut off: a JWT has three parts");
    }
    Ok(Secret::from(text))
}

/// A JWT begins with an object in base64url, and has three parts, five if it is encrypted.
pub(super) fn is_cut_off(token: &str) -> bool {
    let parts = token.split('.').filter(|part| !part.is_empty()).count();
    token.starts_with("eyJ") && !matches!(parts, 3 | 5)
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Literal(token) => f.debug_tuple("Literal").field(token).finish(),
            Kind::File(path) => f.debug_tuple("File").field(path).finish(),
            Kind::Flow(_) => f.write_str("Flow"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::testing::{Asked, Play};

    const JWT: &str = "eyJh.eyJi.sEcReT";

    fn look(play: Play, source: TokenSource) -> (Result<Secret, Error>, Vec<Asked>) {
        play.flow(|ask| async move { source.token(&ask, "web identity").await })
    }

    #[test]
    fn a_file_that_is_being_written_is_read_again() {
        let play = Play::new()
            .no_file(io::ErrorKind::NotFound)
            .file("\n")
            .file("eyJh.eyJi.")
            .file(format!("{JWT}\n"));
        let (token, asked) = look(play, TokenSource::file("/t"));
        assert_eq!(token.unwrap().expose(), JWT);
        assert_eq!(asked.iter().filter(|asked| matches!(asked, Asked::Wait)).count(), 3);
    }

    #[test]
    fn a_file_that_stays_wrong_is_named() {
        for (contents, words) in
            [("", "is empty"), ("eyJh.eyJi", "is cut off"), ("eyJh..sEcReT", "is cut off")]
        {
            let play = (0..4).fold(Play::new(), |play, _| play.file(contents));
            let error = look(play, TokenSource::file("/t")).0.unwrap_err();
            assert!(error.to_string().contains(&format!("`/t` {words}")), "{error}");
        }
        let play = (0..4).fold(Play::new(), |play, _| play.file(vec![0xff]));
        assert!(look(play, TokenSource::file("/t")).0.unwrap_err().to_string().contains("UTF-8"));
    }

    #[test]
    fn a_path_cannot_change_the_line_that_names_it() {
        let play = Play::new().no_file(io::ErrorKind::PermissionDenied);
        let error = look(play, TokenSource::file("/t\u{1b}[2J\n\u{202e}")).0.unwrap_err();
        assert!(error.to_string().contains(r"`/t\u{1b}[2J\n\u{202e}`"), "{error}");
    }

    #[test]
    fn what_time_does_not_mend_is_read_once() {
        let play = Play::new().no_file(io::ErrorKind::PermissionDenied);
        let error = look(play, TokenSource::file("/t")).0.unwrap_err();
        assert!(error.to_string().contains("failed to read `/t`: permission denied"), "{error}");
    }

    #[test]
    fn functions_and_opaque_tokens() {
        let (token, _) = look(Play::new(), TokenSource::callback(|| Ok(Secret::from("given"))));
        assert_eq!(token.unwrap().expose(), "given");
        let (token, _) = look(Play::new().file("Atza|opaque"), TokenSource::file("/t"));
        assert_eq!(token.unwrap().expose(), "Atza|opaque");
        assert!(!format!("{:?}", TokenSource::literal(JWT)).contains("sEcReT"));
    }
}
