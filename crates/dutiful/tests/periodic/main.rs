//! Periodics and the janitor under real workers, on SQLite and on the servers that
//! `DUTIFUL_TEST_MARIADB_URL`, `DUTIFUL_TEST_MYSQL_URL` and `DUTIFUL_TEST_POSTGRES_URL` name.
#![allow(clippy::unwrap_used, missing_docs)]

mod database;
mod definition;
mod janitor;
mod local;
mod overlap;
mod ticks;
