//! botocore and this client on the same parameters: the same forms, and the same signatures; and on the same profile files:
//! the same settings.
//!
//! `botocore/run.sh` makes the files that are read here; `botocore/generate.py` and
//! `botocore/profiles.py` say what is in them.

use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{HeaderName, HeaderValue, Request};
use serde_json::Value;
use sts_proto::config::profile::{ProfileSet, Property};
use sts_proto::config::{Config, Environment, Files, Platform};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::settings::{Resolved, Settings};
use sts_proto::sigv4::{Signer, Signing};
use sts_proto::{Credentials, Encoder, Validation};
use sts_tests::report::Report;
use sts_tests::sign::{self, Expected};
use sts_tests::vectors::{self, Cases};
use sts_tests::{build, http_text};
use time::OffsetDateTime;

type Outcome<T> = Result<T, String>;

fn text<'l>(line: &'l Value, name: &str) -> Outcome<&'l str> {
    line[name].as_str().ok_or_else(|| format!("no {name}"))
}

/// A list of pairs, in its order.
fn pairs(list: &Value) -> Outcome<Vec<(String, String)>> {
    let pair = |pair: &Value| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned()));
    let list = list.as_array().ok_or("no list of pairs")?;
    list.iter().map(pair).collect::<Option<_>>().ok_or_else(|| "a pair that is none".to_owned())
}

/// Runs a test over every line of a file.
fn for_each_line(suite: &'static str, file: &str, mut test: impl FnMut(&mut Report, &Value) -> Outcome<()>) {
    let Some(path) = Cases::botocore().find(file) else { return };
    let mut report = Report::new(suite);
    // `lines` would do; but what ends a line is said here, because a value may hold other ends of lines.
    let content = vectors::text(&path);
    for (number, line) in content.split('\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        report.case(format!("{file}:{}", number + 1));
        let Some(line) = report.ok("JSON", serde_json::from_str::<Value>(line)) else { continue };
        let name = format!("{file}:{} {}", number + 1, line["operation"].as_str().unwrap_or("?"));
        report.rename(name);
        let outcome = test(&mut report, &line);
        report.ok("case", outcome);
    }
    report.finish();
}

/// Where forms are encoded to: nothing of it is in them.
fn encoder() -> Encoder {
    let endpoint = EndpointOptions::new().region("eu-west-1").resolve();
    Encoder::new(endpoint.expect("the region has an endpoint"))
}

#[test]
fn forms() {
    let encoder = encoder();
    // Of a session, because some operations take no others.
    let credentials = Credentials::new("AKID", "secret").and_then(|key| key.with_session_token("token"));
    let credentials = credentials.expect("these are credentials");
    let mut partial = 0;
    for_each_line("botocore_differential, forms", "forms.jsonl", |report, line| {
        if line["partial"] == true {
            partial += 1;
            return Ok(());
        }
        let operation = build::operation(text(line, "operation")?, &line["params"])?;
        operation.check(Validation::strict()).map_err(|error| error.to_string())?;
        let request = operation.request(&encoder, &credentials, OffsetDateTime::UNIX_EPOCH);
        let request = request.map_err(|error| error.to_string())?;
        let ours: Vec<_> = form_urlencoded::parse(request.body().as_ref()).into_owned().collect();
        let mut theirs = pairs(&line["pairs"])?;
        if line["empty_lists"] == true {
            // botocore sends `Tags=` for an empty list. We send nothing: absent and empty mean the same to STS, and
            // Ceph and MinIO stumble over a member without a value.
            let is_empty_list = |name: &str| line["params"][name].as_array().is_some_and(Vec::is_empty);
            theirs.retain(|(name, value)| !(value.is_empty() && is_empty_list(name)));
        }
        report.same_text("form", &format!("{ours:#?}"), &format!("{theirs:#?}"));
        Ok(())
    });
    if partial > 0 {
        vectors::say(&format!(
            "{partial} forms passed over: a ProvidedContext without one of its two members cannot be said in our types"
        ));
    }
}

