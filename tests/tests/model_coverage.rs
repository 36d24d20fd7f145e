//! Coverage of the service model: every operation, parameter, limit, error code and result member that it has, and
//! none besides.

use std::collections::BTreeSet;

use http::Response;
use serde_json::json;
use sts_proto::operation::{Kind, Parameter};
use sts_proto::{ErrorCode, ErrorKind, Rule, Validation, Violation};
use sts_tests::any::AnyOperation;
use sts_tests::build;
use sts_tests::report::Report;
use sts_tests::service_model::probe::{Probe, probes};
use sts_tests::service_model::{Model, OperationModel, Shape, Type, reply, sample};
use sts_tests::vectors::{self, Cases};

/// Members without which a result would be useless, so that a reply without one is an error: `*` for any operation.
/// The service model calls most of them optional.
const INDISPENSABLE: [(&str, &str); 22] = [
    ("*", "Credentials"),
    ("*", "Credentials.AccessKeyId"),
    ("*", "Credentials.SecretAccessKey"),
    ("*", "Credentials.SessionToken"),
    ("*", "Credentials.Expiration"),
    ("*", "AssumedRoleUser"),
    ("*", "AssumedRoleUser.AssumedRoleId"),
    ("*", "AssumedRoleUser.Arn"),
    ("*", "FederatedUser"),
    ("*", "FederatedUser.FederatedUserId"),
    ("*", "FederatedUser.Arn"),
    ("*", "TrustedIdentityPropagationContext.TransactionContext.IdentityProvider.entry.key"),
    ("*", "TrustedIdentityPropagationContext.TransactionContext.IdentityProvider.entry.value"),
    ("GetScopedCredentials", "SessionInfo"),
    ("GetScopedCredentials", "SessionInfo.ScopedSessionId"),
    ("GetScopedCredentials", "SessionInfo.Arn"),
    ("GetCallerIdentity", "Arn"),
    ("GetCallerIdentity", "UserId"),
    ("GetCallerIdentity", "Account"),
    ("DecodeAuthorizationMessage", "DecodedMessage"),
    ("GetAccessKeyInfo", "Account"),
    ("GetWebIdentityToken", "WebIdentityToken"),
];

/// Runs a test over every model that is there.
fn for_each_model(suite: &'static str, mut test: impl FnMut(&mut Report, &Model)) {
    let Some(folder) = Cases::vectors().find("model") else { return };
    let mut report = Report::new(suite);
    let is_json = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "json");
    for file in vectors::entries(&folder).into_iter().filter(is_json) {
        test(&mut report, &Model::new(vectors::json(&file)));
    }
    report.finish();
}

/// Runs a test over every operation with something of ours that stands for it.
fn for_each_operation(
    suite: &'static str,
    mut test: impl FnMut(&mut Report, &OperationModel<'_>, &dyn AnyOperation),
) {
    for_each_model(suite, |report, model| {
        for operation in model.operations() {
            report.case(operation.name());
            if let Some(ours) = report.ok("operation", build::reader(operation.name())) {
                test(report, &operation, &*ours);
            }
        }
    });
}

#[test]
fn operations() {
    for_each_model("model_coverage, operations", |report, model| {
        report.case("all");
        let theirs: BTreeSet<_> = model.operations().map(|operation| operation.name()).collect();
        report.same("operations", &build::names().collect(), &theirs);
    });
    for_each_operation("model_coverage, signed", |report, operation, ours| {
        report.same_text("name", &ours.name(), operation.name());
        report.same("is signed", &ours.signed(), &operation.is_signed());
    });
}

/// What a parameter is, by ours and by the model.
#[derive(Debug, PartialEq)]
enum Limits<'a> {
    Text { min: usize, max: Option<usize>, pattern: Option<&'a str>, values: Vec<&'a str> },
    Integer { min: usize, max: Option<usize> },
    List { min: usize, max: Option<usize> },
    Structure,
    Unknown,
}

fn our_limits(parameter: &Parameter) -> Limits<'static> {
    match parameter.kind {
        Kind::Text { min, max, pattern, values, .. } => {
            Limits::Text { min, max, pattern, values: values.to_vec() }
        }
        Kind::Integer { min, max, .. } => Limits::Integer { min: min as usize, max: Some(max as usize) },
        Kind::List { min, max, .. } => Limits::List { min, max },
        Kind::Structure => Limits::Structure,
        _ => Limits::Unknown,
    }
}

fn their_limits<'m>(shape: &Shape<'m>) -> Limits<'m> {
    let (min, max) = (shape.min(), shape.max());
    match shape.kind() {
        Type::Text => Limits::Text { min, max, pattern: shape.pattern(), values: shape.values() },
        Type::Integer => Limits::Integer { min, max },
        Type::List => Limits::List { min, max },
        Type::Structure => Limits::Structure,
        Type::Timestamp | Type::Map => Limits::Unknown,
    }
}

