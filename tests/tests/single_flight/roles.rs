//! Roles upon roles, and many roles.

use std::thread;

use async_executor::Executor;
use futures_lite::future::block_on;
use sts_async::Presign;
use sts_async::operation::GetCallerIdentity;
use sts_async::pool::PoolPolicy;

use crate::sts::{Say, Sts, blocking, role, tasks};

#[test]
fn roles_are_chained_over_one_cache() {
    let sts = Sts::default();
    let (client, provider) = blocking(&sts);
    let outer = client.with_provider(provider.clone());
    let inner = sts_blocking::AssumeRoleProvider::new(&outer, role("inner")).build().unwrap();
    assert_eq!(inner.credentials().unwrap().access_key_id(), "ASIA2");
    assert_eq!(inner.refresh().unwrap().access_key_id(), "ASIA3");
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");

    let sts = Sts::default();
    let (client, provider) = tasks(&sts);
    let inner =
        sts_async::AssumeRoleProvider::new(&client, role("inner")).provider(provider).build().unwrap();
    assert_eq!(block_on(inner.credentials()).unwrap().access_key_id(), "ASIA2");
}

#[test]
fn what_is_presigned_has_the_credentials_of_a_provider_that_were_not_fetched_yet() {
    let (operation, options) = (GetCallerIdentity::new(), Presign::default());
    let sts = Sts::default();
    let (client, provider) = tasks(&sts);
    let url = block_on(client.with_provider(provider).presign(&operation, &options)).unwrap();
    assert!(url.expose().contains("Credential=ASIA1%2F"));

    let sts = Sts::default();
    let (client, provider) = blocking(&sts);
    let url = client.with_provider(provider).presign(&operation, &options).unwrap();
    assert!(url.expose().contains("Credential=ASIA1%2F"));
}

/// Its refreshes would go to the other one's endpoint.
#[test]
fn a_base_over_another_client_is_refused() {
    let (ours, theirs) = (Sts::default(), Sts::default());
    let ((client, _), (_, provider)) = (blocking(&ours), blocking(&theirs));
    let explicit = sts_blocking::AssumeRoleProvider::new(&client, role("r")).provider(provider.clone());
    let inherited = sts_blocking::AssumeRoleProvider::new(&client.with_provider(provider), role("r"));
    for builder in [explicit, inherited] {
        let error = builder.build().unwrap_err();
        assert!(error.to_string().contains("`Provider` must be over the same client"), "{error}");
    }
    let ((client, _), (_, provider)) = (tasks(&ours), tasks(&theirs));
    let error = sts_async::AssumeRoleProvider::new(&client, role("r")).provider(provider).build();
    assert!(error.unwrap_err().to_string().contains("`Provider` must be over the same client"));
    assert_eq!((ours.roles(), theirs.roles()), (0, 0));
}

#[test]
fn a_role_needs_credentials_and_a_token_its_file() {
    let sts = Sts::default();
    let client = sts_blocking::Client::with_transport(sts).region("eu-west-1").build().unwrap();
    let error = sts_blocking::AssumeRoleProvider::new(&client, role("r")).build().unwrap_err();
    assert!(error.to_string().contains("Credentials"), "{error}");

    let path = std::env::temp_dir().join(format!("sts-web-identity-{}", std::process::id()));
    let operation = sts_blocking::operation::AssumeRoleWithWebIdentity::new(
        "arn:aws:iam::123456789012:role/r",
        "session",
        "",
    );
    let provider = sts_blocking::WebIdentityProvider::new(&client, operation, &path).build();
    let error = provider.credentials().unwrap_err();
    assert!(error.to_string().contains("failed to read"), "{error}");
    std::fs::write(&path, "some.jwt.token\n").unwrap();
    assert_eq!(provider.refresh().unwrap().access_key_id(), "ASIA1");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_pool_makes_one_call_for_each_role_and_a_few_at_once() {
    const ROLES: usize = 200;
    let policy = PoolPolicy::default().concurrency(4);
    let wanted: Vec<_> = (0..ROLES).map(|i| role(&format!("r{i}"))).collect();

    let sts = Sts::default();
    let (client, _) = tasks(&sts);
    let pool = sts_async::RolePool::with_policy(&client, policy);
    let executor = Executor::new();
    let running: Vec<_> = (0..10 * ROLES)
        .map(|i| {
            let (pool, role) = (pool.clone(), wanted[i % ROLES].clone());
            let task = executor.spawn(async move { pool.credentials(&role).await });
            // One in seven is given up.
            (i % 7 != 3).then_some(task)
        })
        .collect();
    block_on(executor.run(async {
        for task in running.into_iter().flatten() {
            task.await.unwrap();
        }
    }));
    assert_eq!(sts.roles(), ROLES);
    assert_eq!(pool.len(), ROLES);
    assert!(sts.0.lock().unwrap().most_under_way <= 4);

    let sts = Sts::default();
    let (client, _) = blocking(&sts);
    let pool = sts_blocking::RolePool::with_policy(&client, policy);
    thread::scope(|scope| {
        for thread in 0..20 {
            let (pool, wanted) = (&pool, &wanted);
            scope.spawn(move || {
                for role in &wanted[thread / 2..20] {
                    pool.credentials(role).unwrap();
                }
            });
        }
    });
    assert_eq!(sts.roles(), 20);
    assert!(sts.0.lock().unwrap().most_under_way <= 4);
}

#[test]
fn a_pool_fails_by_role_and_forgets_what_was_not_used() {
    let sts = Sts::new([Say::Refuse("AccessDenied")]);
    let (client, _) = blocking(&sts);
    let pool = sts_blocking::RolePool::with_policy(&client, PoolPolicy::default().capacity(2));
    assert!(pool.credentials(&role("a")).unwrap_err().is_access_denied());
    assert!(pool.credentials(&role("a")).unwrap_err().is_access_denied());
    assert_eq!(pool.credentials(&role("b")).unwrap().access_key_id(), "ASIA2");
    assert_eq!(pool.credentials(&role("c")).unwrap().access_key_id(), "ASIA3");
    assert_eq!(pool.credentials(&role("b")).unwrap().access_key_id(), "ASIA2");
    assert_eq!(pool.credentials(&role("d")).unwrap().access_key_id(), "ASIA4");
    assert_eq!(pool.len(), 2);
    // It was `c` that had not been used for the longest.
    assert_eq!(pool.credentials(&role("b")).unwrap().access_key_id(), "ASIA2");
    assert_eq!(pool.credentials(&role("c")).unwrap().access_key_id(), "ASIA5");
    // Other parameters are another session.
    assert_eq!(pool.credentials(&role("c").duration_seconds(900)).unwrap().access_key_id(), "ASIA6");
}
