//! One request in, one answer out.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use time::{Duration, OffsetDateTime};

use super::answers::{Answer, Log};
use super::auth;
use super::clock::{self, Clock};
use super::constraint::Enforcement;
use super::control;
use super::fault::Fault;
use super::faults::Faults;
use super::form::Form;
use super::iam::{Directory, OidcProvider};
use super::ids;
use super::keys::{AccessKey, Keys, Principal};
use super::keyset::KeySet;
use super::metadata::{self, Tokens};
use super::model::{OPERATIONS, Operation, VERSION};
use super::oidc;
use super::operations::{self, Call};
use super::options::LogSink;
use super::refusal::Refusal;
use super::request::Request;
use super::tls::Tls;
use super::xml::{self, Node};

/// What stands between a client and STS in a bad network.
const HTML: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Welcome to the network\
     </h1><form action=\"/login\"></form></body></html>\n";

/// Everything that all connections share.
#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) clock: Clock,
    keys: Mutex<Keys>,
    log: Mutex<Log>,
    answers: Mutex<VecDeque<Answer>>,
    faults: Mutex<Faults>,
    directory: Mutex<Directory>,
    sink: Option<LogSink>,
    pub(super) key_set: KeySet,
    url: OnceLock<String>,
    pub(super) tls: Option<Tls>,
    /// Whether the other services that hand out credentials are here, too.
    metadata: bool,
    /// Whether the id of an issued key follows from the request and its caller.
    pub(super) stable_key_ids: AtomicBool,
    pub(super) enforcement: Enforcement,
    tokens: Mutex<Tokens>,
}

impl Service {
    pub(super) fn new(sink: Option<LogSink>, tls: Option<Tls>, metadata: bool) -> Self {
        Self { sink, tls, metadata, ..Self::default() }
    }

    /// Where the server is, once it is somewhere.
    pub(super) fn url(&self) -> &str {
        self.url.get().map_or("", String::as_str)
    }

    pub(super) fn set_url(&self, url: &str) {
        self.url.get_or_init(|| url.to_owned());
    }

    /// "self" is the server's own address.
    pub(super) fn add_provider(&self, mut provider: OidcProvider) {
        if provider.issuer == "self" {
            self.url().clone_into(&mut provider.issuer);
        }
        self.directory().add_provider(provider);
    }

