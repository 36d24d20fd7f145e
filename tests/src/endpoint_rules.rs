//! An interpreter of AWS's endpoint rule sets, as far as that of STS goes: what [`sts_proto::endpoint`], which is
//! written by hand, is compared with.
//!
//! Smithy: [rules engine](https://smithy.io/2.0/additional-specs/rules-engine/specification.html).

use regex::{Captures, Regex};
use serde_json::{Map, Value, json};

/// A rule set and the partitions that it looks regions up in.
#[derive(Debug)]
pub struct Rules {
    rules: Value,
    partitions: Vec<Partition>,
}

/// A partition of `partitions.json`.
#[derive(Debug)]
pub struct Partition {
    id: String,
    outputs: Value,
    regions: Vec<String>,
    pattern: Regex,
}

/// What a rule set comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An endpoint.
    Endpoint {
        /// Its URL, without a slash where there is no path.
        url: String,
        /// What it is signed for, where the rules say so.
        signing_region: Option<String>,
        /// The service's name, where the rules say so.
        signing_name: Option<String>,
    },
    /// The parameters contradict each other.
    Refused(String),
}

/// The parameters and what conditions assign.
type Scope = Map<String, Value>;

impl Rules {
    /// Takes the contents of `endpoint-rule-set.json` and `partitions.json`.
    ///
    /// # Errors
    /// They are not what they should be.
    pub fn new(rule_set: &Value, partitions: &Value) -> Result<Self, String> {
        let list = partitions["partitions"].as_array().ok_or("no partitions")?;
        let partitions = list.iter().map(Partition::new).collect::<Result<_, _>>()?;
        Ok(Self { rules: rule_set["rules"].clone(), partitions })
    }

    /// The partitions in their order.
    #[must_use]
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// Applies the rules to parameters, by the names of the rule set.
    ///
    /// # Errors
    /// The rules are not understood.
    pub fn resolve(&self, params: &Value) -> Result<Outcome, String> {
        let scope = params.as_object().ok_or("parameters are an object")?;
        self.tree(&self.rules, scope)?.ok_or_else(|| "no rule applies".to_owned())
    }

    /// The first rule of a list that applies.
    fn tree(&self, rules: &Value, scope: &Scope) -> Result<Option<Outcome>, String> {
        for rule in rules.as_array().ok_or("no list of rules")? {
            let mut scope = scope.clone();
            if self.holds(&rule["conditions"], &mut scope)? {
                return self.apply(rule, &scope).map(Some);
            }
        }
        Ok(None)
    }

    fn apply(&self, rule: &Value, scope: &Scope) -> Result<Outcome, String> {
        match rule["type"].as_str() {
            // Once a tree is entered there is no way back to the rules after it.
            Some("tree") => {
                self.tree(&rule["rules"], scope)?.ok_or_else(|| "a tree comes to nothing".to_owned())
            }
            Some("error") => Ok(Outcome::Refused(text(&self.value(&rule["error"], scope)?)?)),
            Some("endpoint") => {
                let endpoint = &rule["endpoint"];
                let scheme = &endpoint["properties"]["authSchemes"][0];
                let member = |name: &str| {
                    let value = scheme.get(name).map(|value| self.value(value, scope)).transpose()?;
                    value.as_ref().map(text).transpose()
                };
                Ok(Outcome::Endpoint {
                    url: text(&self.value(&endpoint["url"], scope)?)?,
                    signing_region: member("signingRegion")?,
                    signing_name: member("signingName")?,
                })
            }
            other => Err(format!("a rule of the type {other:?}")),
        }
    }

    fn holds(&self, conditions: &Value, scope: &mut Scope) -> Result<bool, String> {
        for condition in conditions.as_array().ok_or("no list of conditions")? {
            let value = self.value(condition, scope)?;
            if matches!(value, Value::Null | Value::Bool(false)) {
                return Ok(false);
            }
            if let Some(name) = condition["assign"].as_str() {
                scope.insert(name.to_owned(), value);
            }
        }
        Ok(true)
    }

    /// The value of an expression; what is not set is null.
    fn value(&self, expression: &Value, scope: &Scope) -> Result<Value, String> {
        match expression {
            Value::String(template) => fill(template, scope).map(Value::String),
            Value::Object(members) => match (members.get("ref"), members.get("fn")) {
                (Some(name), None) => Ok(scope.get(&text(name)?).cloned().unwrap_or_default()),
                (None, Some(name)) => self.call(&text(name)?, &members["argv"], scope),
                _ => Err(format!("an expression like {expression}")),
            },
            _ => Ok(expression.clone()),
        }
    }

