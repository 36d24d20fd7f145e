//! The command line.

use std::path::PathBuf;

use sts_tests::server::Fault;

/// What `--help` prints.
pub(crate) const USAGE: &str = "usage: sts-local [OPTION]...

Serves AWS STS on 127.0.0.1, verifies every signature, and prints the environment that points any AWS tool at it.

  --port PORT             listen on this port instead of any free one
  --config FILE           users, roles and identity providers, in TOML
  --tls                   speak TLS; the authority's certificate goes to a file and to stderr
  --ca-file FILE          that file, instead of one among the system's temporary files
  --metadata              answer as instance metadata, container endpoint and SSO, too
  --clock-offset SECONDS  run this far ahead of the machine's clock, or behind it
  --accept-beyond-model   do not enforce the maxima, patterns and enums of the service model, as if AWS had raised
                          its limits; minima, required parameters and rules about several parameters still hold
  --fault FAULT[*N|@RATE] let this go wrong with the next N requests (1), or with that part of all of them:
                          throttle*3, 503-empty, delay=250@0.1, reset-in-body, certificate=expired, ...
  --seed N                which requests a RATE strikes
  --log                   one line per request on stderr, and what a wrong signature should have signed
  --help                  print this";

/// What was asked for.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Help,
    Serve(Arguments),
}

/// When a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Strike {
    Times(u32),
    Rate(f64),
}

/// How to serve.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) port: u16,
    pub(crate) config: Option<PathBuf>,
    pub(crate) metadata: bool,
    pub(crate) accept_beyond_model: bool,
    pub(crate) tls: bool,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) clock_offset: Option<i64>,
    pub(crate) log: bool,
    pub(crate) faults: Vec<(Fault, Strike)>,
    pub(crate) seed: u64,
}

/// Reads the command line, without the program's name. `--name=value` counts as `--name value`.
pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut arguments = Arguments::default();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let has_inline = inline.is_some();
        let mut value =
            || inline.clone().or_else(|| words.next()).ok_or_else(|| format!("{name} needs a value"));
        match name {
            "--port" => arguments.port = number(name, &value()?)?,
            "--config" => arguments.config = Some(value()?.into()),
            "--ca-file" => arguments.ca_file = Some(value()?.into()),
            "--clock-offset" => arguments.clock_offset = Some(number(name, &value()?)?),
            "--fault" => arguments.faults.push(fault(&value()?)?),
            "--seed" => arguments.seed = number(name, &value()?)?,
            "--accept-beyond-model" | "--log" | "--metadata" | "--tls" | "--help" | "-h" if has_inline => {
                return Err(format!("{name} takes no value"));
            }
            "--accept-beyond-model" => arguments.accept_beyond_model = true,
            "--log" => arguments.log = true,
            "--metadata" => arguments.metadata = true,
            "--tls" => arguments.tls = true,
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(Command::Serve(arguments))
}

/// `FAULT`, `FAULT*TIMES` or `FAULT@RATE`.
fn fault(text: &str) -> Result<(Fault, Strike), String> {
    let (name, strike) = if let Some((name, times)) = text.split_once('*') {
        (name, Strike::Times(number("--fault", times)?))
    } else if let Some((name, rate)) = text.split_once('@') {
        (name, Strike::Rate(number("--fault", rate)?))
    } else {
        (text, Strike::Times(1))
    };
    match strike {
        Strike::Times(times) if times > 10_000 => {
            Err(format!("--fault takes up to 10000 times, not {times}"))
        }
        Strike::Rate(rate) if !(0.0..=1.0).contains(&rate) => {
            Err(format!("--fault takes a rate from 0 to 1, not {rate}"))
        }
        _ => Ok((name.parse().map_err(|error| format!("--fault: {error}"))?, strike)),
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{name} takes a number, not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_options() {
        let expected = Arguments { port: 8080, clock_offset: Some(-60), log: true, ..Arguments::default() };
        assert_eq!(parsed("--port 8080 --clock-offset=-60 --log"), Ok(Command::Serve(expected)));
        assert_eq!(parsed(""), Ok(Command::Serve(Arguments::default())));
        assert_eq!(parsed("--log -h"), Ok(Command::Help));
    }

    #[test]
    fn accept_beyond_model_is_read() {
        let expected = Arguments { accept_beyond_model: true, ..Arguments::default() };
        assert_eq!(parsed("--accept-beyond-model"), Ok(Command::Serve(expected)));
        let complaint = "--accept-beyond-model takes no value".to_owned();
        assert_eq!(parsed("--accept-beyond-model=1"), Err(complaint));
    }

    #[test]
    fn reads_faults() {
        let Ok(Command::Serve(arguments)) =
            parsed("--fault throttle*3 --fault=html --fault delay=5@0.5 --seed 9")
        else {
            panic!("three faults")
        };
        let delay = Fault::Delay(std::time::Duration::from_millis(5));
        let expected = [
            (Fault::Throttle, Strike::Times(3)),
            (Fault::Html, Strike::Times(1)),
            (delay, Strike::Rate(0.5)),
        ];
        assert_eq!((&arguments.faults[..], arguments.seed), (&expected[..], 9));
        for line in ["nonsense", "html*-1", "html*200000", "html@2", "html@NaN", "html@x"] {
            assert!(parsed(&format!("--fault {line}")).is_err(), "{line}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (line, complaint) in [
            ("--port", "--port needs a value"),
            ("--port 70000", "--port takes a number, not \"70000\""),
            ("--log=1", "--log takes no value"),
            ("--nonsense", "unknown option --nonsense"),
        ] {
            assert_eq!(parsed(line), Err(complaint.to_owned()));
        }
    }
}
