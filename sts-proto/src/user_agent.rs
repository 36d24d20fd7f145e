//! Who is asking, in the format of AWS's own SDKs.

use std::env::consts::{ARCH, OS};

use http::HeaderValue;

/// The most characters of an application id.
const APP_ID_MAX: usize = 50;

/// The most characters of a suffix.
const SUFFIX_MAX: usize = 256;

/// The `user-agent` header: product, driver, operating system, architecture, language, environment, features,
/// application.
///
/// ```
/// let agent = sts_proto::UserAgent::new().driver("my-driver", "1.0").app_id("billing").to_header();
/// let agent = agent.to_str().unwrap();
/// assert!(agent.starts_with("sts-proto/") && agent.contains(" lib/my-driver#1.0 "), "{agent}");
/// assert!(agent.ends_with(" app/billing"), "{agent}");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserAgent {
    driver: Option<(String, String)>,
    execution_environment: Option<String>,
    features: Vec<&'static str>,
    retry_mode: Option<&'static str>,
    app_id: Option<String>,
    suffix: Option<String>,
}

impl UserAgent {
    /// The core by itself.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The driver that moves the bytes.
    #[must_use]
    pub fn driver(mut self, name: &str, version: &str) -> Self {
        self.driver = Some((token(name), token(version)));
        self
    }

    /// The value of the environment variable `AWS_EXECUTION_ENV`.
    #[must_use]
    pub fn execution_environment(mut self, name: &str) -> Self {
        self.execution_environment = Some(token(name));
        self
    }

    /// Adds the id of a feature in use, as AWS's SDKs number them: `D`, `E` and `F` for retries in legacy, standard and
    /// adaptive mode, `N` for an endpoint of one's own, `e` for credentials in code, `g` for those in the environment.
    #[must_use]
    pub fn feature(mut self, id: &'static str) -> Self {
        self.features.push(id);
        self
    }

    /// How calls are tried again: `legacy`, `standard` or `adaptive`, see [`RetryMode::name`](crate::RetryMode::name).
    #[must_use]
    pub fn retry_mode(mut self, mode: &'static str) -> Self {
        self.retry_mode = Some(mode);
        self
    }

    /// The application's id, of which 50 characters are sent.
    #[must_use]
    pub fn app_id(mut self, id: &str) -> Self {
        self.app_id = Some(token(id).chars().take(APP_ID_MAX).collect());
        self
    }

    /// Words of the caller's own, of which 256 characters are sent.
    #[must_use]
    pub fn suffix(mut self, suffix: &str) -> Self {
        let words: Vec<_> = suffix.split_whitespace().map(product).collect();
        self.suffix = Some(words.join(" ").chars().take(SUFFIX_MAX).collect());
        self
    }

    /// The header's value.
    #[must_use]
    pub fn to_header(&self) -> HeaderValue {
        let mut words = concat!("sts-proto/", env!("CARGO_PKG_VERSION"), " ua/2.1").to_owned();
        let mut add = |parts: &[&str]| parts.iter().for_each(|part| words.push_str(part));
        add(&[" os/", &token(OS), " md/arch#", &token(ARCH), " lang/rust"]);
        if let Some((name, version)) = &self.driver {
            add(&[" lib/", name, "#", version]);
        }
        if let Some(name) = &self.execution_environment {
            add(&[" exec-env/", name]);
        }
        for (i, id) in self.features.iter().enumerate() {
            add(&[if i == 0 { " m/" } else { "," }, id]);
        }
        if let Some(mode) = self.retry_mode {
            add(&[" cfg/retry-mode#", mode]);
        }
        if let Some(id) = &self.app_id {
            add(&[" app/", id]);
        }
        if let Some(suffix) = self.suffix.as_deref().filter(|suffix| !suffix.is_empty()) {
            add(&[" ", suffix]);
        }
        // Every character left in the words can stand in a header.
        HeaderValue::from_str(&words).unwrap_or(HeaderValue::from_static("sts-proto"))
    }
}

/// Characters that cannot stand in a token become hyphens, as in AWS's SDKs.
fn token(text: &str) -> String {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!$%&'*+-.^_`|~,".contains(c);
    text.chars().map(|c| if is_token(c) { c } else { '-' }).collect()
}

/// A name, or a name with a version.
fn product(text: &str) -> String {
    match text.split_once('/') {
        Some((name, version)) => format!("{}/{}", token(name), token(version)),
        None => token(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_and_their_order() {
        let core = format!(
            "sts-proto/{} ua/2.1 os/{} md/arch#{} lang/rust",
            env!("CARGO_PKG_VERSION"),
            token(OS),
            token(ARCH)
        );
        assert_eq!(UserAgent::new().to_header(), core);
        let all = UserAgent::new()
            .driver("sts-blocking", "1.2.3")
            .execution_environment("AWS_Lambda_provided")
            .feature("E")
            .feature("N")
            .retry_mode("standard")
            .app_id("shop")
            .suffix("my-app/1.0");
        let words = "lib/sts-blocking#1.2.3 exec-env/AWS_Lambda_provided m/E,N cfg/retry-mode#standard app/shop my-app/1.0";
        assert_eq!(all.to_header(), format!("{core} {words}"));
        assert_eq!(UserAgent::new().suffix("").to_header(), core);
    }

    #[test]
    fn nothing_can_break_out_of_the_header() {
        let agent = UserAgent::new()
            .driver("a b", "1\r\nx: y")
            .app_id(&"é".repeat(100))
            .suffix("my-app/1.0 (x)\r\nevil: 1")
            .feature("N")
            .feature("e")
            .to_header();
        let text = agent.to_str().unwrap();
        assert!(text.contains("lib/a-b#1--x--y"), "{text}");
        assert!(text.contains(" m/N,e ") && text.contains(&format!("app/{} ", "-".repeat(50))), "{text}");
        assert!(text.ends_with(" my-app/1.0 -x- evil- 1"), "{text}");
    }
}
