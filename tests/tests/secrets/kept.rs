//! Credentials that are kept: the machines that refresh them, and what those who ask are told.

use std::sync::Arc;
use std::task::{Context as TaskContext, Waker};

use sts_proto::Error;
use sts_proto::operation::AssumeRole;
use sts_proto::pool::{self, Pool, PoolPolicy, PoolTurn, RoleKey, SharedPool};
use sts_proto::refresh::{self, Cached, Refresh, RefreshPolicy, Turn};
use sts_proto::source::{Chain, Given};

use super::seen::Seen;
use super::*;

pub(super) fn show(seen: &Seen) {
    machine(seen);
    cached(seen);
    pools(seen);
}

fn failure() -> Error {
    Error::credentials("test", "it did not work")
}

fn machine(seen: &Seen) {
    let mut machine = Refresh::new(RefreshPolicy::default(), 7);
    show!(seen, RefreshPolicy::default(), machine);
    let decision = machine.ask(NOW);
    show!(seen, decision, machine, machine.ask(NOW));
    let refresh::Decision::Refresh { round, .. } = decision else { panic!("{decision:?}") };
    let served = machine.finished(round, NOW, Ok(credentials())).unwrap();
    show!(seen, served, machine, machine.ask(NOW));
    let mut failing = Refresh::new(RefreshPolicy::default(), 7);
    let refresh::Decision::Refresh { round, .. } = failing.ask(NOW) else { panic!("{failing:?}") };
    seen.outcome(&failing.finished(round, NOW, Err(failure())));
    show!(seen, failing.ask(NOW), failing);
}

fn cached(seen: &Seen) {
    let cached = Cached::new(Chain::new().with(Given::new(credentials())), RefreshPolicy::default(), 7);
    show!(seen, cached, cached.status(NOW));
    let first = cached.turn(NOW).unwrap();
    let second = cached.turn(NOW).unwrap();
    show!(seen, first, second);
    let Turn::Wait(mut waiting) = second else { panic!("{second:?}") };
    let mut context = TaskContext::from_waker(Waker::noop());
    assert!(std::pin::Pin::new(&mut waiting).poll(&mut context).is_pending());
    show!(seen, waiting);
    let Turn::Refresh(permit) = first else { panic!("{first:?}") };
    show!(seen, permit);
    let outcome = sources::run(seen, move |context| async move { permit.load(context).await });
    assert!(outcome.is_ok(), "{outcome:?}");
    seen.outcome(&outcome);
    show!(seen, cached, cached.status(NOW), cached.turn(NOW));
}

fn pools(seen: &Seen) {
    let policy = PoolPolicy::default().concurrency(1);
    let secretive = AssumeRole::new(ROLE, "other").external_id(EXTERNAL_ID).token_code(CODE);
    let keys = [RoleKey::of(&role()), RoleKey::of(&secretive)];
    show!(seen, policy, keys[0]);

    let mut pool = Pool::new(policy, 7);
    let decision = pool.ask(&keys[0], NOW);
    show!(seen, decision, pool, pool.ask(&keys[1], NOW));
    let pool::Decision::Refresh { round } = decision else { panic!("{decision:?}") };
    seen.outcome(&pool.finished(&keys[0], round, NOW, Ok(credentials())));
    show!(seen, pool, pool.ask(&keys[0], NOW));

    let shared = SharedPool::new(policy, 7);
    let first = shared.turn(keys[0], NOW).unwrap();
    let second = shared.turn(keys[1], NOW).unwrap();
    show!(seen, shared, first, second);
    let PoolTurn::Wait(waiting) = second else { panic!("{second:?}") };
    show!(seen, waiting);
    let PoolTurn::Refresh(permit) = first else { panic!("{first:?}") };
    show!(seen, permit);
    seen.outcome(&permit.finish(NOW, Ok(credentials())));
    show!(seen, shared, shared.turn(keys[0], NOW));
    let served: Arc<_> = Arc::new(credentials());
    show!(seen, PoolTurn::Serve(served));
}
