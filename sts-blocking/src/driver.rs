use std::thread;

use sts_proto::call::Call;
use sts_proto::operation::Operation;
use sts_proto::step::{Flow, MfaPrompt, Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Error, Reply, Secret};

use crate::host;
use crate::transport::Transport;

/// Asks for the code of an MFA device.
pub(crate) type MfaCode = dyn Fn(&MfaPrompt) -> Result<Secret, Error> + Send + Sync;

/// What flows are driven with.
pub(crate) struct Io {
    pub(crate) transport: Box<dyn Transport>,
    /// Without it people are asked on the terminal.
    pub(crate) mfa_code: Option<Box<MfaCode>>,
}

impl Io {
    fn mfa_code(&self, prompt: &MfaPrompt) -> Result<Secret, Error> {
        match &self.mfa_code {
            Some(ask) => ask(prompt),
            None => host::ask_terminal(prompt),
        }
    }
}

/// The driver: does what it is told, and decides nothing.
pub(crate) fn drive<F: Flow>(io: &Io, step: Step<F>) -> Result<F::Output, Error> {
    drive_with(io, step, |io, step| match step {
        Step::Read(file, then) => {
            let contents = host::file::read(&file);
            then.resume(OffsetDateTime::now_utc(), contents)
        }
        Step::Write(file, then) => {
            let written = host::write(&file);
            then.resume(OffsetDateTime::now_utc(), written)
        }
        Step::Run(command, then) => {
            let output = host::command::run(&command);
            then.resume(OffsetDateTime::now_utc(), output)
        }
        Step::AskMfa(prompt, then) => {
            let code = io.mfa_code(&prompt);
            then.resume(OffsetDateTime::now_utc(), code)
        }
        step => step,
    })
}

/// The same for a call, which has no other steps. What does them would be compiled all the same, and linked into a program that
/// makes nothing but calls.
pub(crate) fn drive_call<O: Operation>(io: &Io, step: Step<Call<O>>) -> Result<Reply<O::Output>, Error> {
    drive_with(io, step, |_, step| match step {
        Step::Send(..) | Step::Wait(..) | Step::Done(_) => step,
    })
}

/// Requests and waits, and whatever does the other steps.
fn drive_with<F: Flow>(
    io: &Io,
    mut step: Step<F>,
    other: impl Fn(&Io, Step<F>) -> Step<F>,
) -> Result<F::Output, Error> {
    loop {
        step = match step {
            Step::Send(transmit, then) => {
                let answer = io.transport.send(transmit.request, transmit.timeout);
                then.resume(OffsetDateTime::now_utc(), answer)
            }
            Step::Wait(wait, then) => {
                thread::sleep(wait);
                then.resume(OffsetDateTime::now_utc(), ())
            }
            Step::Done(result) => return result,
            step => other(io, step),
        }
    }
}
