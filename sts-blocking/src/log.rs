use sts_proto::observe::{Event, LogLine, Observer};

/// Writes a line for every call that is over: at the level `debug`, or `warn` if it failed. And at the level `warn` a line
/// for every call that is sent against advice.
pub(crate) struct Log;

impl Observer for Log {
    fn event(&self, event: &Event<'_>) {
        if let Some(line) = LogLine::of(event) {
            let level = if line.is_warning() { log::Level::Warn } else { log::Level::Debug };
            log::log!(target: env!("CARGO_CRATE_NAME"), level, "{line}");
        }
    }

    fn is_active(&self) -> bool {
        log::max_level() >= log::Level::Warn
    }
}
