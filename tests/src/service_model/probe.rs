//! Values at the limits of parameters, and beyond.

use serde_json::{Value, json};
use sts_proto::Rule;

use super::{Input, Shape, Type, sample};

/// What a limit makes of a value: accepted, or the rule that it breaks.
pub type Probe = (Value, Option<Rule>);

/// What is to be tried for a parameter: values at its limits, and one beyond each.
#[must_use]
pub fn probes(input: &Input<'_>) -> Vec<Probe> {
    match input.shape.kind() {
        Type::Text if !input.shape.values().is_empty() => enum_probes(input.shape),
        Type::Text => text_probes(input),
        Type::Integer => integer_probes(input.shape),
        Type::List => list_probes(input),
        Type::Structure | Type::Map | Type::Timestamp => Vec::new(),
    }
}

fn text_probes(input: &Input<'_>) -> Vec<Probe> {
    let (shape, min, max) = (input.shape, input.shape.min(), input.shape.max());
    let text = |length| json!(sample::text(shape, length, 0));
    let mut probes = vec![(text(min.max(1)), None), (text(max.unwrap_or(20_000)), None)];
    if let Some(max) = max {
        probes.push((text(max + 1), Some(Rule::MaxLength { max, length: max + 1 })));
    }
    match min.checked_sub(1) {
        // What is required and empty is not given.
        Some(0) if input.is_required => probes.push((text(0), Some(Rule::Required))),
        Some(length) => probes.push((text(length), Some(Rule::MinLength { min, length }))),
        // Only a limit lets a required text be empty, and only the value of a tag has such a limit.
        None if input.is_required && shape.pattern().is_none() => {
            probes.push((text(0), Some(Rule::Required)));
        }
        None => probes.push((text(0), None)),
    }
    probes
}

fn enum_probes(shape: Shape<'_>) -> Vec<Probe> {
    let listed = shape.values();
    let mut probes: Vec<_> = listed.iter().map(|value| (json!(value), None)).collect();
    // A rule of ours lives as long as the program.
    let values: Vec<&'static str> = listed.iter().map(|value| &*(*value).to_owned().leak()).collect();
    let values: &'static [&'static str] = values.leak();
    // Names are compared to the letter.
    for stranger in ["", "x", &listed[0].to_lowercase()] {
        probes.push((json!(stranger), Some(Rule::NotListed { values, length: stranger.len() })));
    }
    probes
}

fn integer_probes(shape: Shape<'_>) -> Vec<Probe> {
    let [min, max] = [shape.min(), shape.max().unwrap_or(0)].map(|limit| u32::try_from(limit).unwrap_or(0));
    let mut probes = vec![(json!(min), None), (json!(max), None)];
    probes.push((json!(max + 1), Some(Rule::MaxValue { max, value: max + 1 })));
    probes.extend(min.checked_sub(1).map(|value| (json!(value), Some(Rule::MinValue { min, value }))));
    probes
}

fn list_probes(input: &Input<'_>) -> Vec<Probe> {
    let (shape, min, max) = (input.shape, input.shape.min(), input.shape.max());
    let list = |count| sample::list(shape, count);
    let mut probes = vec![(list(min.max(1)), None), (list(max.unwrap_or(100)), None)];
    probes.extend(max.map(|max| (list(max + 1), Some(Rule::MaxItems { max, length: max + 1 }))));
    // An empty list is one that is not given. No list of STS has to have more than one item.
    probes.push((list(0), input.is_required.then_some(Rule::Required)));
    probes
}
