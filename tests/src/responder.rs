//! A server that answers every request alike, so that clients can be measured and not a server.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// A reply to AssumeRole of the size that STS's have.
#[must_use]
pub fn document() -> String {
    let token = "IQoJb3JpZ2luX2VjEOn//////////".repeat(27);
    format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <AssumeRoleResult>\n    \
         <AssumedRoleUser>\n      <AssumedRoleId>AROA3XFRBF535PLBIFPI4:build-42</AssumedRoleId>\n      \
         <Arn>arn:aws:sts::123456789012:assumed-role/Deploy/build-42-of-the-main</Arn>\n    </AssumedRoleUser>\n    \
         <Credentials>\n      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>\n      \
         <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>\n      \
         <SessionToken>{token}</SessionToken>\n      <Expiration>2096-11-20T18:08:48Z</Expiration>\n    \
         </Credentials>\n  </AssumeRoleResult>\n  <ResponseMetadata>\n    \
         <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>\n  </ResponseMetadata>\n</AssumeRoleResponse>\n"
    )
}

/// The same with its head.
#[must_use]
pub fn reply() -> String {
    let document = document();
    format!(
        "HTTP/1.1 200 OK\r\nx-amzn-RequestId: c6104cbe-af31-11e0-8154-cbc7ccf896c7\r\ncontent-type: text/xml\r\n\
         content-length: {}\r\n\r\n{document}",
        document.len()
    )
}

/// Answers on loopback until the process ends, a thread for each connection.
///
/// # Errors
/// There is no port.
pub fn serve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let reply = reply();
            thread::spawn(move || answer(stream, reply.as_bytes()));
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, reply: &[u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(16 << 10);
    let mut chunk = [0; 16 << 10];
    loop {
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        buffer.extend_from_slice(&chunk[..read]);
        if let Some(length) = request_length(&buffer)
            && buffer.len() >= length
        {
            buffer.clear();
            stream.write_all(reply)?;
        }
    }
}

/// Of head and body, once the head is there.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?.to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    Some(head + length.map_or(Ok(0), |length| length.trim().parse::<usize>()).ok()?)
}
