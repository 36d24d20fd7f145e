//! Futures that are dropped, spawned, many, or bound to one thread.

use std::cell::Cell;
use std::future::ready;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use async_executor::LocalExecutor;
use futures_lite::future;

use super::*;

on_both! {
    dropped_at_every_await_point
    many_calls_at_once_on_one_thread
}

/// Thousands of calls are under way at once, and each of them is a future.
#[test]
fn a_future_is_small() {
    let client = client::<sts_async::smol::SmolConnector>(&server());
    let size = size_of_val(&client.send(AssumeRole::new(ROLE, "session")));
    assert!(size <= 4500, "{size} bytes");
}

/// After every one of them the client works, and what is open is what waits for the next call.
fn dropped_at_every_await_point<R: Runtime>() {
    let server = server();
    let open = Arc::new(());
    let connector = Halting { connector: R::default(), open: Arc::clone(&open) };
    let client = Client::with_connector(connector).endpoint_url(server.url()).credentials(user(&server));
    let client = client.region("us-east-1").retry(RetryPolicy::never()).build().unwrap();
    let held = |open: &Arc<()>| Arc::strong_count(open) - 2;
    R::block_on(async {
        let mut points = 0;
        for times in 1.. {
            // Every other time on a new connection.
            if times % 2 == 0 {
                client.close_idle();
            }
            let before = held(&open);
            let is_done = polled(times, client.send(GetCallerIdentity::new())).await.is_some();
            if is_done {
                assert_eq!(held(&open), 1);
                break;
            }
            assert!(held(&open) <= before, "the connection of a dropped call was kept");
            client.send(GetCallerIdentity::new()).await.unwrap();
            points = times;
        }
        assert!(points > 20, "only {points} points");
        drop(client);
        assert_eq!(Arc::strong_count(&open), 1);
    });
}

fn many_calls_at_once_on_one_thread<R: Runtime>() {
    const CALLS: usize = 500;
    let server = Server::start_with(Limits { connections: CALLS + 1, ..Limits::default() }).unwrap();
    let client = client::<R>(&server);
    let executor = LocalExecutor::new();
    R::block_on(executor.run(async {
        let calls: Vec<_> =
            (0..CALLS).map(|_| executor.spawn(client.send(GetCallerIdentity::new()))).collect();
        for call in calls {
            call.await.unwrap();
        }
        let connections = server.connections();
        // What was kept of them serves the next ones.
        let calls: Vec<_> =
            (0..MAX_IDLE_PER_HOST).map(|_| executor.spawn(client.send(GetCallerIdentity::new()))).collect();
        for call in calls {
            call.await.unwrap();
        }
        assert_eq!(server.connections(), connections);
    }));
}

#[test]
fn calls_can_be_spawned() {
    let server = server();
    let client = client::<sts_async::tokio::TokioConnector>(&server);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let call = tokio::spawn(client.send(GetCallerIdentity::new()));
        assert_eq!(call.await.unwrap().unwrap().arn, server.user().arn());
    });
    let client = self::client::<sts_async::smol::SmolConnector>(&server);
    let call = thread::spawn(move || future::block_on(client.send(GetCallerIdentity::new())));
    call.join().unwrap().unwrap();
}

/// Lives on one thread.
struct Local(Rc<Cell<u32>>);

impl Transport for Local {
    fn send(&self, _: Request<Body>, _: Duration) -> impl Future<Output = Outcome> {
        self.0.set(self.0.get() + 1);
        ready(Ok(Response::new(Body::from(b"<Error><Code>Local</Code></Error>".to_vec()))))
    }

    fn sleep(&self, _: Duration) -> impl Future<Output = ()> {
        ready(())
    }
}

#[test]
fn a_transport_may_live_on_one_thread() {
    let sent = Rc::new(Cell::new(0));
    let client = Client::with_transport(Local(Rc::clone(&sent))).region("us-east-1");
    let client = client.credentials(anybody()).build().unwrap();
    let executor = LocalExecutor::new();
    let call = executor.spawn(client.send(GetCallerIdentity::new()));
    let error = future::block_on(executor.run(call)).unwrap_err();
    assert_eq!((sent.get(), error.kind()), (1, ErrorKind::Response), "{error}");
    let error = Client::with_transport(Local(sent)).region("us-east-1").proxy("http://p").build();
    assert!(error.unwrap_err().to_string().contains("`Proxy` does not go together"));
}
