//! Thousands of connections, and still one thread.

#![cfg(target_os = "linux")]

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use sts_blocking::operation::GetCallerIdentity;
use sts_blocking::{Client, Credentials};
use sts_tests::server::{Limits, Server};

const CONNECTIONS: usize = 2000;
/// Both ends are in this process, which needs some more for itself.
const DESCRIPTORS: usize = 2 * CONNECTIONS + 200;
/// Says that the test runs with as many descriptors as it can get.
const RAISED: &str = "STS_TESTS_DESCRIPTORS_RAISED";
const REQUEST: &[u8] = b"GET /?Action=GetCallerIdentity&Version=2011-06-15 HTTP/1.1\r\nHost: h\r\n\r\n";

fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("this process has threads").count()
}

/// How many descriptors this process may have.
fn descriptors() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").expect("this process has limits");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("a limit of files");
    line.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or(usize::MAX)
}

/// Runs the test once more in a process that may have enough descriptors: often they are 1024 until one asks.
fn run_with_more() {
    let script = r#"ulimit -n "$(ulimit -H -n)" && exec "$0" --exact idle_connections_cost_no_thread"#;
    let program = env::current_exe().expect("this program");
    let status = Command::new("sh").args(["-c", script]).arg(program).env(RAISED, "1").status();
    assert!(status.expect("a shell").success());
}

fn exchange(stream: &mut TcpStream) {
    stream.write_all(REQUEST).expect("the server reads");
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"</ErrorResponse>\n") {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).expect("a reply");
        assert!(count > 0, "cut short: {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&chunk[..count]);
    }
    assert!(bytes.starts_with(b"HTTP/1.1 403"), "{}", String::from_utf8_lossy(&bytes));
}

#[test]
fn idle_connections_cost_no_thread() {
    if descriptors() < DESCRIPTORS && env::var_os(RAISED).is_none() {
        return run_with_more();
    }
    assert!(descriptors() >= DESCRIPTORS, "the system allows too few descriptors for this test");
    let without = threads();
    let patient = Limits { idle: Duration::from_secs(600), ..Limits::default() };
    let server = Server::start_with(patient).expect("a server");
    let with = threads();
    assert_eq!(with, without + 1, "one thread serves");
    let connect = || {
        let mut stream =
            TcpStream::connect(server.url().trim_start_matches("http://")).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        exchange(&mut stream);
        stream
    };
    let mut idle: Vec<_> = (0..CONNECTIONS).map(|_| connect()).collect();
    assert_eq!(server.connections(), CONNECTIONS as u64);
    assert_eq!(threads(), with, "no connection has a thread");

    let user = server.user();
    let key = Credentials::new(user.access_key_id(), user.secret_access_key()).expect("a key");
    let client = Client::builder().region("us-east-1").endpoint_url(server.url()).credentials(key);
    let client = client.build().expect("a client");
    for _ in 0..100 {
        assert_eq!(client.send(GetCallerIdentity::new()).expect("others are served").arn, user.arn());
    }
    assert_eq!(threads(), with);
    idle.iter_mut().for_each(exchange);
    assert_eq!(server.connections(), CONNECTIONS as u64 + 1, "all connections lasted");

    let begun = Instant::now();
    drop(server);
    assert!(begun.elapsed() < Duration::from_secs(2), "nobody is waited for");
    assert_eq!(threads(), without);
    let ended = |stream: &mut TcpStream| stream.read(&mut [0]).is_ok_and(|count| count == 0);
    assert!(idle.iter_mut().all(ended));
}
