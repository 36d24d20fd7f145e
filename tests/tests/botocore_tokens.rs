//! botocore and this client on the AWS CLI's cache and on EKS tokens: the same names, files that are read, the same tokens.
//!
//! `botocore/run.sh` makes the files that are read here; `botocore/tokens.py` says what is in them.

use serde_json::Value;
use sts_proto::endpoint::{EndpointOptions, PARTITIONS};
use sts_proto::operation::AssumeRole;
use sts_proto::token::cli_cache;
use sts_proto::token::eks::{EksTokenRequest, Verifier};
use sts_proto::{Encoder, shape::Tag};
use sts_tests::sign;
use sts_tests::vectors::{self, Cases};

fn lines(file: &str) -> Vec<Value> {
    let Some(path) = Cases::botocore().find(file) else { return Vec::new() };
    let text = vectors::text(&path);
    let lines = text.split('\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn text<'l>(line: &'l Value, name: &str) -> &'l str {
    line[name].as_str().unwrap_or_else(|| panic!("no {name}"))
}

/// The operation, and whether its session's name is generated.
fn operation(params: &Value) -> (AssumeRole, bool) {
    let name = params["RoleSessionName"].as_str();
    let mut operation = AssumeRole::new(text(params, "RoleArn"), name.unwrap_or("botocore-session-1"));
    let texts = |name: &str, member: Option<&str>| -> Vec<String> {
        let items = params[name].as_array().into_iter().flatten();
        let item =
            |item: &Value| member.map_or(item, |member| &item[member]).as_str().expect("a text").to_owned();
        items.map(item).collect()
    };
    for (name, value) in params.as_object().expect("an object") {
        let value = value.as_str().unwrap_or_default();
        operation = match name.as_str() {
            "RoleArn" | "RoleSessionName" => operation,
            "ExternalId" => operation.external_id(value),
            "SerialNumber" => operation.serial_number(value),
            "SourceIdentity" => operation.source_identity(value),
            "Policy" => operation.policy(value),
            "DurationSeconds" => operation
                .duration_seconds(params[name].as_u64().and_then(|n| n.try_into().ok()).expect("a number")),
            "PolicyArns" => operation.policy_arns(texts(name, Some("arn"))),
            "TransitiveTagKeys" => operation.transitive_tag_keys(texts(name, None)),
            "Tags" => {
                let pairs = texts(name, Some("Key")).into_iter().zip(texts(name, Some("Value")));
                operation.tags(pairs.map(|(key, value)| Tag::new(key, value)))
            }
            name => panic!("unknown parameter {name}"),
        };
    }
    (operation, name.is_none())
}

#[test]
fn cache_files_have_the_same_names_and_are_read() {
    for line in lines("cache.jsonl") {
        let (operation, is_generated) = operation(&line["params"]);
        let name = cli_cache::file_name(&operation, is_generated).expect("a name");
        assert_eq!(name, text(&line, "name"), "{}", line["params"]);
        let content = text(&line, "content");
        let theirs: Value = serde_json::from_str(content).expect("JSON");
        let credentials = cli_cache::read(content.as_bytes()).expect("credentials");
        assert_eq!(credentials.access_key_id(), text(&theirs["Credentials"], "AccessKeyId"));
        assert_eq!(credentials.secret_access_key().expose(), text(&theirs["Credentials"], "SecretAccessKey"));
        assert_eq!(
            credentials.session_token().expect("one").expose(),
            text(&theirs["Credentials"], "SessionToken")
        );
        assert_eq!(credentials.expiration().expect("one").unix_timestamp(), 4_071_006_245);
        assert_eq!(credentials.account_id(), theirs["Credentials"]["AccountId"].as_str());
        // What we write has the members that botocore wrote.
        let ours: Value =
            serde_json::from_slice(cli_cache::write(&credentials, None).expect("a file").as_ref())
                .expect("JSON");
        let names = |value: &Value| {
            value["Credentials"].as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(&ours), names(&theirs));
    }
}

#[test]
fn eks_tokens_are_the_same_byte_for_byte() {
    for line in lines("eks.jsonl") {
        let (id, secret) = (text(&line, "access_key_id"), text(&line, "secret_access_key"));
        let credentials = sign::credentials(id, secret, line["session_token"].as_str()).expect("credentials");
        let endpoint = EndpointOptions::new().region(text(&line, "region")).resolve().expect("an endpoint");
        let now = sign::time(text(&line, "time")).expect("a time");
        let request = EksTokenRequest::new(text(&line, "cluster"));
        let token = request.build(&Encoder::new(endpoint), &credentials, now).expect("a token");
        assert_eq!(token.expose(), text(&line, "token"), "{line}");
        let verifier = Verifier::new(text(&line, "cluster")).expect("a cluster").partitions(&PARTITIONS);
        let verification = verifier.verify(text(&line, "token"), now).expect("it keeps the rules");
        assert_eq!(verification.access_key_id(), id);
    }
}
