//! Amazon Resource Names, taken apart without a call.
//!
//! AWS: [ARNs](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
//!
//! ```
//! use sts_proto::arn::Arn;
//!
//! let arn = Arn::parse("arn:aws:sts::123456789012:assumed-role/Deploy/build-42")?;
//! assert_eq!((arn.service(), arn.account()), ("sts", "123456789012"));
//! assert_eq!(arn.session_name(), Some("build-42"));
//! assert_eq!(arn.role_arn().as_deref(), Some("arn:aws:iam::123456789012:role/Deploy"));
//! # Ok::<(), sts_proto::Error>(())
//! ```

use std::fmt;

use crate::error::Error;

/// The longest ARN that is read, in bytes. STS's own limit is 2,048 characters.
pub const MAX_ARN_BYTES: usize = 8192;

/// `arn:partition:service:region:account:resource`, borrowed from a text.
///
/// Region and account are empty where a resource has none; the resource may hold further colons and slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Arn<'a> {
    text: &'a str,
    partition: &'a str,
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes an ARN apart.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the text does not begin with `arn:`, has less than
    /// six parts, lacks the partition, the service or the resource, holds white space at its ends or control characters,
    /// or is longer than [`MAX_ARN_BYTES`].
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let refused = || {
            let rule = format!(
                "must be `arn:partition:service:region:account:resource`, and is {} bytes of something else",
                text.len()
            );
            Error::setting("Arn", rule)
        };
        if text.len() > MAX_ARN_BYTES || text.trim().len() != text.len() || text.chars().any(char::is_control)
        {
            return Err(refused());
        }
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or_else(refused);
        if next()? != "arn" {
            return Err(refused());
        }
        let arn = Self {
            text,
            partition: next()?,
            service: next()?,
            region: next()?,
            account: next()?,
            resource: next()?,
        };
        let needed = [arn.partition, arn.service, arn.resource];
        if needed.iter().any(|part| part.is_empty()) { Err(refused()) } else { Ok(arn) }
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The partition, such as `aws` or `aws-cn`.
    #[must_use]
    pub fn partition(&self) -> &'a str {
        self.partition
    }

    /// The service, such as `iam`.
    #[must_use]
    pub fn service(&self) -> &'a str {
        self.service
    }

    /// The region; empty for what is global.
    #[must_use]
    pub fn region(&self) -> &'a str {
        self.region
    }

    /// The account's id; empty for what belongs to none. Not checked to be twelve digits: AWS's own policies have `aws`.
    #[must_use]
    pub fn account(&self) -> &'a str {
        self.account
    }

    /// What follows the account, such as `role/path/Deploy`.
    #[must_use]
    pub fn resource(&self) -> &'a str {
        self.resource
    }

    /// The name of the role of an assumed-role ARN or a role ARN, without its path.
    #[must_use]
    pub fn role_name(&self) -> Option<&'a str> {
        match self.assumed_role() {
            Some((role, _)) => Some(role),
            None if self.service == "iam" => {
                let path = self.resource.strip_prefix("role/")?;
                path.rsplit('/').next().filter(|name| !name.is_empty())
            }
            None => None,
        }
    }

    /// The session of an assumed-role ARN, `arn:aws:sts::…:assumed-role/role/session`.
    #[must_use]
    pub fn session_name(&self) -> Option<&'a str> {
        self.assumed_role().map(|(_, session)| session)
    }

    /// The ARN of the role of an assumed-role ARN; a role's own ARN as it is.
    ///
    /// An assumed-role ARN does not tell the role's path, so that of a role that has one comes out without it, as it
    /// does in aws-iam-authenticator.
    #[must_use]
    pub fn role_arn(&self) -> Option<String> {
        match self.assumed_role() {
            Some((role, _)) => Some(format!("arn:{}:iam::{}:role/{role}", self.partition, self.account)),
            None => self.role_name().map(|_| self.text.to_owned()),
        }
    }

    fn assumed_role(&self) -> Option<(&'a str, &'a str)> {
        let rest = self.resource.strip_prefix("assumed-role/").filter(|_| self.service == "sts")?;
        rest.split_once('/')
            .filter(|(role, session)| !role.is_empty() && !session.is_empty() && !session.contains('/'))
    }
}

impl<'a> TryFrom<&'a str> for Arn<'a> {
    type Error = Error;

    fn try_from(text: &'a str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Display for Arn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_sessions() {
        for (text, role, session, role_arn) in [
            (
                "arn:aws-cn:sts::1:assumed-role/R/s@x",
                Some("R"),
                Some("s@x"),
                Some("arn:aws-cn:iam::1:role/R"),
            ),
            ("arn:aws:iam::1:role/a/b/R", Some("R"), None, Some("arn:aws:iam::1:role/a/b/R")),
            ("arn:aws:iam::1:user/R", None, None, None),
            ("arn:aws:iam::1:role/", None, None, None),
            ("arn:aws:sts::1:federated-user/Bob", None, None, None),
            ("arn:aws:sts::1:assumed-role/R", None, None, None),
            ("arn:aws:sts::1:assumed-role//s", None, None, None),
            ("arn:aws:sts::1:assumed-role/R/s/t", None, None, None),
            ("arn:aws:iam::1:assumed-role/R/s", None, None, None),
            ("arn:aws:s3:::bucket/role/x:y", None, None, None),
        ] {
            let arn = Arn::parse(text).expect(text);
            let seen = (arn.role_name(), arn.session_name(), arn.role_arn());
            assert_eq!(seen, (role, session, role_arn.map(str::to_owned)), "{text}");
            assert_eq!(arn.to_string(), text);
        }
        assert_eq!(Arn::parse("arn:aws:logs:eu-west-1:1:log-group:g:*").unwrap().resource(), "log-group:g:*");
    }

    #[test]
    fn what_is_no_arn() {
        let long = format!("arn:aws:iam::1:role/{}", "x".repeat(MAX_ARN_BYTES));
        for text in [
            "",
            "arn",
            "arn:aws:iam::1",
            "arn:aws:iam::1:",
            "arn::iam::1:x",
            "arn:aws:::1:x",
            "ARN:aws:iam::1:x",
            " arn:aws:iam::1:x",
            "arn:aws:iam::1:x\n",
            "arn:aws:iam::1:\0",
            &long,
        ] {
            let error = Arn::parse(text).expect_err(text);
            assert!(text.len() < 10 || !error.to_string().contains(text), "{error}");
        }
    }
}