#[test]
fn parameters() {
    for_each_operation("model_coverage, parameters", |report, operation, ours| {
        let (ours, theirs) = (ours.describe(), operation.inputs());
        let paths: BTreeSet<_> = ours.iter().map(|parameter| parameter.path.as_str()).collect();
        report.same("count of paths", &paths.len(), &ours.len());
        report.same("paths", &paths, &theirs.iter().map(|input| input.path.as_str()).collect());
        for input in &theirs {
            let path = &input.path;
            let Some(parameter) = ours.iter().find(|parameter| parameter.path == *path) else { continue };
            report.same(path, &our_limits(parameter), &their_limits(&input.shape));
            report.same(&format!("{path} is required"), &parameter.required, &input.is_required);
            // We may be stricter than the model, never laxer.
            let is_kept = parameter.sensitive || !input.shape.is_sensitive();
            report.check(is_kept, &format!("{path} is sensitive"));
        }
    });
}

/// Builds the operation around the value and compares what validation says.
fn compare(report: &mut Report, operation: &OperationModel<'_>, path: &str, (value, broken): Probe) {
    let params = sample::with(operation, path, value);
    let Some(ours) = report.ok(path, build::operation(operation.name(), &params)) else { return };
    let place = path.replace("[]", "[0]");
    let same = |report: &mut Report, what: &str, found: &[Violation], expected: Option<&Rule>| {
        let found: Vec<_> = found.iter().map(|found| (found.parameter(), found.rule())).collect();
        let expected: Vec<_> = expected.map(|rule| (place.as_str(), rule)).into_iter().collect();
        report.same(&format!("{path}, {what}"), &found, &expected);
    };
    let broken = broken.as_ref();
    let (refused, advice): (Option<&Rule>, Option<&Rule>) =
        if broken.is_some_and(is_advice) { (None, broken) } else { (broken, None) };
    same(report, "strict", &violations(&*ours, Validation::strict()), broken);
    same(report, "by default", &violations(&*ours, Validation::default()), refused);
    let told = ours.advice();
    let of_model: Vec<_> =
        told.iter().filter(|told| !matches!(told.rule(), Rule::Documented(_))).cloned().collect();
    same(report, "advice", &of_model, advice);
}

/// Whether the rule is one that AWS raises or widens while programs are pinned.
fn is_advice(rule: &Rule) -> bool {
    matches!(
        rule,
        Rule::MaxLength { .. }
            | Rule::MaxItems { .. }
            | Rule::MaxValue { .. }
            | Rule::Pattern { .. }
            | Rule::NotListed { .. }
    )
}

/// What validation says, without rules between parameters: those ask for companions, which are not the matter here.
fn violations(operation: &dyn AnyOperation, validation: Validation) -> Vec<Violation> {
    let error = operation.check(validation.relations(false)).err();
    error.iter().flat_map(|error| error.violations().to_vec()).collect()
}

#[test]
fn limits() {
    let mut count = 0;
    for_each_operation("model_coverage, limits", |report, operation, _| {
        for input in operation.inputs() {
            for value in probes(&input) {
                count += 1;
                compare(report, operation, &input.path, value);
            }
        }
    });
    if count > 0 {
        vectors::say(&format!("{count} values at limits or one beyond"));
    }
}

#[test]
fn patterns() {
    for_each_operation("model_coverage, patterns", |report, operation, _| {
        for input in operation.inputs() {
            let (path, shape) = (&input.path, input.shape);
            let Some(pattern) = shape.pattern() else { continue };
            let length = shape.min().max(2);
            // NUL is in none of the patterns.
            let value = format!("{}\0", sample::text(shape, length - 1, 0));
            let params = sample::with(operation, path, json!(value));
            let Some(ours) = report.ok(path, build::operation(operation.name(), &params)) else { continue };
            let is_right = |rules: &[Violation]| {
                rules.len() == 1
                    && rules[0].parameter() == path.replace("[]", "[0]")
                    && matches!(rules[0].rule(), Rule::Pattern { pattern: ours, position, length: l }
                        if *ours == pattern && *position == length - 1 && *l == length)
            };
            let strict = violations(&*ours, Validation::strict());
            report.check(is_right(&strict), &format!("{path}: {strict:?}"));
            let by_default = violations(&*ours, Validation::default());
            report.check(by_default.is_empty(), &format!("{path}, by default: {by_default:?}"));
            let mut advice = ours.advice();
            advice.retain(|told| !matches!(told.rule(), Rule::Documented(_)));
            report.check(is_right(&advice), &format!("{path}, advice: {advice:?}"));
        }
    });
}

#[test]
fn sensitive_parameters_are_not_in_debug() {
    for_each_operation("model_coverage, secrets", |report, operation, ours| {
        let described = ours.describe();
        let is_kept = |path: &str| described.iter().any(|ours| ours.path == path && ours.sensitive);
        for (number, input) in operation.inputs().iter().enumerate() {
            let path = &input.path;
            if input.shape.kind() != Type::Text {
                continue;
            }
            let text = format!("Seen{number:016}");
            let params = sample::with(operation, path, json!(text));
            let Some(built) = report.ok(path, build::operation(operation.name(), &params)) else { continue };
            let is_hidden = input.shape.is_sensitive() || is_kept(path);
            report.same(&format!("{path} in Debug"), &built.debug().contains(&text), &!is_hidden);
        }
    });
}

