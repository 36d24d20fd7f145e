//! From a reply's elements to values, in the service model's order.

use serde_json::{Map, Value};
use sts_blocking::operation::Element;
use sts_blocking::time::OffsetDateTime;
use sts_blocking::time::format_description::well_known::Rfc3339;

use crate::model::{OutputKind, OutputMember};
use crate::output::Format;

/// The members that the result has; what the model does not know is left out, as the AWS CLI leaves it out.
pub(super) fn read(members: &[OutputMember], result: &Element) -> Value {
    let mut value = Map::new();
    for member in members {
        let Some(element) = result.child(member.name) else { continue };
        let text = element.expose_text();
        let read = match member.kind {
            OutputKind::Text => text.into(),
            OutputKind::Integer => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
            OutputKind::Timestamp => moment(text).into(),
            OutputKind::Structure(members) => read(members, element),
        };
        value.insert(member.name.to_owned(), read);
    }
    Value::Object(value)
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