    fn call(&self, function: &str, arguments: &Value, scope: &Scope) -> Result<Value, String> {
        let arguments = arguments.as_array().ok_or("no list of arguments")?;
        let values: Vec<Value> =
            arguments.iter().map(|argument| self.value(argument, scope)).collect::<Result<_, _>>()?;
        match (function, values.as_slice()) {
            ("isSet", [value]) => Ok(json!(!value.is_null())),
            ("not", [Value::Bool(value)]) => Ok(json!(!value)),
            ("booleanEquals", [Value::Bool(a), Value::Bool(b)]) => Ok(json!(a == b)),
            ("stringEquals", [Value::String(a), Value::String(b)]) => Ok(json!(a == b)),
            ("getAttr", [structure, Value::String(name)]) => {
                structure.get(name).cloned().ok_or_else(|| format!("no attribute {name}"))
            }
            ("aws.partition", [Value::String(region)]) => Ok(self.partition(region)?.outputs.clone()),
            _ => Err(format!("{function} of {values:?}")),
        }
    }

    /// By the region itself, else by its form, else the public one.
    fn partition(&self, region: &str) -> Result<&Partition, String> {
        let listed = self.partitions.iter().find(|partition| partition.regions.iter().any(|r| r == region));
        let similar = || self.partitions.iter().find(|partition| partition.pattern.is_match(region));
        let public = || self.partitions.iter().find(|partition| partition.id == "aws");
        listed.or_else(similar).or_else(public).ok_or_else(|| "no public partition".to_owned())
    }
}

impl Partition {
    fn new(json: &Value) -> Result<Self, String> {
        // The dialect of the patterns is one in which `\w` and `\d` are ASCII.
        let pattern = json["regionRegex"].as_str().map(|pattern| format!("(?-u){pattern}"));
        let regions = json["regions"].as_object().ok_or("a partition without regions")?;
        Ok(Self {
            id: text(&json["id"])?,
            outputs: json["outputs"].clone(),
            regions: regions.keys().cloned().collect(),
            pattern: Regex::new(&pattern.ok_or("a partition without pattern")?).map_err(|e| e.to_string())?,
        })
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// One of its values, such as `dnsSuffix`; empty where it has none.
    #[must_use]
    pub fn output(&self, name: &str) -> &str {
        self.outputs[name].as_str().unwrap_or_default()
    }

    /// The regions that are listed, pseudo regions included.
    #[must_use]
    pub fn regions(&self) -> &[String] {
        &self.regions
    }
}

fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{value} is not a text"))
}

/// Fills a template such as `https://sts.{Region}.{PartitionResult#dnsSuffix}`.
fn fill(template: &str, scope: &Scope) -> Result<String, String> {
    let slot = Regex::new(r"\{([^{}#]+)(?:#([^{}]+))?\}").map_err(|error| error.to_string())?;
    let mut missing = None;
    let filled = slot.replace_all(template, |captures: &Captures<'_>| {
        let value = scope.get(&captures[1]);
        let value = captures.get(2).map_or(value, |name| value?.get(name.as_str()));
        value.and_then(Value::as_str).map(str::to_owned).unwrap_or_else(|| {
            missing = Some(captures[0].to_owned());
            String::new()
        })
    });
    missing.map_or_else(|| Ok(filled.into_owned()), |slot| Err(format!("{slot} in {template} is not set")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let partition = |id: &str, pattern: &str, region: &str| {
            json!({"id": id, "outputs": {"suffix": format!("{id}.example")}, "regionRegex": pattern,
                "regions": {region: {}}})
        };
        let partitions =
            json!({"partitions": [partition("aws", "^us-\\d$", "global"), partition("b", "^b-\\d$", "x")]});
        let rules = json!({"rules": [
            {"type": "error", "error": "no {Word}", "conditions": [
                {"fn": "not", "argv": [{"fn": "isSet", "argv": [{"ref": "Region"}]}]}]},
            {"type": "tree", "conditions": [
                {"fn": "aws.partition", "argv": [{"ref": "Region"}], "assign": "P"}],
             "rules": [{"type": "endpoint", "conditions": [], "endpoint": {
                "url": "https://{Region}.{P#suffix}",
                "properties": {"authSchemes": [{"signingRegion": "{Region}"}]}}}]}
        ]});
        Rules::new(&rules, &partitions).unwrap()
    }

    #[test]
    fn regions_find_their_partitions() {
        for (region, host) in [
            ("global", "global.aws.example"),
            ("b-7", "b-7.b.example"),
            ("x", "x.b.example"),
            ("nowhere", "nowhere.aws.example"),
        ] {
            let expected = Outcome::Endpoint {
                url: format!("https://{host}"),
                signing_region: Some(region.to_owned()),
                signing_name: None,
            };
            assert_eq!(rules().resolve(&json!({"Region": region})), Ok(expected));
        }
    }

    #[test]
    fn errors_of_rules_are_not_errors_of_the_interpreter() {
        assert_eq!(rules().resolve(&json!({"Word": "region"})), Ok(Outcome::Refused("no region".to_owned())));
        assert!(rules().resolve(&json!({})).is_err());
    }
}
