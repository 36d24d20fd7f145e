//! Replies by the service model: every member there is, each with a value of its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{OperationModel, Shape, Type};

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
    depth: usize,
}

impl Node<'_> {
    /// Whether `Debug` must not show it. The session token is as good as the key, whatever the model says of it.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.shape.is_sensitive() || self.name == "SessionToken"
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
    collect("", 0, operation.output(), &mut nodes);
    nodes
}

fn collect<'m>(prefix: &str, depth: usize, structure: Shape<'m>, nodes: &mut Vec<Node<'m>>) {
    for member in structure.members() {
        let path = format!("{prefix}{}", member.name);
        let text = value(&path, nodes.len(), member.shape);
        let (name, shape, is_deprecated) = (member.name, member.shape, member.is_deprecated);
        nodes.push(Node { path: path.clone(), name, text, shape, is_deprecated, depth });
        if let Some(item) = shape.item() {
            for _ in 0..2 {
                let path = format!("{path}.member");
                let text = value(&path, nodes.len(), item);
                let node = Node {
                    path: path.clone(),
                    name: "member",
                    text,
                    shape: item,
                    is_deprecated,
                    depth: depth + 1,
                };
                nodes.push(node);
                collect(&format!("{path}."), depth + 2, item, nodes);
            }
        }
        collect(&format!("{path}."), depth + 1, shape, nodes);
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
        Type::List | Type::Structure => None,
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
    use serde_json::json;

    use super::super::Model;
    use super::*;

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
