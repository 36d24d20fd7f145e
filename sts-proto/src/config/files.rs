use crate::config::{Environment, Platform};
use crate::error::Error;

/// Where the shared config file and the shared credentials file are. The caller reads them.
///
/// AWS: [location of the shared files](https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Files {
    /// The config file's path; `None` where there is no home that it could be in.
    pub config: Option<String>,
    /// The credentials file's path.
    pub credentials: Option<String>,
}

impl Files {
    /// The files that the environment names: `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, or else `.aws/config`
    /// and `.aws/credentials` in the home. `~` at the beginning of a variable stands for the home, which is `HOME`, and on
    /// Windows else `USERPROFILE`, else `HOMEDRIVE` with `HOMEPATH`.
    ///
    /// A file that is missing is an empty one. One that cannot be read is an error, which the caller makes.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): a variable begins with `~`, and there is no home; or
    /// the environment exceeds a limit.
    pub fn locate(environment: &Environment) -> Result<Self, Error> {
        environment.check()?;
        let home = home(environment);
        Ok(Self {
            config: locate(environment, home.as_deref(), "AWS_CONFIG_FILE", "config")?,
            credentials: locate(environment, home.as_deref(), "AWS_SHARED_CREDENTIALS_FILE", "credentials")?,
        })
    }

    /// Files at these paths.
    pub fn at(config: impl Into<String>, credentials: impl Into<String>) -> Self {
        Self { config: Some(config.into()), credentials: Some(credentials.into()) }
    }
}

pub(crate) fn home(environment: &Environment) -> Option<String> {
    let get = |name| environment.get(name);
    match environment.platform() {
        Platform::Unix => get("HOME").map(str::to_owned),
        Platform::Windows => get("HOME")
            .or_else(|| get("USERPROFILE"))
            .map(str::to_owned)
            .or_else(|| Some(format!("{}{}", get("HOMEDRIVE")?, get("HOMEPATH")?))),
    }
}

fn locate(
    environment: &Environment,
    home: Option<&str>,
    variable: &'static str,
    name: &str,
) -> Result<Option<String>, Error> {
    let (separators, separator): (&[char], _) = match environment.platform() {
        Platform::Unix => (&['/'], '/'),
        Platform::Windows => (&['\\', '/'], '\\'),
    };
    let Some(path) = environment.get(variable) else {
        let at =
            |home: &str| format!("{}{separator}.aws{separator}{name}", home.trim_end_matches(separators));
        return Ok(home.map(at));
    };
    // `~name`, the home of another user, is left alone.
    match path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(separators)) {
        None => Ok(Some(path.to_owned())),
        Some(rest) => match home {
            Some(home) => Ok(Some(format!("{}{rest}", home.trim_end_matches(separators)))),
            None => Err(Error::setting(variable, "begins with `~`, and the environment names no home")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(platform: Platform, variables: &[(&str, &str)]) -> Option<String> {
        Files::locate(&Environment::new(platform, variables.iter().copied())).unwrap().config
    }

    #[test]
    fn the_home() {
        use Platform::{Unix, Windows};
        let profile = ("USERPROFILE", r"C:\u");
        for (platform, variables, expected) in [
            (Unix, &[("HOME", "/home/u/")][..], Some("/home/u/.aws/config")),
            (Unix, &[("HOME", "/")], Some("/.aws/config")),
            (Unix, &[("HOME", "")], None),
            (Unix, &[profile], None),
            (Windows, &[profile], Some(r"C:\u\.aws\config")),
            (Windows, &[("HOME", "D:/h"), profile], Some(r"D:/h\.aws\config")),
            (Windows, &[("HOMEDRIVE", "C:")], None),
            (Windows, &[("HOMEDRIVE", "C:"), ("HOMEPATH", r"\u")], Some(r"C:\u\.aws\config")),
            (Unix, &[("HOME", "/h"), ("AWS_CONFIG_FILE", "~/c")], Some("/h/c")),
            (Unix, &[("HOME", "/h"), ("AWS_CONFIG_FILE", "~")], Some("/h")),
            (Unix, &[("HOME", "/h"), ("AWS_CONFIG_FILE", "~u/c")], Some("~u/c")),
            (Unix, &[("HOME", "/h"), ("AWS_CONFIG_FILE", "c~/d")], Some("c~/d")),
            (Unix, &[("HOME", "/h"), ("AWS_CONFIG_FILE", r"~\c")], Some(r"~\c")),
            (Windows, &[("AWS_CONFIG_FILE", r"~\c"), profile], Some(r"C:\u\c")),
            (Windows, &[("AWS_CONFIG_FILE", "~/c"), profile], Some(r"C:\u/c")),
        ] {
            assert_eq!(config(platform, variables).as_deref(), expected, "{variables:?}");
        }
    }

    #[test]
    fn a_tilde_without_a_home() {
        let environment: Environment = [("AWS_SHARED_CREDENTIALS_FILE", "~/c")].into_iter().collect();
        let error = Files::locate(&environment).unwrap_err().to_string();
        assert!(error.contains("`AWS_SHARED_CREDENTIALS_FILE` begins with `~`"), "{error}");
    }
}
