//! What drivers do for flows besides sending: files, commands, MFA codes; the same in both of them.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_lite::future::block_on;
use sts_blocking::step::{Ask, MfaPrompt, ReadFile, RunCommand, Seq, Step, WriteFile};
use sts_blocking::time::OffsetDateTime;
use sts_blocking::{Body, Error, ErrorKind, Secret};

/// Runs the flow by both drivers and wants the same of both.
fn both<T, Fut>(flow: impl Fn(Ask) -> Fut) -> T
where
    T: PartialEq + std::fmt::Debug + Send + 'static,
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    let start = || -> Step<Seq<T>> { Seq::start(OffsetDateTime::now_utc(), &flow) };
    let blocking = sts_blocking::Client::builder()
        .region("eu-west-1")
        .variables(|_| None)
        .mfa_code(|prompt| Ok(Secret::from(format!("code of {}", prompt.serial_number))))
        .build()
        .expect("the flow and its client");
    let first = blocking.drive(start()).expect("the flow and its client");
    let smol = sts_async::smol::Client::builder()
        .region("eu-west-1")
        .variables(|_| None)
        .mfa_code(|prompt| async move { Ok(Secret::from(format!("code of {}", prompt.serial_number))) })
        .build()
        .expect("the flow and its client");
    let second = block_on(smol.drive(start())).expect("the flow and its client");
    assert_eq!(first, second);
    first
}

fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("sts-steps-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn kind<T>(result: io::Result<T>) -> Option<io::ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn files_are_written_whole_for_the_owner_only_and_read_up_to_a_limit() {
    let root = directory("files");
    let path = root.join("deep/er/cache.json");
    let at = path.clone();
    let outcome = both(move |ask| {
        let path = at.clone();
        async move {
            let missing = kind(ask.read(ReadFile::new(path.with_extension("missing"), 9)).await);
            ask.write(WriteFile::new(&path, Body::from(b"first".to_vec()))).await.unwrap();
            ask.write(WriteFile::new(&path, Body::from(b"second".to_vec()))).await.unwrap();
            let read = ask.read(ReadFile::new(&path, 6)).await.unwrap();
            let too_large = kind(ask.read(ReadFile::new(&path, 5)).await);
            let no_file = kind(ask.read(ReadFile::new(path.parent().unwrap(), 5)).await);
            Ok((missing, read.into_vec(), too_large, no_file))
        }
    });
    let expected = (
        Some(io::ErrorKind::NotFound),
        b"second".to_vec(),
        Some(io::ErrorKind::FileTooLarge),
        Some(io::ErrorKind::IsADirectory),
    );
    assert_eq!(outcome, expected);
    let names: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "no draft is left: {names:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
    std::fs::remove_dir_all(root).unwrap();
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_to_its_end() {
    let root = directory("pipe");
    std::fs::create_dir_all(&root).unwrap();
    let pipe = root.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = {
        let pipe = pipe.clone();
        // Once for each driver. The second time the first one has long gone.
        std::thread::spawn(move || {
            for _ in 0..2 {
                std::fs::write(&pipe, "first\n").unwrap();
                std::thread::sleep(Duration::from_millis(300));
            }
        })
    };
    let outcome = both(move |ask| {
        let pipe = pipe.clone();
        async move { Ok(ask.read(ReadFile::new(pipe, 6)).await.unwrap().into_vec()) }
    });
    writer.join().unwrap();
    assert_eq!(outcome, b"first\n");
    std::fs::remove_dir_all(root).unwrap();
}

/// A terminal would keep the one who reads it waiting; this one here does not, should it be read.
#[cfg(unix)]
#[test]
fn a_device_is_no_file_but_for_the_empty_one() {
    let outcome = both(|ask| async move {
        let zero = kind(ask.read(ReadFile::new("/dev/zero", 5)).await);
        let null = ask.read(ReadFile::new("/dev/null", 5)).await.unwrap();
        Ok((zero, null.len()))
    });
    assert_eq!(outcome, (Some(io::ErrorKind::InvalidInput), 0));
}

#[cfg(unix)]
fn shell(script: &str, timeout: Duration) -> RunCommand {
    RunCommand::new("sh", timeout, 1000).arguments(["-c", script])
}

#[cfg(unix)]
#[test]
fn commands_give_code_output_and_messages() {
    let outcome = both(|ask| async move {
        let long = Duration::from_secs(20);
        let output = ask.run(shell("cat; echo out; echo err >&2; exit 3", long)).await.unwrap();
        let killed = ask.run(shell("kill -9 $$", long)).await.unwrap();
        let noisy = ask.run(shell("head -c 300000 /dev/zero >&2", long)).await.unwrap();
        let missing = kind(ask.run(RunCommand::new("/no/such/program", long, 10)).await);
        Ok((output, killed.code, noisy.stderr.len(), missing))
    });
    let (output, killed, noise, missing) = outcome;
    assert_eq!(
        (output.code, output.stdout.as_ref(), output.stderr.as_ref()),
        (Some(3), &b"out\n"[..], &b"err\n"[..])
    );
    assert_eq!((killed, noise, missing), (None, 1000, Some(io::ErrorKind::NotFound)));
}

#[test]
#[cfg(unix)]
fn what_a_command_wrote_is_kept_when_it_closes_its_output_before_it_ends() {
    let output = both(|ask| async move {
        Ok(ask.run(shell("echo out; exec >&-; sleep 0.1", Duration::from_secs(60))).await.unwrap())
    });
    assert_eq!((output.code, output.stdout.as_ref()), (Some(0), &b"out\n"[..]));
}

#[test]
#[cfg(unix)]
fn what_a_command_leaves_behind_does_not_cost_its_output() {
    // It holds both pipes.
    let output = both(|ask| async move {
        let script = "sleep 20 & echo out; echo err >&2";
        Ok(ask.run(shell(script, Duration::from_secs(60))).await.unwrap())
    });
    assert_eq!((output.code, output.stdout.as_ref()), (Some(0), &b"out\n"[..]));
    assert_eq!(output.stderr.as_ref(), b"err\n");
}

#[test]
#[cfg(unix)]
fn long_output_is_whole() {
    let output = both(|ask| async move {
        let script = "yes 123456789012345 | head -c 300000; exit 0".to_owned();
        let command = RunCommand::new("sh", Duration::from_secs(60), 300_000);
        Ok(ask.run(command.arguments(["-c", script.as_str()])).await.unwrap())
    });
    let expected: Vec<_> = b"123456789012345\n".iter().copied().cycle().take(300_000).collect();
    assert!(output.stdout.as_ref() == expected, "{} bytes", output.stdout.len());
}

#[cfg(unix)]
#[test]
fn commands_that_hang_or_write_for_ever_are_ended() {
    let start = Instant::now();
    let outcome = both(|ask| async move {
        let hangs = kind(ask.run(shell("sleep 100", Duration::from_millis(100))).await);
        let endless = kind(ask.run(shell("exec yes", Duration::from_secs(60))).await);
        // A process that it leaves behind holds the pipe and writes for ever.
        let script = "setsid yes & sleep 100";
        let flooded = kind(ask.run(shell(script, Duration::from_secs(60))).await);
        Ok((hangs, endless, flooded))
    });
    let late = Some(io::ErrorKind::TimedOut);
    assert_eq!(outcome, (late, Some(io::ErrorKind::FileTooLarge), Some(io::ErrorKind::FileTooLarge)));
    assert!(start.elapsed() < Duration::from_secs(50), "the commands were waited for");
}

#[test]
fn mfa_codes_come_from_the_hook() {
    let code = both(|ask| async move {
        Ok(ask.mfa_code(MfaPrompt::new("arn:aws:iam::123456789012:mfa/me")).await?.expose().to_owned())
    });
    assert_eq!(code, "code of arn:aws:iam::123456789012:mfa/me");
}

#[test]
fn what_is_not_from_the_ask_ends_the_flow() {
    let step: Step<Seq<()>> = Seq::start(OffsetDateTime::UNIX_EPOCH, |_| std::future::pending());
    let Step::Done(Err(error)) = step else { panic!("it waits for nothing") };
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
