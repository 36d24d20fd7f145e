//! Replies by the service model: every member there is, each with a value of its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Entry, OperationModel, Shape, Type};

/// A piece of a reply: an element with what is in it.
#[derive(Clone, Debug)]
pub struct Node<'m> {
    /// Its way from the result element: `Credentials.SessionToken`.
    pub path: String,
    /// Its own name.
    pub name: &'m str,
    /// Its text; `None` if it holds elements.
    pub text: Option<String>,
    /// Its shape.
    pub shape: Shape<'m>,
    /// Whether the model says that it is deprecated.
    pub is_deprecated: bool,
    /// Whether the model calls it, or what holds it, sensitive.
    pub is_sensitive: bool,
    depth: usize,
}

impl Node<'_> {
    /// Whether `Debug` must not show it. The session token is as good as the key, whatever the model says of it.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.text.is_some() && (self.is_sensitive || self.name == "SessionToken")
    }

    /// Its name as that of a field: `session_token_size`.
    #[must_use]
    pub fn field(&self) -> String {
        let mut field = String::new();
        for c in self.name.chars() {
            if c.is_ascii_uppercase() && !field.is_empty() {
                field.push('_');
            }
            field.push(c.to_ascii_lowercase());
        }
        field
    }

    /// How `Debug` may show it: under its name, so that no two members can be mixed up unseen.
    #[must_use]
    pub fn spellings(&self) -> Vec<String> {
        let (name, text) = (self.field(), self.text.as_deref().unwrap_or_default());
        let shown = match self.shape.kind() {
            Type::Text => vec![format!("{text:?}")],
            Type::Timestamp => {
                let time = crate::sign::time(text).map_or_else(|error| error, |time| time.to_string());
                // Credentials show the text of a time, other results the time.
                vec![format!("{time:?}"), time]
            }
            _ => vec![text.to_owned()],
        };
        shown
            .iter()
            .flat_map(|shown| [format!("{name}: {shown}"), format!("{name}: Some({shown})")])
            .collect()
    }
}

/// The elements of an operation's reply, each before those that it holds.
#[must_use]
pub fn nodes<'m>(operation: &OperationModel<'m>) -> Vec<Node<'m>> {
    let mut nodes = Vec::new();
    collect(Place { prefix: "", depth: 0, is_sensitive: false }, operation.output(), &mut nodes);
    nodes
}

/// Where the members of a structure are.
#[derive(Clone, Copy)]
struct Place<'p> {
    prefix: &'p str,
    depth: usize,
    is_sensitive: bool,
}

/// So many items of a list, and entries of a map, are in a reply.
const ITEMS: usize = 2;

fn collect<'m>(place: Place<'_>, structure: Shape<'m>, nodes: &mut Vec<Node<'m>>) {
    for member in structure.members() {
        let flat = member.shape.entry().filter(|entry| entry.is_flat);
        for _ in 0..if flat.is_some() { ITEMS } else { 1 } {
            push(place, member.name, member.shape, member.is_deprecated, nodes);
        }
    }
}

/// Adds an element with all that it holds.
fn push<'m>(
    place: Place<'_>,
    name: &'m str,
    shape: Shape<'m>,
    is_deprecated: bool,
    nodes: &mut Vec<Node<'m>>,
) {
    let Place { prefix, depth, is_sensitive } = place;
    let (path, is_sensitive) = (format!("{prefix}{name}"), is_sensitive || shape.is_sensitive());
    let text = value(&path, nodes.len(), shape);
    nodes.push(Node { path: path.clone(), name, text, shape, is_deprecated, is_sensitive, depth });
    let inside = format!("{path}.");
    let inside = Place { prefix: &inside, depth: depth + 1, is_sensitive };
    if let Some(item) = shape.item() {
        (0..ITEMS).for_each(|_| push(inside, "member", item, is_deprecated, nodes));
    }
    match shape.entry() {
        Some(entry) if entry.is_flat => halves(inside, entry, nodes),
        Some(entry) => {
            for _ in 0..ITEMS {
                let path = format!("{path}.entry");
                let node = Node {
                    path,
                    name: "entry",
                    text: None,
                    shape,
                    is_deprecated,
                    is_sensitive,
                    depth: depth + 1,
                };
                nodes.push(node);
                let prefix = format!("{}entry.", inside.prefix);
                halves(Place { prefix: &prefix, depth: depth + 2, is_sensitive }, entry, nodes);
            }
        }
        None => {}
    }
    collect(inside, shape, nodes);
}

fn halves<'m>(place: Place<'_>, entry: Entry<'m>, nodes: &mut Vec<Node<'m>>) {
    for (name, shape) in entry.halves {
        push(place, name, shape, false, nodes);
    }
}

/// A value that no other element of the reply has, nor as a part of its own.
fn value(path: &str, number: usize, shape: Shape<'_>) -> Option<String> {
    match shape.kind() {
        Type::Text => {
            // Letters and digits fit every pattern.
            let mut text = format!("Text{number:04}{}", path.replace('.', ""));
            while text.len() < shape.min() {
                text.push('x');
            }
            text.truncate(shape.max().unwrap_or(usize::MAX));
            Some(text)
        }
        Type::Integer => Some((10_000 + number).to_string()),
        Type::Timestamp => Some(format!("2031-05-06T07:08:{:02}Z", number % 60)),
        Type::List | Type::Map | Type::Structure => None,
    }
}

