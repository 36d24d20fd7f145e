//! From a reply's elements to values, in the service model's order.

use serde_json::{Map, Value};
use sts_blocking::operation::Element;
use sts_blocking::time::OffsetDateTime;
use sts_blocking::time::format_description::well_known::Rfc3339;

use crate::model::{OutputKind, OutputMember};
use crate::output::Format;

/// The members that the result has; what the model does not know is left out, as the AWS CLI leaves it out.
///
/// # Errors
/// A sentence about what is wrong with a map, which does not quote the map.
pub(super) fn read(members: &[OutputMember], result: &Element) -> Result<Value, String> {
    let mut value = Map::new();
    for member in members {
        let Some(element) = result.child(member.name) else { continue };
        let text = element.expose_text();
        let read = match member.kind {
            OutputKind::Text => text.into(),
            OutputKind::Integer => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
            OutputKind::Timestamp => moment(text).into(),
            OutputKind::Structure(members) => read(members, element)?,
            OutputKind::Map => map(member.name, element)?,
        };
        value.insert(member.name.to_owned(), read);
    }
    Ok(Value::Object(value))
}

/// The entries of a map, in the reply's order.
///
/// What the library's typed reader refuses is refused here too: an entry without a key or a value, either of them twice,
/// and two entries with the same key. The AWS CLI fails for the first of these only if no entry comes before. Otherwise it
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
    let mut found = entry.children().iter().filter(|child| child.name() == name);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only.expose_text()),
        (None, _) => Err(format!("an entry of <{map}> has no <{name}>")),
        (Some(_), Some(_)) => Err(format!("an entry of <{map}> has two <{name}>")),
    }
}

/// What `--generate-cli-skeleton output` prints.
///
/// Python's moments have a text of their own where they are not made JSON.
pub(super) fn skeleton(members: &[OutputMember], format: Format) -> Value {
    let value = |member: &OutputMember| match member.kind {
        OutputKind::Text => member.name.into(),
        OutputKind::Integer => 0.into(),
        OutputKind::Timestamp if matches!(format, Format::Text | Format::Table) => {
            "1970-01-01 00:00:00".into()
        }
        OutputKind::Timestamp => "1970-01-01T00:00:00".into(),
        OutputKind::Structure(members) => skeleton(members, format),
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
    use crate::model::Action;
    use sts_blocking::http::Response;
    use sts_blocking::operation::{Operation, RawAction};

    /// What is printed of a reply with that content of `IdentityProvider`.
    fn identity_provider(content: &str) -> Result<String, String> {
        let body = format!(
            "<AssumeRoleWithSAMLResponse><TrustedIdentityPropagationContext><TransactionContext><IdentityProvider>\
             {content}</IdentityProvider></TransactionContext></TrustedIdentityPropagationContext>\
             </AssumeRoleWithSAMLResponse>"
        );
        let root = RawAction::new("AssumeRoleWithSAML").decode(&Response::new(body)).unwrap().into_output();
        let members = Action::of_name("assume-role-with-saml").unwrap().output;
        let context = &read(members, &root)?["TrustedIdentityPropagationContext"];
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
        assert_eq!(in_entry("<key>b</key><key>c</key>"), "an entry of <IdentityProvider> has two <key>");
        let two = "<key>b</key><value/><value>2</value>";
        assert_eq!(in_entry(two), "an entry of <IdentityProvider> has two <value>");
        assert_eq!(broken(&entry("a", "2")), "two entries of <IdentityProvider> have the same key");
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
