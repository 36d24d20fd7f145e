//! All that was shown in a run, as one text, and the types that it was shown of.

use std::any::type_name;
use std::collections::BTreeSet;
use std::fmt::{Debug, Display, Write};
use std::sync::{Arc, Mutex, MutexGuard};

use sts_proto::Error;
use sts_proto::observe::{Event, LogLine, Observer};

#[derive(Clone, Default)]
pub(super) struct Seen {
    text: Arc<Mutex<String>>,
    /// The paths of all types that were formatted by themselves, and of their parameters.
    types: Arc<Mutex<BTreeSet<String>>>,
}

pub(super) static LOG: Mutex<String> = Mutex::new(String::new());

pub(super) struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        // Every byte of the wire, which no library can switch off: there is a warning of it instead.
        if record.target() != "ureq_proto::util" {
            writeln!(LOG.lock().unwrap(), "{} {}", record.target(), record.args()).unwrap();
        }
    }

    fn flush(&self) {}
}

/// Formats values in every way that their types have.
macro_rules! show {
    ($seen:expr, $($value:expr),+ $(,)?) => {{
        #[allow(unused_imports, reason = "a type needs one of the two traits")]
        use $crate::seen::{ByDebug, ByDisplay, Shown};
        $(        (&Shown(&$value)).show($seen);
    )+}};
}
pub(super) use show;

pub(super) struct Shown<'v, T: ?Sized>(pub(super) &'v T);

/// What a type with `Display` has: the method of the value itself is found before that of a reference to it.
pub(super) trait ByDisplay {
    fn show(&self, seen: &Seen);
}

impl<T: Debug + Display + ?Sized> ByDisplay for Shown<'_, T> {
    fn show(&self, seen: &Seen) {
        seen.note::<T>();
        let value = self.0;
        writeln!(seen.text(), "{value:?}\n{value:#?}\n{value}\n{value:#}").unwrap();
    }
}

/// What all other types have.
pub(super) trait ByDebug {
    fn show(&self, seen: &Seen);
}

impl<T: Debug + ?Sized> ByDebug for &Shown<'_, T> {
    fn show(&self, seen: &Seen) {
        seen.note::<T>();
        writeln!(seen.text(), "{:?}\n{:#?}", self.0, self.0).unwrap();
    }
}

impl Seen {
    pub(super) fn text(&self) -> MutexGuard<'_, String> {
        self.text.lock().unwrap()
    }

    pub(super) fn types(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.types.lock().unwrap()
    }

    fn note<T: ?Sized>(&self) {
        let names = type_name::<T>().split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        self.types().extend(names.map(|name| name.trim_matches(':').to_owned()));
    }

    pub(super) fn error(&self, error: &Error) {
        show!(self, *error);
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            show!(self, *cause);
            source = cause.source();
        }
        if let Some(service) = error.service() {
            show!(self, *service, *service.code(), *service.metadata());
            show!(self, (service.fault(), service.code_text(), service.details(), service.message()));
        }
        for violation in error.violations() {
            show!(self, *violation, *violation.rule());
        }
        if let Some(hint) = error.hint() {
            show!(self, *hint, hint.cause());
        }
        if let Some(report) = error.report() {
            show!(self, *report);
        }
        show!(self, error.kind(), error.transport_kind());
    }

    /// A value with which something begins, or why it does not.
    pub(super) fn outcome<T: Debug>(&self, outcome: &Result<T, Error>) {
        match outcome {
            Ok(value) => show!(self, *value),
            Err(error) => self.error(error),
        }
    }
}

impl Observer for Seen {
    fn event(&self, event: &Event<'_>) {
        show!(self, *event);
        if let Some(line) = LogLine::of(event) {
            show!(self, line);
        }
        match event {
            Event::Done { parameters, call, .. } => show!(self, **parameters, *call),
            Event::Retry { retry, .. } => show!(self, *retry, retry.reason),
            Event::Refresh { outcome, .. } => show!(self, *outcome),
            _ => {}
        }
    }
}
