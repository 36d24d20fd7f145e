//! A refusal may echo what it refuses: the canonical request with the session token in it, a parameter that breaks a
//! rule. What is ours and a secret is taken out again, in the forms in which it was sent.

use zeroize::Zeroizing;

use crate::constraint::{Integer, List, Members, Shape, Text};
use crate::form;
use crate::operation::Operation;

/// What is shorter is no secret, and would be found in innocent words.
const SHORTEST: usize = 4;

const REDACTED: &str = "[redacted]";

/// Replaces the secret in a text, plain and percent-encoded: as we write it, with small digits, and with `+` for a space,
/// as others encode anew what they show.
pub(crate) fn redact(text: &mut String, secret: &str) {
    if secret.len() < SHORTEST || text.len() < SHORTEST {
        return;
    }
    replace(text, secret);
    let mut encoded = Zeroizing::new(String::with_capacity(3 * secret.len()));
    form::encode(secret.as_bytes(), &form::UNRESERVED, &mut |part| {
        encoded.push_str(std::str::from_utf8(part).unwrap_or_default());
    });
    if *encoded == secret {
        return;
    }
    for _ in 0..2 {
        replace(text, &encoded);
        if secret.contains(' ') {
            // One character for three: nothing grows.
            replace(text, &Zeroizing::new(encoded.replace("%20", "+")));
        }
        small_digits(&mut encoded);
    }
}

/// `%2F` becomes `%2f`.
fn small_digits(encoded: &mut Zeroizing<String>) {
    let mut digits = 0;
    let mut small = Zeroizing::new(String::with_capacity(encoded.len()));
    for c in encoded.chars() {
        small.push(if digits > 0 { c.to_ascii_lowercase() } else { c });
        digits = if c == '%' { 2 } else { usize::saturating_sub(digits, 1) };
    }
    *encoded = small;
}

/// Without a copy of what else is a secret in the text.
fn replace(text: &mut String, secret: &str) {
    let count = text.matches(secret).count();
    if count == 0 {
        return;
    }
    let mut clean = String::with_capacity(text.len() + count * REDACTED.len());
    for (i, part) in text.split(secret).enumerate() {
        if i > 0 {
            clean.push_str(REDACTED);
        }
        clean.push_str(part);
    }
    drop(Zeroizing::new(std::mem::replace(text, clean)));
}

/// Hands each sensitive parameter of an operation to a function.
pub(crate) fn for_each_secret(operation: &impl Operation, found: &mut dyn FnMut(&str)) {
    operation.members(&mut Secrets(found));
}

struct Secrets<'f>(&'f mut dyn FnMut(&str));

impl Members for Secrets<'_> {
    fn text(&mut self, rule: &'static Text, value: Option<&str>) {
        if let Some(value) = value.filter(|_| rule.sensitive) {
            (self.0)(value);
        }
    }

    fn integer(&mut self, _: &'static Integer, _: Option<u32>) {}

    fn structure<T: Shape>(&mut self, _: &'static str, _: bool, value: Option<&T>) {
        if let Some(value) = value {
            value.members(self);
        }
    }

    fn list<T: Shape>(&mut self, _: &'static List, items: &[T]) {
        items.iter().for_each(|item| item.members(self));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_in_which_it_was_sent() {
        let mut text = "a t/k=n b t%2Fk%3Dn c".to_owned();
        redact(&mut text, "t/k=n");
        assert_eq!(text, "a [redacted] b [redacted] c");
        let mut text = "a+%2f{ a+%2F%7B a%20%2f%7b a%2520".to_owned();
        redact(&mut text, "a /{");
        assert_eq!(text, "a+%2f{ [redacted] [redacted] a%2520");
        let mut text = "abc".to_owned();
        redact(&mut text, "b");
        assert_eq!(text, "abc");
    }
}
