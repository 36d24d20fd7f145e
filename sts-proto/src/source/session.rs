//! What sources that assume roles have in common.

use crate::credentials::Credentials;
use crate::shape::AssumedRoleUser;
use crate::source::Context;

/// A name for a session that nobody gave one: `sts-` and sixteen hexadecimal digits.
pub(super) fn random_name(context: &Context) -> String {
    format!("sts-{:016x}", context.random())
}

/// The credentials with the role's account and the source's name.
pub(super) fn of_role(
    credentials: Credentials,
    user: &AssumedRoleUser,
    role_arn: &str,
    source: &'static str,
) -> Credentials {
    let credentials = credentials.with_source(source);
    // Some servers leave the account of the session empty.
    match account_of(&user.arn).or_else(|| account_of(role_arn)) {
        Some(account) => credentials.with_account_id(account),
        None => credentials,
    }
}

/// The account in an ARN: its fifth part.
pub(super) fn account_of(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    let account = (parts.next() == Some("arn")).then(|| parts.nth(3))?;
    account.filter(|account| !account.is_empty() && account.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_in_arns() {
        for (arn, account) in [
            ("arn:aws:sts::123456789012:assumed-role/r/s", Some("123456789012")),
            ("arn:aws-cn:iam::210987654321:role/path/r", Some("210987654321")),
            ("arn:aws:sts:::assumed-role/r/s", None),
            ("arn:aws:sts::me:assumed-role/r/s", None),
            ("arn:aws", None),
            ("", None),
        ] {
            assert_eq!(account_of(arn), account, "{arn}");
        }
    }
}
