//! Adding up the counts that the test runner prints for each test program, and keeping what it says of failures.

use std::fmt;

/// How many lines about failures are kept: enough for a few, and no log that nobody reads.
const FAILURE_LINES_MAX: usize = 200;

/// Tests that passed, failed and were skipped.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    /// What the runner said of each failed test, to be said again at the end.
    pub(crate) failures: Vec<String>,
    among_failures: bool,
}

impl Counts {
    /// Adds what one line of the runner's output tells.
    pub(crate) fn read(&mut self, line: &str) {
        let line = line.trim_end();
        self.read_failure(line);
        let Some(rest) = line.strip_prefix("test result: ") else {
            return;
        };
        for part in rest.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let Some(count) = words.next().and_then(|word| word.parse::<u64>().ok()) else {
                continue;
            };
            match words.next() {
                Some("passed") => self.passed += count,
                Some("failed") => self.failed += count,
                Some("ignored") => self.skipped += count,
                _ => {}
            }
        }
    }

    /// The failures of a program stand between a heading and its counts.
    fn read_failure(&mut self, line: &str) {
        if line.starts_with("test result: ") {
            self.among_failures = false;
        }
        let is_kept = self.among_failures && self.failures.len() < FAILURE_LINES_MAX;
        if is_kept && !line.is_empty() {
            self.failures.push(line.to_owned());
        }
        self.among_failures |= line == "failures:";
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn counts_of_all_programs_are_added() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.05s",
            "test tells_7_passed ... ok",
            "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
        ] {
            counts.read(line);
        }
        assert_eq!(counts.to_string(), "9 passed, 3 failed, 1 skipped");
    }

    #[test]
    fn what_is_said_of_failures_is_kept() {
        let mut counts = Counts::default();
        for line in [
            "test two ... FAILED",
            "failures:\n",
            "",
            "---- two ----\n",
            "test panicked: no\n",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
            "test three ... ok",
        ] {
            counts.read(line);
        }
        assert_eq!(counts.failures, ["---- two ----", "test panicked: no"]);
    }
}
