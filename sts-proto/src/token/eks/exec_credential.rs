//! What an exec plugin of `kubectl` prints.

use super::EksToken;
use crate::body::Body;
use crate::error::Error;
use crate::timestamp;
use crate::token::json::{Value, object};

/// The longest `KUBERNETES_EXEC_INFO` that is read, in bytes. `kubectl`'s own holds a few hundred, more with a cluster's
/// certificate in it.
const MAX_EXEC_INFO_BYTES: usize = 1 << 20;

/// The version of the ExecCredential that is wanted.
///
/// Kubernetes: [client-go credential plugins](https://kubernetes.io/docs/reference/access-authn-authz/authentication/).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExecApiVersion {
    /// `client.authentication.k8s.io/v1`
    V1,
    /// `client.authentication.k8s.io/v1beta1`, which is what the AWS CLI prints where nothing else is asked for.
    #[default]
    V1Beta1,
}

impl ExecApiVersion {
    /// The version that `kubectl` asks for: `exec_info` is the value of `KUBERNETES_EXEC_INFO`. Where that is not set, or
    /// empty, it is the default.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the text is longer than 1 MiB, no JSON, or asks for another version, such as
    /// `v1alpha1`, which Kubernetes has dropped. The AWS CLI warns and goes on with the default.
    pub fn from_exec_info(exec_info: &str) -> Result<Self, Error> {
        if exec_info.trim().is_empty() {
            return Ok(Self::default());
        }
        let value: Option<serde_json::Value> = Some(exec_info)
            .filter(|info| info.len() <= MAX_EXEC_INFO_BYTES)
            .and_then(|info| serde_json::from_str(info).ok());
        let Some(value) = value else {
            let rule = format!("must be a JSON object, and is {} bytes of something else", exec_info.len());
            return Err(Error::setting("KUBERNETES_EXEC_INFO", rule));
        };
        let version = value["apiVersion"].as_str().unwrap_or_default();
        [Self::V1, Self::V1Beta1].into_iter().find(|known| known.as_str() == version).ok_or_else(|| {
            Error::setting(
                "KUBERNETES_EXEC_INFO",
                "asks for an apiVersion other than client.authentication.k8s.io/v1 and v1beta1",
            )
        })
    }

    /// The text in `apiVersion`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "client.authentication.k8s.io/v1",
            Self::V1Beta1 => "client.authentication.k8s.io/v1beta1",
        }
    }
}

impl EksToken {
    /// The ExecCredential, JSON in one line, as the AWS CLI prints it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the token expires outside of the years 0 to 9999.
    pub fn exec_credential(&self, version: ExecApiVersion) -> Result<Body, Error> {
        let expiration = timestamp::exact(self.expires_at)?;
        let status = object([
            Some(("expirationTimestamp", Value::Text(&expiration))),
            Some(("token", Value::Text(self.expose()))),
        ]);
        let mut json = object([
            Some(("kind", Value::Text("ExecCredential"))),
            Some(("apiVersion", Value::Text(version.as_str()))),
            Some(("spec", Value::Json("{}"))),
            Some(("status", Value::Json(&status))),
        ]);
        Ok(Body::from(std::mem::take(&mut *json).into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn the_version_is_the_one_asked_for() {
        let ask =
            |version: &str| format!(r#"{{"kind":"ExecCredential","apiVersion":"{version}","spec":{{}}}}"#);
        for version in [ExecApiVersion::V1, ExecApiVersion::V1Beta1] {
            assert_eq!(ExecApiVersion::from_exec_info(&ask(version.as_str())).unwrap(), version);
        }
        assert_eq!(ExecApiVersion::from_exec_info(" ").unwrap(), ExecApiVersion::V1Beta1);
        for info in ["{", "[]", "null", "{}", &ask("client.authentication.k8s.io/v1alpha1"), &ask("v1")] {
            let error = ExecApiVersion::from_exec_info(info).unwrap_err().to_string();
            assert!(error.contains("`KUBERNETES_EXEC_INFO`"), "{error}");
        }
    }

    #[test]
    fn the_text_is_that_of_the_aws_cli() {
        let at = time::OffsetDateTime::from_unix_timestamp(1_795_194_528).unwrap();
        let token = EksToken { token: Secret::from("k8s-aws-v1.abc"), issued_at: at, expires_at: at };
        assert_eq!(
            std::str::from_utf8(token.exec_credential(ExecApiVersion::V1Beta1).unwrap().as_ref()).unwrap(),
            r#"{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1", "spec": {}, "status": {"expirationTimestamp": "2026-11-20T17:08:48Z", "token": "k8s-aws-v1.abc"}}"#
        );
    }
}