    pub(super) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        locked(&self.tokens)
    }

    /// Makes a temporary key and makes it known.
    pub(super) fn issue(&self, principal: Principal, duration: Duration, now: OffsetDateTime) -> AccessKey {
        let id = ids::access_key_id("ASIA", principal.account());
        let key = AccessKey {
            session_token: Some(ids::session_token(0)),
            expires: Some(now.saturating_add(duration)),
            ..AccessKey::long_term(&id, &ids::secret_access_key(), principal)
        };
        self.keys().issue(key.clone());
        key
    }

    pub(super) fn keys(&self) -> MutexGuard<'_, Keys> {
        locked(&self.keys)
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        locked(&self.log)
    }

    pub(super) fn answers(&self) -> MutexGuard<'_, VecDeque<Answer>> {
        locked(&self.answers)
    }

    pub(super) fn directory(&self) -> MutexGuard<'_, Directory> {
        locked(&self.directory)
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        locked(&self.faults)
    }

    /// What to answer, and what shall go wrong with it.
    pub(super) fn respond(&self, request: &Request) -> (Answer, Option<Fault>) {
        if let Some(answer) = control::answer(self, request).or_else(|| oidc::answer(self, request)) {
            self.tell_aside(request, &answer);
            return (answer, None);
        }
        // A queued answer leaves the faults waiting.
        let fault = if self.answers().is_empty() { self.faults().take(false) } else { None };
        let Some(fault) = fault else { return (self.answer(request), None) };
        if let Some(sink) = &self.sink {
            sink.write(&format!("#{} {} fault {fault}", request.connection, request.method));
        }
        let answer = match &fault {
            Fault::Throttle => self.refuse(&Refusal::new(400, "Throttling", "Rate exceeded")),
            Fault::Status { status, body: false } => Answer::reply(*status, &[], ""),
            Fault::Status { status, body: true } => self.refuse(&Refusal::of_status(*status)),
            Fault::Html => Answer::reply(200, &[("Content-Type", "text/html")], HTML),
            _ => return (self.answer(request), Some(fault)),
        };
        self.log().push(request.clone());
        (answer, None)
    }

    /// The test's answer if it left one, else that of STS.
    pub(super) fn answer(&self, request: &Request) -> Answer {
        self.log().push(request.clone());
        let queued = self.answers().pop_front();
        if let Some(answer) = queued {
            self.tell_aside(request, &answer);
            return answer;
        }
        if self.metadata
            && let Some(answer) = metadata::answer(self, request)
        {
            self.tell_aside(request, &answer);
            return answer;
        }
        if !matches!(request.method.as_str(), "GET" | "POST") {
            // Without a body: HEAD is among them.
            return Answer::reply(405, &[("Allow", "GET, POST")], []);
        }
        let outcome = self.perform(request);
        self.tell(request, outcome.as_ref().err());
        match outcome {
            Ok((action, members)) => self.document(200, |id| xml::result(action, &members, id)),
            Err(refusal) => self.refuse(&refusal),
        }
    }

    /// One line for the log about what is not STS. The path holds no secret, other than the query.
    fn tell_aside(&self, request: &Request, answer: &Answer) {
        let Some(sink) = &self.sink else { return };
        let Request { connection, method, path, .. } = request;
        let path = path.escape_debug();
        match answer {
            Answer::Reply { status, .. } => sink.write(&format!("#{connection} {method} {path} {status}")),
            Answer::Raw(_) | Answer::Close | Answer::Late { .. } => {
                sink.write(&format!("#{connection} {method} {path} as ordered"));
            }
        }
    }

    /// The answer to what is no request, with its line for the log.
    pub(super) fn reject(&self, connection: u64, refusal: &Refusal) -> Answer {
        if let Some(sink) = &self.sink {
            let (status, code, message) = (refusal.status, refusal.code, refusal.message.escape_debug());
            sink.write(&format!("#{connection} - {status} {code}: {message}"));
        }
        self.refuse(refusal)
    }

    /// One line for the log, and what was expected where a signature was refused.
    fn tell(&self, request: &Request, refusal: Option<&Refusal>) {
        let Some(sink) = &self.sink else { return };
        // Only names that exist: whatever else a client sends may be a secret in the wrong place.
        let named = request.parameter("Action");
        let known = OPERATIONS.iter().find(|operation| Some(operation.name) == named.as_deref());
        let (method, action) = (&request.method, known.map_or("-", |operation| operation.name));
        let connection = request.connection;
        match refusal {
            None => sink.write(&format!("#{connection} {method} {action} 200")),
            Some(refusal) => {
                let (status, code, message) = (refusal.status, refusal.code, refusal.message.escape_debug());
                sink.write(&format!("#{connection} {method} {action} {status} {code}: {message}"));
            }
        }
        if let Some(expected) = refusal.and_then(|refusal| refusal.expected.as_deref()) {
            sink.write(expected);
        }
    }

    /// An `ErrorResponse`.
    pub(super) fn refuse(&self, refusal: &Refusal) -> Answer {
        self.document(refusal.status, |id| xml::error(refusal, id))
    }

    fn document(&self, status: u16, write: impl FnOnce(&str) -> String) -> Answer {
        let request_id = ids::request_id();
        let body = write(&request_id);
        let date = clock::imf_fixdate(self.clock.now());
        let headers = [("x-amzn-RequestId", &*request_id), ("Content-Type", "text/xml"), ("Date", &*date)];
        Answer::reply(status, &headers, body)
    }

    /// Which operation, who calls, may they, are the parameters right, what is the answer: in this order.
    fn perform(&self, request: &Request) -> Result<(&'static str, Vec<Node>), Refusal> {
        let form = form_of(request)?;
        let operation = operation_of(&form)?;
        let now = self.clock.now();
        let caller = if operation.signed {
            let caller = auth::authenticate(request, |id| self.keys().find(id), now)?;
            operations::permit(operation, &caller)?;
            Some(caller)
        } else {
            None
        };
        operation.check(&form, self.enforcement)?;
        let call = Call { service: self, form: &form, caller: caller.as_deref(), now };
        Ok((operation.name, (operation.answer)(&call)?))
    }
}

/// All of this state is changed in single steps, so a panic while it was locked left nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The query's pairs and, if it says that it is a form, the body's.
fn form_of(request: &Request) -> Result<Form, Refusal> {
    let mut form = Form::default();
    form.add(auth::literal_plus(&request.query).as_bytes())?;
    let media_type = request.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    if request.method == "POST" && media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        form.add(&request.body)?;
    }
    Ok(form)
}

