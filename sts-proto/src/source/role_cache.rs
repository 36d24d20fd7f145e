//! The AWS CLI's cache of roles, `~/.aws/cli/cache`, for roles that are assumed here.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::arn::Arn;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::observe::Event;
use crate::operation::{AssumeRole, AssumeRoleWithWebIdentity, Operation};
use crate::shape::AssumedRoleUser;
use crate::source::Context;
use crate::step::{ReadFile, WriteFile};
use crate::token::cli_cache;

/// How many access key ids are remembered that came from a file, and that a service refused. A file that holds one of the
/// latter is written anew at the next look.
const REMEMBERED: usize = 16;

/// A directory of files, one for each request.
#[derive(Clone, Debug)]
pub(super) struct RoleCache {
    directory: PathBuf,
    /// Clones share it.
    known: Arc<Mutex<Known>>,
}

/// Access key ids, the oldest first.
#[derive(Debug, Default)]
struct Known {
    /// Those that came from a file.
    given: Vec<String>,
    /// Those that a service refused.
    refused: Vec<String>,
}

/// The parts of a request for a role that a cache looks at.
pub(super) struct Role<'a> {
    arn: &'a str,
    session_name: &'a str,
    duration_seconds: Option<u32>,
}

impl Role<'_> {
    /// Whether a file that names this account, or this session by its ARN, is of another role or another session.
    ///
    /// Only what both sides name is compared: some servers leave the account of a session's ARN empty, or all of the ARN. IAM has
    /// no two roles whose names differ in case only.
    fn is_foreign(&self, account: Option<&str>, user: Option<&str>) -> bool {
        let differ = |one: &str, other: &str| !one.is_empty() && !other.is_empty() && one != other;
        let Ok(wanted) = Arn::parse(self.arn) else { return false };
        if account.is_some_and(|account| differ(account, wanted.account())) {
            return true;
        }
        let Some(Ok(user)) = user.map(Arn::parse) else { return false };
        let role_names = wanted.role_name().zip(user.role_name());
        differ(user.account(), wanted.account())
            || role_names.is_some_and(|(wanted, found)| !wanted.eq_ignore_ascii_case(found))
            || user.session_name().is_some_and(|found| differ(found, self.session_name))
    }
}

/// A request for a role, of which the AWS CLI keeps what comes.
pub(super) trait RoleRequest: Operation {
    fn role(&self) -> Role<'_>;
}

impl RoleRequest for AssumeRole {
    fn role(&self) -> Role<'_> {
        Role {
            arn: &self.role_arn,
            session_name: &self.role_session_name,
            duration_seconds: self.duration_seconds,
        }
    }
}

impl RoleRequest for AssumeRoleWithWebIdentity {
    fn role(&self) -> Role<'_> {
        Role {
            arn: &self.role_arn,
            session_name: &self.role_session_name,
            duration_seconds: self.duration_seconds,
        }
    }
}

