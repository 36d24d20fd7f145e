//! Files that never end: pipes that nobody writes to, in the place of every file that a user can name. In both drivers each
//! is an error once its time has passed, and an executor goes on meanwhile.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future::{self, block_on};
use sts_proto::source::{Chain, TokenSource, WebIdentity};

/// What a pipe has; the constant is private to the drivers.
const TIME: Duration = Duration::from_secs(10);

/// A directory with a pipe that nobody writes to.
struct Pipe(PathBuf);

impl Pipe {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("sts-silent-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        let pipe = directory.join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        Self(pipe)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn identity(pipe: &Path) -> Chain {
    Chain::new().with(WebIdentity::new("arn:aws:iam::123456789012:role/Deploy", TokenSource::file(pipe)))
}

#[test]
fn pipes_that_nobody_writes_to_are_errors_in_time() {
    let pipe = Pipe::new("all");
    let path = pipe.0.clone();
    let (sender, receiver) = mpsc::channel();
    // At the same time, and away from this thread, which has to notice what hangs.
    let start = |name: &'static str, read: fn(&Path) -> String| {
        let (sender, path) = (sender.clone(), path.clone());
        thread::spawn(move || {
            let start = Instant::now();
            let said = read(&path);
            sender.send((name, said, start.elapsed())).unwrap();
        });
    };
    start("blocking, CA bundle", |path| {
        let client = sts_blocking::Client::builder().region("eu-west-1").variables(|_| None);
        client.ca_bundle(path).build().unwrap_err().to_string()
    });
    start("async, CA bundle", |path| {
        let client = sts_async::smol::Client::builder().region("eu-west-1").variables(|_| None);
        client.ca_bundle(path).build().unwrap_err().to_string()
    });
    start("blocking, token", |path| {
        let client = sts_blocking::Client::builder().region("eu-west-1").variables(|_| None).build().unwrap();
        sts_blocking::Provider::new(&client, identity(path)).credentials().unwrap_err().to_string()
    });
    start("async, token", |path| {
        let client = sts_async::smol::Client::builder().region("eu-west-1").variables(|_| None).build();
        let provider = sts_async::Provider::new(&client.unwrap(), identity(path));
        let turns = std::cell::Cell::new(0);
        let other = async {
            loop {
                turns.set(turns.get() + 1);
                async_io::Timer::after(Duration::from_millis(10)).await;
            }
        };
        let error = block_on(future::or(async { provider.credentials().await.unwrap_err() }, other));
        assert!(turns.get() > 20, "the other task of this thread had {} turns", turns.get());
        error.to_string()
    });
    for _ in 0..4 {
        let (name, said, took) = receiver.recv_timeout(TIME * 10).expect("a pipe is waited for without end");
        println!("{name}: {took:?}");
        let path = path.to_str().unwrap();
        assert!(said.contains(path) && said.contains("not written and closed within 10 s"), "{name}: {said}");
    }
}