/// What stands in both kinds of lines of `signed.jsonl`.
struct Signed<'l> {
    line: &'l Value,
    credentials: Credentials,
    time: OffsetDateTime,
}

impl<'l> Signed<'l> {
    fn read(line: &'l Value) -> Outcome<Self> {
        let (id, secret) = (text(line, "access_key_id")?, text(line, "secret_access_key")?);
        let credentials = sign::credentials(id, secret, line["session_token"].as_str());
        let credentials = credentials.map_err(|error| error.to_string())?;
        Ok(Self { line, credentials, time: sign::time(text(line, "time")?)? })
    }

    fn signing(&self) -> Outcome<Signing<'_>> {
        let (region, service) = (text(self.line, "region")?, text(self.line, "service")?);
        Ok(Signing::new(&self.credentials, region, service, self.time))
    }

    /// The request before it was signed. botocore does not put in the `Host` header, so it comes from the URL.
    fn request(&self, url: &str) -> Outcome<Request<Vec<u8>>> {
        let body = BASE64_STANDARD.decode(text(self.line, "body_b64")?).map_err(|error| error.to_string())?;
        let mut request = Request::new(body);
        *request.method_mut() = text(self.line, "method")?.parse().map_err(|_| "the method is none")?;
        *request.uri_mut() = http_text::uri(url)?;
        for (name, value) in pairs(&self.line["headers"])? {
            let name: HeaderName = name.parse().map_err(|_| format!("header {name}"))?;
            let value = HeaderValue::from_str(&value).map_err(|_| format!("value of {name}"))?;
            request.headers_mut().append(name, value);
        }
        Ok(request)
    }

    fn expected(&self) -> Outcome<Expected<'l>> {
        Ok(Expected {
            canonical_request: text(self.line, "canonical_request")?,
            string_to_sign: text(self.line, "string_to_sign")?,
            signature: text(self.line, "signature")?,
        })
    }

    fn by_header(&self, report: &mut Report, signer: &Signer) -> Outcome<()> {
        let signing = self.signing()?;
        let mut request = self.request(&with_path(text(self.line, "url")?))?;
        let ours = signer.explain(&request, &signing).map_err(|error| error.to_string())?;
        self.expected()?.compare(report, "header", &ours);
        signer.sign(&mut request, &signing).map_err(|error| error.to_string())?;
        let ours = request.headers()["authorization"].to_str().map_err(|error| error.to_string())?;
        report.same_text("authorization", ours, text(self.line, "authorization")?);
        Ok(())
    }

    fn by_query(&self, report: &mut Report, signer: &Signer) -> Outcome<()> {
        let signing = self.signing()?;
        let expires = Duration::from_secs(self.line["expires"].as_u64().ok_or("no expires")?);
        let unsigned = text(self.line, "unsigned_url")?;
        let request = self.request(unsigned)?;
        let form = sign::pairs(request.uri().query());
        let mut theirs = pairs(&self.line["pairs"])?;
        theirs.sort();
        report.same("pairs of the file", &form, &theirs);

        let ours =
            signer.explain_presigned(&request, &signing, expires).map_err(|error| error.to_string())?;
        self.expected()?.compare(report, "query", &ours);
        let ours = signer.presign(&request, &signing, expires).map_err(|error| error.to_string())?;
        let (ours, theirs) =
            (http_text::uri(ours.expose())?, http_text::uri(text(self.line, "presigned_url")?)?);
        report.same("pairs", &sign::pairs(ours.query()), &sign::pairs(theirs.query()));
        report.same("authority", &ours.authority(), &theirs.authority());
        report.same_text("path", ours.path(), theirs.path());
        Ok(())
    }
}

/// The URL as it is sent: one without a path gets `/`, which is how the `http` crate writes it.
fn with_path(url: &str) -> String {
    if url.matches('/').count() == 2 { format!("{url}/") } else { url.to_owned() }
}

