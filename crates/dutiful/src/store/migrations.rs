//! The tables in which migrations are recorded, and the lock under which they run.
//!
//! What lives here: the statements about `dutiful_migrations` and `dutiful_migration_lock`. What does not:
//! the migrations themselves (the folder `migrations`), and what to run when (`migrate`).

use crate::db::Sql;

/// Makes the table of migrations.
///
/// `applied_at` is set when a migration stands whole. `under_way` is `up` or `down` while one is being
/// applied or rolled back, `statements_done` how far that has come: MySQL commits each statement by itself,
/// so a run that was killed is taken up from there.
pub(crate) const CREATE: Sql = Sql {
    // tidy: allow - this text is also printed for other migration tools, where a name would puzzle.
    sqlite: "CREATE TABLE IF NOT EXISTS dutiful_migrations (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  applied_at INTEGER DEFAULT (CAST(ROUND((JULIANDAY('now') - 2440587.5) * 86400000) AS INTEGER) * 1000),
  under_way TEXT,
  statements_done INTEGER NOT NULL DEFAULT 0
) STRICT",
    // tidy: allow - this text is also printed for other migration tools, where a name would puzzle.
    mysql: "CREATE TABLE IF NOT EXISTS dutiful_migrations (
  version INT NOT NULL PRIMARY KEY,
  name VARCHAR(100) NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  applied_at DATETIME(6) NULL DEFAULT (UTC_TIMESTAMP(6)),
  under_way VARCHAR(4) NULL,
  statements_done INT NOT NULL DEFAULT 0
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    // tidy: allow - this text is also printed for other migration tools, where a name would puzzle.
    postgres: "CREATE TABLE IF NOT EXISTS dutiful_migrations (
  version integer PRIMARY KEY,
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamptz DEFAULT clock_timestamp(),
  under_way text,
  statements_done integer NOT NULL DEFAULT 0
)",
};

/// All that is recorded, oldest version first.
pub(crate) const LIST: Sql = Sql {
    sqlite: "/* dutiful.migrations.list */
        SELECT version, name, checksum, applied_at, under_way, statements_done
        FROM dutiful_migrations
        ORDER BY version",
    mysql: "/* dutiful.migrations.list */
        SELECT version, name, checksum, applied_at, under_way, statements_done
        FROM dutiful_migrations
        ORDER BY version",
    postgres: "/* dutiful.migrations.list */
        SELECT version, name, checksum, applied_at, under_way, statements_done
        FROM dutiful_migrations
        ORDER BY version",
};

/// Records that a migration without a row begins to be applied: version, name, checksum.
pub(crate) const START: Sql = Sql {
    sqlite: "/* dutiful.migrations.start */
        INSERT INTO dutiful_migrations (version, name, checksum, applied_at, under_way)
        VALUES (?1, ?2, ?3, NULL, 'up')",
    mysql: "/* dutiful.migrations.start */
        INSERT INTO dutiful_migrations (version, name, checksum, applied_at, under_way)
        VALUES (?, ?, ?, NULL, 'up')",
    postgres: "/* dutiful.migrations.start */
        INSERT INTO dutiful_migrations (version, name, checksum, applied_at, under_way)
        VALUES ($1::bigint, $2::text, $3::text, NULL, 'up')",
};

/// Records that a migration with a row begins anew, up or down: checksum, direction; version, statements
/// done so far.
pub(crate) const TURN: Sql = Sql {
    sqlite: "/* dutiful.migrations.turn */
        UPDATE dutiful_migrations
        SET checksum = ?1, applied_at = NULL, under_way = ?2, statements_done = 0
        WHERE version = ?3 AND statements_done = ?4",
    mysql: "/* dutiful.migrations.turn */
        UPDATE dutiful_migrations
        SET checksum = ?, applied_at = NULL, under_way = ?, statements_done = 0
        WHERE version = ? AND statements_done = ?",
    postgres: "/* dutiful.migrations.turn */
        UPDATE dutiful_migrations
        SET checksum = $1::text, applied_at = NULL, under_way = $2::text, statements_done = 0
        WHERE version = $3::bigint AND statements_done = $4::bigint",
};

/// Records one more statement: version, direction, statements done so far. No row means that somebody else
/// goes on with this migration.
pub(crate) const ADVANCE: Sql = Sql {
    sqlite: "/* dutiful.migrations.advance */
        UPDATE dutiful_migrations
        SET statements_done = statements_done + 1
        WHERE version = ?1 AND under_way = ?2 AND statements_done = ?3",
    mysql: "/* dutiful.migrations.advance */
        UPDATE dutiful_migrations
        SET statements_done = statements_done + 1
        WHERE version = ? AND under_way = ? AND statements_done = ?",
    postgres: "/* dutiful.migrations.advance */
        UPDATE dutiful_migrations
        SET statements_done = statements_done + 1
        WHERE version = $1::bigint AND under_way = $2::text AND statements_done = $3::bigint",
};