#[test]
fn error_codes() {
    for_each_model("model_coverage, errors", |report, model| {
        for error in model.errors() {
            report.case(error.shape);
            let code = ErrorCode::from_wire(error.code);
            report.same_text("code", code.as_str(), error.code);
            let stem = error.code.strip_suffix("Exception").unwrap_or(error.code);
            for text in [error.code, error.shape, stem, &format!("{stem}Exception")] {
                let read = ErrorCode::from_wire(text);
                report.check(!matches!(read, ErrorCode::Unknown(_)), &format!("{text} is unknown"));
                report.same(text, &read, &code);
            }
        }
        // Those that operations name are among them.
        let known: BTreeSet<_> = model.errors().map(|error| error.shape).collect();
        for operation in model.operations() {
            report.case(operation.name());
            operation.errors().for_each(|shape| report.check(known.contains(shape), shape));
        }
    });
}

fn response(xml: String) -> Response<Vec<u8>> {
    Response::new(xml.into_bytes())
}

#[test]
fn results() {
    for_each_operation("model_coverage, results", |report, operation, ours| {
        let nodes = reply::nodes(operation);
        let xml = reply::xml(operation, &nodes, None);
        let another = xml.replace(&format!("{}Response", operation.name()), "OtherResponse");
        let refused = ours.reply(&response(another)).err().map(|error| error.kind());
        report.same("another root", &refused, &Some(ErrorKind::Response));
        let whole = ours.reply(&response(xml));
        let Some(read) = report.ok("the whole reply", whole) else { return };
        report.same("request id", &read.metadata.request_id.as_deref(), &Some(reply::REQUEST_ID));
        let secrets = nodes.iter().filter(|node| node.is_secret()).count();
        // Whatever is still empty is no member of the model. Only account and source are not the reply's to tell.
        let rest = read.debug.replace("account_id: None", "").replace("source: None", "");
        report
            .check(!rest.contains("None"), &format!("a member of ours is not in the model: {}", read.debug));
        report.same("count of secrets", &read.secrets.len(), &secrets);
        for node in &nodes {
            let Some(text) = &node.text else { continue };
            if node.is_secret() {
                report.check(!read.debug.contains(text), &format!("{} is in Debug", node.path));
                let is_read = read.secrets.iter().any(|(name, value)| *name == node.name && value == text);
                report.check(is_read, &format!("{} cannot be read", node.path));
            } else {
                let spellings = node.spellings();
                let is_shown = spellings.iter().any(|spelling| read.debug.contains(spelling));
                report.check(is_shown, &format!("{}: none of {spellings:?} is in Debug", node.path));
            }
        }
    });
}

#[test]
fn what_a_result_cannot_go_without() {
    let mut met: BTreeSet<&(&str, &str)> = BTreeSet::new();
    for_each_operation("model_coverage, indispensable", |report, operation, ours| {
        let nodes = reply::nodes(operation);
        for (place, node) in nodes.iter().enumerate() {
            let entry = INDISPENSABLE
                .iter()
                .find(|(name, path)| (*name == "*" || *name == operation.name()) && *path == node.path);
            met.extend(entry);
            let read = ours.reply(&response(reply::xml(operation, &nodes, Some(place))));
            match (read, entry) {
                (Ok(_), None) => {}
                (Err(error), Some(_)) => {
                    let what = format!("without {}: {error}", node.path);
                    report.same(&what, &error.kind(), &ErrorKind::Response);
                    report.check(error.to_string().contains(&format!("<{}> is missing", node.name)), &what);
                }
                (Ok(_), Some(_)) => report.fail(format!("{} was missing, and nobody cared", node.path)),
                (Err(error), None) => report.fail(format!("without {}: {error}", node.path)),
            }
        }
    });
    let unmet: Vec<_> = INDISPENSABLE.iter().filter(|entry| !met.contains(*entry)).collect();
    assert!(met.is_empty() || unmet.is_empty(), "the model has no {unmet:?}");
}

#[test]
fn deprecated_members() {
    let source: String = vectors::entries(&vectors::workspace().join("sts-proto/src/operation"))
        .iter()
        .map(|file| vectors::text(file))
        .collect();
    for_each_operation("model_coverage, deprecated", |report, operation, ours| {
        let nodes = reply::nodes(operation).into_iter().filter(|node| node.is_deprecated);
        let theirs: BTreeSet<_> = nodes.map(|node| node.field()).collect();
        match reply::deprecated_fields(&source, ours.output_type()) {
            Some(ours) => report.same("deprecated", &ours, &theirs),
            None => report.fail(format!("there is no `pub struct {}`", ours.output_type())),
        }
    });
}
