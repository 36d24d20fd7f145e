//! A `credential_process` that leads back to its own profile is found at once, by every command that runs it.

#![cfg(unix)]

use std::time::{Duration, Instant};

use crate::{Home, stderr};

/// A profile whose command is the program itself with the other profile. Each run writes a line, and after ten there is an
/// end whatever the program does.
fn profile(name: &str, next: &str) -> String {
    let program = env!("CARGO_BIN_EXE_sts");
    let count = "echo run >> $HOME/runs; [ $(wc -l < $HOME/runs) -lt 10 ]";
    format!(
        "[profile {name}]\nregion = eu-west-1\n\
         credential_process = sh -c '{count} && exec {program} credential-process --profile {next}'\n"
    )
}

/// What the program says, its exit code, and how many commands it led to.
fn run(home: &Home, arguments: &[&str]) -> (String, Option<i32>, usize) {
    let runs = home.0.join("runs");
    let _ = std::fs::remove_file(&runs);
    let start = Instant::now();
    let output = home.sts(arguments).output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(50), "commands started each other");
    let lines = std::fs::read_to_string(runs).map_or(0, |text| text.lines().count());
    (stderr(&output), output.status.code(), lines)
}

#[test]
fn credential_process_that_is_its_own_profile_is_run_once() {
    let home = Home::new("circle", &profile("itself", "itself"));
    for arguments in [
        &["credential-process"][..],
        &["whoami"],
        &["get-caller-identity"],
        &["export"],
        &["serve", "--", "true"],
        &["exec", "--", "true"],
        &["explain"],
    ] {
        let (said, code, runs) = run(&home, &[&["--profile", "itself"], arguments].concat());
        assert_eq!((code, runs), (Some(253), 1), "{arguments:?}: {said}");
        assert!(
            arguments == ["explain"] || said.contains("leads in a circle: `itself` -> `itself`"),
            "{arguments:?}: {said}"
        );
    }
}

#[test]
fn credential_process_of_a_fifth_profile_is_not_run() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let config: String = names.windows(2).map(|pair| profile(pair[0], pair[1])).collect();
    let keys = "[profile f]\nregion = eu-west-1\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n";
    let home = Home::new("long", &(config + keys));
    let (said, code, runs) = run(&home, &["credential-process", "--profile", "a"]);
    assert_eq!((code, runs), (Some(253), 4), "{said}");
    let (said, code, runs) = run(&home, &["credential-process", "--profile", "b"]);
    assert_eq!((code, runs), (Some(0), 4), "{said}");
}
