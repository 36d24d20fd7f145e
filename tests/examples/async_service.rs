//! A tokio service that asks STS for every job, and shuts down gracefully: it takes no new jobs, gives those under way a
//! moment to end, and drops the rest. A dropped call leaves nothing behind.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::time::Duration;

use sts_async::operation::AssumeRole;
use sts_async::tokio::Client;
use sts_async::{Credentials, Error};
use sts_tests::server::{Answer, Server};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time;

/// How long jobs may go on after the signal.
const GRACE: Duration = Duration::from_millis(200);

async fn job(client: Client, number: u32) -> Result<u32, Error> {
    let role = AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", format!("job-{number}"));
    let role = client.send(role).await?;
    println!("job {number} works with {}", role.credentials.access_key_id());
    Ok(number)
}

async fn serve(client: Client, mut shutdown: watch::Receiver<bool>) -> usize {
    let mut jobs = JoinSet::new();
    let mut arrivals = time::interval(Duration::from_millis(20));
    let mut number = 0;
    // What `tokio::select!` does, without its macro.
    while time::timeout(Duration::ZERO, shutdown.wait_for(|&is_over| is_over)).await.is_err() {
        arrivals.tick().await;
        number += 1;
        jobs.spawn(job(client.clone(), number));
    }
    println!("shutting down with {} jobs under way or done", jobs.len());
    let mut done = 0;
    let rest = async {
        while let Some(job) = jobs.join_next().await {
            match job {
                Ok(Ok(_)) => done += 1,
                Ok(Err(error)) => println!("{error}"),
                Err(panic) => println!("{panic}"),
            }
        }
    };
    if time::timeout(GRACE, rest).await.is_err() {
        println!("{} jobs were given up", jobs.len());
    }
    // Those that are left are dropped with the set, and their connections with them.
    drop(jobs);
    client.close_idle();
    done
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start()?;
    let user = server.user();
    let client = Client::builder()
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials(Credentials::new(user.access_key_id(), user.secret_access_key())?)
        .build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        let (stop, shutdown) = watch::channel(false);
        let service = tokio::spawn(serve(client, shutdown));
        time::sleep(Duration::from_millis(150)).await;
        // One job asks STS when it is throttled, and waits for its next attempt when the signal comes.
        for _ in 0..3 {
            server.answer_next(Answer::reply(503, &[("x-amz-retry-after", "5000")], "busy"));
        }
        time::sleep(Duration::from_millis(30)).await;
        // In a real service: `tokio::signal::ctrl_c().await`.
        stop.send(true)?;
        Ok::<_, Box<dyn std::error::Error>>(service.await?)
    })?;
    println!("{done} jobs were done");
    Ok(())
}
