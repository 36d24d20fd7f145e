//! The rules of parameters.

use super::*;

/// Parameters that are texts, where they stand and what they must match, besides what else their operation needs.
struct Field {
    operation: &'static str,
    name: &'static str,
    least: usize,
    most: usize,
    pattern: &'static str,
    /// Whether ours may take what the pattern does not; why is told where its class is.
    is_wider: bool,
}

const FIELDS: [Field; 7] = [
    Field {
        operation: "AssumeRole",
        name: "RoleSessionName",
        least: 2,
        most: 64,
        pattern: "[0-9A-Za-z_+=,.@-]*",
        is_wider: false,
    },
    Field {
        operation: "AssumeRole",
        name: "ExternalId",
        least: 2,
        most: 1224,
        pattern: "[0-9A-Za-z_+=,.@:/-]*",
        is_wider: false,
    },
    Field {
        operation: "AssumeRole",
        name: "SerialNumber",
        least: 9,
        most: 256,
        pattern: "[0-9A-Za-z_+=/:,.@-]*",
        is_wider: false,
    },
    Field {
        operation: "AssumeRole",
        name: "TokenCode",
        least: 6,
        most: 6,
        pattern: "[0-9]*",
        is_wider: false,
    },
    Field {
        operation: "AssumeRole",
        name: "RoleArn",
        least: 20,
        most: 2048,
        pattern: r"[\t\n\r -~\u0085\u00A0-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]+",
        is_wider: true,
    },
    Field {
        operation: "AssumeRole",
        name: "Policy",
        least: 1,
        most: usize::MAX,
        pattern: r"[\t\n\r -\u00FF]+",
        is_wider: false,
    },
    Field {
        operation: "GetAccessKeyInfo",
        name: "AccessKeyId",
        least: 16,
        most: 128,
        pattern: "[0-9A-Za-z_]*",
        is_wider: false,
    },
];

proptest! {
    #![proptest_config(config())]

    /// A parameter is taken exactly if its length is within the limits and another engine says that it matches.
    #[test]
    fn what_is_taken_matches_the_pattern(
        field in 0..FIELDS.len(),
        value in prop_oneof![
            any::<String>(), "[ -~]{0,40}", "[A-Za-z0-9_+=,.@:/-]{0,40}", "[0-9]{5,7}", "[A-Za-z0-9_]{1,130}",
            ("[A-Za-z0-9_]{16,40}", any::<char>()).prop_map(|(mut text, c)| { text.push(c); text }),
        ],
    ) {
        let field = &FIELDS[field];
        let length = value.chars().count();
        let matches = Regex::new(&format!("^(?s:{})$", field.pattern.replace('$', r"\z"))).unwrap().is_match(&value)
            && !value.ends_with('\n') | value.is_empty() | field.pattern.contains(r"\n");
        let should = !value.is_empty() && matches && (field.least..=field.most).contains(&length);
        let mut params = match field.operation {
            "AssumeRole" => json!({"RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "session"}),
            _ => json!({}),
        };
        params[field.name] = json!(value);
        let operation = build::operation(field.operation, &params).unwrap();
        let outcome = operation.check(Validation::strict().relations(false));
        let broken: Vec<_> = outcome.as_ref().err().into_iter().flat_map(Error::violations).collect();
        prop_assert!(broken.iter().all(|violation| violation.parameter() == field.name), "{:?}", broken);
        if should {
            prop_assert!(broken.is_empty(), "{} refused: {:?}", field.name, broken);
        } else if !field.is_wider {
            prop_assert!(!broken.is_empty(), "{} taken: {:?}", field.name, value);
        }
        // What is strictly refused is refused by default or is advice.
        let by_default = operation.check(Validation::default().relations(false)).err();
        let told = by_default.iter().flat_map(|error| error.violations().iter().cloned()).chain(operation.advice());
        let told: Vec<_> = told.filter(|told| !matches!(told.rule(), Rule::Documented(_))).collect();
        prop_assert_eq!(told.len(), broken.len());
        prop_assert!(broken.iter().all(|violation| told.contains(violation)), "{:?}, {:?}", broken, told);
        // No violation shows the value.
        let shown = outcome.err().map(|error| error.to_string()).unwrap_or_default();
        prop_assert!(length < 12 || !shown.contains(&value));
    }
}
