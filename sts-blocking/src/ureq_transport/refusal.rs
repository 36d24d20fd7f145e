//! What TLS libraries say about certificates, in words that say what to do.

/// What to look at where a date decides.
const CLOCK: &str = "if that cannot be, set the clock of this machine";

/// What to do about an authority that is not known.
const ROOTS: &str =
    "if it is to be trusted, name its certificate by `AWS_CA_BUNDLE` or the client's `ca_bundle`";

/// The most names of a certificate that are shown.
#[cfg(feature = "rustls")]
const MAX_NAMES: usize = 4;

/// `None` where the error says as much by itself.
#[cfg(feature = "rustls")]
pub(super) fn of_rustls(error: &rustls::Error, peer: &str) -> Option<String> {
    use rustls::{Error, InvalidMessage};

    match error {
        Error::InvalidCertificate(error) => Some(of_certificate(error, peer)),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            Some(format!("what answered for {peer} does not speak TLS; is `https` right there?"))
        }
        Error::AlertReceived(alert) => Some(format!("{peer} ended the handshake with the alert {alert:?}")),
        Error::PeerIncompatible(_) => {
            Some(format!("{peer} and this program have no version or cipher in common"))
        }
        _ => None,
    }
}

#[cfg(feature = "rustls")]
fn of_certificate(error: &rustls::CertificateError, peer: &str) -> String {
    use rustls::CertificateError::*;

    let certificate = format!("the certificate of {peer}");
    match error {
        Expired => format!("{certificate} has expired; {CLOCK}"),
        ExpiredContext { time, not_after } => format!(
            "{certificate} expired on {}, and this machine's clock says {}; {CLOCK}",
            date(*not_after),
            date(*time)
        ),
        NotValidYet => format!("{certificate} is not yet valid; {CLOCK}"),
        NotValidYetContext { time, not_before } => format!(
            "{certificate} is not yet valid, but from {} on, and this machine's clock says {}; {CLOCK}",
            date(*not_before),
            date(*time)
        ),
        UnknownIssuer => {
            format!("{certificate} is self-signed or from an authority that is not trusted here; {ROOTS}")
        }
        // As when a private authority was made anew under its old name.
        BadSignature => {
            format!("{certificate} is not signed by the authority of that name that is trusted here; {ROOTS}")
        }
        NotValidForName => format!("{certificate} is for another host"),
        NotValidForNameContext { presented, .. } => {
            format!("{certificate} is for another host: {}", names(presented))
        }
        Revoked => format!("{certificate} was revoked"),
        InvalidPurpose | InvalidPurposeContext { .. } => format!("{certificate} is not one of a server"),
        // webpki has no public name for it that stays the same.
        Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            format!("{certificate} is self-signed, being one of an authority and not of a server")
        }
        other => format!("{certificate} is refused: {other}"),
    }
}

/// The names are the peer's words, so they are shortened and stripped of what could spoil a log.
#[cfg(feature = "rustls")]
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

#[cfg(feature = "rustls")]
fn date(time: rustls::pki_types::UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).ok();
    let time = seconds.and_then(|seconds| sts_proto::time::OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.map_or_else(
        || "a day out of reach".to_owned(),
        |time| format!("{} {} UTC", time.date(), time.time()),
    )
}

/// OpenSSL's words; the other platforms' libraries speak for themselves.
#[cfg(feature = "native-tls")]
pub(super) fn of_native_tls(text: &str, peer: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let certificate = format!("the certificate of {peer}");
    let has = |words: &str| text.contains(words);
    if has("certificate has expired") {
        Some(format!("{certificate} has expired; {CLOCK}"))
    } else if has("certificate is not yet valid") {
        Some(format!("{certificate} is not yet valid; {CLOCK}"))
    } else if has("self-signed") || has("self signed") || has("unable to get local issuer certificate") {
        Some(format!("{certificate} is self-signed or from an authority that is not trusted here; {ROOTS}"))
    } else if has("hostname mismatch") || has("ip address mismatch") {
        Some(format!("{certificate} is for another host"))
    } else if has("wrong version number") {
        Some(format!("what answered for {peer} does not speak TLS; is `https` right there?"))
    } else {
        None
    }
}
