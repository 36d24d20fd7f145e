use super::*;
use crate::config::{Environment, Files};

fn planned(config: &str, credentials: &str) -> Result<Option<Plan>, Error> {
    let profiles =
        ProfileSet::parse(&Files::at("/c", "/k"), Some(config.as_bytes()), Some(credentials.as_bytes()))?;
    Plan::of(&Config::new(Environment::from_iter([("AWS_PROFILE", "a")]), profiles, None)?)
}

#[test]
fn roles_upon_roles_have_an_end() {
    let plan = |roles: usize| {
        let keys = format!("[r{roles}]\naws_access_key_id=AKID\naws_secret_access_key=s\n");
        let role = |i| format!("[r{i}]\nrole_arn=arn:aws:iam::1:role/R\nsource_profile=r{}\n", i + 1);
        let text: String = (0..roles).map(role).chain([keys]).collect();
        planned("", &text.replacen("[r0]", "[a]", 1))
    };
    assert_eq!(plan(MAX_ROLES).unwrap().unwrap().roles.len(), MAX_ROLES);
    let text = plan(10_000).unwrap_err().to_string();
    assert!(text.contains("profile `r32`") && text.contains("32 roles at most"), "{text}");
}

#[test]
fn what_a_profile_lacks_or_contradicts_is_named() {
    let role = "[profile a]\nrole_arn=arn:aws:iam::1:role/R\n";
    let sso = "[profile a]\nsso_account_id=1\nsso_role_name=r\n";
    let session = "[sso-session s]\nsso_start_url=https://s\n";
    for (config, words) in [
        (format!("{role}source_profile=b\ncredential_source=Environment\n"), "both `source_profile` and"),
        (role.to_owned(), "neither `source_profile`, `credential_source` nor"),
        (format!("{role}credential_source=sEcReT\n"), "and has 6 other characters"),
        (format!("{role}source_profile=a\n"), "is its own `source_profile` and has no keys"),
        (format!("{role}source_profile=b\n"), "`source_profile` names `b`, which does not exist"),
        (format!("{role}source_profile=b\n[profile b]\nregion=x\n"), "and says nothing about credentials"),
        (format!("{role}source_profile=b\nduration_seconds=1h\n"), "a whole number of seconds, and has 2"),
        (
            format!("{role}source_profile=b\nsession_tags=x=1,sEcReT\n"),
            "`session_tags` has the item [1], which must have the form",
        ),
        (
            "[profile a]\nweb_identity_token_file=/t\n".to_owned(),
            "`web_identity_token_file` and no `role_arn`",
        ),
        ("[profile a]\naws_access_key_id=AKIA\n".to_owned(), "`aws_access_key_id` and no `aws_secret"),
        (
            "[profile a]\naws_secret_access_key=sEcReT\n".to_owned(),
            "`aws_secret_access_key` and no `aws_access",
        ),
        (
            "[profile a]\naws_access_key_id=A\naws_secret_access_key=sEcReT\u{1}s\n".to_owned(),
            "cannot be used",
        ),
        (format!("{sso}sso_session=t\n{session}"), "`sso_session` names `t`, which does not exist"),
        (format!("{sso}sso_session=s\nsso_region=y\n{session}"), "`sso_region` can only stand in its"),
        (format!("{sso}sso_session=s\n{session}"), "has no `sso_region`, which SSO needs"),
        ("[profile a]\nsso_account_id=1\n".to_owned(), "`sso_account_id` and no `sso_role_name`"),
        ("[profile a]\nsso_role_name=r\n".to_owned(), "`sso_role_name` and no `sso_account_id`"),
        (format!("[profile a]\nsso_session=s\n{session}"), "is for an access token"),
    ] {
        let error = planned(&config, "").unwrap_err();
        let text = error.to_string();
        assert!(text.contains(words) && text.contains("`a`") | text.contains("`b`"), "{config}: {text}");
        assert!(text.contains("(/c line ") && !text.contains("sEc"), "{config}: {text}");
        assert!(!format!("{error:?}").contains("sEc"), "{error:?}");
    }
}

#[test]
fn what_comes_first() {
    let keys = "aws_access_key_id=AKIA\naws_secret_access_key=s\naws_session_token=t\naws_account_id=1\n";
    let role = "[profile a]\nrole_arn=arn:aws:iam::1:role/R\n";
    let based = |config: &str, credentials: &str| planned(config, credentials).unwrap().unwrap().base;
    let command = "[profile a]\ncredential_process=p\naws_account_id=1\n";
    assert!(matches!(based(command, ""), Base::Process { account_id: Some(id), .. } if id == "1"));
    // Keys of the credentials file outrank a command, those of the config file do not.
    assert!(
        matches!(based(command, &format!("[a]\n{keys}")), Base::Keys(keys) if keys.session_token().is_some())
    );
    assert!(matches!(based(&format!("{command}{keys}"), ""), Base::Process { .. }));
    assert!(matches!(based(&format!("{command}login_session=x\n"), ""), Base::Login(_)));
    assert!(matches!(based(&format!("{role}source_profile=a\n{keys}"), ""), Base::Keys(_)));
    for (name, named) in [
        ("environment", Named::Environment),
        ("Ec2InstanceMetadata", Named::InstanceMetadata),
        ("EcsContainer", Named::Container),
    ] {
        assert_eq!(based(&format!("{role}credential_source={name}\n"), ""), Base::Named(named));
    }
    let web = format!("{role}web_identity_token_file=/t\nrole_session_name=n\nduration_seconds=900\n");
    assert!(matches!(based(&web, ""), Base::WebIdentity(identity) if identity.duration_seconds == Some(900)));
    assert!(planned("[profile a]\nregion=x\n", "").unwrap().is_none());
}
