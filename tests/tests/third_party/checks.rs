//! One server, and what became of the checks against it.

use std::collections::HashMap;
use std::fs;

use super::*;

/// One server, and what became of the checks against it.
pub(crate) struct Checks {
    server: &'static str,
    facts: HashMap<String, String>,
    made: usize,
    failures: Vec<String>,
}

impl Checks {
    /// None without the server.
    pub(crate) fn of(server: &'static str, variable: &str) -> Option<Self> {
        let Ok(path) = std::env::var(variable) else {
            let required = std::env::var("STS_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
            assert!(!required, "{variable} is not set: tests/servers/run.sh starts {server} and sets it");
            println!("{server}: skipped, {variable} is not set; see tests/servers/run.sh");
            return None;
        };
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let facts = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Some(Self { server, facts, made: 0, failures: Vec::new() })
    }

    pub(crate) fn fact(&self, name: &str) -> &str {
        self.facts.get(name).unwrap_or_else(|| panic!("{name} is among the facts about {}", self.server))
    }

    pub(crate) fn key(&self, who: &str) -> Credentials {
        let id = self.fact(&format!("{who}_ACCESS_KEY_ID"));
        Credentials::new(id, self.fact(&format!("{who}_SECRET_ACCESS_KEY"))).unwrap()
    }

    pub(crate) fn client(&self, who: &str) -> Client {
        self.client_with(self.key(who), Validation::default())
    }

    /// A client that leaves it to the server to refuse parameters.
    pub(crate) fn lenient_client(&self, who: &str) -> Client {
        self.client_with(self.key(who), Validation::REQUIRED_ONLY)
    }

    pub(crate) fn client_with(&self, credentials: Credentials, validation: Validation) -> Client {
        Client::builder()
            .region(self.fact("REGION"))
            .endpoint_url(self.fact("ENDPOINT"))
            .credentials(credentials)
            .validation(validation)
            .build()
            .unwrap()
    }

    pub(crate) fn encoder(&self) -> Encoder {
        let endpoint = EndpointOptions::new().region(self.fact("REGION")).url(self.fact("ENDPOINT"));
        Encoder::new(endpoint.resolve().unwrap())
    }

    pub(crate) fn check(&mut self, name: &str, holds: bool, found: impl std::fmt::Debug) {
        self.made += 1;
        if !holds {
            self.failures.push(format!("{name}: {found:?}"));
        }
    }

    /// What the server must grant.
    pub(crate) fn granted<T>(&mut self, name: &str, outcome: Result<Reply<T>, Error>) -> Option<T> {
        let error = outcome.as_ref().err().map(ToString::to_string);
        self.check(name, error.is_none(), error);
        outcome.ok().map(Reply::into_output)
    }

    /// What the server must refuse, with that status and that code.
    pub(crate) fn refused<T>(
        &mut self,
        name: &str,
        outcome: Result<Reply<T>, Error>,
        status: u16,
        code: ErrorCode,
    ) -> Option<Error> {
        let Err(error) = outcome else {
            self.check(name, false, "was granted");
            return None;
        };
        let found = (error.metadata().map(|metadata| metadata.status), error.code().cloned());
        self.check(name, found == (Some(status), Some(code)), &error);
        Some(error)
    }

    /// Who those credentials belong to, in the server's words.
    pub(crate) fn identity(&mut self, name: &str, credentials: &Credentials, arn: &str) {
        let client = self.client_with(credentials.clone(), Validation::default());
        let outcome = client.send(GetCallerIdentity::new());
        let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
        if let Some(identity) = self.granted(name, outcome) {
            let found = (identity.arn.as_str(), identity.account.as_str());
            self.check(name, found == (arn, &account), found);
        }
    }

    /// Credentials that are whole and last about that long.
    pub(crate) fn usable(&mut self, name: &str, credentials: &Credentials, seconds: i64) {
        let left = credentials.expiration().map(|at| (at - OffsetDateTime::now_utc()).whole_seconds());
        let lasts = left.is_some_and(|left| (seconds - 30..=seconds + 5).contains(&left));
        let token = credentials.session_token().is_some_and(|token| !token.is_empty());
        self.check(name, lasts && token, (left, token));
    }

    pub(crate) fn assumed_role(&self, role: &str, session: &str) -> String {
        format!("arn:aws:sts::{}:assumed-role/{role}/{session}", self.fact("ACCOUNT"))
    }

    pub(crate) fn user_arn(&self) -> String {
        format!("arn:aws:iam::{}:user/alice", self.fact("ACCOUNT"))
    }

    pub(crate) fn finish(self) {
        println!("{}: {} checks, {} failures", self.server, self.made, self.failures.len());
        assert!(self.failures.is_empty(), "{}:\n  {}", self.server, self.failures.join("\n  "));
    }
}
