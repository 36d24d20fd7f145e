//! Where the console and its sign-in service are.

use crate::endpoint::url::ServiceUrl;
use crate::endpoint::{self, PARTITIONS, Partition, is_host_label};
use crate::error::Error;
use crate::form::Form;

/// The hosts of a partition's console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    signin: String,
    console: String,
}

impl Console {
    /// The hosts of the partition `aws`.
    pub(super) fn aws() -> Self {
        let [aws, ..] = &PARTITIONS;
        Self::below(aws.console_suffix)
    }

    fn below(suffix: &str) -> Self {
        Self { signin: format!("signin.{suffix}"), console: format!("console.{suffix}") }
    }

    /// The hosts of a partition: for `aws`, `aws-us-gov` and `aws-cn` those of AWS's documents, for `aws-eusc` those that
    /// other tools have.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the partition's hosts are not public, as those of the
    /// isolated ones; give them to [`at`](Self::at).
    pub fn of(partition: &Partition) -> Result<Self, Error> {
        if partition.id.starts_with("aws-iso") {
            let rule = format!("is {}, whose console has no public host; name its hosts", partition.id);
            return Err(Error::setting("Partition", rule));
        }
        Ok(Self::below(partition.console_suffix))
    }

    /// With the sign-in service of one region, such as `https://eu-west-1.signin.aws.amazon.com`, which works where
    /// `us-east-1` does not.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the region is no label of a host.
    pub fn region(mut self, region: &str) -> Result<Self, Error> {
        if !is_host_label(region) {
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
            if !endpoint::host::is_valid(host) {
                let rule =
                    format!("must be the name of a host, and is {} bytes of something else", host.len());
                return Err(Error::setting(name, rule));
            }
        }
        Ok(Self { signin: signin.to_owned(), console: console.to_owned() })
    }

    /// The host of the sign-in service.
    #[must_use]
    pub fn signin_host(&self) -> &str {
        &self.signin
    }

    /// The URL of the federation endpoint.
    pub(super) fn federation(&self) -> Result<ServiceUrl, Error> {
        ServiceUrl::https(&self.signin, "SigninHost")?.join("/federation")
    }

    /// The URL of the console's start page.
    #[must_use]
    pub fn home(&self) -> String {
        format!("https://{}/", self.console)
    }
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
    let prefix = if console.signin == Console::aws().signin { "us-east-1." } else { "" };
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
