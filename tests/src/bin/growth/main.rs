//! What calls cost as there is more to do: more tags, longer assertions, more roles in a cache, more calls at once.

#![allow(clippy::print_stderr, reason = "a program says on stderr why it fails")]

use std::io::{self, Write};
use std::process::{Command, ExitCode};
use std::{env, fs};

use plot::Panel;

mod cache;
mod plot;
mod request;

const USAGE: &str = "usage: growth [--svg PATH]

Prints tables of what it costs to make a request with more tags or a longer assertion, to ask a cache that holds more roles,
and to make more calls at once by `crowd`, which must be beside this program as `sts-local` must. Draws them to PATH if there
is one.";

const CALLS: [u32; 5] = [1, 10, 100, 1_000, 8_000];

/// Memory of a process comes in pages, and in what an allocator takes at a time: of fewer calls it tells nothing.
const LEAST_WEIGHED: u32 = 100;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// What so much of something costs.
#[derive(Clone, Copy, Debug)]
struct Point {
    size: f64,
    cost: f64,
}

fn main() -> ExitCode {
    let words: Vec<_> = env::args().skip(1).collect();
    let path = match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => None,
        ["--svg", path] => Some(path.to_string()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(path.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("growth: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(path: Option<&str>) -> Outcome<()> {
    // First of all: of memory that others have given back, one would not see that it is used again.
    let cache::Costs { found, refreshed, added, memory } = cache::costs()?;
    let mut panels = Vec::new();
    panels.push(tell(
        "AssumeRole with tags: making the request",
        "tags",
        "µs",
        &[("request", request::tags()?)],
    )?);
    let saml = request::assertions()?;
    panels.push(tell(
        "AssumeRoleWithSAML: making the request",
        "bytes of assertion",
        "µs",
        &[("request", saml)],
    )?);
    let series = [("asked for", found), ("refreshed", refreshed), ("added", added)];
    panels.push(tell("Cached roles: one call of the cache", "roles in it", "ns", &series)?);
    panels.push(tell("Cached roles: memory", "roles", "MiB", &[("memory", memory)])?);
    let (cpu, memory) = crowds()?;
    panels.push(tell("Calls at once: CPU time of all of them", "calls", "ms", &[("CPU time", cpu)])?);
    panels.push(tell("Calls at once: memory of all of them", "calls", "MiB", &[("memory", memory)])?);
    if let Some(path) = path {
        fs::write(path, plot::svg(&panels))?;
    }
    Ok(())
}

/// Prints a table of series that were measured at the same sizes.
fn tell(
    title: &'static str,
    size: &'static str,
    cost: &'static str,
    series: &[(&'static str, Vec<Point>)],
) -> Outcome<Panel> {
    let mut out = io::stdout().lock();
    writeln!(out, "{title}\n")?;
    write!(out, "| {size} |")?;
    for (name, _) in series {
        write!(out, " {name}, {cost} | of linear |")?;
    }
    writeln!(out, "\n|---|{}", "---|---|".repeat(series.len()))?;
    for (place, point) in series[0].1.iter().enumerate() {
        write!(out, "| {} |", plot::number(point.size))?;
        for (_, points) in series {
            let (first, here) = (points[0], points[place]);
            let linear = first.cost * here.size / first.size;
            write!(out, " {} | {} |", plot::number(here.cost), plot::share(here.cost / linear))?;
        }
        writeln!(out)?;
    }
    writeln!(out)?;
    Ok(Panel { title, size, cost, series: series.to_vec() })
}

/// CPU time and memory of calls that are all under way at once.
fn crowds() -> Outcome<(Vec<Point>, Vec<Point>)> {
    let program = env::current_exe()?.with_file_name("crowd");
    let (mut cpu, mut memory) = (Vec::new(), Vec::new());
    for calls in CALLS {
        let done = Command::new(&program).args(["--plain", &calls.to_string()]).output()?;
        let text = String::from_utf8(done.stdout)?;
        let numbers: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [made, answered, _, kibibytes, microseconds] = numbers[..] else {
            return Err(format!("crowd: {}", String::from_utf8_lossy(&done.stderr)).into());
        };
        if !done.status.success() || made != answered {
            return Err(format!("crowd: {answered} of {made} calls were answered").into());
        }
        cpu.push(Point { size: made, cost: made * microseconds / 1e3 });
        if calls >= LEAST_WEIGHED {
            memory.push(Point { size: made, cost: made * kibibytes / 1024.0 });
        }
    }
    Ok((cpu, memory))
}
