//! The profiles whose `credential_process` led to this process, so that a command that starts itself is refused.
//!
//! The variable, its form (one record of CSV) and the limit are the AWS CLI's, so that circles through both programs are found:
//! `aws configure export-credentials` keeps the same list.

/// The variable that a command inherits.
pub(crate) const VARIABLE: &str = "_AWS_CLI_PROFILE_CHAIN";

/// The most profiles whose commands can run inside each other.
///
/// AWS CLI: `_MAX_RECURSION` of `aws configure export-credentials`.
pub(crate) const MAX_PROFILES: usize = 4;

/// Returns the variable's value for the command of `profile`.
///
/// # Errors
/// The profile is in the list already, or is one too many. The sentence goes on from the name of a property.
pub(crate) fn extended(chain: &str, profile: &str) -> Result<String, String> {
    let mut profiles = parse(chain);
    let is_circle = profiles.iter().any(|known| known == profile);
    let is_full = profiles.len() >= MAX_PROFILES;
    profiles.push(profile.to_owned());
    if !is_circle && !is_full {
        return Ok(write(&profiles));
    }
    let names: Vec<_> = profiles.iter().map(|name| super::plan::shown(name)).collect();
    let names = names.join("` -> `");
    Err(if is_circle {
        format!(
            "leads in a circle: `{names}`, says `{VARIABLE}`; the command must not ask for its own profile"
        )
    } else {
        format!(
            "is one too many: `{names}`, says `{VARIABLE}`; {MAX_PROFILES} commands can run inside each other"
        )
    })
}

/// The fields of one record, one more at most than are allowed.
fn parse(record: &str) -> Vec<String> {
    let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut characters = record.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if is_quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                fields.push(std::mem::take(&mut field));
                if fields.len() > MAX_PROFILES {
                    return fields;
                }
            }
            c => field.push(c),
        }
    }
    if !record.is_empty() {
        fields.push(field);
    }
    fields
}

fn write(fields: &[String]) -> String {
    let quoted = fields.iter().map(|field| {
        if field.contains([',', '"', '\r', '\n']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field.clone()
        }
    });
    quoted.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_gets_the_profile_in_the_form_of_the_aws_cli() {
        for (chain, profile, expected) in [
            ("", "a", "a"),
            ("a", "b c", "a,b c"),
            ("a,b", "with \"quote\", comma", "a,b,\"with \"\"quote\"\", comma\""),
            ("\"with \"\"quote\"\", comma\"", "a", "\"with \"\"quote\"\", comma\",a"),
        ] {
            let chain = extended(chain, profile).unwrap();
            assert_eq!(chain, expected);
            assert_eq!(parse(&chain).last().unwrap(), profile);
        }
    }

    #[test]
    fn chain_that_holds_the_profile_or_is_full_is_refused() {
        for (chain, profile, words) in [
            ("a", "a", "leads in a circle: `a` -> `a`,"),
            ("b,a,c", "a", "leads in a circle: `b` -> `a` -> `c` -> `a`,"),
            ("a,b,c,d", "e", "is one too many: `a` -> `b` -> `c` -> `d` -> `e`,"),
            ("a,\"\u{1b}\"", "a", "leads in a circle: `a` -> `…` -> `a`,"),
        ] {
            let text = extended(chain, profile).unwrap_err();
            assert!(text.starts_with(words) && text.contains("`_AWS_CLI_PROFILE_CHAIN`"), "{text}");
        }
        let text = extended(&"x,".repeat(60_000), "e").unwrap_err();
        assert!(text.len() < 300, "{text}");
    }
}
