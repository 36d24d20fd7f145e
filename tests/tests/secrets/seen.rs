//! All that was shown in a run, as one text.

use std::fmt::{Debug, Display, Write};
use std::sync::{Arc, Mutex, MutexGuard};

use sts_proto::Error;
use sts_proto::observe::{Event, LogLine, Observer};

/// All that was seen.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<String>>);

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

impl Seen {
    pub(super) fn text(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap()
    }

    pub(super) fn debug(&self, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{value:?}\n{value:#?}").unwrap();
    }

    pub(super) fn display(&self, value: &(impl Debug + Display)) {
        self.debug(value);
        writeln!(self.0.lock().unwrap(), "{value}\n{value:#}").unwrap();
    }

    pub(super) fn error(&self, error: &Error) {
        self.display(error);
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            writeln!(self.0.lock().unwrap(), "{cause}\n{cause:?}").unwrap();
            source = cause.source();
        }
        if let Some(service) = error.service() {
            self.display(service);
            self.debug(&(service.code(), service.code_text(), service.details(), service.metadata()));
        }
        error.violations().iter().for_each(|violation| self.display(violation));
        if let Some(hint) = error.hint() {
            self.display(hint);
        }
    }
}

impl Observer for Seen {
    fn event(&self, event: &Event<'_>) {
        self.debug(event);
        if let Some(line) = LogLine::of(event) {
            self.display(&line);
        }
        if let Event::Done { parameters, .. } = event {
            self.display(*parameters);
        }
    }
}
