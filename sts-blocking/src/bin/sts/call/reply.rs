//! From a reply's elements to values, in the service model's order.

use serde_json::{Map, Value};
use sts_blocking::Credentials;
use sts_blocking::operation::Element;
use sts_blocking::time::OffsetDateTime;
use sts_blocking::time::format_description::well_known::Rfc3339;

use crate::model::{Action, OutputKind, OutputMember};
use crate::output::Format;

/// What is printed of a whole reply.
pub(super) fn of(action: &Action, reply: &Element) -> Result<Value, String> {
    let name = format!("{}Result", action.action);
    let result = child(reply, &name)?.ok_or_else(|| format!("<{name}> is missing"))?;
    read(action.output, result)
}

/// The only element of that name.
///
/// Of two, neither is what STS said: credentials, or an identity, would be a choice.
fn child<'e>(element: &'e Element, name: &str) -> Result<Option<&'e Element>, String> {
    let mut found = element.children().iter().filter(|child| child.name() == name);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(format!("<{name}> stands in it twice")),
        (found, _) => Ok(found),
    }
}

/// The members that the result has; what the model does not know is left out, as the AWS CLI leaves it out.
///
/// A result's credentials and its token are checked as the library's typed reader checks them: without one of the parts, or
/// with an empty one, nothing can be signed, and the AWS CLI's half of the credentials would end up in somebody's variables.
///
/// # Errors
/// A sentence about what is wrong, which quotes no value.
fn read(members: &[OutputMember], result: &Element) -> Result<Value, String> {
    let mut value = Map::new();
    for member in members {
        let name = member.name;
        let element = match child(result, name)? {
            Some(element) => element,
            None if member.required => return Err(format!("<{name}> is missing")),
            None => continue,
        };
        let text = element.expose_text();
        let read = match member.kind {
            OutputKind::Token if text.is_empty() => return Err(not_valid(name)),
            OutputKind::Text | OutputKind::Token => text.into(),
            OutputKind::Integer => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
            OutputKind::Timestamp if member.required && element.expiration().is_none() => {
                return Err(not_valid(name));
            }
            OutputKind::Timestamp => moment(text).into(),
            OutputKind::Structure(members) => read(members, element)?,
            OutputKind::Credentials(members) => {
                let parts = read(members, element)?;
                check(&parts)?;
                parts
            }
            OutputKind::Map => map(member.name, element)?,
        };
        value.insert(member.name.to_owned(), read);
    }
    Ok(Value::Object(value))
}

/// Checks the parts of credentials with the library's own type.
fn check(parts: &Value) -> Result<(), String> {
    let part = |name: &str| parts[name].as_str().unwrap_or_default().to_owned();
    let credentials = Credentials::new(part("AccessKeyId"), part("SecretAccessKey"))
        .and_then(|credentials| credentials.with_session_token(part("SessionToken")));
    match credentials {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(not_valid(error.violations().first().map_or("Credentials", |broken| broken.parameter())))
        }
    }
}

fn not_valid(name: &str) -> String {
    format!("the value of <{name}> is not valid")
}

/// The entries of a map, in the reply's order.
///
/// An entry without a key or a value, either of them twice, and two entries with the same key are errors, as they are in
/// the library's typed reader. The AWS CLI fails for the first of these only if no entry comes before. Otherwise it
/// prints the value of the entry before, and of two entries with the same key it prints the last: neither is what STS said.
fn map(name: &str, element: &Element) -> Result<Value, String> {
    let mut entries = Map::new();
    for entry in element.children().iter().filter(|child| child.name() == "entry") {
        let (key, value) = (entry_text(name, entry, "key")?, entry_text(name, entry, "value")?);
        if entries.insert(key.to_owned(), value.into()).is_some() {
            return Err(format!("two entries of <{name}> have the same key"));
        }
    }
    Ok(Value::Object(entries))
}

/// The text of an entry's key or value.
fn entry_text<'e>(map: &str, entry: &'e Element, name: &str) -> Result<&'e str, String> {
    let found = child(entry, name)?.ok_or_else(|| format!("an entry of <{map}> has no <{name}>"))?;
    Ok(found.expose_text())
}

