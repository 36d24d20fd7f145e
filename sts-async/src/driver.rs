use std::pin::Pin;

use sts_proto::step::{Flow, MfaPrompt, Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Error, Secret};

use crate::host;
use crate::transport::Transport;

/// Asks for the code of an MFA device.
pub(crate) type MfaCode = dyn Fn(MfaPrompt) -> Code + Send + Sync;

/// A code that is being asked for.
pub(crate) type Code = Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send>>;

/// What flows are driven with.
pub(crate) struct Io<T> {
    pub(crate) transport: T,
    /// If it is not the terminal.
    pub(crate) mfa_code: Option<Box<MfaCode>>,
}

/// The driver: does what it is told, and decides nothing.
#[expect(
    clippy::manual_async_fn,
    reason = "an async function keeps its arguments beside what becomes of them: 800 bytes a call"
)]
pub(crate) fn drive<T: Transport, F: Flow>(
    io: &Io<T>,
    mut step: Step<F>,
) -> impl Future<Output = Result<F::Output, Error>> {
    async move {
        loop {
            step = match step {
                Step::Send(transmit, then) => {
                    let answer = io.transport.send(transmit.request, transmit.timeout).await;
                    then.resume(OffsetDateTime::now_utc(), answer)
                }
                Step::Wait(wait, then) => {
                    io.transport.sleep(wait).await;
                    then.resume(OffsetDateTime::now_utc(), ())
                }
                Step::Read(file, then) => {
                    let contents = host::file::read_async(&io.transport, &file).await;
                    then.resume(OffsetDateTime::now_utc(), contents)
                }
                Step::Write(file, then) => {
                    let written = host::write(&file);
                    then.resume(OffsetDateTime::now_utc(), written)
                }
                Step::Run(command, then) => {
                    let output = host::command::run(&io.transport, &command).await;
                    then.resume(OffsetDateTime::now_utc(), output)
                }
                Step::AskMfa(prompt, then) => {
                    let code = match &io.mfa_code {
                        Some(ask) => ask(prompt).await,
                        None => host::ask_terminal(&io.transport, prompt).await,
                    };
                    then.resume(OffsetDateTime::now_utc(), code)
                }
                Step::Done(result) => return result,
            }
        }
    }
}
