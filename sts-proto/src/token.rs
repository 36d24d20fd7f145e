//! What people build on STS: tokens for other services, and texts that hand credentials on. Feature `token`; the AWS CLI's
//! cache with `sources` as well.
//!
//! | module | what it makes |
//! |---|---|
//! | [`eks`] | the token of a Kubernetes cluster, its ExecCredential, and the server's side |
//! | [`vault`] | the payload of Vault's IAM login |
//! | [`console`] | a URL that opens the AWS console |
//! | [`web_identity`] | a cache for GetWebIdentityToken, and an unverified look into a JWT |
//! | [`process`] | what a `credential_process` prints, written and read |
//! | [`mod@env`] | assignments for shells |
//! | [`cli_cache`] | the files of the AWS CLI's cache |
//!
//! Everything here is a value or a pure function: no clock, no file, no socket. Whatever carries a right is a
//! [`Secret`](crate::Secret), a [`Body`](crate::Body) or a type with one exit named `expose`.

#![cfg_attr(
    not(feature = "token"),
    allow(rustdoc::broken_intra_doc_links, reason = "the table is of all modules")
)]

pub mod cli_cache;
#[cfg(feature = "token")]
pub mod console;
#[cfg(feature = "token")]
pub mod eks;
#[cfg(feature = "token")]
pub mod env;
#[cfg(feature = "token")]
pub mod process;
#[cfg(feature = "token")]
pub mod vault;
#[cfg(feature = "token")]
pub mod web_identity;

mod json;
mod text;
