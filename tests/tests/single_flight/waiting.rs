//! One refreshes, and the others wait: threads and tasks, dropped at any point.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use async_executor::{Executor, LocalExecutor};
use futures_lite::future::{self, block_on, poll_once};
use sts_async::refresh::{Cached, RefreshPolicy, Turn};
use sts_async::source::{Chain, Given};
use sts_async::step::Answer;
use sts_async::time::OffsetDateTime;
use sts_async::{Body, http};

use crate::sts::{Say, Sts, blocking, key, role, tasks};
use crate::{TASKS, THREADS};

/// Gets credentials of a second, and lets them expire.
fn expire() {
    thread::sleep(Duration::from_millis(2100));
}

/// Wants the cache's lock when it is dropped.
struct Asks(Cached);

impl Wake for Asks {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Asks {
    fn drop(&mut self) {
        let _ = self.0.status(OffsetDateTime::UNIX_EPOCH);
    }
}

#[test]
fn a_waker_that_another_one_replaces_is_dropped_without_the_lock() {
    let cached = Cached::new(Chain::new().with(Given::new(key())), RefreshPolicy::default(), 1);
    let now = OffsetDateTime::UNIX_EPOCH;
    let permit = cached.turn(now).unwrap();
    let Turn::Wait(mut waiting) = cached.turn(now).unwrap() else { panic!("somebody refreshes") };
    let polled = thread::spawn(move || {
        for _ in 0..2 {
            let waker = Waker::from(Arc::new(Asks(cached.clone())));
            assert!(Pin::new(&mut waiting).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        // Here, for it wants the lock as well.
        drop(permit);
    });
    let late = Instant::now() + Duration::from_secs(60);
    while !polled.is_finished() {
        assert!(Instant::now() < late, "it waits for the lock that it holds");
        thread::sleep(Duration::from_millis(5));
    }
    polled.join().unwrap();
}

#[test]
fn threads_on_an_expired_value_make_one_call() {
    let sts = Sts::new([Say::Grant(2)]);
    let (_, provider) = blocking(&sts);
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");
    expire();
    assert!(provider.current().is_none());
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                barrier.wait();
                assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA2");
            });
        }
    });
    assert_eq!(sts.roles(), 2);
}

#[test]
fn tasks_on_an_expired_value_make_one_call() {
    let sts = Sts::new([Say::Grant(2)]);
    let (_, provider) = tasks(&sts);
    assert_eq!(block_on(provider.credentials()).unwrap().access_key_id(), "ASIA1");
    expire();
    // On two threads, so that they do meet.
    let executor = Executor::new();
    let running: Vec<_> = (0..TASKS)
        .map(|_| {
            let provider = provider.clone();
            executor.spawn(async move { provider.credentials().await.unwrap().access_key_id().to_owned() })
        })
        .collect();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            block_on(executor.run(async {
                while !is_done.load(Ordering::Relaxed) {
                    future::yield_now().await;
                }
            }));
        });
        block_on(executor.run(async {
            for task in running {
                assert_eq!(task.await, "ASIA2");
            }
        }));
        is_done.store(true, Ordering::Relaxed);
    });
    assert_eq!(sts.roles(), 2);
}

#[test]
fn a_dropped_refresh_goes_to_the_next_who_waits() {
    let sts = Sts::default();
    let (_, provider) = tasks(&sts);
    let executor = LocalExecutor::new();
    block_on(executor.run(async {
        let mut first = Box::pin(provider.credentials());
        assert!(poll_once(&mut first).await.is_none());
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let provider = provider.clone();
                executor.spawn(async move { provider.credentials().await })
            })
            .collect();
        for _ in 0..1000 {
            future::yield_now().await;
        }
        // They wait for one who does nothing.
        assert!(waiting.iter().all(|task| !task.is_finished()));
        drop(first);
        // And for one who has just taken over.
        let mut waiting = waiting.into_iter();
        waiting.next().unwrap().cancel().await;
        for task in waiting {
            assert_eq!(task.await.unwrap().access_key_id(), "ASIA1");
        }
    }));
    assert_eq!(sts.roles(), 1);
}

#[test]
fn whoever_is_dropped_at_any_point_leaves_the_others_served() {
    for polls in 0..30 {
        let sts = Sts::default();
        let (_, provider) = tasks(&sts);
        block_on(async {
            let mut first = Box::pin(provider.credentials());
            let mut second = Box::pin(provider.credentials());
            for _ in 0..polls {
                let _ = poll_once(&mut first).await.is_some_and(|_| true)
                    || poll_once(&mut second).await.is_some();
                if sts.roles() > 0 {
                    break;
                }
            }
            drop(first);
            assert_eq!(provider.credentials().await.unwrap().access_key_id(), "ASIA1");
        });
        assert_eq!(sts.roles(), 1);
    }
}

/// A provider lives on one thread where its transport does.
#[test]
fn a_transport_of_one_thread() {
    struct Local(Rc<Cell<u32>>, Sts);

    impl sts_async::Transport for Local {
        async fn send(&self, request: http::Request<Body>, timeout: Duration) -> Answer {
            self.0.set(self.0.get() + 1);
            sts_async::Transport::send(&self.1, request, timeout).await
        }

        async fn sleep(&self, _: Duration) {}
    }

    let sent = Rc::new(Cell::new(0));
    let local = Local(Rc::clone(&sent), Sts::default());
    let client =
        sts_async::Client::with_transport(local).region("eu-west-1").credentials(key()).build().unwrap();
    let provider = sts_async::AssumeRoleProvider::new(&client, role("r")).build().unwrap();
    let executor = LocalExecutor::new();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let provider = provider.clone();
            executor.spawn(async move { provider.credentials().await })
        })
        .collect();
    block_on(executor.run(async {
        for task in tasks {
            task.await.unwrap();
        }
    }));
    assert_eq!(sent.get(), 1);
}
