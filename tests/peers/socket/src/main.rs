//! Sends two requests that were signed beforehand, and reads their replies, over one connection, by nothing but the
//! standard library.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::{env, fs};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let mut arguments = env::args().skip(1);
    let url = arguments.next().ok_or("usage: peer-socket URL REQUEST REQUEST")?;
    let host = url.strip_prefix("http://").ok_or("no URL")?.trim_end_matches('/');
    let mut stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    let mut last = Vec::new();
    for path in arguments {
        stream.write_all(&fs::read(path)?)?;
        last = reply(&mut stream)?;
    }
    io::stdout().write_all(&last)?;
    Ok(())
}

/// Head and body.
fn reply(stream: &mut TcpStream) -> Outcome<Vec<u8>> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(length) = length(&bytes)
            && bytes.len() >= length
        {
            return Ok(bytes);
        }
        match stream.read(&mut chunk)? {
            0 => return Err("no reply".into()),
            read => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

fn length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?.to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    Some(head + length.trim().parse::<usize>().ok()?)
}
