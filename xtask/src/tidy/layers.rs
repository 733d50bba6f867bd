//! Which crates may be named where: database drivers stay behind `db` and the adapters.

use super::Finding;
use super::files::RustFile;
use super::words::has_word;

const DRIVERS: [&str; 5] = [
    "rusqlite",
    "mysql_async",
    "tokio_postgres",
    "deadpool_postgres",
    "sqlx",
];
/// Where drivers may be named.
const PLACES: [&str; 4] = [
    "crates/dutiful/src/db/",
    "crates/dutiful/src/db.rs",
    "crates/dutiful/src/adapters/",
    "crates/dutiful/src/adapters.rs",
];

/// Drivers named outside their places.
pub(crate) fn check(file: &RustFile) -> Vec<Finding> {
    let mut found = Vec::new();
    if !file.is_product() || PLACES.iter().any(|place| file.path.starts_with(place)) {
        return found;
    }
    for (number, line) in (1..).zip(file.code.lines()) {
        let named = DRIVERS.iter().filter(|driver| has_word(line, driver));
        for driver in named.filter(|_| !file.is_test(number)) {
            let what = format!("{driver} outside db/ and adapters/: go through the port in db");
            found.push(Finding::new(&file.path, number, what));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> usize {
        check(&RustFile::sample(
            path,
            "use rusqlite::Connection;\nuse rusqlite_like;\n",
        ))
        .len()
    }

    #[test]
    fn drivers_are_named_only_at_their_places() {
        assert_eq!(found("crates/dutiful/src/store/claim.rs"), 1);
        assert_eq!(found("crates/server/src/main.rs"), 1);
        assert_eq!(found("crates/dutiful/src/db/sqlite.rs"), 0);
        assert_eq!(found("crates/dutiful/src/adapters/sqlite.rs"), 0);
        assert_eq!(found("crates/dutiful/tests/adapters.rs"), 0);
    }
}
