//! `serve` against connections that do not ask as they should.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::with_credentials;

/// The longest that an answer may take: ten times what a request may take to arrive.
const BOUND: Duration = Duration::from_secs(50);

/// A `serve` that is ended in the end, and its address.
struct Served(Child, String);

impl Served {
    fn start() -> Self {
        let mut command = with_credentials(&["serve"]);
        command.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let address = line.split("http://").nth(1).unwrap().trim_end_matches("/credentials").to_owned();
        Self(child, address)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.1).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        stream.set_write_timeout(Some(BOUND)).unwrap();
        stream
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.replace("HOST", &self.1).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const GOOD: &str = "GET /credentials HTTP/1.1\r\nHost: HOST\r\nAuthorization: token\r\n\r\n";

#[test]
fn connections_without_the_token_do_not_keep_others_out() {
    let served = Served::start();
    let is_over = AtomicBool::new(false);
    let silent: Vec<_> = (0..200).map(|_| served.connect()).collect();
    let mut dripping: Vec<_> = (0..20).map(|_| served.connect()).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            // Bounded, for a panic below does not end it.
            for _ in 0..1000 {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                dripping.iter_mut().for_each(|stream| drop(stream.write_all(b"G")));
                thread::sleep(Duration::from_millis(20));
            }
        });
        for _ in 0..20 {
            let answer = served.ask(GOOD);
            is_over.store(!answer.starts_with("HTTP/1.1 200 "), Ordering::SeqCst);
            assert!(
                answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"AKIAIOSFODNN7EXAMPLE\""),
                "{answer}"
            );
        }
        is_over.store(true, Ordering::SeqCst);
    });
    drop(silent);
}

/// A connection that is closed with unread bytes is reset, and the client may not see the answer.
#[test]
fn refusal_arrives_though_the_request_is_not_read_to_its_end() {
    let served = Served::start();
    let long = format!("\r\nX: {}\r\n\r\n", "x".repeat(500_000));
    let body = format!("\r\nContent-Length: 500000\r\n\r\n{}", "x".repeat(500_000));
    for (end, piece, other, status) in [
        (&long, "", "", "431"),
        (&body, "GET", "POST", "405"),
        (&body, "token", "tokem", "401"),
        (&body, "", "", "200"),
    ] {
        for _ in 0..5 {
            let request = GOOD.replace("\r\n\r\n", end).replacen(piece, other, 1);
            let answer = served.ask(&request);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        }
    }
}