/// Records that a migration stands whole: version, statements done.
pub(crate) const FINISH_UP: Sql = Sql {
    sqlite: "/* dutiful.migrations.finish_up */
        UPDATE dutiful_migrations
        SET applied_at = CAST(ROUND((JULIANDAY('now') - 2440587.5) * 86400000) AS INTEGER) * 1000,
            under_way = NULL
        WHERE version = ?1 AND under_way = 'up' AND statements_done = ?2",
    mysql: "/* dutiful.migrations.finish_up */
        UPDATE dutiful_migrations
        SET applied_at = UTC_TIMESTAMP(6), under_way = NULL
        WHERE version = ? AND under_way = 'up' AND statements_done = ?",
    postgres: "/* dutiful.migrations.finish_up */
        UPDATE dutiful_migrations
        SET applied_at = clock_timestamp(), under_way = NULL
        WHERE version = $1::bigint AND under_way = 'up' AND statements_done = $2::bigint",
};

/// Forgets a migration that has been rolled back: version, statements done.
pub(crate) const FINISH_DOWN: Sql = Sql {
    sqlite: "/* dutiful.migrations.finish_down */
        DELETE FROM dutiful_migrations
        WHERE version = ?1 AND under_way = 'down' AND statements_done = ?2",
    mysql: "/* dutiful.migrations.finish_down */
        DELETE FROM dutiful_migrations
        WHERE version = ? AND under_way = 'down' AND statements_done = ?",
    postgres: "/* dutiful.migrations.finish_down */
        DELETE FROM dutiful_migrations
        WHERE version = $1::bigint AND under_way = 'down' AND statements_done = $2::bigint",
};

/// For a transaction that migrates: one at a time waits here, for as long as `RowLock` on MySQL; then no
/// statement waits long for a table that is in use, because everybody else queues up behind it.
///
/// This mode keeps out itself and every write, but not `FOR UPDATE`, so that workers can start meanwhile.
pub(crate) const LOCK_ON_POSTGRES: &str = "/* dutiful.migrations.lock */
        SET LOCAL lock_timeout = '60s';
        LOCK TABLE dutiful_migrations IN SHARE ROW EXCLUSIVE MODE;
        SET LOCAL lock_timeout = '5s'";

/// Makes the table of the lock for MySQL, where no transaction holds a schema change together. The other
/// engines lock by their transactions.
pub(crate) const CREATE_LOCK: Sql = Sql {
    sqlite: "",
    // tidy: allow - this text is also printed for other migration tools, where a name would puzzle.
    mysql: "CREATE TABLE IF NOT EXISTS dutiful_migration_lock (
  id INT NOT NULL PRIMARY KEY,
  token VARCHAR(36) NULL,
  holder VARCHAR(255) NULL,
  expires_at DATETIME(6) NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    postgres: "",
};

/// Makes the one row of the lock.
pub(crate) const FILL_LOCK: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.migrations.fill_lock */
        INSERT IGNORE INTO dutiful_migration_lock (id) VALUES (1)",
    postgres: "",
};

/// Takes the lock when it is free, ours already or run out: token, process id, lifetime in microseconds,
/// token.
pub(crate) const TAKE_LOCK: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.migrations.take_lock */
        UPDATE dutiful_migration_lock
        SET token = ?,
            holder = LEFT(CONCAT('process ', ?, ' of ', USER()), 255),
            expires_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
        WHERE id = 1 AND (token IS NULL OR token = ? OR expires_at < UTC_TIMESTAMP(6))",
    postgres: "",
};

/// Keeps the lock: lifetime in microseconds, token. No row means that it was lost.
pub(crate) const RENEW_LOCK: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.migrations.renew_lock */
        UPDATE dutiful_migration_lock
        SET expires_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
        WHERE id = 1 AND token = ?",
    postgres: "",
};

/// Gives the lock back: token.
pub(crate) const RELEASE_LOCK: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.migrations.release_lock */
        UPDATE dutiful_migration_lock
        SET token = NULL, holder = NULL, expires_at = NULL
        WHERE id = 1 AND token = ?",
    postgres: "",
};

/// Who migrates now, in words. SQLite does not tell.
pub(crate) const HOLDER: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.migrations.holder */
        SELECT holder
        FROM dutiful_migration_lock
        WHERE id = 1 AND token IS NOT NULL",
    postgres: "/* dutiful.migrations.holder */
        SELECT concat('process ', a.pid, ' of ', a.usename, '@', coalesce(host(a.client_addr), 'local'),
                      ' ', a.application_name)
        FROM pg_locks AS l
        JOIN pg_stat_activity AS a ON a.pid = l.pid
        WHERE l.relation = to_regclass('dutiful_migrations') AND l.granted
          AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
        LIMIT 1",
};

/// Locks the row of one version, unless somebody else has: version. Nothing to prove on SQLite.
pub(crate) const LOCK_ROW: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.migrations.lock_row */
        SELECT version
        FROM dutiful_migrations
        WHERE version = ?
        FOR UPDATE SKIP LOCKED",
    postgres: "/* dutiful.migrations.lock_row */
        SELECT version
        FROM dutiful_migrations
        WHERE version = $1::bigint
        FOR UPDATE SKIP LOCKED",
};

/// For a tool of the team's own: records what the text before it has applied.
pub(crate) fn record_text(version: u32, name: &str, checksum: &str) -> String {
    format!(
        // tidy: allow - text that is printed, not run; all that goes into it is our own.
        "INSERT INTO dutiful_migrations (version, name, checksum)\nVALUES ({version}, '{name}', '{checksum}');\n"
    )
}

/// For a tool of the team's own: forgets what the text before it has rolled back.
pub(crate) fn forget_text(version: u32) -> String {
    // tidy: allow - text that is printed, not run; all that goes into it is our own.
    format!("DELETE FROM dutiful_migrations WHERE version = {version};\n")
}
