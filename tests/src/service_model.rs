//! The service model as botocore has it: what operations and results consist of.
//!
//! Read by this package alone, so that no mistake of the client's own reading can hide here.

use serde_json::{Map, Value};

pub mod probe;
pub mod reply;
pub mod sample;

/// A service model.
#[derive(Debug)]
pub struct Model {
    json: Value,
}

/// An operation of the model.
#[derive(Clone, Copy, Debug)]
pub struct OperationModel<'m> {
    model: &'m Model,
    name: &'m str,
    json: &'m Value,
}

/// A shape: what a member is.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'m> {
    model: &'m Model,
    name: &'m str,
    json: &'m Value,
}

/// A member of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Member<'m> {
    /// Its name.
    pub name: &'m str,
    /// Whether it must be given.
    pub is_required: bool,
    /// Whether it is deprecated.
    pub is_deprecated: bool,
    /// What it is.
    pub shape: Shape<'m>,
}

/// An entry of a map, as the Query protocol writes it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'m> {
    /// The key and the value: the names of their elements, and what they are.
    pub halves: [(&'m str, Shape<'m>); 2],
    /// Whether entries have the map's own name and stand where the map would, instead of `<entry>` in it.
    pub is_flat: bool,
}

/// A parameter of an operation, as flat as [`sts_proto::operation::Parameter`].
#[derive(Clone, Debug)]
pub struct Input<'m> {
    /// `Tags[].Key`
    pub path: String,
    /// Whether it must be given, where its list item or structure is.
    pub is_required: bool,
    /// What it is.
    pub shape: Shape<'m>,
}

/// The types that STS has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are called what they are")]
pub enum Type {
    Text,
    Integer,
    Timestamp,
    List,
    Map,
    Structure,
}

/// An error that operations refuse with.
#[derive(Clone, Copy, Debug)]
pub struct ErrorModel<'m> {
    /// The name of the shape.
    pub shape: &'m str,
    /// What stands in `<Code>`.
    pub code: &'m str,
}

impl Model {
    /// Takes the contents of `service-2.json`.
    #[must_use]
    pub fn new(json: Value) -> Self {
        Self { json }
    }

    /// All operations.
    pub fn operations(&self) -> impl Iterator<Item = OperationModel<'_>> {
        members(&self.json["operations"]).map(|(name, json)| OperationModel { model: self, name, json })
    }

    /// All errors.
    pub fn errors(&self) -> impl Iterator<Item = ErrorModel<'_>> {
        let shapes = members(&self.json["shapes"]).filter(|(_, json)| json["exception"] == true);
        // Where the model names no code, it is the name of the shape.
        shapes
            .map(|(shape, json)| ErrorModel { shape, code: json["error"]["code"].as_str().unwrap_or(shape) })
    }

    /// A shape by its name.
    ///
    /// # Panics
    /// The model has none.
    fn shape(&self, name: &Value) -> Shape<'_> {
        let shapes = self.json["shapes"].as_object();
        let found = shapes.and_then(|shapes| shapes.get_key_value(name.as_str()?));
        let (name, json) = found.unwrap_or_else(|| panic!("the model has no shape {name}"));
        Shape { model: self, name, json }
    }
}

fn members(json: &Value) -> impl Iterator<Item = (&str, &Value)> {
    json.as_object().into_iter().flat_map(Map::iter).map(|(name, json)| (name.as_str(), json))
}

impl<'m> OperationModel<'m> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// Whether requests are signed.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.json["authtype"] != "none"
    }

    /// Its parameters.
    #[must_use]
    pub fn input(&self) -> Shape<'m> {
        self.model.shape(&self.json["input"]["shape"])
    }

    /// Its result.
    #[must_use]
    pub fn output(&self) -> Shape<'m> {
        self.model.shape(&self.json["output"]["shape"])
    }

    /// The element that holds the result.
    #[must_use]
    pub fn result_wrapper(&self) -> &'m str {
        self.json["output"]["resultWrapper"].as_str().unwrap_or_default()
    }

    /// The shapes of its errors.
    pub fn errors(&self) -> impl Iterator<Item = &'m str> {
        self.json["errors"].as_array().into_iter().flatten().filter_map(|error| error["shape"].as_str())
    }

    /// Its parameters, with those in structures and lists.
    #[must_use]
    pub fn inputs(&self) -> Vec<Input<'m>> {
        let mut inputs = Vec::new();
        flatten("", self.input(), &mut inputs);
        inputs
    }
}

fn flatten<'m>(prefix: &str, structure: Shape<'m>, inputs: &mut Vec<Input<'m>>) {
    for Member { name, is_required, shape, .. } in structure.members() {
        let path = format!("{prefix}{name}");
        inputs.push(Input { path: path.clone(), is_required, shape });
        match (shape.kind(), shape.item().map(|item| (item, item.kind()))) {
            (Type::Structure, _) => flatten(&format!("{path}."), shape, inputs),
            (_, Some((item, Type::Structure))) => flatten(&format!("{path}[]."), item, inputs),
            // An item that is there has a value.
            (_, Some((item, _))) => {
                inputs.push(Input { path: format!("{path}[]"), is_required: true, shape: item });
            }
            _ => {}
        }
    }
}

impl<'m> Shape<'m> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// Its type.
    ///
    /// # Panics
    /// It is one that STS does not have.
    #[must_use]
    pub fn kind(&self) -> Type {
        match self.json["type"].as_str() {
            Some("string") => Type::Text,
            Some("integer") => Type::Integer,
            Some("timestamp") => Type::Timestamp,
            Some("list") => Type::List,
            Some("map") => Type::Map,
            Some("structure") => Type::Structure,
            other => panic!("{} is of the type {other:?}", self.name),
        }
    }

    /// The least length, count or value; 0 where there is none.
    #[must_use]
    pub fn min(&self) -> usize {
        self.limit("min").unwrap_or(0)
    }

    /// The greatest length, count or value.
    #[must_use]
    pub fn max(&self) -> Option<usize> {
        self.limit("max")
    }

    fn limit(&self, name: &str) -> Option<usize> {
        self.json[name].as_u64().and_then(|limit| usize::try_from(limit).ok())
    }

    /// The pattern that the whole text must match.
    #[must_use]
    pub fn pattern(&self) -> Option<&'m str> {
        self.json["pattern"].as_str()
    }

    /// The values of an enumeration; empty for any other text.
    #[must_use]
    pub fn values(&self) -> Vec<&'m str> {
        self.json["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Whether it must be kept out of logs.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.json["sensitive"] == true
    }

    /// What a list holds.
    #[must_use]
    pub fn item(&self) -> Option<Self> {
        (self.kind() == Type::List).then(|| self.model.shape(&self.json["member"]["shape"]))
    }

    /// What an entry of a map consists of.
    #[must_use]
    pub fn entry(&self) -> Option<Entry<'m>> {
        let half = |half: &'static str| {
            let json = &self.json[half];
            (json["locationName"].as_str().unwrap_or(half), self.model.shape(&json["shape"]))
        };
        let is_flat = self.json["flattened"] == true;
        (self.kind() == Type::Map).then(|| Entry { halves: [half("key"), half("value")], is_flat })
    }

    /// The members of a structure.
    #[must_use]
    pub fn members(&self) -> Vec<Member<'m>> {
        let required = self.json["required"].as_array();
        let member = |(name, json): (&'m str, &'m Value)| Member {
            name,
            is_required: required.is_some_and(|required| required.iter().any(|other| other == name)),
            is_deprecated: json["deprecated"] == true,
            shape: self.model.shape(&json["shape"]),
        };
        members(&self.json["members"]).map(member).collect()
    }
}
