//! Users of a server, and the URLs by which they come.

use crate::harness::database::TestDb;
use crate::harness::engine::Dialect;
use dutiful::{Client, Error};
use std::sync::atomic::{AtomicU32, Ordering};

/// A word that stands in nothing but passwords.
pub(crate) const SECRET: &str = "s3cr:t@w/rd";
/// The same, as a URL has it.
const SECRET_IN_URL: &str = "s3cr%3At%40w%2Frd";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A way to the server: every part of it can be made wrong.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    scheme: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) host: String,
    pub(crate) port: String,
    pub(crate) database: String,
    prefix: String,
}

impl Login {
    /// The way of the tests' own user.
    pub(crate) fn of(db: &TestDb) -> Login {
        let (scheme, rest) = db.url().split_once("://").unwrap();
        let (login, place) = rest.rsplit_once('@').unwrap();
        let (user, password) = login.split_once(':').unwrap();
        let (server, database) = place.split_once('/').unwrap();
        let (host, port) = server.split_once(':').unwrap();
        Login {
            scheme: scheme.to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
            host: host.to_owned(),
            port: port.to_owned(),
            database: database.to_owned(),
            prefix: db.prefix().to_owned(),
        }
    }

    /// A new user who may do nothing but log in, in a way that the server is told by `proof`.
    pub(crate) async fn create(db: &TestDb, proof: &str) -> Login {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let user = format!("c{}_{number}", std::process::id());
        match db.dialect() {
            Dialect::Sqlite => unreachable!("a file has no users"),
            Dialect::Mysql => db.exec(&format!("CREATE USER '{user}'@'%' {proof}")).await,
            Dialect::Postgres => db.exec(&format!("CREATE ROLE {user} LOGIN {proof}")).await,
        };
        Login {
            user,
            password: SECRET_IN_URL.to_owned(),
            ..Login::of(db)
        }
    }

    /// Gives the user all rights on the database of the test.
    pub(crate) async fn allow(&self, db: &TestDb) {
        let (user, database) = (&self.user, &self.database);
        if db.dialect() == Dialect::Mysql {
            db.exec(&format!("GRANT ALL ON {database}.* TO '{user}'@'%'"))
                .await;
        }
    }

    pub(crate) fn url(&self, parameters: &str) -> String {
        let Login {
            scheme,
            user,
            password,
            host,
            port,
            database,
            ..
        } = self;
        format!("{scheme}://{user}:{password}@{host}:{port}/{database}?{parameters}")
    }

    pub(crate) async fn connect(&self, parameters: &str) -> Result<Client, Error> {
        let client = Client::builder(&self.url(parameters)).table_prefix(&self.prefix);
        client.connect().await
    }
}
