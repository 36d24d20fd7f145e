//! Serves a local STS until it is ended, and prints the lines that point AWS tools at it.

use std::io::{self, Write};
use std::thread;

use sts_tests::server::Server;

fn main() -> io::Result<()> {
    let server = Server::start()?;
    let user = server.user();
    let lines = [
        ("AWS_ENDPOINT_URL_STS", server.url()),
        ("AWS_ACCESS_KEY_ID", user.access_key_id()),
        ("AWS_SECRET_ACCESS_KEY", user.secret_access_key()),
        ("STS_LOCAL_ENCODED_MESSAGE", &server.encode_authorization_message(r#"{"allowed":false}"#)),
        ("AWS_REGION", "us-east-1"),
    ];
    let mut out = io::stdout();
    for (name, value) in lines {
        writeln!(out, "export {name}='{value}'")?;
    }
    out.flush()?;
    loop {
        thread::park();
    }
}