fn operation_of(form: &Form) -> Result<&'static Operation, Refusal> {
    let Some(action) = form.get("Action") else {
        return Err(Refusal::new(400, "MissingAction", "Missing Action"));
    };
    let version = form.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
    let named = OPERATIONS.iter().find(|operation| operation.name == action && version == VERSION);
    named.ok_or_else(|| {
        Refusal::new(400, "InvalidAction", format!("Could not find operation {action} for version {version}"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::http::parse_head;
    use super::super::keys::Session;
    use super::super::testing::{ASSUME, Signing};
    use super::*;

    /// A generator that is the same in every run, so that a failure can be repeated.
    fn next(state: &mut u64) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        usize::try_from(*state >> 1).unwrap_or_default()
    }

    #[test]
    fn no_damage_to_a_request_makes_it_panic() {
        let service = Service::default();
        let key = AccessKey {
            access_key_id: "AKIA".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: Some("token".to_owned()),
            expires: None,
            session: Session::default(),
            principal: Principal::user("123456789012", "alice"),
        };
        service.keys().add(key.clone());
        let seeds = [Signing::post(&key, ASSUME).bytes(), Signing::presigned(&key, ASSUME, 60).bytes()];
        let tokens: [&[u8]; 12] = [
            b"%",
            b"+",
            b"&",
            b"=",
            b";",
            b"/",
            b"\r\n",
            b" ",
            b"\xff",
            "é".as_bytes(),
            b"%00",
            b"X-Amz-Date=",
        ];
        let mut state = 0x9e37_79b9_7f4a_7c15;
        let mut answered = 0;
        for round in 0..4000 {
            let mut bytes = seeds[round % seeds.len()].clone();
            for _ in 0..=next(&mut state) % 3 {
                let at = next(&mut state) % bytes.len();
                match next(&mut state) % 3 {
                    0 => bytes[at] = next(&mut state).to_le_bytes()[0],
                    1 => drop(bytes.drain(at..(at + next(&mut state) % 20).min(bytes.len()))),
                    _ => drop(bytes.splice(at..at, tokens[next(&mut state) % tokens.len()].iter().copied())),
                }
            }
            let Ok(Some(head)) = parse_head(&bytes) else { continue };
            let mut request = head.request;
            request.body = bytes[head.length..].to_vec();
            service.answer(&request);
            answered += 1;
        }
        assert!(answered > 1000, "{answered} of the damaged requests were still HTTP");
    }

    #[test]
    fn the_log_shows_what_was_expected_and_no_secret() {
        use super::super::testing::{IDENTITY, post};
        use super::super::{Options, Server};
        let lines = std::sync::Arc::new(Mutex::new(String::new()));
        let shared = std::sync::Arc::clone(&lines);
        let options = Options::new().log(move |text| locked(&shared).push_str(&(text.to_owned() + "\n")));
        let sts = Server::with(options).expect("a server");
        post(&sts, sts.user(), ASSUME);
        let mut stranger = AccessKey { secret_access_key: "s3cret".to_owned(), ..sts.user().clone() };
        post(&sts, &stranger, IDENTITY);
        stranger.session_token = Some("t0ken".to_owned());
        post(&sts, &stranger, "Action=s3cret");
        let text = locked(&lines).clone();
        assert!(
            text.starts_with("#1 POST AssumeRole 200\n#2 POST GetCallerIdentity 403 SignatureDoesNot"),
            "{text}"
        );
        assert!(text.contains("expected canonical request:\nPOST\n/\n\ncontent-type:"), "{text}");
        super::super::testing::exchange(&sts, b"GET /keys HTTP/1.1\r\nHost: h\r\n\r\n");
        super::super::testing::exchange(&sts, b"GET / HTTP/1.1\r\n\r\n");
        let more = locked(&lines).clone();
        assert!(more.contains("#4 GET /keys 200\n#5 - 400 BadRequest: exactly one Host"), "{more}");
        assert!(!text.contains("t0ken") && !text.contains(sts.user().secret_access_key()), "{text}");
    }

    #[test]
    fn the_longest_query_can_be_verified() {
        // Every character of it grows threefold when the verifier encodes it anew.
        let query = "!".repeat(super::super::http::TARGET_LIMIT - 200);
        let head = format!("GET /?Action=GetCallerIdentity&Version=2011-06-15&{query} HTTP/1.1\r\n");
        let authorization =
            "AWS4-HMAC-SHA256 Credential=AKIA/20261120/r/sts/aws4_request, SignedHeaders=host, Signature=0";
        let rest =
            format!("Host: h\r\nX-Amz-Date: 20261120T170848Z\r\nAuthorization: {authorization}\r\n\r\n");
        let service = Service::default();
        let at = clock::parse_timestamp("20261120T170848Z").expect("a time");
        service.clock.set_offset((at - OffsetDateTime::now_utc()).whole_seconds());
        service.keys().add(AccessKey {
            access_key_id: "AKIA".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
            expires: None,
            session: Session::default(),
            principal: Principal::user("123456789012", "alice"),
        });
        let request = parse_head((head + &rest).as_bytes()).expect("well-formed").expect("complete").request;
        let Answer::Reply { status: 403, body, .. } = service.answer(&request) else {
            panic!("another answer")
        };
        assert!(String::from_utf8_lossy(&body).contains("signature we calculated"));
    }
}
