//! All peers in one process, taking turns, so that other work on the machine meets them alike.

use std::env;
use std::process::ExitCode;

mod contest;
mod memory;
mod ours;
mod reqsign_peer;
// The one of the other benchmarks. Not by `sts-tests`, which brings a server and its keys along.
#[path = "../../../src/responder.rs"]
#[allow(unreachable_pub, reason = "there it is public")]
mod responder;
mod sdk;
mod sign;
mod wire;

const USAGE: &str = "usage: peer-race wire [PEER...] | memory [PEER...] | sign URL DIRECTORY

wire      calls of AssumeRole over one kept connection to a server that answers every request alike
memory    the same without a network: making and signing the request, reading the reply, and the whole call
sign      signs AssumeRole and GetCallerIdentity as that role, which it assumes at URL with region and credentials from
          the environment, and leaves both requests in DIRECTORY, for programs that cannot sign

Prints lines of: what, peer, nanoseconds a call, how many times as long as the first of them takes, which is bare ureq on the
wire and ours in memory. Columns are separated by tabs; both numbers are medians, the second one of the ratios of the turns.
With names of peers only those run, beside the first.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["wire", ref peers @ ..] => wire::race(peers),
        ["memory", ref peers @ ..] => memory::race(peers),
        ["sign", url, directory] => sign::requests(url, directory.as_ref()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peer-race: {error}");
            ExitCode::FAILURE
        }
    }
}
