//! Collects what differs over all cases of a suite, so that one run tells everything.

use std::fmt::{Debug, Write as _};

use crate::vectors::say;

/// How many bytes of a text are shown on either side of its first difference.
const SHOWN: usize = 60;

/// What a suite found.
#[derive(Debug)]
#[must_use = "`finish` is what fails"]
pub struct Report {
    suite: &'static str,
    case: String,
    cases: usize,
    failures: Vec<String>,
}

impl Report {
    /// Of a suite that has not begun.
    pub fn new(suite: &'static str) -> Self {
        Self { suite, case: String::new(), cases: 0, failures: Vec::new() }
    }

    /// Begins a case, to which all that follows belongs.
    pub fn case(&mut self, name: impl Into<String>) {
        self.case = name.into();
        self.cases += 1;
    }

    /// Gives the case a better name.
    pub fn rename(&mut self, name: impl Into<String>) {
        self.case = name.into();
    }

    /// Something is wrong.
    pub fn fail(&mut self, what: impl AsRef<str>) {
        self.failures.push(format!("{}: {}", self.case, what.as_ref()));
    }

    /// Something must hold.
    pub fn check(&mut self, holds: bool, what: &str) {
        if !holds {
            self.fail(what);
        }
    }

    /// Two values must be equal.
    pub fn same<T: PartialEq + Debug>(&mut self, what: &str, ours: &T, expected: &T) {
        if ours != expected {
            self.fail(format!("{what}: {ours:?}, expected {expected:?}"));
        }
    }

    /// Two texts must be equal; shows where they are not.
    pub fn same_text(&mut self, what: &str, ours: &str, expected: &str) {
        if ours != expected {
            let at = ours.bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
            let (ours, expected) = (around(ours, at), around(expected, at));
            self.fail(format!("{what}, at byte {at}: {ours:?}, expected {expected:?}"));
        }
    }

    /// A value that must be there: takes it out of its `Result`.
    pub fn ok<T, E: std::fmt::Display>(&mut self, what: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.fail(format!("{what}: {error}"))).ok()
    }

    /// Ends the suite.
    ///
    /// # Panics
    /// There was no case, or anything differed; the message lists it.
    pub fn finish(self) {
        let Self { suite, cases, failures, .. } = self;
        assert!(cases > 0, "{suite}: no case was found");
        let mut list = String::new();
        for failure in &failures {
            let _ = write!(list, "\n  {failure}");
        }
        assert!(failures.is_empty(), "{suite}: {} differences in {cases} cases:{list}", failures.len());
        say(&format!("{suite}: {cases} cases"));
    }
}

fn around(text: &str, at: usize) -> &str {
    let floor = |mut i: usize| {
        while !text.is_char_boundary(i) {
            i -= 1;
        }
        i
    };
    &text[floor(at.saturating_sub(SHOWN))..floor((at + SHOWN).min(text.len()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_passes() {
        let mut report = Report::new("suite");
        report.case("one");
        report.same("number", &1, &1);
        report.same_text("text", "é", "é");
        report.check(true, "truth");
        report.finish();
    }

    #[test]
    #[should_panic(expected = "no case was found")]
    fn nothing_at_all_fails() {
        Report::new("suite").finish();
    }

    #[test]
    fn every_difference_is_listed_with_its_case() {
        let mut report = Report::new("suite");
        report.case("one");
        report.same_text("text", "éa", "éb");
        report.case("two");
        report.same("number", &1, &2);
        report.check(false, "lie");
        let ok = report.ok::<(), _>("result", Err("bad"));
        assert_eq!(ok, None);
        assert_eq!(
            report.failures,
            [
                "one: text, at byte 2: \"éa\", expected \"éb\"",
                "two: number: 1, expected 2",
                "two: lie",
                "two: result: bad"
            ]
        );
    }

    #[test]
    #[should_panic(expected = "1 differences in 1 cases:\n  one: lie")]
    fn a_difference_fails() {
        let mut report = Report::new("suite");
        report.case("one");
        report.check(false, "lie");
        report.finish();
    }
}
