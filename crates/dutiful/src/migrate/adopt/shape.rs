//! Whether a table is one that can be adopted, and what stands where in it.

use crate::db::Names;
use crate::store::adopt::{Column, Table};
use crate::{Error, ErrorKind};

/// What a column must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Number,
    Text,
    /// JSON, in a column of that type or of text.
    Json,
    /// One of a few words.
    Word,
    Time,
}

impl Holds {
    fn fits(self, data_type: &str) -> bool {
        let is = |types: &[&str]| types.contains(&data_type);
        let text = is(&[
            "char",
            "varchar",
            "tinytext",
            "text",
            "mediumtext",
            "longtext",
        ]);
        match self {
            Holds::Number => is(&["tinyint", "smallint", "mediumint", "int", "bigint"]),
            Holds::Text => text,
            Holds::Json => text || data_type == "json",
            Holds::Word => text || data_type == "enum",
            Holds::Time => is(&["datetime", "timestamp"]),
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Holds::Number => "a whole number",
            Holds::Text => "text",
            Holds::Json => "JSON or text",
            Holds::Word => "ENUM or text",
            Holds::Time => "DATETIME or TIMESTAMP",
        }
    }
}

const NEEDED: [(&str, Holds); 6] = [
    ("id", Holds::Number),
    ("task_name", Holds::Text),
    ("task_payload", Holds::Json),
    ("status", Holds::Word),
    ("retries", Holds::Number),
    ("max_retries", Holds::Number),
];

/// The rest, and what stands in place of one that is missing.
const OTHERS: [(&str, Holds, &str); 4] = [
    ("created_at", Holds::Time, "CAST(NULL AS DATETIME(6))"),
    ("last_run_at", Holds::Time, "CAST(NULL AS DATETIME(6))"),
    ("error_message", Holds::Text, "NULL"),
    ("result_data", Holds::Json, "NULL"),
];

/// A table that can be adopted.
#[derive(Debug)]
pub(super) struct Shape {
    /// What statements about it call its columns.
    pub(super) names: Names,
    /// Whether the columns `created_at` and `last_run_at` hold times of no zone.
    pub(super) wall_clock: [bool; 2],
    /// The columns that it could have and has not.
    pub(super) missing: Vec<&'static str>,
    /// The unique key that took resubmissions for the same task.
    pub(super) key: Option<PrefixKey>,
    /// What `max_retries` is when nobody says otherwise.
    pub(super) default_max_retries: Option<i64>,
}

/// A unique key over the task name and the beginning of the payload.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PrefixKey {
    /// How much of the payload it looks at.
    pub(super) characters: i64,
    /// By which its columns compare.
    pub(super) collations: Vec<String>,
}

impl PrefixKey {
    /// Whether it takes different texts for the same: `A` and `a`, `é` and `e`.
    pub(super) fn is_insensitive(&self) -> bool {
        let exact = |name: &String| name.ends_with("_bin") || name.ends_with("_as_cs");
        !self.collations.iter().all(exact)
    }
}

/// Checks the table. The error names everything that is wrong with it.
pub(super) fn check(table: &Table) -> Result<Shape, Error> {
    let mut wrong = Vec::new();
    if !table.holds_rows {
        wrong.push("it is a view".to_owned());
    }
    let mut names = Names::default();
    names.name("table", &table.name);
    for (word, holds) in NEEDED {
        match column(table, word) {
            None => wrong.push(format!("the column `{word}` is missing")),
            Some(found) => {
                wrong.extend(misfit(found, holds));
                names.name(word, &found.name);
            }
        }
    }
    let mut missing = Vec::new();
    for (word, holds, otherwise) in OTHERS {
        match column(table, word) {
            None => {
                missing.push(word);
                names.text(word, otherwise);
            }
            Some(found) => {
                wrong.extend(misfit(found, holds));
                names.name(word, &found.name);
            }
        }
    }
    let alone =
        |columns: &Vec<String>| matches!(&columns[..], [one] if one.eq_ignore_ascii_case("id"));
    if column(table, "id").is_some() && !table.keys.iter().any(|key| alone(&key.columns)) {
        wrong.push("`id` is no primary or unique key by itself".to_owned());
    }
    if !wrong.is_empty() {
        let text = format!(
            "the table `{}` cannot be adopted: {}",
            table.name,
            wrong.join("; ")
        );
        return Err(Error::new(ErrorKind::Config, text));
    }
    let is_zoneless = |word| column(table, word).is_some_and(|found| found.data_type == "datetime");
    let default = column(table, "max_retries").and_then(|found| found.default.as_deref());
    Ok(Shape {
        names,
        wall_clock: [is_zoneless("created_at"), is_zoneless("last_run_at")],
        missing,
        key: prefix_key(table),
        default_max_retries: default.and_then(|text| text.trim_matches('\'').parse().ok()),
    })
}

