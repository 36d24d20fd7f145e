//! Replies of other people's servers, byte for byte as they were sent, and the requests that botocore had made.
//!
//! What to expect is found by looking for tags in the text, never with the parser that is tested.

use std::path::Path;

use http::Response;
use sts_proto::{ErrorKind, form};
use sts_tests::any::AnyReply;
use sts_tests::report::Report;
use sts_tests::vectors::{self, Cases};
use sts_tests::{build, http_text, sign};

/// The text between the first start tag of a name and its end tag. None of these tags has attributes.
fn between<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(inside, _)| inside.trim())
}

/// The name in the first tag that begins with a letter: neither a declaration nor a DOCTYPE.
fn root(text: &str) -> Option<&str> {
    let tag = text.split('<').skip(1).find(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic()))?;
    tag.split([' ', '>', '/', '\n']).next()
}

/// The elements that hold text only.
fn leaves(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('<').zip(text.split('<').skip(1)).filter_map(|(tag, next)| {
        let (name, inside) = tag.split_once('>')?;
        (next.strip_prefix('/')?.split('>').next()? == name).then_some((name, inside.trim()))
    })
}

/// The operation that a file is about; `None` if it is about none of STS.
fn operation(file: &Path) -> Option<String> {
    let name = vectors::name(file).split('.').next().unwrap_or_default().to_owned();
    build::is_operation(&name).then_some(name)
}

/// Runs a test over all files of an extension, and tells how many were about no operation.
fn for_each_file(suite: &'static str, extension: &str, test: impl Fn(&mut Report, &Path, &str)) {
    let Some(folder) = Cases::vectors().find("wire") else { return };
    let mut report = Report::new(suite);
    let mut skipped = 0;
    for server in vectors::entries(&folder).into_iter().filter(|path| path.is_dir()) {
        let files = vectors::entries(&server);
        for file in files.iter().filter(|file| file.extension().is_some_and(|found| found == extension)) {
            let Some(operation) = operation(file) else {
                skipped += 1;
                continue;
            };
            report.case(format!("{}/{}", vectors::name(&server), vectors::name(file)));
            test(&mut report, file, &operation);
        }
    }
    vectors::say(&format!("{suite}: {skipped} files are about no operation of STS"));
    report.finish();
}

#[test]
fn responses() {
    for_each_file("wire_vectors, responses", "response", |report, file, operation| {
        let Some(response) = report.ok("HTTP", http_text::response(&vectors::bytes(file))) else { return };
        let body = String::from_utf8_lossy(response.body()).into_owned();
        let Some(reader) = report.ok("operation", build::reader(operation)) else { return };
        let expected_root = format!("{operation}Response");
        match (reader.reply(&response), response.status().is_success()) {
            (Ok(reply), true) if root(&body) == Some(&expected_root) => {
                result(report, &body, operation, &reply);
                report.same("request id", &reply.metadata.request_id, &request_id(&response, &body));
            }
            (Ok(_), _) => report.fail(format!("status {} was read as a result", response.status())),
            (Err(error), true) if root(&body) == Some(&expected_root) => report.fail(error.to_string()),
            (Err(error), is_success) => {
                if let Some(root) = root(&body).filter(|root| is_success && *root != "html") {
                    let sentence = error.to_string();
                    report.check(sentence.contains(&format!("<{root}>")), &format!("the root: {sentence}"));
                }
                let code = between(&body, "Code").filter(|code| !is_success && !code.is_empty());
                let kind = if code.is_some() { ErrorKind::Service } else { ErrorKind::Response };
                report.same("kind", &error.kind(), &kind);
                report.same("code", &error.service().map(|service| service.code_text()), &code);
                let status = error.metadata().map(|metadata| metadata.status);
                report.same("status", &status, &Some(response.status().as_u16()));
                let id = error.metadata().and_then(|metadata| metadata.request_id.clone());
                // What is no reply of STS is not searched for an id.
                let body = if code.is_some() { body.as_str() } else { "" };
                report.same("request id", &id, &request_id(&response, body));
            }
        }
    });
}

/// The id in the body, else that of the headers.
fn request_id(response: &Response<Vec<u8>>, body: &str) -> Option<String> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let in_body = ["RequestId", "RequestID"].iter().find_map(|name| between(body, name));
    let id = in_body.filter(|id| !id.is_empty());
    id.or_else(|| header("x-amzn-requestid")).or_else(|| header("x-amz-request-id")).map(str::to_owned)
}

/// Every text of the result must have arrived.
fn result(report: &mut Report, body: &str, operation: &str, reply: &AnyReply) {
    let wrapper = format!("{operation}Result");
    let inside = between(body, &wrapper).unwrap_or_default();
    report.check(leaves(inside).next().is_some(), "there is no result");
    for (name, text) in leaves(inside) {
        report.check(!text.contains('&'), &format!("{name} is escaped: the suite must unescape it"));
        let is_read = match reply.secrets.iter().find(|(secret, _)| *secret == name) {
            Some((_, secret)) => secret == text && !reply.debug.contains(text),
            // The day, which is written in the same way on both sides.
            None if name == "Expiration" => text.get(..10).is_some_and(|day| reply.debug.contains(day)),
            None => reply.debug.contains(text),
        };
        report.check(is_read, &format!("{name} was not read"));
    }
}

#[test]
fn requests() {
    for_each_file("wire_vectors, requests", "request", |report, file, operation| {
        let Some(request) = report.ok("HTTP", http_text::request(&vectors::bytes(file))) else { return };
        let body = String::from_utf8_lossy(request.body());
        // Requests by GET, presigned ones among them, have their form in the query.
        let form = if body.is_empty() { request.uri().query().unwrap_or_default() } else { &body };
        let mut pairs: Vec<_> =
            form::parse(form).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let action = pairs.iter().find(|(name, _)| name == "Action").map(|(_, value)| value.as_str());
        report.same("Action", &action, &Some(operation));
        pairs.sort();
        report.same("pairs", &pairs, &sign::pairs(Some(form)));
    });
}