impl RoleCache {
    pub(super) fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), known: Arc::default() }
    }

    /// What the file for that request holds, or else what `fetch` brings, which is kept in it then. Where the AWS CLI's name for
    /// the file is not certain, or nobody wants a cache, there is none.
    pub(super) async fn or_fetch<O: RoleRequest>(
        cache: Option<&Self>,
        context: &Context,
        operation: &O,
        fetch: impl Future<Output = Result<(Credentials, AssumedRoleUser), Error>>,
    ) -> Result<Credentials, Error> {
        let place = cache.and_then(|cache| Some((cache, cache.file(operation)?)));
        let Some((cache, file)) = place else { return Ok(fetch.await?.0) };
        if let Some(credentials) = cache.find(context, &file, operation).await {
            return Ok(credentials);
        }
        let (credentials, user) = fetch.await?;
        // Where that fails there is no cache, and the credentials are good all the same.
        if let Ok(contents) = cli_cache::write(&credentials, Some(&user))
            && let Err(error) = context.ask().write(WriteFile::new(file.clone(), contents)).await
        {
            context.tell(&Event::CacheNotWritten { file: &file, error: &error });
        }
        Ok(credentials)
    }

    fn file<O: RoleRequest>(&self, operation: &O) -> Option<PathBuf> {
        let name = cli_cache::file_name(operation, operation.role().session_name.is_empty()).ok()?;
        Some(self.directory.join(name))
    }

    /// What the file holds, if that can be used. Whatever else there is, the role is assumed and the file written anew.
    async fn find<O: RoleRequest>(
        &self,
        context: &Context,
        file: &PathBuf,
        operation: &O,
    ) -> Option<Credentials> {
        let role = operation.role();
        let contents = context.ask().read(ReadFile::new(file, cli_cache::MAX_FILE_BYTES)).await.ok()?;
        let (credentials, user) = cli_cache::read_with_user(contents.as_ref())?;
        let id = credentials.access_key_id();
        let left = credentials.expiration()? - context.server_time();
        let is_foreign = role.is_foreign(credentials.account_id(), user.as_deref());
        // A refresh wants others than those that it has, which this file gave or got: of another program, if there are any.
        let is_replaced = context.is_replaced(id);
        let mut known = self.known();
        if left < cli_cache::least_left(role.duration_seconds)
            || is_foreign
            || is_replaced
            || known.refused.iter().any(|refused| refused == id)
        {
            return None;
        }
        remember(&mut known.given, id);
        Some(credentials)
    }

    /// Does not give those credentials again. Says whether they came from a file, so that another look helps; what was
    /// fetched and refused would be refused again, and each role upon it would double the requests.
    pub(super) fn refuse(&self, access_key_id: &str) -> bool {
        let mut known = self.known();
        remember(&mut known.refused, access_key_id);
        known.given.iter().any(|id| id == access_key_id)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remember(ids: &mut Vec<String>, id: &str) {
    if !ids.iter().any(|known| known == id) {
        if ids.len() == REMEMBERED {
            ids.remove(0);
        }
        ids.push(id.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::config::profile::ProfileSet;
    use crate::config::{Config, Files};
    use crate::refresh::{Cached, RefreshPolicy, Turn};
    use crate::source::environment::Environment;
    use crate::source::testing::{Asked, NOW, Play, context, found, sts_refusal, sts_reply};
    use crate::source::{AssumedRole, Chain, Given, Profile, Source};

    const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

    fn role() -> AssumeRole {
        AssumeRole::new(ROLE, "").serial_number("GAHT12345678")
    }

    fn source() -> AssumedRole {
        let base = Credentials::new("AKIABASE", "sEcReTbase").unwrap();
        AssumedRole::new(Given::new(base), role()).cached_in("/cache")
    }

    /// A file whose credentials last that many seconds.
    fn file(seconds: i64, account: &str) -> String {
        let at = time::OffsetDateTime::from_unix_timestamp(NOW + seconds).unwrap();
        let credentials = Credentials::new("ASIAFILE", "sEcReT").unwrap().with_session_token("t").unwrap();
        let credentials = credentials.with_expiration(at).with_account_id(account);
        let body = cli_cache::write(&credentials, None).unwrap();
        std::str::from_utf8(body.as_ref()).unwrap().to_owned()
    }

    fn assumed(play: Play) -> Play {
        play.code("123456").reply(200, sts_reply("AssumeRole")).written(Ok(()))
    }

    #[test]
    fn a_file_with_time_left_is_all_that_is_needed() {
        let (result, asked) = Play::new().file(file(900, "123456789012")).watch(source());
        let credentials = found(result);
        assert_eq!((credentials.access_key_id(), credentials.source()), ("ASIAFILE", Some("assumed role")));
        let [Asked::File(path)] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!(path, &format!("/cache/{}", cli_cache::file_name(&role(), true).unwrap()));
    }

    #[test]
    fn a_short_session_is_kept_too() {
        let with = |seconds| {
            let operation = role().duration_seconds(900);
            let source = AssumedRole::new(Given::new(Credentials::new("AKIABASE", "s").unwrap()), operation);
            let play = Play::new().file(file(seconds, "123456789012"));
            let play = if seconds < 300 { assumed(play) } else { play };
            found(play.run(source.cached_in("/cache"))).access_key_id().to_owned()
        };
        assert_eq!((with(300), with(299)), ("ASIAFILE".to_owned(), "ASIAROLE".to_owned()));
    }

    #[test]
    fn a_refresh_is_not_given_what_it_replaces() {
        let cached = Cached::new(Chain::new().with(source()), RefreshPolicy::default(), 7);
        let refreshed = |play: Play| {
            let cached = cached.clone();
            let (outcome, _) = play.flow(|ask| async move {
                let context = context(ask);
                match cached.force(context.server_time())? {
                    Turn::Refresh(permit) => permit.load(context).await,
                    turn => panic!("{turn:?}"),
                }
            });
            outcome.unwrap().credentials.access_key_id().to_owned()
        };
        let kept = file(3600, "123456789012");
        assert_eq!(refreshed(Play::new().file(kept.clone())), "ASIAFILE");
        // What another program has fetched since is as good as what this one would fetch.
        let other = kept.replace("ASIAFILE", "ASIAOTHER");
        assert_eq!(refreshed(Play::new().file(other.clone())), "ASIAOTHER");
        assert_eq!(refreshed(assumed(Play::new().file(other))), "ASIAROLE");
    }

    #[test]
    fn what_cannot_be_used_is_replaced() {
        let good = file(3600, "123456789012");
        let unusable = [
            file(899, "123456789012"),
            file(-1, "123456789012"),
            file(3600, "210987654321"),
            good[1..].to_owned(),
            "x".repeat(cli_cache::MAX_FILE_BYTES + 1),
            String::new(),
        ];
        let plays = unusable.into_iter().map(|file| Play::new().file(file)).chain(
            [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied, io::ErrorKind::IsADirectory]
                .map(|kind| Play::new().no_file(kind)),
        );
        for play in plays {
            let (result, asked) = assumed(play).watch(source());
            assert_eq!(found(result).access_key_id(), "ASIAROLE");
            let [Asked::File(read), .., Asked::Write(write)] = &asked[..] else { panic!("{asked:?}") };
            assert_eq!(Some(read.as_str()), write.path.to_str());
            let kept = cli_cache::read(write.contents.as_ref()).unwrap();
            assert_eq!((kept.access_key_id(), kept.account_id()), ("ASIAROLE", Some("123456789012")));
        }
    }

    #[test]
    fn file_of_another_role_or_session_is_replaced() {
        let user = |arn: &str| AssumedRoleUser { assumed_role_id: "AROA:s".to_owned(), arn: arn.to_owned() };
        let check = |arn: &str, session_name: &str, is_taken: bool| {
            let at = time::OffsetDateTime::from_unix_timestamp(NOW + 3600).unwrap();
            let credentials =
                Credentials::new("ASIAFILE", "sEcReT").unwrap().with_session_token("t").unwrap();
            let file = cli_cache::write(&credentials.with_expiration(at), Some(&user(arn))).unwrap();
            let mut json: serde_json::Value = serde_json::from_slice(file.as_ref()).unwrap();
            json["Credentials"].as_object_mut().unwrap().remove("AccountId");
            let base = Given::new(Credentials::new("AKIABASE", "s").unwrap());
            let role = AssumeRole::new(ROLE, session_name).serial_number("GAHT12345678");
            let play = Play::new().file(json.to_string());
            let play = if is_taken { play } else { assumed(play) };
            let found = found(play.run(AssumedRole::new(base, role).cached_in("/cache")));
            assert_eq!(found.access_key_id() == "ASIAFILE", is_taken, "{arn}");
        };
        for (arn, session_name, is_taken) in [
            ("arn:aws:sts::123456789012:assumed-role/Deploy/any", "", true),
            ("arn:aws:sts::123456789012:assumed-role/Deploy/ci", "ci", true),
            ("arn:aws:sts:::assumed-role/Deploy/ci", "ci", true),
            ("arn:aws:sts::123456789012:assumed-role/Deploy/cd", "ci", false),
            ("arn:aws:sts::123456789012:assumed-role/Admin/ci", "ci", false),
            ("arn:aws:sts::210987654321:assumed-role/Deploy/ci", "ci", false),
            ("no ARN", "ci", true),
            ("", "ci", true),
        ] {
            check(arn, session_name, is_taken);
        }
    }

    #[test]
    fn a_cache_that_cannot_be_written_does_no_harm() {
        let play =
            Play::new().no_file(io::ErrorKind::NotFound).code("123456").reply(200, sts_reply("AssumeRole"));
        found(play.written(Err(io::ErrorKind::PermissionDenied.into())).run(source()));
    }

    #[test]
    fn a_profile_keeps_its_roles_where_the_cli_does_if_it_is_told_to() {
        let text = b"[default]\nrole_arn=arn:aws:iam::123456789012:role/Deploy\nmfa_serial=GAHT12345678\n\
            source_profile=default\naws_access_key_id=AKID\naws_secret_access_key=s\n";
        let environment: crate::config::Environment = [("HOME", "/home/alice")].into_iter().collect();
        let files = Files::locate(&environment).unwrap();
        let profiles = ProfileSet::parse(&files, Some(text), None).unwrap();
        let config = Config::new(environment, profiles, None).unwrap();
        let with = |on: bool| Profile::new(Arc::new(config.clone().cache_roles(on)));
        let (result, asked) = Play::new().file(file(3600, "123456789012")).watch(with(true));
        assert_eq!(found(result).access_key_id(), "ASIAFILE");
        let [Asked::File(path)] = &asked[..] else { panic!("{asked:?}") };
        let name = cli_cache::file_name(&role(), true).unwrap();
        assert_eq!(path, &format!("/home/alice/.aws/cli/cache/{name}"));
        found(Play::new().code("123456").reply(200, sts_reply("AssumeRole")).run(with(false)));
    }

    #[test]
    fn a_request_without_a_certain_name_is_not_kept() {
        let base = Credentials::new("AKIABASE", "s").unwrap();
        let odd = AssumeRole::new(ROLE, "").policy(r#"{"a":1e300}"#);
        let source = AssumedRole::new(Given::new(base), odd).cached_in("/cache");
        found(Play::new().reply(200, sts_reply("AssumeRole")).run(source));
    }

    #[test]
    fn a_refusal_of_sts_leaves_the_file_alone() {
        let play = Play::new().no_file(io::ErrorKind::NotFound).code("123456");
        play.reply(403, sts_refusal("AccessDenied")).run(source()).unwrap_err();
    }

    #[test]
    fn credentials_that_a_service_refused_are_not_taken_from_the_file_again() {
        let source = Arc::new(source());
        let chain = Chain::new().with(Arc::clone(&source));
        let cached = Cached::new(chain, RefreshPolicy::default(), 7);
        let play = assumed(Play::new().file(file(3600, "123456789012")).file(file(3600, "123456789012")));
        let (outcome, _) = play.flow(|ask| async move {
            let context = context(ask);
            assert_eq!(found(cached.look(&context).await).access_key_id(), "ASIAFILE");
            // Those that have just come are not dropped at once.
            assert!(cached.refused(context.server_time() + time::Duration::seconds(10), "ASIAFILE"));
            cached.look(&context).await
        });
        assert_eq!(found(outcome).access_key_id(), "ASIAROLE");
        // What is remembered is bounded.
        let cache = RoleCache::new("/cache");
        assert!((0..2 * REMEMBERED).all(|i| !cache.refuse(&format!("ASIA{i}"))));
        let refused = &cache.known().refused;
        assert_eq!((refused.len(), refused[0].as_str()), (REMEMBERED, &*format!("ASIA{REMEMBERED}")));
    }

    #[test]
    fn a_base_from_a_file_is_replaced_once_and_a_fresh_one_is_not() {
        let upon = |source| AssumedRole::new(source, AssumeRole::new(ROLE, "upon"));
        let play = Play::new().file(file(3600, "123456789012")).reply(400, sts_refusal("ExpiredToken"));
        let play = assumed(play.file(file(3600, "123456789012"))).reply(400, sts_refusal("ExpiredToken"));
        play.run(upon(source())).unwrap_err();
        let play = assumed(Play::new().no_file(io::ErrorKind::NotFound));
        play.reply(400, sts_refusal("ExpiredToken")).run(upon(source())).unwrap_err();
    }

    #[test]
    fn a_chain_tells_its_sources_of_a_refusal() {
        let chain = Chain::new().with(Given::new(Credentials::new("AKIA", "s").unwrap())).with(source());
        let play = Play::new().file(file(3600, "123456789012"));
        let (outcome, _) = play.flow(|ask| async move {
            let context = context(ask);
            // Nothing of the file was given yet.
            assert!(!Source::refused(&chain, &context, "ASIAFILE"));
            let source = source();
            found(source.look(&context).await);
            let chain = Chain::new().with(Environment::new(|_| None)).with(source);
            assert!(Source::refused(&chain, &context, "ASIAFILE"));
            assert!(!Source::refused(&chain, &context, "ASIAOTHER"));
            Ok(())
        });
        outcome.unwrap();
    }
}
