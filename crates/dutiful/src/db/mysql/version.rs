//! Which servers can be used.

use super::{DbError, DbErrorKind, DbResult};

/// Refuses servers that lack what is needed. Returns whether it is MariaDB.
pub(super) fn check(version: &str, comment: &str) -> DbResult<bool> {
    let says = |name: &str| {
        [version, comment]
            .iter()
            .any(|text| text.to_ascii_lowercase().contains(name))
    };
    let numbers = numbers(version);
    let mariadb = says("mariadb");
    let (product, lowest) = if mariadb {
        ("MariaDB", [10, 6, 0])
    } else {
        ("MySQL", [8, 0, 13])
    };
    let refuse = |why: &str| {
        let text = format!(
            "the server is {product} {version}, {why}; use MySQL 8.0.13 or newer, or MariaDB 10.6 or newer"
        );
        Err(DbError::new(DbErrorKind::Unsupported, text))
    };
    if says("tidb") {
        return refuse("which is TiDB and does not lock rows with SKIP LOCKED");
    }
    if numbers < lowest {
        refuse("which is too old")
    } else {
        Ok(mariadb)
    }
}

/// The first three numbers of a version; what is missing is 0.
pub(super) fn numbers(version: &str) -> [u32; 3] {
    let mut found = [0; 3];
    let digits = version
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty());
    for (slot, part) in found.iter_mut().zip(digits) {
        *slot = part.parse().unwrap_or_default();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_and_tidb_are_refused_by_name() {
        for (version, comment, expected) in [
            ("10.11.19-MariaDB-0+deb12u1", "Debian 12", Some(true)),
            ("10.6.0-MariaDB", "", Some(true)),
            ("12.0.1", "MariaDB Server", Some(true)),
            ("9.7.4", "MySQL Community Server - GPL", Some(false)),
            ("8.0.13", "", Some(false)),
            ("8.0.12", "", None),
            ("5.7.44-log", "", None),
            ("10.5.28-MariaDB", "", None),
            ("8.0.11-TiDB-v8.5.0", "TiDB Server", None),
            ("", "", None),
        ] {
            let found = check(version, comment);
            assert_eq!(found.as_ref().ok().copied(), expected, "{version}");
            if let Err(error) = found {
                assert_eq!(error.kind, DbErrorKind::Unsupported);
                assert!(error.message.contains(version) && error.message.contains("8.0.13"));
            }
        }
    }
}
