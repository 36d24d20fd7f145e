//! Answers that give the caller other credentials for the same rights, or fewer.

use time::Duration;

use super::{Call, Session, trust};
use crate::server::ids;
use crate::server::keys::{Kind, Principal};
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
    let duration = allowed(call, principal.kind);
    let issued = call.issue(principal, duration, Session { mfa, ..Session::default() });
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
    let issued = call.issue(principal, allowed(call, caller.kind), Session::default());
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
    let issued = call.issue(principal, Duration::seconds(DELEGATED_DURATION), Session::default());
    Ok(vec![issued.credentials, assumed])
}

fn allowed(call: &Call<'_>, kind: Kind) -> Duration {
    let asked = call.duration(SESSION_DURATION);
    if kind == Kind::Root { asked.min(Duration::seconds(ROOT_SESSION_DURATION)) } else { asked }
}
