//! From bytes to sections as they stand in a file, without a word on what they mean.

use super::{MAX_FILE_BYTES, MAX_LINE_BYTES, MAX_LINES, MAX_NAME_BYTES};

/// `[header]` and what stands under it.
pub(super) struct RawSection<'a> {
    pub(super) header: &'a str,
    pub(super) line: u32,
    pub(super) properties: Vec<RawProperty<'a>>,
}

/// `key = value` and the lines that continue it.
pub(super) struct RawProperty<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) line: u32,
    pub(super) continued: Vec<(u32, &'a str)>,
}

/// A broken rule: the line, 0 for the file as a whole, and a sentence without any of the file's text.
pub(super) type Broken = (u32, String);

const SPACE: [char; 2] = [' ', '\t'];
const COMMENT: [char; 2] = ['#', ';'];

pub(super) fn parse(bytes: &[u8]) -> Result<Vec<RawSection<'_>>, Broken> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err((0, format!("must have at most {MAX_FILE_BYTES} bytes, and has {}", bytes.len())));
    }
    // Some editors mark UTF-8 at the beginning of a file.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut sections = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|&b| b == b'\n')) {
        let broken = |rule: &str| (number, rule.to_owned());
        if number > MAX_LINES {
            return Err((number, format!("is one too many: {MAX_LINES} lines are the most")));
        }
        if line.len() > MAX_LINE_BYTES {
            return Err((
                number,
                format!("must have at most {MAX_LINE_BYTES} bytes, and has {}", line.len()),
            ));
        }
        let line = std::str::from_utf8(line).map_err(|_| broken("must be UTF-8"))?;
        let line = line.strip_suffix('\r').unwrap_or(line);
        let text = line.trim();
        // An indented comment is one as well, as it is for the AWS CLI: nothing could be meant to continue with it.
        if text.is_empty() || text.starts_with(COMMENT) {
            continue;
        }
        if line.starts_with('[') {
            sections.push(RawSection { header: header(line, number)?, line: number, properties: Vec::new() });
            continue;
        }
        let Some(RawSection { properties, .. }) = sections.last_mut() else {
            return Err(broken("must be in a section: no `[…]` stands before it"));
        };
        if !line.starts_with(SPACE) {
            let (key, value) = property(line, "a property", number)?;
            properties.push(RawProperty { key, value, line: number, continued: Vec::new() });
            continue;
        }
        let Some(continued) = properties.last_mut() else {
            return Err(broken(
                "begins with white space, and so continues a property, but there is none before it",
            ));
        };
        if continued.value.is_empty() {
            property(text, "a sub-property", number)?;
        }
        continued.continued.push((number, text));
    }
    Ok(sections)
}

fn header(line: &str, number: u32) -> Result<&str, Broken> {
    let end = line.find(COMMENT).unwrap_or(line.len());
    let line = line.get(..end).unwrap_or_default().trim_end();
    let name = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
    let name =
        name.ok_or_else(|| (number, "is the beginning of a section and must end with `]`".to_owned()))?;
    limited(name.trim(), "the name of a section", number)
}

/// `key = value`, without a comment at its end.
fn property<'a>(line: &'a str, what: &str, number: u32) -> Result<(&'a str, &'a str), Broken> {
    let (key, value) = without_comment(line)
        .split_once('=')
        .ok_or_else(|| (number, format!("must have a `=`, as it can only be {what}")))?;
    let key = key.trim();
    if key.is_empty() {
        return Err((number, format!("is {what} and must have a name before its `=`")));
    }
    Ok((limited(key, "the name of a property", number)?, value.trim()))
}

fn limited<'a>(name: &'a str, what: &str, number: u32) -> Result<&'a str, Broken> {
    if name.len() > MAX_NAME_BYTES {
        let sentence = format!("has {what} of {} bytes, and {MAX_NAME_BYTES} are the most", name.len());
        return Err((number, sentence));
    }
    Ok(name)
}

/// A comment begins where white space stands before its sign, so that `a#b` can be a value.
pub(super) fn without_comment(line: &str) -> &str {
    let mut after_space = false;
    for (at, c) in line.char_indices() {
        if after_space && COMMENT.contains(&c) {
            return line.get(..at).unwrap_or_default().trim_end();
        }
        after_space = c.is_whitespace();
    }
    line.trim_end()
}
