//! What the database says of the other table.

use crate::db::{Db, DbResult, Row, Sql};

const TABLE: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.table */
        SELECT TABLE_NAME, TABLE_TYPE, TABLE_ROWS
        FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?",
    postgres: "",
};

const COLUMNS: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.columns */
        SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_MAXIMUM_LENGTH, COLLATION_NAME,
               COLUMN_DEFAULT
        FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?
        ORDER BY ORDINAL_POSITION",
    postgres: "",
};

/// Columns of an index that is none over columns have no name.
const KEYS: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.keys */
        SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME
        FROM information_schema.STATISTICS
        WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND NON_UNIQUE = 0
        ORDER BY INDEX_NAME, SEQ_IN_INDEX",
    postgres: "",
};

const NAMES: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.names */
        SELECT TABLE_NAME FROM information_schema.TABLES
        WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME LIMIT ?",
    postgres: "",
};

/// A table that is not ours.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// Whether it is a table that holds rows, and no view of others.
    pub(crate) holds_rows: bool,
    /// About how many.
    pub(crate) rows: i64,
    pub(crate) columns: Vec<Column>,
    pub(crate) keys: Vec<Key>,
}

/// A column of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// `varchar`, in lower case.
    pub(crate) data_type: String,
    /// `varchar(511)`.
    pub(crate) whole_type: String,
    pub(crate) characters_max: Option<i64>,
    pub(crate) collation: Option<String>,
    pub(crate) default: Option<String>,
}

/// Columns of which no two rows have the same.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
}

/// The table of exactly this name in the database in use; `None` when there is none.
pub(crate) async fn table(db: &Db, name: &str) -> DbResult<Option<Table>> {
    let is_it = |row: &Row| row.text(0).is_ok_and(|found| found == name);
    let of = || vec![name.into()];
    let mut tables = db.read(&TABLE, of()).await?;
    tables.retain(is_it);
    let Some(found) = tables.first() else {
        return Ok(None);
    };
    let mut table = Table {
        name: name.to_owned(),
        holds_rows: found.opt_text(1)? == Some("BASE TABLE"),
        rows: found.opt_int(2)?.unwrap_or(0),
        ..Table::default()
    };
    for row in db
        .read(&COLUMNS, of())
        .await?
        .iter()
        .filter(|row| is_it(row))
    {
        table.columns.push(column(row)?);
    }
    for row in db.read(&KEYS, of()).await?.iter().filter(|row| is_it(row)) {
        let key = row.text(1)?;
        if table.keys.last().is_none_or(|last| last.name != key) {
            table.keys.push(Key {
                name: key.to_owned(),
                columns: Vec::new(),
            });
        }
        let column = row.opt_text(2)?.unwrap_or_default().to_owned();
        if let Some(last) = table.keys.last_mut() {
            last.columns.push(column);
        }
    }
    Ok(Some(table))
}

fn column(row: &Row) -> DbResult<Column> {
    let text = |index| Ok(row.opt_text(index)?.map(str::to_owned));
    Ok(Column {
        name: row.text(1)?.to_owned(),
        data_type: row.text(2)?.to_lowercase(),
        whole_type: row.text(3)?.to_owned(),
        characters_max: row.opt_int(4)?,
        collation: text(5)?,
        default: text(6)?,
    })
}

/// Names of tables in the database in use, at most so many.
pub(crate) async fn names_of_tables(db: &Db, most: i64) -> DbResult<Vec<String>> {
    let rows = db.read(&NAMES, vec![most.into()]).await?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}
