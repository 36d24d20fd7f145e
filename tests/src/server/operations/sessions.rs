//! Answers that give the caller other credentials for the same rights, or fewer.

use time::{Duration, OffsetDateTime};

use super::{Call, trust};
use crate::server::ids;
use crate::server::keys::{Kind, Principal, Session};
use crate::server::refusal::Refusal;
use crate::server::xml::Node;

const SESSION_DURATION: i64 = 43_200;
/// The most that a root user gets, whatever it asks for.
const ROOT_SESSION_DURATION: i64 = 3600;
const DELEGATED_DURATION: i64 = 3600;
/// The role that every trade-in token stands for.
const DELEGATED_ROLE: &str = "DelegatedRole";

pub(crate) fn get_session_token(call: &Call<'_>) -> Result<Vec<Node>, Refusal> {
    let mfa = trust::check_mfa(call)?;
    let principal = call.caller()?.principal.clone();
    let expires = expires(call, principal.kind);
    let issued = call.issue(principal, expires, Session { mfa, ..Session::default() })?;
    Ok(std::iter::once(issued.credentials).chain(issued.token_size).collect())
}

pub(crate) fn get_federation_token(call: &Call<'_>) -> Result<Vec<Node>, Refusal> {
    call.check_policy()?;
    let caller = &call.caller()?.principal;
    let principal = Principal::federated_user_in(&caller.partition, caller.account(), call.required("Name"));
    let user = Node::Group(
        "FederatedUser",
        vec![Node::text("FederatedUserId", principal.user_id()), Node::text("Arn", principal.arn())],
    );
    let issued = call.issue(principal, expires(call, caller.kind), Session::default())?;
    let mut members = vec![issued.credentials, user];
    members.extend(call.packed_policy_size()?);
    members.extend(issued.token_size);
    Ok(members)
}

/// The sizes stay out: the model has no token size here, and says that `PackedPolicySize` is not populated.
pub(crate) fn get_delegated_access_token(call: &Call<'_>) -> Result<Vec<Node>, Refusal> {
    let caller = &call.caller()?.principal;
    // The same token stands for the same session.
    let session = format!("{:016x}", ids::stable_hash(call.required("TradeInToken"), 0));
    let principal = Principal::role_session_in(&caller.partition, caller.account(), DELEGATED_ROLE, &session);
    let assumed = Node::text("AssumedPrincipal", principal.arn());
    let expires = call.now.saturating_add(Duration::seconds(DELEGATED_DURATION));
    let issued = call.issue(principal, expires, Session::default())?;
    Ok(vec![issued.credentials, assumed])
}

fn expires(call: &Call<'_>, kind: Kind) -> OffsetDateTime {
    let expires = call.expires(SESSION_DURATION);
    let limit = call.now.saturating_add(Duration::seconds(ROOT_SESSION_DURATION));
    if kind == Kind::Root { expires.min(limit) } else { expires }
}
