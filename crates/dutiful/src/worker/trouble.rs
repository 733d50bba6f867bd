//! What a loop does about errors: waits longer and longer, and logs each change between well and ill once.

use crate::db::DbError;
use std::time::Duration;

const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Whether a loop is in trouble, and for how long it has to wait.
#[derive(Debug)]
pub(crate) struct Trouble {
    doing: &'static str,
    pause: Option<Duration>,
}

impl Trouble {
    /// A loop that is well. `doing` completes "cannot ...".
    pub(crate) fn new(doing: &'static str) -> Trouble {
        Trouble { doing, pause: None }
    }

    /// How long to wait before the next try.
    pub(crate) fn failed(&mut self, error: &DbError) -> Duration {
        if self.pause.is_none() {
            tracing::warn!(%error, "cannot {}; trying again until it works", self.doing);
        }
        let pause = self
            .pause
            .map_or(PAUSE_MIN, |pause| (pause * 2).min(PAUSE_MAX));
        self.pause = Some(pause);
        pause
    }

    pub(crate) fn worked(&mut self) {
        if self.pause.take().is_some() {
            tracing::info!("can {} again", self.doing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::DbErrorKind;

    #[test]
    fn pauses_double_up_to_half_a_minute_and_begin_again_after_a_success() {
        let error = DbError::new(DbErrorKind::Unavailable, "gone");
        let mut trouble = Trouble::new("look");
        let seconds: Vec<u64> = (0..7).map(|_| trouble.failed(&error).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
        trouble.worked();
        assert_eq!(trouble.failed(&error), PAUSE_MIN);
    }
}
