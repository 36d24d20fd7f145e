//! Sends two requests that were signed beforehand, and reads their replies, over one connection.

use std::{env, fs, io};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let mut arguments = env::args().skip(1);
    let url = arguments.next().ok_or("usage: peer-ureq URL REQUEST REQUEST")?;
    let agent = ureq::Agent::new_with_defaults();
    let mut last = Vec::new();
    for path in arguments {
        let request = fs::read_to_string(path)?;
        let (head, body) = request.split_once("\r\n\r\n").ok_or("no request")?;
        let mut post = agent.post(&url);
        for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
            post = post.header(name, value);
        }
        last = post.send(body)?.body_mut().read_to_vec()?;
    }
    io::Write::write_all(&mut io::stdout(), &last)?;
    Ok(())
}
