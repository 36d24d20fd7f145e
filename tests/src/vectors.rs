//! Where public test cases are, and what happens where they are not.
//!
//! | variable | what |
//! |---|---|
//! | `STS_VECTORS` | the folder of the cases, relative to the workspace; `../shared/vectors` if unset |
//! | `STS_REQUIRE_VECTORS` | `1`: a folder that is absent is a failure, and no reason to pass |
//! | `STS_BOTOCORE`, `STS_REQUIRE_BOTOCORE` | the same for what `botocore/generate.py` wrote; no default |

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A collection of test cases that may not be there.
#[derive(Debug)]
pub struct Cases {
    root: Option<PathBuf>,
    is_required: bool,
    hint: &'static str,
}

impl Cases {
    /// The public test cases.
    #[must_use]
    pub fn vectors() -> Self {
        let root = env::var_os("STS_VECTORS").unwrap_or_else(|| "../shared/vectors".into());
        Self {
            root: Some(in_workspace(&root)),
            is_required: is_on("STS_REQUIRE_VECTORS"),
            hint: "STS_VECTORS names its parent; tests/fetch-vectors.py fills one",
        }
    }

    /// What `botocore/generate.py` wrote.
    #[must_use]
    pub fn botocore() -> Self {
        Self {
            root: env::var_os("STS_BOTOCORE").map(|root| in_workspace(&root)),
            is_required: is_on("STS_REQUIRE_BOTOCORE"),
            hint: "STS_BOTOCORE names its parent; tests/botocore/run.sh fills one",
        }
    }

    /// A folder or a file of the collection, or `None` and a printed line where it is absent.
    ///
    /// # Panics
    /// It is absent and required.
    #[must_use]
    pub fn find(&self, part: &str) -> Option<PathBuf> {
        let path = self.root.as_ref().map(|root| root.join(part));
        if let Some(path) = path.as_ref().filter(|path| path.exists()) {
            return Some(path.clone());
        }
        let place = path.map_or_else(|| part.to_owned(), |path| path.display().to_string());
        let line = format!("{place} is absent ({})", self.hint);
        assert!(!self.is_required, "{line}, and required");
        say(&format!("{line}: nothing tested"));
        None
    }
}

fn in_workspace(path: &OsString) -> PathBuf {
    workspace().join(path)
}

/// The folder of the workspace.
///
/// # Panics
/// The package stands at the root of a file system.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in a workspace")
}

fn is_on(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| value == "1")
}

/// Tells whoever runs the tests. The harness keeps what is printed by `println!` and `eprintln!` to itself.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// What is in a folder, sorted by name.
///
/// # Panics
/// The folder cannot be read, or holds nothing: a suite that finds no case must not pass.
#[must_use]
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = read.map(|entry| entry.expect("a folder can be read").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} exists but holds no case", folder.display());
    paths
}

/// The name of a case: the last part of its path.
#[must_use]
pub fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The bytes of a file.
///
/// # Panics
/// It cannot be read.
#[must_use]
pub fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of a file.
///
/// # Panics
/// It cannot be read, or is not UTF-8.
#[must_use]
pub fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A file of JSON.
///
/// # Panics
/// It cannot be read, or is not JSON.
#[must_use]
pub fn json(path: &Path) -> Value {
    serde_json::from_slice(&bytes(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(is_required: bool) -> Cases {
        Cases { root: Some(env!("CARGO_MANIFEST_DIR").into()), is_required, hint: "-" }
    }

    #[test]
    fn what_is_there_is_found_and_what_is_not_is_passed_over() {
        assert!(cases(true).find("src").is_some_and(|path| path.is_dir()));
        assert_eq!(cases(false).find("no such folder"), None);
        assert_eq!(Cases { root: None, is_required: false, hint: "-" }.find("src"), None);
    }

    #[test]
    #[should_panic(expected = "and required")]
    fn what_is_required_must_be_there() {
        let _ = cases(true).find("no such folder");
    }

    #[test]
    #[should_panic(expected = "exists but holds no case")]
    fn an_empty_folder_fails() {
        let folder = env::temp_dir().join(format!("sts-tests-empty-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let _ = entries(&folder);
    }
}
