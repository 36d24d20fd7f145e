//! No text of others gets into a message raw: whichever way it comes, errors, hints, reports and log lines hold it escaped.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::{self, Debug, Display};
use std::sync::{Arc, Mutex};

use sts_proto::arn::Arn;
use sts_proto::endpoint::EndpointOptions;
use sts_proto::observe::{Event, LogLine, Observer, Parameters};
use sts_proto::operation::{AssumeRole, Operation};
use sts_proto::proxy::ProxySettings;
use sts_proto::settings::Roots;
use sts_proto::source::Report;
use sts_proto::{Credentials, Error, TransportKind};

mod settings;
mod wire;

/// One character of each kind that must not be seen raw.
const HOSTILE: &str =
    "x\u{1b}[2J\r\nWARN forged\t\u{7f}\u{9b}\u{61c}\u{200b}\u{200e}\u{202e}\u{2028}\u{2029}\u{feff}y";

fn is_raw(c: char) -> bool {
    c.is_control() || (HOSTILE.contains(c) && !c.is_ascii())
}

/// All that was shown, and by which way the text came in.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<(String, String)>>>);

impl Shown {
    fn text(&self, way: &str, text: impl Display) {
        self.0.lock().unwrap().push((way.to_owned(), text.to_string()));
    }

    fn debug(&self, way: &str, value: &impl Debug) {
        self.text(way, format!("{value:?}"));
        // Its own line breaks are wanted.
        self.text(way, format!("{value:#?}").replace('\n', ""));
    }

    fn error(&self, way: &str, error: &Error) {
        self.text(way, error);
        self.debug(way, error);
        error.violations().iter().for_each(|violation| {
            self.text(way, violation);
            self.text(way, violation.rule());
            self.debug(way, violation);
        });
        error.hint().into_iter().for_each(|hint| self.text(way, hint));
        if let Some(service) = error.service() {
            self.text(way, service);
            self.text(way, service.code());
            self.debug(way, service);
        }
        if let Some(report) = error.report() {
            self.report(way, report);
        }
    }

    /// A line for each source.
    fn report(&self, way: &str, report: &Report) {
        self.debug(way, report);
        assert_eq!(report.to_string().lines().count(), report.looks().len(), "{way}: {report}");
        report.to_string().lines().for_each(|line| self.text(way, line));
        report.looks().iter().for_each(|look| self.text(way, look));
    }

    fn outcome<T: Debug>(&self, way: &str, outcome: Result<T, Error>) {
        match outcome {
            Ok(value) => self.debug(way, &value),
            Err(error) => self.error(way, &error),
        }
    }

    fn check(&self) {
        let shown = self.0.lock().unwrap();
        assert!(shown.len() > 400, "{} texts were seen", shown.len());
        let escaped = shown.iter().filter(|(_, text)| text.contains(r"\u{1b}[2J\r\nWARN")).count();
        assert!(escaped > 100, "{escaped} texts held the text escaped");
        let raw: Vec<_> = shown.iter().filter(|(_, text)| text.contains(is_raw)).collect();
        assert!(raw.is_empty(), "{} of {} are raw: {:#?}", raw.len(), shown.len(), raw.first());
    }
}

/// Events are shown as they come, and as lines for a log.
impl Observer for Shown {
    fn event(&self, event: &Event<'_>) {
        self.debug("event", event);
        LogLine::of(event).iter().for_each(|line| self.text("log line", line));
    }
}

/// A cause that shows itself raw.
struct Raw;

impl Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HOSTILE)
    }
}

impl Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HOSTILE.replace('\n', ""))
    }
}

impl std::error::Error for Raw {}

#[test]
fn hostile_text_is_escaped_in_every_message() {
    let shown = Shown::default();
    makers(&shown);
    values(&shown);
    settings::variables(&shown);
    settings::files(&shown);
    wire::replies(&shown);
    wire::sources(&shown);
    wire::drivers(&shown);
    shown.check();
}

/// Every public function that takes words for an error or a report.
fn makers(shown: &Shown) {
    shown.error("setting", &Error::setting("Name", HOSTILE));
    shown.error("credentials", &Error::credentials(HOSTILE, HOSTILE).caused_by(Raw).during(HOSTILE));
    let error = Error::transport(TransportKind::Other, Raw).because(HOSTILE).during(HOSTILE);
    shown.error("transport", &error);
    let mut report = Report::default();
    report.found(HOSTILE, HOSTILE);
    report.skipped(HOSTILE, HOSTILE.into());
    report.failed(HOSTILE, &Error::credentials(HOSTILE, HOSTILE));
    shown.error("report", &error.with_report(Arc::new(report)));
}

/// Values that a program hands over.
fn values(shown: &Shown) {
    shown.outcome("region", EndpointOptions::new().region(HOSTILE).resolve());
    shown.outcome("endpoint URL", EndpointOptions::new().region("eu-west-1").url(HOSTILE).resolve());
    shown.outcome("host", EndpointOptions::new().url(format!("https://{HOSTILE}.test/")).resolve());
    shown.outcome("ARN", Arn::parse(HOSTILE).map(|_| ()));
    shown.outcome("proxy", ProxySettings::explicit(HOSTILE));
    shown.outcome("access key id", Credentials::new(HOSTILE, HOSTILE));
    shown.text("roots", format!("{:?}", Roots::File { setting: "AWS_CA_BUNDLE", path: HOSTILE.into() }));
    let operation = AssumeRole::new(HOSTILE, HOSTILE).tag(HOSTILE, HOSTILE).serial_number(HOSTILE);
    shown.text("parameters", Parameters::of(&operation));
    operation.advice().iter().for_each(|advice| shown.text("advice", advice));
    shown.outcome("operation", operation.validate(sts_proto::Validation::default()));
}
