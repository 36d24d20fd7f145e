//! Options and words of the command line that are unknown, and how they are named.

use std::borrow::Cow;
use std::ffi::OsString;

use crate::failure::Failure;
use crate::model::{ACTIONS, Member};

/// How many unknown options and words are named. Each costs a parse, so further ones are not looked for.
const MAX_UNKNOWN: usize = 16;

/// The refusal that names them.
pub(super) fn refusal(words: &[String]) -> Failure {
    let more = if words.len() > MAX_UNKNOWN { " and more" } else { "" };
    let shown: Vec<&str> = words.iter().take(MAX_UNKNOWN).map(String::as_str).collect();
    Failure::usage(format!("Unknown options: {}{more}", shown.join(", ")))
}

/// The command line, and what of it is unknown.
pub(super) struct Unknown {
    arguments: Vec<OsString>,
    /// The places of the arguments that are not known to be unknown.
    left: Vec<usize>,
    /// The places of the others.
    found: Vec<usize>,
}

impl Unknown {
    pub(super) fn new(arguments: Vec<OsString>) -> Self {
        Self { left: (0..arguments.len()).collect(), arguments, found: Vec::new() }
    }

    /// Whether there are more than are named.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() > MAX_UNKNOWN
    }

    /// The arguments that are not known to be unknown.
    pub(super) fn left(&self) -> impl Iterator<Item = &OsString> {
        self.left.iter().filter_map(|&at| self.arguments.get(at))
    }

    /// Takes out the first argument that clap means by that name.
    pub(super) fn take(&mut self, name: &str) -> bool {
        let is_it = |argument: &OsString| {
            let argument = argument.to_string_lossy();
            argument == name || argument.strip_prefix(name).is_some_and(|rest| rest.starts_with('='))
        };
        // A short option may stand in a group of them.
        let is_group = |argument: &OsString| name.len() == 2 && argument.to_string_lossy().starts_with(name);
        let index = self.left().position(is_it).or_else(|| self.left().position(is_group));
        let Some(index) = index else { return false };
        self.found.push(self.left.remove(index));
        true
    }

    /// What is unknown, for people. argparse keeps the first stray word for what might be `help`, and tells it last.
    pub(super) fn words(&self) -> Vec<String> {
        let mut found = self.found.clone();
        let is_stray = |&at: &usize| self.word(at).is_some_and(|word| !word.starts_with('-'));
        if let Some(stray) = found.iter().position(is_stray) {
            let stray = found.remove(stray);
            found.push(stray);
        }
        found.into_iter().map(|at| self.shown(at)).collect()
    }

    fn word(&self, at: usize) -> Option<Cow<'_, str>> {
        self.arguments.get(at).map(|argument| argument.to_string_lossy())
    }

    /// An unknown argument, without what may be the value of a secret option: `--tokencode 123456`, `--token-code 123 456`,
    /// `--token-code123456`, `-t123456`.
    fn shown(&self, at: usize) -> String {
        let word = self.word(at).unwrap_or_default();
        if word.starts_with('-') {
            return match word.split_once('=') {
                Some((name, _)) => format!("{name}={REDACTED}"),
                None => match glued(&word) {
                    Some(name) => format!("{name}{REDACTED}"),
                    None => word.into_owned(),
                },
            };
        }
        let is_option = |at: &usize| self.word(*at).is_some_and(|word| word.starts_with('-'));
        let may_be_secret = (0..at).filter(is_option).any(|option| {
            self.found.contains(&option) || self.word(option).is_some_and(|word| is_secret(&word))
        });
        if may_be_secret { REDACTED.to_owned() } else { word.into_owned() }
    }
}

/// What is shown in place of a value.
const REDACTED: &str = "[redacted]";

/// The name of an option to which its value was glued: a short one's, or one of a secret.
fn glued(word: &str) -> Option<&str> {
    let Some(long) = word.strip_prefix("--") else {
        return word.char_indices().nth(2).and_then(|(at, _)| word.get(..at));
    };
    let begins = |member: &Member| {
        let name = member.option.as_str();
        (member.shape.is_sensitive() && long.len() > name.len() && long.starts_with(name))
            .then_some(name.len())
    };
    let length = ACTIONS.iter().find_map(|action| action.input().members.iter().find_map(begins))?;
    word.get(..2 + length)
}

/// Whether the option of that name, or one of which it is the beginning, takes a secret.
fn is_secret(option: &str) -> bool {
    let name = option.trim_start_matches('-').split('=').next().unwrap_or_default();
    let is_meant = |known: &str| !name.is_empty() && known.starts_with(name);
    let is_secret = |member: &Member| member.shape.is_sensitive() && is_meant(&member.option);
    is_meant("cli-input-json") || ACTIONS.iter().any(|action| action.input().members.iter().any(is_secret))
}
