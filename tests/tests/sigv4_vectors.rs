//! Signature Version 4 by the public test suite: every step of signing, by header and by query.

use std::path::Path;
use std::time::Duration;

use http::Request;
use serde_json::Value;
use sts_proto::Credentials;
use sts_proto::sigv4::{SessionToken, Signer, Signing};
use sts_tests::http_text;
use sts_tests::report::Report;
use sts_tests::sign::{self, Expected};
use sts_tests::vectors::{self, Cases};
use time::OffsetDateTime;

/// What a case's `context.json` says.
struct Context {
    credentials: Credentials,
    region: String,
    service: String,
    time: OffsetDateTime,
    expires: Duration,
    normalize: bool,
    sign_body: bool,
    omit_session_token: bool,
}

impl Context {
    fn read(json: &Value) -> Result<Self, String> {
        let text = |name: &str| json[name].as_str().ok_or_else(|| format!("context: no {name}"));
        // The files leave out what is off.
        let flag = |name: &str| json[name].as_bool().unwrap_or(false);
        let keys = &json["credentials"];
        let key = |name: &str| keys[name].as_str().ok_or_else(|| format!("context: no {name}"));
        let credentials =
            sign::credentials(key("access_key_id")?, key("secret_access_key")?, keys["token"].as_str());
        Ok(Self {
            credentials: credentials.map_err(|error| error.to_string())?,
            region: text("region")?.to_owned(),
            service: text("service")?.to_owned(),
            time: sign::time(text("timestamp")?)?,
            expires: Duration::from_secs(json["expiration_in_seconds"].as_u64().ok_or("context: no expiry")?),
            normalize: json["normalize"].as_bool().ok_or("context: no normalize")?,
            sign_body: flag("sign_body"),
            omit_session_token: flag("omit_session_token"),
        })
    }

    fn signing(&self) -> Signing<'_> {
        let mut signing = Signing::new(&self.credentials, &self.region, &self.service, self.time);
        signing.normalize_path = self.normalize;
        signing.content_sha256_header = self.sign_body;
        if self.omit_session_token {
            signing.session_token = SessionToken::AfterSigning;
        }
        signing
    }
}

/// One case: its folder, what is to be signed, and how.
struct Case<'a> {
    folder: &'a Path,
    request: Request<Vec<u8>>,
    context: Context,
}

impl Case<'_> {
    fn read(folder: &Path) -> Result<Case<'_>, String> {
        let request = http_text::request(&vectors::bytes(&folder.join("request.txt")))?;
        let context = Context::read(&vectors::json(&folder.join("context.json")))?;
        Ok(Case { folder, request, context })
    }

    fn text(&self, name: &str) -> String {
        vectors::text(&self.folder.join(name))
    }

    /// The steps up to the signature; `kind` is `header` or `query`.
    fn compare_steps(&self, report: &mut Report, kind: &str, ours: &sts_proto::sigv4::Explanation) {
        let expected = ["canonical-request", "string-to-sign", "signature"]
            .map(|step| self.text(&format!("{kind}-{step}.txt")));
        let [canonical_request, string_to_sign, signature] = &expected;
        Expected { canonical_request, string_to_sign, signature }.compare(report, kind, ours);
    }

    fn by_header(&self, report: &mut Report, signer: &Signer) -> Result<(), String> {
        let signing = self.context.signing();
        let explained = signer.explain(&self.request, &signing).map_err(|error| error.to_string())?;
        self.compare_steps(report, "header", &explained);

        let mut signed = self.request.clone();
        signer.sign(&mut signed, &signing).map_err(|error| error.to_string())?;
        let expected = http_text::request(self.text("header-signed-request.txt").as_bytes())?;
        let ours = sign::headers(signed.headers());
        report.same("header, signed headers", &ours, &sign::headers(expected.headers()));
        report.same("header, URL", signed.uri(), self.request.uri());
        report.same("header, URL of the expected request", signed.uri(), expected.uri());
        Ok(())
    }

    fn by_query(&self, report: &mut Report, signer: &Signer) -> Result<(), String> {
        let (signing, expires) = (self.context.signing(), self.context.expires);
        let explained = signer.explain_presigned(&self.request, &signing, expires);
        self.compare_steps(report, "query", &explained.map_err(|error| error.to_string())?);

        let url = signer.presign(&self.request, &signing, expires).map_err(|error| error.to_string())?;
        let expected = http_text::request(self.text("query-signed-request.txt").as_bytes())?;
        let ours = http_text::uri(url.expose())?;
        report.same("query, pairs", &sign::pairs(ours.query()), &sign::pairs(expected.uri().query()));
        report.same("query, host", &ours.authority(), &expected.uri().authority());
        report.same_text("query, path", ours.path(), expected.uri().path());
        report.same("query, headers", &sign::headers(url.headers()), &sign::headers(expected.headers()));
        report.same("query, method", url.method(), expected.method());
        Ok(())
    }
}

#[test]
fn sigv4_vectors() {
    let Some(suite) = Cases::vectors().find("sigv4") else { return };
    let mut report = Report::new("sigv4_vectors");
    // One signer for all: a key that it keeps must not serve another scope.
    let signer = Signer::new();
    for folder in vectors::entries(&suite).into_iter().filter(|path| path.is_dir()) {
        report.case(vectors::name(&folder));
        let Some(case) = report.ok("case", Case::read(&folder)) else { continue };
        let by_header = case.by_header(&mut report, &signer);
        report.ok("header", by_header);
        let by_query = case.by_query(&mut report, &signer);
        report.ok("query", by_query);
    }
    report.finish();
}