/// The request id that every reply has.
pub const REQUEST_ID: &str = "c6104cbe-af31-11e0-8154-cbc7ccf896c7";

/// The reply as XML, without the node at one place and what it holds.
#[must_use]
pub fn xml(operation: &OperationModel<'_>, nodes: &[Node<'_>], without: Option<usize>) -> String {
    let (name, result) = (operation.name(), operation.result_wrapper());
    let mut out = format!("<{name}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{result}>");
    let mut open: Vec<&Node<'_>> = Vec::new();
    // Deeper than this, nodes are left out.
    let mut cut = usize::MAX;
    for (place, node) in nodes.iter().enumerate() {
        if node.depth > cut {
            continue;
        }
        cut = usize::MAX;
        close(&mut out, &mut open, node.depth);
        if without == Some(place) {
            cut = node.depth;
            continue;
        }
        let _ = write!(out, "<{}>{}", node.name, node.text.as_deref().unwrap_or_default());
        open.push(node);
    }
    close(&mut out, &mut open, 0);
    let _ = write!(
        out,
        "</{result}><ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></{name}Response>"
    );
    out
}

fn close(out: &mut String, open: &mut Vec<&Node<'_>>, depth: usize) {
    while open.last().is_some_and(|node| node.depth >= depth) {
        if let Some(node) = open.pop() {
            let _ = write!(out, "</{}>", node.name);
        }
    }
}

/// The fields of a struct that are marked as deprecated. A lint would tell that a field is, but not that one is not.
#[must_use]
pub fn deprecated_fields(source: &str, name: &str) -> Option<BTreeSet<String>> {
    let (_, rest) = source.split_once(&format!("pub struct {name} {{\n"))?;
    let (body, _) = rest.split_once("\n}")?;
    let mut fields = BTreeSet::new();
    let mut is_marked = false;
    for line in body.lines().map(str::trim_start) {
        if line.starts_with("#[deprecated") {
            is_marked = true;
        } else if let Some(field) = line.strip_prefix("pub ").and_then(|line| line.split(':').next())
            && std::mem::take(&mut is_marked)
        {
            fields.insert(field.to_owned());
        }
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Model;
    use super::*;

    #[test]
    fn map_of_the_model_is_written_with_its_names() {
        let text = |map: &Value| {
            let model = Model::new(json!({
                "operations": {"Do": {"output": {"shape": "Out", "resultWrapper": "DoResult"}}},
                "shapes": {
                    "Out": {"type": "structure", "members": {"M": {"shape": "Map"}}},
                    "Map": map,
                    "Text": {"type": "string"}
                }
            }));
            let operation = model.operations().next().unwrap();
            let nodes = nodes(&operation);
            let xml = xml(&operation, &nodes, None);
            let (_, rest) = xml.split_once("<DoResult>").unwrap();
            rest.split_once("</DoResult>").unwrap().0.to_owned()
        };
        let (key, value) = (json!({"shape": "Text"}), json!({"shape": "Text", "locationName": "V"}));
        assert_eq!(
            text(&json!({"type": "map", "key": key, "value": value})),
            "<M><entry><key>Text0002Mentrykey</key><V>Text0003MentryV</V></entry>\
             <entry><key>Text0005Mentrykey</key><V>Text0006MentryV</V></entry></M>"
        );
        assert_eq!(
            text(&json!({"type": "map", "key": key, "value": value, "flattened": true})),
            "<M><key>Text0001Mkey</key><V>Text0002MV</V></M><M><key>Text0004Mkey</key><V>Text0005MV</V></M>"
        );
    }

    #[test]
    fn a_reply_has_every_member_and_lacks_what_is_left_out() {
        let model = Model::new(json!({
            "operations": {"Do": {"output": {"shape": "Out", "resultWrapper": "DoResult"}}},
            "shapes": {
                "Out": {"type": "structure", "members": {
                    "A": {"shape": "Inner"}, "L": {"shape": "List"}, "N": {"shape": "Number", "deprecated": true}}},
                "Inner": {"type": "structure", "members": {"T": {"shape": "Text"}}},
                "List": {"type": "list", "member": {"shape": "Text"}},
                "Number": {"type": "integer"},
                "Text": {"type": "string", "min": 12}
            }
        }));
        let operation = model.operations().next().unwrap();
        let nodes = nodes(&operation);
        let paths: Vec<_> = nodes.iter().map(|node| node.path.as_str()).collect();
        assert_eq!(paths, ["A", "A.T", "L", "L.member", "L.member", "N"]);
        let inside = |without| {
            let xml = xml(&operation, &nodes, without);
            let (_, rest) = xml.split_once("<DoResult>").unwrap();
            rest.split_once("</DoResult>").unwrap().0.to_owned()
        };
        assert_eq!(
            inside(None),
            "<A><T>Text0001ATxx</T></A><L><member>Text0003Lmember</member><member>Text0004Lmember</member></L>\
             <N>10005</N>"
        );
        assert_eq!(inside(Some(0)), inside(None).split_once("</A>").unwrap().1);
        assert!(inside(Some(1)).starts_with("<A></A><L>"));
        assert!(inside(Some(5)).ends_with("</L>"));
        assert!(nodes[5].is_deprecated && !nodes[0].is_deprecated);
    }
}
