//! The parameters behind the `?` of a PostgreSQL URL: which there are, and what their values may be.

use crate::db::{DbError, DbErrorKind, DbResult};
use dutiful_core::limits::POOL_SIZE_MAX;

/// Parameters that the driver understands and that are handed on.
const DRIVER: [&str; 17] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslnegotiation",
    "target_session_attrs",
    "user",
];

/// Parameters that are ours.
const OURS: [&str; 6] = [
    "listen",
    "listen_url",
    "pool",
    "sslmode",
    "sslrootcert",
    "statement_cache",
];

/// Parameters that are ours, decoded, and those of the driver, as they were written.
type Sorted<'a> = (Vec<(String, String)>, Vec<&'a str>);

pub(super) fn sort_parameters(query: &str) -> DbResult<Sorted<'_>> {
    let (mut ours, mut driver) = (Vec::new(), Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = if key == "ssl-mode" { "sslmode" } else { key };
        if OURS.contains(&key) {
            ours.push((key.to_owned(), decoded(value)?));
        } else if DRIVER.contains(&key) {
            driver.push(pair);
        } else {
            let known = [&OURS[..], &DRIVER[..]].concat().join(", ");
            return Err(wrong(format!(
                "the URL parameter `{key}` is not known; known are {known}"
            )));
        }
    }
    Ok((ours, driver))
}

pub(super) fn on_or_off(name: &str, value: &str) -> DbResult<bool> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(wrong(format!("{name}={value} is not known; use on or off"))),
    }
}

pub(super) fn pool_size(value: &str) -> DbResult<usize> {
    let size = value
        .parse()
        .ok()
        .filter(|size| (1..=POOL_SIZE_MAX).contains(size));
    size.ok_or_else(|| {
        wrong(format!(
            "pool={value} is not a number from 1 to {POOL_SIZE_MAX}"
        ))
    })
}

pub(super) fn decoded(text: &str) -> DbResult<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail
            .get(..2)
            .filter(|_| first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| wrong("the database URL holds bytes that are not UTF-8"))
}

pub(super) fn wrong(message: impl Into<String>) -> DbError {
    DbError::new(DbErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_sorted_into_ours_and_the_drivers() {
        let (ours, driver) = sort_parameters("pool=3&port=1&ssl-mode=require&user=a%20b").unwrap();
        assert_eq!(
            ours,
            [
                ("pool".into(), "3".into()),
                ("sslmode".into(), "require".into())
            ]
        );
        assert_eq!(driver, ["port=1", "user=a%20b"]);
    }

    #[test]
    fn escapes_are_decoded_and_a_lone_percent_sign_stands_for_itself() {
        assert_eq!(decoded("a%40b%2Fc").unwrap(), "a@b/c");
        assert_eq!(decoded("100%").unwrap(), "100%");
        assert_eq!(decoded("%zz%C3%A4").unwrap(), "%zz\u{e4}");
        assert_eq!(decoded("%ff").unwrap_err().kind, DbErrorKind::Config);
    }
}
