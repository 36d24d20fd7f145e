//! The only writer of XML.

use std::collections::BTreeMap;

use super::refusal::Refusal;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// An element of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Text(&'static str, String),
    Group(&'static str, Vec<Self>),
}

impl Node {
    pub(super) fn text(name: &'static str, value: impl Into<String>) -> Self {
        Self::Text(name, value.into())
    }

    /// A map as the query protocol writes it: an `<entry>` with `<key>` and `<value>` for each pair.
    pub(super) fn map(name: &'static str, pairs: &BTreeMap<String, String>) -> Self {
        let entry = |(key, value): (&String, &String)| {
            Self::Group("entry", vec![Self::text("key", key), Self::text("value", value)])
        };
        Self::Group(name, pairs.iter().map(entry).collect())
    }
}

/// `<OpResponse><OpResult>…</OpResult><ResponseMetadata><RequestId>`, laid out in lines as STS does.
pub(super) fn result(action: &str, members: &[Node], request_id: &str) -> String {
    let mut writer = Writer::default();
    let root = format!("{action}Response");
    writer.root(&root, |writer| {
        writer.group(&format!("{action}Result"), |writer| writer.nodes(members));
        writer.group("ResponseMetadata", |writer| writer.text("RequestId", request_id));
    });
    writer.out
}

/// `<ErrorResponse><Error>…</Error><RequestId>`.
pub(super) fn error(refusal: &Refusal, request_id: &str) -> String {
    let mut writer = Writer::default();
    writer.root("ErrorResponse", |writer| {
        writer.group("Error", |writer| {
            writer.text("Type", refusal.side());
            writer.text("Code", refusal.code);
            writer.text("Message", &refusal.message);
        });
        writer.text("RequestId", request_id);
    });
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    fn root(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.tag(&format!("<{name} xmlns=\"{NAMESPACE}\">\n"));
        self.content(name, content);
    }

    fn group(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.tag(&format!("<{name}>\n"));
        self.content(name, content);
    }

    fn content(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.depth += 1;
        content(self);
        self.depth -= 1;
        self.tag(&format!("</{name}>\n"));
    }

    fn text(&mut self, name: &str, value: &str) {
        self.tag(&format!("<{name}>"));
        value.chars().for_each(|c| push_escaped(&mut self.out, c));
        for part in ["</", name, ">\n"] {
            self.out.push_str(part);
        }
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(name, value) => self.text(name, value),
                Node::Group(name, children) => self.group(name, |writer| writer.nodes(children)),
            }
        }
    }

    fn tag(&mut self, tag: &str) {
        self.out.extend(std::iter::repeat_n("  ", self.depth));
        self.out.push_str(tag);
    }
}

/// Error messages echo what a client sent, so any character may arrive here. Quotes stay bare in text, as in AWS's
/// own messages.
fn push_escaped(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        // A parser would turn a bare carriage return into a line feed.
        '\r' => out.push_str("&#13;"),
        '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'.. => out.push(c),
        // XML 1.0 has no way to write the others.
        _ => out.push('\u{fffd}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_has_the_shape_of_sts() {
        let members =
            [Node::Group("Credentials", vec![Node::text("AccessKeyId", "A<&>\"'")]), Node::text("N", "7")];
        let expected = "\
<OpResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
  <OpResult>
    <Credentials>
      <AccessKeyId>A&lt;&amp;&gt;\"'</AccessKeyId>
    </Credentials>
    <N>7</N>
  </OpResult>
  <ResponseMetadata>
    <RequestId>id</RequestId>
  </ResponseMetadata>
</OpResponse>
";
        assert_eq!(result("Op", &members, "id"), expected);
    }

    #[test]
    fn map_has_one_entry_for_each_pair() {
        let pairs = [("a<", "1&"), ("b", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let text = result("Op", &[Node::map("M", &pairs.into())], "id");
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let expected = [
            "<M>",
            "<entry>",
            "<key>a&lt;</key>",
            "<value>1&amp;</value>",
            "</entry>",
            "<entry>",
            "<key>b</key>",
            "<value></value>",
            "</entry>",
            "</M>",
        ];
        assert_eq!(lines[2..12], expected);
    }

    #[test]
    fn an_error_says_whose_fault_it_is() {
        let text = error(&Refusal::validation("a\r\u{0}b\u{ffff}"), "id");
        assert!(text.contains("<Type>Sender</Type>"), "{text}");
        assert!(text.contains("<Message>a&#13;\u{fffd}b\u{fffd}</Message>"), "{text}");
        assert!(error(&Refusal::new(500, "InternalFailure", ""), "id").contains("<Type>Receiver</Type>"));
    }
}
