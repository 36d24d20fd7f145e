//! How an error is shown: one sentence for people, its parts for whoever debugs, its cause for whoever walks along causes.

use std::fmt;

use super::plain::Escaped;
use super::{Detail, Error};

/// The most violations that `Display` shows.
const VIOLATIONS_SHOWN: usize = 20;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = self.action().unwrap_or("the request");
        match &self.0.detail {
            Detail::InvalidInput(violations) => {
                match self.action() {
                    Some(action) => write!(f, "{action} was not sent: ")?,
                    None => f.write_str("invalid input: ")?,
                }
                for (i, violation) in violations.iter().take(VIOLATIONS_SHOWN).enumerate() {
                    write!(f, "{}{violation}", if i > 0 { "; " } else { "" })?;
                }
                if violations.len() > VIOLATIONS_SHOWN {
                    write!(f, "; and {} more", violations.len() - VIOLATIONS_SHOWN)?;
                }
            }
            Detail::Transport { kind, because, .. } => {
                write!(f, "{action} got no reply: {kind}")?;
                if let Some(words) = because {
                    write!(f, ": {words}")?;
                }
            }
            Detail::Response { fault, metadata } => {
                write!(f, "{action} was answered by something that is not an STS reply: {fault}")?;
                metadata.fmt_suffix(f)?;
            }
            Detail::Service(service) => write!(f, "{action} was refused: {service}")?,
            Detail::Credentials { source, words, .. } => write!(f, "no credentials from {source}: {words}")?,
        }
        if self.0.attempts > 1 {
            write!(f, ", after {} attempts", self.0.attempts)?;
        }
        self.hint().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("action", &self.0.action);
        match &self.0.detail {
            Detail::InvalidInput(violations) => out.field("invalid_input", violations),
            Detail::Transport { kind, because, source } => {
                // Of the source it is not known how it shows itself.
                out.field("transport", kind).field("because", because).field("source", &Escaped(source))
            }
            Detail::Response { fault, metadata } => out.field("response", fault).field("metadata", metadata),
            Detail::Service(service) => out.field("service", service),
            Detail::Credentials { source, words, cause } => {
                let cause = cause.as_ref().map(Escaped);
                out.field("credentials", source).field("words", words).field("cause", &cause)
            }
        };
        out.field("hint", &self.0.hint).field("attempts", &self.0.attempts).field("retries", &self.0.retries);
        out.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.detail {
            Detail::Transport { source, .. } | Detail::Credentials { cause: Some(source), .. } => {
                Some(&**source)
            }
            _ => None,
        }
    }
}
