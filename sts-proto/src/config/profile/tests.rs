use super::*;

fn parse(config: &str, credentials: &str) -> Result<ProfileSet, Error> {
    let files = Files::at("/c", "/k");
    ProfileSet::parse(&files, Some(config.as_bytes()), Some(credentials.as_bytes()))
}

fn value<'a>(set: &'a ProfileSet, profile: &str, key: &str) -> Option<(&'a str, &'a str, u32)> {
    let property = set.profile(profile)?.property(key)?;
    Some((property.value().expose(), property.file(), property.line()))
}

#[test]
fn files_that_are_missing_are_empty() {
    let set = ProfileSet::parse(&Files::default(), None, None).unwrap();
    assert_eq!((set.profiles().len(), set.sso_sessions().len(), set.ignored().len()), (0, 0, 0));
}

#[test]
fn values_remember_where_they_stand() {
    let set =
        parse("\u{feff}# c\r\n[profile a]\r\nX = 1\r\n\r\nx = 2 # c\r\n", "[a]\n\ny=3\n[a]\nx=4").unwrap();
    assert_eq!(value(&set, "a", "X"), Some(("4", "/k", 5)));
    assert_eq!(value(&set, "a", "y"), Some(("3", "/k", 3)));
    let section = set.profile("a").unwrap();
    assert_eq!((section.file(), section.line()), ("/c", 2));
}

#[test]
fn profiles_keep_their_order() {
    let set = parse("[profile z]\n[default]\n[profile z]\n[profile a]", "[q]\n[a]").unwrap();
    assert_eq!(set.profiles().map(Section::name).collect::<Vec<_>>(), ["z", "default", "a", "q"]);
}

#[test]
fn errors_name_file_line_and_rule_and_quote_nothing() {
    for (text, expected) in [
        ("[profile s3cr3t", "line 1 is the beginning of a section and must end with `]`"),
        ("[profile a#s3cr3t]", "line 1 is the beginning of a section and must end with `]`"),
        ("s3cr3t = s3cr3t", "line 1 must be in a section"),
        ("[default]\n\ns3cr3t", "line 3 must have a `=`, as it can only be a property"),
        ("[default]\n = s3cr3t", "line 2 begins with white space"),
        ("[default]\n=s3cr3t", "line 2 is a property and must have a name"),
        ("[default]\na=\n s3cr3t", "line 3 must have a `=`, as it can only be a sub-property"),
        ("[default]\na=\n =s3cr3t", "line 3 is a sub-property and must have a name"),
        ("[in valid]\na", "line 2 must have a `=`"),
    ] {
        let error = parse(text, "").unwrap_err().to_string();
        assert!(error.contains(&format!("`/c` {expected}")), "{text:?}: {error}");
        assert!(!error.contains("s3cr3t"), "{error}");
        assert!(parse("", text).unwrap_err().to_string().contains(&format!("`/k` {expected}")), "{text:?}");
    }
    let error =
        ProfileSet::parse(&Files::at("/\n", "/k"), Some(b"[a]\n\xff=1"), None).unwrap_err().to_string();
    assert!(error.contains("`/\\n` line 2 must be UTF-8"), "{error}");
}

#[test]
fn limits() {
    let long_name = format!("[profile {}]", "a".repeat(MAX_NAME_BYTES));
    for (text, expected) in [
        ("#".repeat(MAX_LINE_BYTES + 1), "line 1 must have at most 65536 bytes, and has 65537"),
        ("#\n".repeat(MAX_FILE_BYTES / 2) + "#", "`/c` must have at most 1048576 bytes, and has 1048577"),
        ("\n".repeat(MAX_LINES as usize), "line 65537 is one too many"),
        (long_name.clone(), "line 1 has the name of a section of 520 bytes"),
        (
            format!("[default]\n{}=", "a".repeat(MAX_NAME_BYTES + 1)),
            "line 2 has the name of a property of 513 bytes",
        ),
    ] {
        let error = parse(&text, "").unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(parse(&"#".repeat(MAX_LINE_BYTES), "").is_ok());
    assert!(parse(&long_name.replacen("profile ", "profile", 1).replace("aaaaaaa]", "]"), "").is_ok());
    let many = parse(&"[x]\n".repeat(MAX_IGNORED + 1), "").unwrap();
    assert_eq!(many.ignored().len(), MAX_IGNORED);
}

#[test]
fn what_has_no_effect_is_told() {
    let set = parse(
        "[dev]\n[sso-sesion a]\n[profile in valid]\n[default]\n[profile default]\na b = 1\n[profile]\n[]",
        "[profile dev]",
    )
    .unwrap();
    let ignored: Vec<_> =
        set.ignored().iter().map(|i| (&*i.file, i.line, i.name.as_deref(), i.reason)).collect();
    assert_eq!(
        ignored,
        [
            ("/c", 1, Some("dev"), IgnoredReason::NoPrefix),
            ("/c", 2, Some("a"), IgnoredReason::Prefix),
            ("/c", 3, None, IgnoredReason::SectionName),
            ("/c", 4, Some("default"), IgnoredReason::SecondDefault),
            ("/c", 6, None, IgnoredReason::PropertyName),
            ("/c", 7, Some("profile"), IgnoredReason::NoPrefix),
            ("/c", 8, None, IgnoredReason::SectionName),
            ("/k", 1, Some("dev"), IgnoredReason::Prefix),
        ]
    );
}

#[test]
fn sub_properties_have_lines_and_no_comments() {
    let text = "[services s]\nsts =\n\n  Endpoint_URL = http://a # c\n  # an indented comment\n  endpoint_url=http://b#c\ns3 = x\n y=z";
    let set = parse(text, "").unwrap();
    let services = set.services("s").unwrap();
    let sts = services.property("STS").unwrap();
    assert_eq!(sts.sub_property("ENDPOINT_URL"), Some(("http://b#c", 6)));
    assert_eq!(
        sts.sub_properties().collect::<Vec<_>>(),
        [("Endpoint_URL", "http://a", 4), ("endpoint_url", "http://b#c", 6)]
    );
    assert_eq!(services.property("s3").unwrap().value().expose(), "x\ny=z");
    assert_eq!(services.property("s3").unwrap().sub_properties().count(), 0);
    assert_eq!((set.services("t").is_some(), set.all_services().len()), (false, 1));
}

/// The AWS CLI reads such a line as a comment, and to take it for a value would break the value before it.
#[test]
fn an_indented_comment_continues_nothing() {
    let set = parse("[default]\n  # c\nregion = eu-west-1\n  ; c\n  x\n", "").unwrap();
    assert_eq!(value(&set, "default", "region"), Some(("eu-west-1\nx", "/c", 3)));
}

#[test]
fn sessions_are_of_the_config_file_only() {
    let set = parse("[sso-session s]\nsso_region = a\n[sso-session  s ]\nx = 1", "[sso-session t]").unwrap();
    assert_eq!(set.sso_sessions().map(Section::name).collect::<Vec<_>>(), ["s"]);
    let names: Vec<_> = set.sso_session("s").unwrap().properties().map(|(name, _)| name).collect();
    assert_eq!(names, ["sso_region", "x"]);
}

#[test]
fn debug_shows_no_value() {
    let set = parse("[profile a]\nx = s3cr3t\n t0k3n", "[a]\naws_secret_access_key = s3cr3t").unwrap();
    let text = format!("{set:?} {set:#?}");
    assert!(
        text.contains("aws_secret_access_key") && !text.contains("s3cr3t") && !text.contains("t0k3n"),
        "{text}"
    );
}
