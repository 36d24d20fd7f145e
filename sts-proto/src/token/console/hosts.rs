//! Where the console and its sign-in service are.

use crate::endpoint::Partition;
use crate::error::Error;
use crate::form::Form;

/// Partition, host of the sign-in service, host of the console.
///
/// The first three are those of AWS's documents; that of `aws-eusc` is what other tools have. The isolated partitions do not
/// publish theirs.
const HOSTS: [(&str, &str, &str); 4] = [
    ("aws", "signin.aws.amazon.com", "console.aws.amazon.com"),
    ("aws-us-gov", "signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"),
    ("aws-cn", "signin.amazonaws.cn", "console.amazonaws.cn"),
    ("aws-eusc", "signin.amazonaws-eusc.eu", "console.amazonaws-eusc.eu"),
];

/// The hosts of a partition's console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    signin: String,
    console: String,
}

impl Console {
    /// That of the partition `aws`.
    pub(super) fn aws() -> Self {
        let [(_, signin, console), ..] = HOSTS;
        Self { signin: signin.to_owned(), console: console.to_owned() }
    }

    /// That of a partition.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the partition's hosts are not public; give them to [`at`](Self::at).
    pub fn of(partition: &Partition) -> Result<Self, Error> {
        let found = HOSTS.iter().find(|(id, ..)| *id == partition.id);
        let (_, signin, console) = found.ok_or_else(|| {
            let rule = format!("is {}, whose console has no public host; name its hosts", partition.id);
            Error::setting("Partition", rule)
        })?;
        Ok(Self { signin: (*signin).to_owned(), console: (*console).to_owned() })
    }

    /// With the sign-in service of one region, such as `https://eu-west-1.signin.aws.amazon.com`, which works where
    /// `us-east-1` does not.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the region is no label of a host.
    pub fn region(mut self, region: &str) -> Result<Self, Error> {
        if !is_label(region) {
            return Err(Error::setting("Region", "must be letters, digits and inner hyphens"));
        }
        self.signin = format!("{region}.{}", self.signin);
        self.console = format!("{region}.{}", self.console);
        Ok(self)
    }

    /// At hosts that are given, without scheme or path.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): one of them is no name of a host.
    pub fn at(signin: &str, console: &str) -> Result<Self, Error> {
        for (name, host) in [("SigninHost", signin), ("ConsoleHost", console)] {
            if host.len() > 253 || !host.split('.').all(is_label) {
                return Err(Error::setting(name, "must be the name of a host"));
            }
        }
        Ok(Self { signin: signin.to_owned(), console: console.to_owned() })
    }

    /// The host of the sign-in service.
    #[must_use]
    pub fn signin_host(&self) -> &str {
        &self.signin
    }

    /// The URL of the console's start page.
    #[must_use]
    pub fn home(&self) -> String {
        format!("https://{}/", self.console)
    }
}

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A URL that signs a browser out of the console and goes on to `redirect`. Not a secret.
///
/// Of a console that no region was given for, it is the sign-in service of `us-east-1` in the partition `aws`, the only
/// host of it that takes such a URL.
#[must_use]
pub fn logout_url(console: &Console, redirect: &str) -> String {
    let mut form = Form::new();
    form.pair("Action", "logout");
    form.pair("redirect_uri", redirect);
    let [(_, aws, _), ..] = HOSTS;
    let prefix = if console.signin == aws { "us-east-1." } else { "" };
    format!("https://{prefix}{}/oauth?{}", console.signin, form.as_query())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::PARTITIONS;

    #[test]
    fn partitions_have_their_hosts_or_say_so() {
        for partition in &PARTITIONS {
            let console = Console::of(partition);
            assert_eq!(console.is_err(), partition.id.starts_with("aws-iso"), "{}", partition.id);
        }
        let gov = Console::of(Partition::of_region("us-gov-west-1")).unwrap();
        assert_eq!(gov.home(), "https://console.amazonaws-us-gov.com/");
        assert_eq!(
            gov.region("us-gov-west-1").unwrap().signin_host(),
            "us-gov-west-1.signin.amazonaws-us-gov.com"
        );
        assert!(
            Console::aws().region("a.b/").is_err()
                && Console::at("a b", "c").is_err()
                && Console::at("a", "").is_err()
        );
    }

    #[test]
    fn ways_out() {
        assert_eq!(
            logout_url(&Console::aws(), "https://x.test/?a=b"),
            "https://us-east-1.signin.aws.amazon.com/oauth?Action=logout&redirect_uri=https%3A%2F%2Fx.test%2F%3Fa%3Db"
        );
        let cn = Console::of(Partition::of_region("cn-north-1")).unwrap();
        assert!(logout_url(&cn, "https://x.test").starts_with("https://signin.amazonaws.cn/oauth?"));
    }
}
