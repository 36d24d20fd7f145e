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

/// The driver of a call, which needs no more than requests and waits: no arm of it leads to files and commands, and a
/// program that makes only calls is linked without them. [`drive`] has arms for all steps, which are compiled for flows
/// that cannot ask for them as well.
pub(crate) fn drive_call<O: Operation>(io: &Io, mut step: Step<Call<O>>) -> Result<Reply<O::Output>, Error> {
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
        }
    }
}

/// The driver: does what it is told, and decides nothing.
pub(crate) fn drive<F: Flow>(io: &Io, mut step: Step<F>) -> Result<F::Output, Error> {
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
            Step::Read(file, then) => {
                let contents = host::read(&file);
                then.resume(OffsetDateTime::now_utc(), contents)
            }
            Step::Write(file, then) => {
                let written = host::write(&file);
                then.resume(OffsetDateTime::now_utc(), written)
            }
            Step::Run(command, then) => {
                let output = host::run(&command);
                then.resume(OffsetDateTime::now_utc(), output)
            }
            Step::AskMfa(prompt, then) => {
                let code = io.mfa_code(&prompt);
                then.resume(OffsetDateTime::now_utc(), code)
            }
            Step::Done(result) => return result,
        }
    }
}