#[test]
fn signatures() {
    let signer = Signer::new();
    let (mut by_header, mut by_query) = (0, 0);
    for_each_line("botocore_differential, signatures", "signed.jsonl", |report, line| {
        let signed = Signed::read(line)?;
        match line["kind"].as_str() {
            Some("header") => {
                by_header += 1;
                signed.by_header(report, &signer)
            }
            Some("presigned") => {
                by_query += 1;
                signed.by_query(report, &signer)
            }
            other => Err(format!("the kind {other:?}")),
        }
    });
    if by_header + by_query > 0 {
        vectors::say(&format!("signatures: {by_header} by header, {by_query} by query"));
    }
}

/// A value as botocore has it: a text, or an object of sub-properties.
fn value_of(property: &Property) -> Value {
    let text = property.value().expose();
    if !text.starts_with('\n') {
        return text.into();
    }
    property.sub_properties().map(|(name, value, _)| (name.to_owned(), Value::from(value))).collect()
}

/// What the variables and the profile say; and the same as botocore has it, which takes `AWS_DEFAULT_PROFILE` where both name a
/// profile: an intended difference, of which there is a warning.
fn config(line: &Value, profiles: &ProfileSet) -> Result<Config, sts_proto::Error> {
    let read = |left_out: &str| {
        let variables =
            line["variables"].as_object().into_iter().flatten().filter(|(name, _)| *name != left_out);
        let variables = variables.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default()));
        Config::new(Environment::new(Platform::Unix, variables), profiles.clone(), None)
    };
    match read("") {
        Ok(config) if config.profile_warning().is_some() => read("AWS_PROFILE"),
        config => config,
    }
}

fn resolved(line: &Value, profiles: &ProfileSet) -> Result<Resolved, sts_proto::Error> {
    let config = config(line, profiles)?;
    Settings::new().config(Arc::new(config)).resolve("test", "1", |_| None)
}

#[test]
fn profiles() {
    let (mut refused, mut two) = (0, 0);
    for_each_line("botocore_differential, profiles", "profiles.jsonl", |report, line| {
        let files = ["config", "credentials"].map(|name| line[name].as_str().map(str::as_bytes));
        let [config, credentials] = files;
        let set =
            ProfileSet::parse(&Files::at("/c", "/k"), config, credentials).map_err(|e| e.to_string())?;
        let ours: Value = set
            .profiles()
            .map(|profile| {
                let all = profile.properties().map(|(key, property)| (key.to_owned(), value_of(property)));
                (profile.name().to_owned(), all.collect::<Value>())
            })
            .collect();
        report.same("profiles", &ours, &line["profiles"]);
        let outcome = resolved(line, &set);
        let [first, second] = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].map(|name| line["variables"].get(name));
        two += u32::from(first.is_some() && second.is_some() && first != second);
        // To botocore a URL of the user's own switches FIPS and dual-stack off in silence. The rules that AWS publishes for
        // endpoints refuse both together, and so does this client.
        if let Err(error) = &outcome
            && error
                .violations()
                .iter()
                .all(|v| v.rule().to_string().starts_with("does not go together with"))
        {
            let is_own = line["url"].as_str().is_some_and(|url| !url.contains(".amazonaws."));
            report.check(is_own, "FIPS or dual-stack was refused without a URL of the user's own");
            refused += 1;
            return Ok(());
        }
        let url = outcome.as_ref().ok().map(|found| found.caller.encoder().endpoint().url().to_string());
        report.same("URL", &url.as_deref(), &line["url"].as_str());
        let Ok(found) = outcome else {
            refused += 1;
            return Ok(());
        };
        for (name, key) in [("MaxAttempts", "max_attempts"), ("RetryMode", "retry_mode")] {
            let ours = found.report.get(name).map(|explained| explained.value.as_str());
            if let Some(theirs) = line[key].as_str() {
                report.same(name, &ours, &Some(theirs));
            }
        }
        Ok(())
    });
    if Cases::botocore().find("profiles.jsonl").is_some() {
        assert!(refused > 0, "no case is one that is refused");
        assert!(two > 0, "no case has two variables that name different profiles");
    }
}