fn column<'t>(table: &'t Table, name: &str) -> Option<&'t Column> {
    let is_it = |column: &&Column| column.name.eq_ignore_ascii_case(name);
    table.columns.iter().find(is_it)
}

fn misfit(column: &Column, holds: Holds) -> Option<String> {
    (!holds.fits(&column.data_type)).then(|| {
        let (name, found) = (&column.name, &column.whole_type);
        format!("`{name}` is {found}, where {} is wanted", holds.wanted())
    })
}

fn prefix_key(table: &Table) -> Option<PrefixKey> {
    let of = |name: &String| column(table, name);
    table.keys.iter().find_map(|key| {
        let columns: Vec<&Column> = key.columns.iter().filter_map(of).collect();
        let is_name = |column: &&Column| column.name.eq_ignore_ascii_case("task_name");
        if columns.len() != 2 || key.columns.len() != 2 || !columns.iter().any(is_name) {
            return None;
        }
        let prefix = columns.iter().find(|column| !is_name(column))?;
        Some(PrefixKey {
            characters: prefix.characters_max?,
            collations: columns.iter().filter_map(|c| c.collation.clone()).collect(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::adopt::Key;

    fn column(name: &str, data_type: &str) -> Column {
        Column {
            name: name.to_owned(),
            data_type: data_type.to_owned(),
            whole_type: format!("{data_type}(9)"),
            ..Column::default()
        }
    }

    /// As the original makes it on MySQL.
    fn original() -> Table {
        let mut columns = vec![
            column("id", "bigint"),
            column("task_name", "varchar"),
            column("task_payload", "json"),
            column("task_payload_prefix", "varchar"),
            column("status", "enum"),
            column("created_at", "datetime"),
            column("last_run_at", "timestamp"),
            column("retries", "int"),
            column("max_retries", "int"),
            column("error_message", "text"),
            column("result_data", "json"),
        ];
        columns[1].collation = Some("utf8mb4_0900_ai_ci".to_owned());
        columns[3].collation = Some("utf8mb4_bin".to_owned());
        columns[3].characters_max = Some(511);
        columns[8].default = Some("5".to_owned());
        let key = |name: &str, columns: &[&str]| Key {
            name: name.to_owned(),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
        };
        Table {
            name: "ai_server_tasks".to_owned(),
            holds_rows: true,
            rows: 7,
            columns,
            keys: vec![
                key("PRIMARY", &["id"]),
                key("uq", &["task_name", "task_payload_prefix"]),
            ],
        }
    }

    fn refusal(change: impl FnOnce(&mut Table)) -> String {
        let mut table = original();
        change(&mut table);
        check(&table).unwrap_err().to_string()
    }

    #[test]
    fn the_original_is_taken_as_it_is() {
        let shape = check(&original()).unwrap();
        assert_eq!(shape.wall_clock, [true, false]);
        assert_eq!(shape.default_max_retries, Some(5));
        assert!(shape.missing.is_empty());
        let key = shape.key.unwrap();
        assert_eq!(key.characters, 511);
        assert!(key.is_insensitive(), "the name compares without case");
    }

    #[test]
    fn columns_too_many_and_in_other_case_do_no_harm_and_some_may_be_missing() {
        let mut table = original();
        table.columns.push(column("spare", "geometry"));
        table.columns[1].name = "Task_Name".to_owned();
        table.columns.retain(|column| column.name != "result_data");
        table.keys.truncate(1);
        let shape = check(&table).unwrap();
        assert_eq!(shape.missing, ["result_data"]);
        assert_eq!(shape.key, None);
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let said = refusal(|table| {
            table.columns.retain(|column| column.name != "status");
            table.columns.retain(|column| column.name != "retries");
            table.columns[1] = column("task_name", "varbinary");
            table.columns[4] = column("created_at", "bigint");
        });
        for part in [
            "`ai_server_tasks`",
            "`status` is missing",
            "`retries` is missing",
            "`task_name` is varbinary(9), where text is wanted",
            "`created_at` is bigint(9), where DATETIME or TIMESTAMP is wanted",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }

    #[test]
    fn rows_without_a_key_of_their_own_and_views_are_refused() {
        assert!(refusal(|table| drop(table.keys.remove(0))).contains("no primary or unique key"));
        assert!(refusal(|table| table.holds_rows = false).contains("view"));
    }

    #[test]
    fn a_key_that_compares_byte_by_byte_is_exact() {
        let key = |collations: &[&str]| PrefixKey {
            characters: 511,
            collations: collations.iter().map(|&name| name.to_owned()).collect(),
        };
        assert!(!key(&["utf8mb4_bin", "utf8mb4_0900_as_cs"]).is_insensitive());
        assert!(key(&["utf8mb4_bin", "latin1_swedish_ci"]).is_insensitive());
    }
}
