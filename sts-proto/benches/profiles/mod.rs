//! Reading the files that the AWS CLI shares with the SDKs.

use std::fmt::Write as _;
use std::hint::black_box;

use sts_proto::config::Files;
use sts_proto::config::profile::ProfileSet;

use super::{Outcome, Table};

/// A file of every size that people have: one profile, a team's, a large company's.
const PROFILES: [usize; 3] = [1, 10, 1000];

/// The config and the credentials file: roles that are assumed with the keys of another profile.
fn files(profiles: usize) -> Result<(String, String), std::fmt::Error> {
    let (mut config, mut credentials) = (String::new(), String::new());
    for number in 0..profiles {
        write!(
            config,
            "[profile role-{number}]\nrole_arn = arn:aws:iam::123456789012:role/Deploy-{number}\n\
             source_profile = keys-{number}\nregion = eu-west-1   # where it all runs\n\n"
        )?;
        write!(
            credentials,
            "[keys-{number}]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n\
             aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n\n"
        )?;
    }
    Ok((config, credentials))
}

/// One pass over the lines, with nothing done about them but what every line needs.
fn lines(file: &[u8]) {
    for line in file.split(|&b| b == b'\n') {
        black_box(std::str::from_utf8(line).map(str::trim)).ok();
    }
}

pub(crate) fn rows(table: &Table) -> Outcome {
    let at = Files::at("/home/alice/.aws/config", "/home/alice/.aws/credentials");
    for profiles in PROFILES {
        let (config, credentials) = files(profiles)?;
        let (config, credentials) = (config.into_bytes(), credentials.into_bytes());
        // What cannot be read would be read very fast.
        let set = ProfileSet::parse(&at, Some(&config), Some(&credentials))?;
        assert_eq!(set.profiles().len(), 2 * profiles);
        table.row(
            &format!("read profiles, {} bytes", config.len() + credentials.len()),
            "one pass over their lines",
            || {
                black_box(ProfileSet::parse(&at, Some(black_box(&config)), Some(black_box(&credentials))))
                    .ok();
            },
            || {
                lines(black_box(&config));
                lines(black_box(&credentials));
            },
        );
    }
    Ok(())
}
