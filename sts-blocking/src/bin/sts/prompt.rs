//! What people are asked. Never without a terminal.

use std::io::{self, IsTerminal};

use sts_blocking::{Error, MfaPrompt, Secret};
use sts_proto::escape_controls;

use crate::stdio;

/// The name under which errors tell of it.
const MFA: &str = "MFA";

/// The code of an MFA device. What is typed is not shown.
pub(crate) fn mfa_code(prompt: &MfaPrompt) -> Result<Secret, Error> {
    let serial_number = escape_controls(prompt.serial_number.as_str());
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        let words = format!(
            "a code of {serial_number} is needed and there is no terminal to ask for it; run it in one, or call \
             `sts get-session-token --serial-number … --token-code …` before"
        );
        return Err(Error::credentials(MFA, words));
    }
    stdio::complain_as_is(&format!("MFA code for {serial_number}: "));
    let code = rpassword::read_password()
        .map(Secret::from)
        .map_err(|error| Error::credentials(MFA, "no code could be read").caused_by(error))?;
    match code.expose().trim() {
        "" => Err(Error::credentials(MFA, "no code was given")),
        code => Ok(Secret::from(code)),
    }
}
