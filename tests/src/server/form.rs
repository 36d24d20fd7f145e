//! The parameters of a request, from its query and its body.

use std::collections::{BTreeMap, HashMap};

use super::refusal::Refusal;

/// One member of a list: its fields by name, or one field named `""`.
pub(super) type Member<'a> = HashMap<&'a str, &'a str>;

/// Decoded parameters, each name once.
#[derive(Debug, Default)]
pub(super) struct Form {
    values: HashMap<String, String>,
}

impl Form {
    /// Adds the pairs of one `application/x-www-form-urlencoded` text.
    pub(super) fn add(&mut self, text: &[u8]) -> Result<(), Refusal> {
        for (name, value) in form_urlencoded::parse(text) {
            // The decoder writes U+FFFD for bytes that are not UTF-8. A request must not verify after such
            // bytes were exchanged for others, so the character is refused.
            if name.contains('\u{fffd}') || value.contains('\u{fffd}') {
                return Err(Refusal::malformed_input("The request is not valid UTF-8."));
            }
            if self.values.contains_key(&*name) {
                return Err(Refusal::malformed_input(format!("Duplicate parameter: {name}")));
            }
            self.values.insert(name.into_owned(), value.into_owned());
        }
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// All pairs, in the order of their names.
    pub(super) fn sorted(&self) -> BTreeMap<&str, &str> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// An integer whose range was already checked.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    /// The members of `Name.member.N` or `Name.member.N.Field`, in order. `Name=` alone is the empty list, an
    /// absent list is `None`, and a gap in the numbers or another spelling is refused.
    pub(super) fn list(&self, name: &str) -> Result<Option<Vec<Member<'_>>>, Refusal> {
        let mut members = BTreeMap::<usize, Member<'_>>::new();
        let mut present = false;
        for (key, value) in &self.values {
            let Some(rest) = key.strip_prefix(name) else { continue };
            if rest.is_empty() && value.is_empty() {
                present = true;
                continue;
            }
            // Another parameter whose name begins alike.
            if !rest.is_empty() && !rest.starts_with('.') {
                continue;
            }
            let (number, field) = rest
                .strip_prefix(".member.")
                .map(|rest| rest.split_once('.').unwrap_or((rest, "")))
                .ok_or_else(|| Refusal::malformed_input(format!("Unexpected list element: {key}")))?;
            let number = number
                .parse()
                .ok()
                .filter(|parsed: &usize| parsed.to_string() == number)
                .ok_or_else(|| Refusal::malformed_input(format!("Unexpected list element: {key}")))?;
            members.entry(number).or_default().insert(field, value);
        }
        if !members.keys().copied().eq(1..=members.len()) {
            return Err(Refusal::malformed_input(format!(
                "The members of {name} are not numbered from 1 without gaps."
            )));
        }
        Ok((present || !members.is_empty()).then(|| members.into_values().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        let mut form = Form::default();
        form.add(text.as_bytes()).expect("a form");
        form
    }

    #[test]
    fn decodes_and_refuses_repeats() {
        let form = form("A=b%20c+d&E=&F");
        assert_eq!((form.get("A"), form.get("E"), form.get("F")), (Some("b c d"), Some(""), Some("")));
        assert_eq!(Form::default().add(b"A=1&A=1").expect_err("twice").code, "MalformedInput");
        assert_eq!(Form::default().add(b"A=%ff").expect_err("not UTF-8").code, "MalformedInput");
    }

    #[test]
    fn reads_lists() {
        let form = form("T.member.2.Key=b&T.member.1.Key=a&T.member.1.Value=&S.member.1=x&E=&TT.member.9=y");
        let tags = form.list("T").expect("a list").expect("present");
        assert_eq!(tags, [Member::from([("Key", "a"), ("Value", "")]), Member::from([("Key", "b")])]);
        assert_eq!(form.list("S").expect("a list"), Some(vec![Member::from([("", "x")])]));
        assert_eq!(form.list("E").expect("a list"), Some(vec![]));
        assert_eq!(form.list("X").expect("no list"), None);
    }

    #[test]
    fn refuses_lists_that_sts_does_not_read() {
        for text in [
            "T.member.2=b",
            "T.member.0=b",
            "T.member.01=b",
            "T.1=b",
            "T.member.x=b",
            "T=b",
            "T.member.1=a&T.member.3=b",
        ] {
            assert_eq!(form(text).list("T").expect_err(text).code, "MalformedInput");
        }
    }
}
