//! Why TLS failed, in words that say what to do. For those who write a driver: what a TLS library found goes in, the words
//! for [`Error::because`](crate::Error::because) come out.
//!
//! ```
//! use sts_proto::certificate::Refusal;
//!
//! let words = Refusal::Revoked.words("sts.amazonaws.com");
//! assert_eq!(words, "the certificate of sts.amazonaws.com was revoked");
//! ```

use time::OffsetDateTime;

/// What to look at where a date decides.
const CLOCK: &str = "if that cannot be, set the clock of this machine";

/// What to do about an authority that is not known.
const ROOTS: &str =
    "if it is to be trusted, name its certificate by `AWS_CA_BUNDLE` or the client's `ca_bundle`";

/// The most names of a certificate that are shown.
const MAX_NAMES: usize = 4;

/// What is wrong with a peer or with its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It has expired: the time by our clock and the end of its validity, in seconds since 1970, where they are known.
    Expired(Option<(u64, u64)>),
    /// It is not yet valid: the time by our clock and the begin of its validity, as above.
    NotYetValid(Option<(u64, u64)>),
    /// It is self-signed, or no authority that signed it is trusted.
    UnknownIssuer,
    /// It bears the name of a trusted authority that did not sign it, as when a private one was made anew.
    WrongSigner,
    /// It is for other hosts: these, where they are known.
    OtherHost(Option<Vec<String>>),
    /// It was revoked.
    Revoked,
    /// It is for another purpose.
    NotOfServer,
    /// It is one of an authority.
    OfAuthority,
    /// What answered does not speak TLS.
    NotTls,
    /// The peer ended the handshake with this alert.
    Alert(String),
    /// The peer and this program have no version or cipher in common.
    NothingInCommon,
    /// Something else, in the words of the TLS library.
    Other(String),
}

impl Refusal {
    /// One clause about the peer of that name.
    #[must_use]
    pub fn words(&self, peer: &str) -> String {
        let certificate = format!("the certificate of {peer}");
        match self {
            Self::Expired(None) => format!("{certificate} has expired; {CLOCK}"),
            Self::Expired(Some((now, end))) => format!(
                "{certificate} expired on {}, and this machine's clock says {}; {CLOCK}",
                date(*end),
                date(*now)
            ),
            Self::NotYetValid(None) => format!("{certificate} is not yet valid; {CLOCK}"),
            Self::NotYetValid(Some((now, begin))) => format!(
                "{certificate} is not yet valid, but from {} on, and this machine's clock says {}; {CLOCK}",
                date(*begin),
                date(*now)
            ),
            Self::UnknownIssuer => {
                format!("{certificate} is self-signed or from an authority that is not trusted here; {ROOTS}")
            }
            Self::WrongSigner => format!(
                "{certificate} is not signed by the authority of that name that is trusted here; {ROOTS}"
            ),
            Self::OtherHost(None) => format!("{certificate} is for another host"),
            Self::OtherHost(Some(presented)) => {
                format!("{certificate} is for another host: {}", names(presented))
            }
            Self::Revoked => format!("{certificate} was revoked"),
            Self::NotOfServer => format!("{certificate} is not one of a server"),
            Self::OfAuthority => {
                format!("{certificate} is self-signed, being one of an authority and not of a server")
            }
            Self::NotTls => {
                format!("what answered for {peer} does not speak TLS; is `https` right there?")
            }
            Self::Alert(alert) => format!("{peer} ended the handshake with the alert {alert}"),
            Self::NothingInCommon => format!("{peer} and this program have no version or cipher in common"),
            Self::Other(words) => format!("{certificate} is refused: {words}"),
        }
    }
}

/// The names are the peer's words, so they are shortened and stripped of what could spoil a log.
fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "it names none".to_owned();
    }
    let shown = presented.iter().take(MAX_NAMES).map(|name| {
        let name = name.strip_prefix("DnsName(\"").and_then(|name| name.strip_suffix("\")")).unwrap_or(name);
        name.chars().filter(char::is_ascii_graphic).take(64).collect::<String>()
    });
    let mut shown = shown.collect::<Vec<_>>().join(", ");
    if presented.len() > MAX_NAMES {
        shown.push_str(" and others");
    }
    shown
}

fn date(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).ok();
    let time = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.map_or_else(
        || "a day out of reach".to_owned(),
        |time| format!("{} {} UTC", time.date(), time.time()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peers_words_cannot_spoil_a_log() {
        let long = "x".repeat(100);
        let all = ["DnsName(\"a.test\")", "b\n\u{1b}[31mc", &long, "d", "e"].map(str::to_owned);
        let words = Refusal::OtherHost(Some(all.to_vec())).words("h");
        assert_eq!(
            words,
            format!(
                "the certificate of h is for another host: a.test, b[31mc, {}, d and others",
                &long[..64]
            )
        );
        assert!(Refusal::OtherHost(Some(vec![])).words("h").ends_with(": it names none"));
    }

    #[test]
    fn days_out_of_reach() {
        let words = Refusal::Expired(Some((0, u64::MAX))).words("h");
        assert!(words.contains("a day out of reach") && words.contains("1970-01-01"), "{words}");
    }
}
