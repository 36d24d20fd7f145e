//! The endpoint of container credentials.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use crate::{stderr, stdout, with_credentials};

/// Sends those bytes and gives the answer.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn credentials_are_served_to_whoever_has_the_token() {
    let mut command = with_credentials(&["serve"]);
    let mut child =
        command.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "tok'en").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap();
    let url = url.strip_prefix("export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://").unwrap();
    let address = url.strip_suffix("/credentials").unwrap();
    let token = lines.next().unwrap().unwrap();
    assert_eq!(token, r"export AWS_CONTAINER_AUTHORIZATION_TOKEN='tok'\''en'");

    let good = format!("GET /credentials HTTP/1.1\r\nHost: {address}\r\nAuthorization: tok'en\r\n\r\n");
    let answer = ask(address, &good);
    let expected = "{\"AccessKeyId\":\"AKIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":";
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains(expected), "{answer}");
    assert!(answer.contains("\"Token\":\"tOkEnOfThEsEsSiOn\",\"Expiration\":\"20"), "{answer}");
    for (piece, other, status) in [
        ("tok'en", "token", "401"),
        ("Authorization: tok'en\r\n", "", "401"),
        (address, "evil.example", "403"),
        ("/credentials", "/", "404"),
        ("GET", "PUT", "405"),
        ("HTTP/1.1", "x", "400"),
    ] {
        let answer = ask(address, &good.replace(piece, other));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(!answer.contains("AKIA"), "{answer}");
    }
    let long = good.replace("\r\n\r\n", &format!("\r\nX: {}\r\n\r\n", "x".repeat(8192)));
    let mut stream = TcpStream::connect(address).unwrap();
    let _ = stream.write_all(long.as_bytes());
    let mut begin = [0; 12];
    // What was not read resets the connection, perhaps before the answer was.
    if stream.read_exact(&mut begin).is_ok() {
        assert_eq!(&begin, b"HTTP/1.1 431");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
#[cfg(unix)]
fn a_command_is_led_there_and_its_exit_code_kept() {
    let script = "\"$0\" whoami --query Source --output text --endpoint-url http://127.0.0.1:1; \
                  echo ${AWS_ACCESS_KEY_ID-none} ${#AWS_CONTAINER_AUTHORIZATION_TOKEN}; \
                  \"$0\" export --format dotenv | head -n 1; exit 9";
    let arguments = ["serve", "--", "sh", "-c", script, env!("CARGO_BIN_EXE_sts")];
    let mut command = with_credentials(&arguments);
    let output = command.env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap();
    assert_eq!(output.status.code(), Some(9), "{}", stderr(&output));
    assert_eq!(stdout(&output), "none 64\nAWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\n");
}
