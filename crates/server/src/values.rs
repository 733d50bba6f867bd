//! Values that people type: lengths of time, times, dedup scopes, task ids.

use dutiful::{DedupScope, TaskId, Timestamp};
use std::time::{Duration, SystemTime};

/// `10s`, `5m`, `1h30m`, `250ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write it as 10s, 5m or 1h30m"))
}

/// `2030-01-31T09:00:00Z`, or with an offset.
pub(crate) fn time(text: &str) -> Result<SystemTime, String> {
    text.parse::<Timestamp>()
        .map(Timestamp::to_system_time)
        .map_err(|error| error.to_string())
}

/// The number of a task.
pub(crate) fn task_id(text: &str) -> Result<TaskId, String> {
    match text.parse::<i64>() {
        Ok(id) if id > 0 => Ok(TaskId(id)),
        _ => Err("a task's id is a whole number from 1".to_owned()),
    }
}

/// A dedup scope by its word; the window with its length: `window=1h`.
pub(crate) fn dedup_scope(text: &str) -> Result<DedupScope, String> {
    if let Some(length) = text.strip_prefix("window=") {
        return duration(length).map(DedupScope::Window);
    }
    match text {
        "none" => Ok(DedupScope::None),
        "waiting" => Ok(DedupScope::Waiting),
        "active" => Ok(DedupScope::Active),
        "until_success" => Ok(DedupScope::UntilSuccess),
        "always" => Ok(DedupScope::Always),
        _ => Err("use none, waiting, active, until_success, always or window=1h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_read_as_people_write_them() {
        assert_eq!(duration("10s").unwrap(), Duration::from_secs(10));
        assert_eq!(duration("5m").unwrap(), Duration::from_secs(300));
        assert_eq!(duration("1h30m").unwrap(), Duration::from_secs(5_400));
        assert_eq!(duration("250ms").unwrap(), Duration::from_millis(250));
        assert!(duration("10").unwrap_err().contains("10s"));
        assert!(duration("-1s").is_err());
        assert!(duration("99999999999999999999y").is_err());
    }

    #[test]
    fn a_dedup_scope_reads_by_its_word() {
        assert_eq!(dedup_scope("always").unwrap(), DedupScope::Always);
        assert_eq!(
            dedup_scope("window=1h").unwrap(),
            DedupScope::Window(Duration::from_secs(3_600))
        );
        assert!(dedup_scope("window").is_err());
    }

    #[test]
    fn a_time_needs_its_zone() {
        assert!(time("2030-01-31T09:00:00").is_err());
        let utc = time("2030-01-31T09:00:00Z").unwrap();
        assert_eq!(time("2030-01-31T10:00:00+01:00").unwrap(), utc);
    }

    #[test]
    fn a_task_id_is_a_positive_number() {
        assert_eq!(task_id("7").unwrap(), TaskId(7));
        assert!(task_id("0").is_err() && task_id("-1").is_err() && task_id("x").is_err());
    }
}
