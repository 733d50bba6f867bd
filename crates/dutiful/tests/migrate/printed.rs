//! The SQL that the product prints for the team's own migration tool, cut into statements as such a tool
//! does it.

use crate::harness::database::TestDb;
use crate::harness::engine::Dialect;
use dutiful::migrate::{Direction, Engine, Migrator};

/// One migration of a printed text.
pub(crate) struct Printed {
    pub(crate) statements: Vec<String>,
    /// What tells our table of migrations that it was done.
    pub(crate) record: String,
}

/// All statements, in order.
pub(crate) fn statements(db: &TestDb, direction: Direction) -> Vec<String> {
    let engine = match db.dialect() {
        Dialect::Sqlite => Engine::Sqlite,
        Dialect::Mysql => Engine::Mysql,
        Dialect::Postgres => Engine::Postgres,
    };
    let text = Migrator::sql(engine, direction, db.prefix()).unwrap();
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("--"))
        .collect();
    let code = code.join("\n");
    let statements = code
        .split(";\n")
        .map(|part| part.trim().trim_end_matches(';').to_owned());
    statements
        .filter(|statement| !statement.is_empty())
        .collect()
}

/// The migrations, in the order in which the direction goes through them.
pub(crate) fn migrations(db: &TestDb, direction: Direction) -> Vec<Printed> {
    let table = format!("{}migrations ", db.prefix());
    let mut found = Vec::new();
    let mut statements = Vec::new();
    for statement in self::statements(db, direction) {
        if !statement.contains(&table) {
            statements.push(statement);
        } else if !statement.starts_with("CREATE") {
            let (statements, record) = (std::mem::take(&mut statements), statement);
            found.push(Printed { statements, record });
        }
    }
    assert!(
        statements.is_empty(),
        "every migration ends with its record"
    );
    found
}
