//! A proxy of the tests' own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A proxy that leads every tunnel to the same place.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// `refusal` decides by a request's head whether it is answered, and how, instead of being let through.
    pub(crate) fn start(
        upstream: SocketAddr,
        refusal: impl Fn(&str) -> Option<&'static str> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let head = read_head(&mut client).unwrap();
                let refused = refusal(&head);
                seen.lock().unwrap().push(head);
                match refused {
                    Some(reply) => client.write_all(reply.as_bytes()).unwrap(),
                    None => tunnel(client, upstream).unwrap(),
                }
            }
        });
        Self { address, heads }
    }

    pub(crate) fn answering(reply: &'static str) -> Self {
        Self::start(SocketAddr::from(([127, 0, 0, 1], 1)), move |_| Some(reply))
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn url_with_password(&self) -> String {
        format!("http://alice:hunter%202@{}", self.address)
    }
}

fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            break;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).map_err(io::Error::other)
}

fn tunnel(mut client: TcpStream, upstream: SocketAddr) -> io::Result<()> {
    let mut server = TcpStream::connect(upstream)?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")?;
    let (mut client_back, mut server_back) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || io::copy(&mut client, &mut server));
    thread::spawn(move || io::copy(&mut server_back, &mut client_back));
    Ok(())
}
