//! What a database has of our tables, as the engine itself describes it.

use crate::harness::database::TestDb;
use crate::harness::engine::Dialect;

/// The definitions of all our tables, with their indexes and checks; the same for the same tables.
pub(crate) async fn tables(db: &TestDb) -> Vec<String> {
    match db.dialect() {
        Dialect::Sqlite => lines(db, SQLITE).await,
        Dialect::Mysql => mysql(db).await,
        Dialect::Postgres => {
            let mut all = lines(db, POSTGRES_COLUMNS).await;
            all.extend(lines(db, POSTGRES_INDEXES).await);
            all.extend(lines(db, POSTGRES_CONSTRAINTS).await);
            all
        }
    }
}

/// The definitions without the table of the lock, which only our own runs need.
pub(crate) async fn tables_without_lock(db: &TestDb) -> Vec<String> {
    let lock = format!("{}migration_lock", db.prefix());
    let mut all = tables(db).await;
    all.retain(|line| !line.starts_with(&lock));
    all
}

const SQLITE: &str = "SELECT name, type, tbl_name, sql FROM sqlite_schema
    WHERE name LIKE 'LIKE' ESCAPE '!' ORDER BY name";

const MYSQL_TABLES: &str = "SELECT table_name FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name LIKE 'LIKE' ESCAPE '!' ORDER BY table_name";

const POSTGRES_COLUMNS: &str = "SELECT c.relname, c.relkind, c.reloptions, a.attnum, a.attname,
        format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attcollation::regcollation,
        pg_get_expr(d.adbin, d.adrelid)
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname LIKE 'LIKE' ESCAPE '!'
    ORDER BY c.relname, a.attnum";

const POSTGRES_INDEXES: &str = "SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = current_schema() AND tablename LIKE 'LIKE' ESCAPE '!' ORDER BY indexname";

const POSTGRES_CONSTRAINTS: &str = "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname LIKE 'LIKE' ESCAPE '!'
    ORDER BY c.relname, k.conname";

async fn lines(db: &TestDb, sql: &str) -> Vec<String> {
    let like = db.prefix().replace('_', "!_");
    let sql = sql.replace("'LIKE'", &format!("'{like}%'"));
    let rows = db.rows(&sql).await.into_iter();
    rows.map(|row| {
        let cells = row
            .into_iter()
            .map(|cell| cell.unwrap_or("NULL".to_owned()));
        cells.collect::<Vec<String>>().join(" | ")
    })
    .collect()
}

async fn mysql(db: &TestDb) -> Vec<String> {
    let mut all = Vec::new();
    for table in lines(db, MYSQL_TABLES).await {
        let mut rows = db.rows(&format!("SHOW CREATE TABLE {table}")).await;
        let definition = rows.remove(0).remove(1).unwrap();
        all.push(format!("{table} | {definition}"));
    }
    all
}
