//! What TLS libraries say about certificates.

use sts_proto::certificate::Refusal;

/// `None` where the error says as much by itself.
#[cfg(feature = "rustls")]
pub(super) fn of_rustls(error: &rustls::Error) -> Option<Refusal> {
    use rustls::{Error, InvalidMessage};

    match error {
        Error::InvalidCertificate(error) => Some(of_certificate(error)),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => Some(Refusal::NotTls),
        Error::AlertReceived(alert) => Some(Refusal::Alert(format!("{alert:?}"))),
        Error::PeerIncompatible(_) => Some(Refusal::NothingInCommon),
        _ => None,
    }
}

#[cfg(feature = "rustls")]
fn of_certificate(error: &rustls::CertificateError) -> Refusal {
    use rustls::CertificateError::*;

    match error {
        Expired => Refusal::Expired(None),
        ExpiredContext { time, not_after } => Refusal::Expired(Some((time.as_secs(), not_after.as_secs()))),
        NotValidYet => Refusal::NotYetValid(None),
        NotValidYetContext { time, not_before } => {
            Refusal::NotYetValid(Some((time.as_secs(), not_before.as_secs())))
        }
        UnknownIssuer => Refusal::UnknownIssuer,
        BadSignature => Refusal::WrongSigner,
        NotValidForName => Refusal::OtherHost(None),
        NotValidForNameContext { presented, .. } => Refusal::OtherHost(Some(presented.clone())),
        Revoked => Refusal::Revoked,
        InvalidPurpose | InvalidPurposeContext { .. } => Refusal::NotOfServer,
        // webpki has no public name for it that stays the same.
        Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => Refusal::OfAuthority,
        other => Refusal::Other(other.to_string()),
    }
}

/// OpenSSL's words; the other platforms' libraries speak for themselves.
#[cfg(feature = "native-tls")]
pub(super) fn of_native_tls(text: &str) -> Option<Refusal> {
    let text = text.to_ascii_lowercase();
    let has = |words: &str| text.contains(words);
    if has("certificate has expired") {
        Some(Refusal::Expired(None))
    } else if has("certificate is not yet valid") {
        Some(Refusal::NotYetValid(None))
    } else if has("self-signed") || has("self signed") || has("unable to get local issuer certificate") {
        Some(Refusal::UnknownIssuer)
    } else if has("hostname mismatch") || has("ip address mismatch") {
        Some(Refusal::OtherHost(None))
    } else if has("wrong version number") {
        Some(Refusal::NotTls)
    } else {
        None
    }
}