/// What `--generate-cli-skeleton output` prints.
///
/// Python's moments have a text of their own where they are not made JSON.
pub(super) fn skeleton(members: &[OutputMember], format: Format) -> Value {
    let value = |member: &OutputMember| match member.kind {
        OutputKind::Text | OutputKind::Token => member.name.into(),
        OutputKind::Integer => 0.into(),
        OutputKind::Timestamp if matches!(format, Format::Text | Format::Table) => {
            "1970-01-01 00:00:00".into()
        }
        OutputKind::Timestamp => "1970-01-01T00:00:00".into(),
        OutputKind::Structure(members) | OutputKind::Credentials(members) => skeleton(members, format),
        OutputKind::Map => serde_json::json!({ "KeyName": "" }),
    };
    Value::Object(members.iter().map(|member| (member.name.to_owned(), value(member))).collect())
}

/// Version 2 of the AWS CLI prints `2026-01-02T03:04:05+00:00`. What is no time is printed as it came.
fn moment(text: &str) -> String {
    let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) else { return text.to_owned() };
    let (date, time, offset) = (at.date(), at.time(), at.offset().whole_minutes());
    let fraction = match time.microsecond() {
        0 => String::new(),
        micros => format!(".{micros:06}"),
    };
    let sign = if offset < 0 { '-' } else { '+' };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}{sign}{:02}:{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        offset.abs() / 60,
        offset.abs() % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ACTIONS;
    use sts_blocking::http::Response;
    use sts_blocking::operation::{Operation, RawAction};

    const PARTS: [(&str, &str); 4] = [
        ("AccessKeyId", "ASIA"),
        ("SecretAccessKey", "sEcReT"),
        ("SessionToken", "sEcReTtoken"),
        ("Expiration", "2096-01-02T03:04:05Z"),
    ];

    fn element((name, value): (&str, &str)) -> String {
        format!("<{name}>{value}</{name}>")
    }

    /// What is made of a reply to that operation with that content of its result.
    fn printed(action: &Action, content: &str) -> Result<Value, String> {
        let name = action.action;
        printed_whole(action, &format!("<{name}Result>{content}</{name}Result>"))
    }

    fn printed_whole(action: &Action, results: &str) -> Result<Value, String> {
        let name = action.action;
        let body = format!("<{name}Response>{results}</{name}Response>");
        let reply = RawAction::new(name).decode(&Response::new(body)).unwrap().into_output();
        of(action, &reply)
    }

    /// What is printed of a reply with that content of `IdentityProvider`.
    fn identity_provider(content: &str) -> Result<String, String> {
        let credentials = element(("Credentials", &PARTS.map(element).concat()));
        let result = format!(
            "{credentials}<TrustedIdentityPropagationContext><TransactionContext><IdentityProvider>{content}\
             </IdentityProvider></TransactionContext></TrustedIdentityPropagationContext>"
        );
        let value = printed(Action::of_name("assume-role-with-saml").unwrap(), &result)?;
        let context = &value["TrustedIdentityPropagationContext"];
        Ok(context["TransactionContext"]["IdentityProvider"].to_string())
    }

    fn entry(key: &str, value: &str) -> String {
        format!("<entry><key>{key}</key><value>{value}</value></entry>")
    }

    #[test]
    fn map_with_any_number_of_entries_keeps_the_order_of_the_reply() {
        for count in [0, 1, 50] {
            let entries: String =
                (0..count).map(|i| entry(&format!("k{}", 99 - i), &i.to_string())).collect();
            let expected: Vec<_> = (0..count).map(|i| format!("\"k{}\":\"{i}\"", 99 - i)).collect();
            assert_eq!(identity_provider(&entries).unwrap(), format!("{{{}}}", expected.join(",")));
        }
        let odd = "<new/>\n<entry> <new>1</new><value> a &amp; b </value><key>k</key></entry>";
        assert_eq!(identity_provider(odd).unwrap(), r#"{"k":"a & b"}"#);
        assert_eq!(identity_provider(&entry("", "")).unwrap(), r#"{"":""}"#);
        assert_eq!(identity_provider(&(entry("a", "1") + &entry("A", "1"))).unwrap(), r#"{"a":"1","A":"1"}"#);
    }

    #[test]
    fn map_that_the_library_refuses_is_an_error() {
        let broken = |content: &str| identity_provider(&(entry("a", "sEcReT") + content)).unwrap_err();
        let in_entry = |content: &str| broken(&format!("<entry>{content}</entry>"));
        assert_eq!(in_entry("<value>2</value>"), "an entry of <IdentityProvider> has no <key>");
        assert_eq!(in_entry("<key>b</key>"), "an entry of <IdentityProvider> has no <value>");
        assert_eq!(in_entry("<key>b</key><key>c</key>"), "<key> stands in it twice");
        let two = "<key>b</key><value/><value>2</value>";
        assert_eq!(in_entry(two), "<value> stands in it twice");
        assert_eq!(broken(&entry("a", "2")), "two entries of <IdentityProvider> have the same key");
    }

    #[test]
    fn credentials_that_the_library_refuses_are_an_error() {
        let whole = PARTS.map(element).concat();
        let gives = |action: &&Action| action.output.iter().any(|member| member.name == "Credentials");
        let actions: Vec<_> = ACTIONS.iter().filter(gives).collect();
        assert_eq!(actions.len(), 8);
        for action in actions {
            let fault = |content: &str| {
                let fault = printed(action, &element(("Credentials", content))).unwrap_err();
                assert!(!fault.contains("sEcReT"), "{fault}");
                fault
            };
            let value = printed(action, &element(("Credentials", &whole))).unwrap();
            assert_eq!(value["Credentials"]["SessionToken"], "sEcReTtoken");
            for (name, value) in PARTS {
                let text = element((name, value));
                let not_valid = format!("the value of <{name}> is not valid");
                assert_eq!(fault(&whole.replace(&text, "")), format!("<{name}> is missing"));
                for damaged in [" ", "a&#10;b"] {
                    assert_eq!(fault(&whole.replace(&text, &element((name, damaged)))), not_valid);
                }
                assert_eq!(fault(&(text + &whole)), format!("<{name}> stands in it twice"));
            }
            for expiration in ["01-02T03:04:05Z", "1926-01-02T03:04:05Z"] {
                let fault = fault(&whole.replace("2096-01-02T03:04:05Z", expiration));
                assert_eq!(fault, "the value of <Expiration> is not valid");
            }
            assert_eq!(printed(action, "").unwrap_err(), "<Credentials> is missing");
            let twice = element(("Credentials", &whole)).repeat(2);
            assert_eq!(printed(action, &twice).unwrap_err(), "<Credentials> stands in it twice");
        }
    }

    #[test]
    fn token_that_the_library_refuses_is_an_error() {
        let action = Action::of_name("get-web-identity-token").unwrap();
        let token = element(("WebIdentityToken", "sEcReT"));
        assert_eq!(printed(action, &token).unwrap()["WebIdentityToken"], "sEcReT");
        assert_eq!(printed(action, "").unwrap_err(), "<WebIdentityToken> is missing");
        let empty = element(("WebIdentityToken", ""));
        assert_eq!(printed(action, &empty).unwrap_err(), "the value of <WebIdentityToken> is not valid");
    }

    #[test]
    fn result_without_its_only_member_is_an_error() {
        for (name, member) in
            [("decode-authorization-message", "DecodedMessage"), ("get-access-key-info", "Account")]
        {
            let action = Action::of_name(name).unwrap();
            assert_eq!(printed(action, &element((member, "x"))).unwrap()[member], "x");
            assert_eq!(printed(action, "").unwrap_err(), format!("<{member}> is missing"));
        }
    }

    #[test]
    fn identity_that_is_told_twice_is_an_error() {
        let action = Action::of_name("get-caller-identity").unwrap();
        let arn = element(("Arn", "a"));
        assert_eq!(printed(action, &arn).unwrap().to_string(), r#"{"Arn":"a"}"#);
        assert_eq!(printed(action, &arn.repeat(2)).unwrap_err(), "<Arn> stands in it twice");
        let result = element(("GetCallerIdentityResult", &arn));
        let fault = |results: &str| printed_whole(action, results).unwrap_err();
        assert_eq!(fault(""), "<GetCallerIdentityResult> is missing");
        assert_eq!(fault(&result.repeat(2)), "<GetCallerIdentityResult> stands in it twice");
    }

    #[test]
    fn map_skeleton_has_one_entry() {
        let members = Action::of_name("assume-role-with-web-identity").unwrap().output;
        let context = &skeleton(members, Format::Json)["TrustedIdentityPropagationContext"];
        assert_eq!(
            context.to_string(),
            "{\"OriginIdentity\":{\"Subject\":\"Subject\",\"SubjectType\":\"SubjectType\",\"Issuer\":\"Issuer\",\
             \"FederatedProviderArn\":\"FederatedProviderArn\"},\"TransactionContext\":{\"IdentityProvider\":\
             {\"KeyName\":\"\"}}}"
        );
    }

    #[test]
    fn moments_are_those_of_python() {
        for (wire, shown) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
            ("2026-01-02T03:04:05.123Z", "2026-01-02T03:04:05.123000+00:00"),
            ("2026-01-02T03:04:05-02:30", "2026-01-02T03:04:05-02:30"),
            ("soon", "soon"),
        ] {
            assert_eq!(moment(wire), shown);
        }
    }
}
