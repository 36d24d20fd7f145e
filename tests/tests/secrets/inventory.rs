//! Every public type of the three libraries, as their sources declare them. That what is declared `pub` can be reached is
//! what the lint `unreachable_pub` says, which `.ci/run` makes an error.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Types that a macro declares: the file, and the names that it gives there.
const BY_MACRO: [(&str, [&str; 6]); 1] =
    [("sts_proto::step::seq", ["OnReply", "OnWake", "OnFile", "OnWritten", "OnOutput", "OnCode"])];

/// Types that no run can format, and why.
const LEFT_OUT: [(&str, &str); 6] = [
    ("sts_proto::constraint::Checker", HIDDEN),
    ("sts_proto::constraint::Integer", HIDDEN),
    ("sts_proto::constraint::List", HIDDEN),
    ("sts_proto::constraint::Text", HIDDEN),
    ("sts_proto::reply::fault::ReplyFault", HIDDEN),
    ("sts_proto::xml::Cursor", HIDDEN),
];

/// Nobody can name it, and no public function hands it out.
const HIDDEN: &str = "it stands in the signature of a hidden method only";

/// The paths of all public types, as `type_name` has them.
fn public_types() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut types = BTreeSet::new();
    for (folder, name) in
        [("sts-proto", "sts_proto"), ("sts-blocking", "sts_blocking"), ("sts-async", "sts_async")]
    {
        walk(&root.join(folder).join("src"), name, &mut types);
    }
    types
}

fn walk(folder: &Path, path: &str, types: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if file.is_dir() {
            // A program has no public types.
            if name != "bin" {
                walk(&file, &format!("{path}::{name}"), types);
            }
        } else if !matches!(name.as_str(), "tests" | "testing") {
            let module = if name == "lib" { path.to_owned() } else { format!("{path}::{name}") };
            declared(&fs::read_to_string(&file).unwrap(), &module, types);
        }
    }
}

/// The types that a file declares outside of its tests, which are its end.
fn declared(text: &str, module: &str, types: &mut BTreeSet<String>) {
    for line in text.lines().take_while(|line| *line != "mod tests {") {
        let line = line.trim_start();
        let rest = ["pub struct ", "pub enum ", "pub union "].iter().find_map(|word| line.strip_prefix(word));
        let Some(rest) = rest else { continue };
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end > 0 {
            types.insert(format!("{module}::{}", &rest[..end]));
            continue;
        }
        let made = BY_MACRO.iter().find(|(file, _)| *file == module);
        let (_, names) = made.unwrap_or_else(|| panic!("{module} declares types by a macro: {line}"));
        types.extend(names.iter().map(|name| format!("{module}::{name}")));
    }
}

/// Every public type must have been formatted by itself, or stand in the list of those that cannot be, and not both.
pub(super) fn check(shown: &BTreeSet<String>) {
    let types = public_types();
    assert!(types.len() > 200, "{} public types are found", types.len());
    let left_out: BTreeSet<_> = LEFT_OUT.iter().map(|(name, _)| (*name).to_owned()).collect();
    let missing: Vec<_> =
        types.iter().filter(|name| !shown.contains(*name) && !left_out.contains(*name)).collect();
    assert!(missing.is_empty(), "these are never formatted: {missing:#?}");
    let wrong: Vec<_> =
        left_out.iter().filter(|name| shown.contains(*name) || !types.contains(*name)).collect();
    assert!(wrong.is_empty(), "these need no exception: {wrong:?}");
}
