//! The engines that are there.
//!
//! `DUTIFUL_TEST_<NAME>_URL` says where a server is. `DUTIFUL_TEST_ENGINES`, when it is set, says which
//! engines must be covered, and no others are; when it is not, SQLite is, and every server with a URL.

use std::{env, iter};

/// Every name under which a server can be given.
const SERVERS: [&str; 8] = [
    "mariadb",
    "mysql",
    "postgres",
    "mariadb11",
    "postgres18",
    "galera1",
    "pgbouncer",
    "pgha1",
];

/// The dialect that an engine speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Mysql,
    Postgres,
}

/// An engine to run the cases on.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    pub(crate) name: String,
    pub(crate) dialect: Dialect,
    /// Where the server is; nothing for SQLite.
    pub(crate) url: String,
    /// Whether cases share one database, each with its own table prefix.
    pub(crate) shared: bool,
}

impl Engine {
    /// Whether there is a server: behind a link, and with locks on rows.
    pub(crate) fn is_server(&self) -> bool {
        self.dialect != Dialect::Sqlite
    }

    /// Whether rows are locked one by one, and nobody else is in the database of a case.
    #[allow(dead_code, reason = "the trials of what workers say use it")]
    pub(crate) fn locks_rows(&self) -> bool {
        self.is_server() && self.is_alone()
    }

    /// Whether home-made queues can be adopted there.
    #[allow(dead_code, reason = "only the conformance suite adopts")]
    pub(crate) fn adopts(&self) -> bool {
        self.dialect == Dialect::Mysql
    }

    /// Whether they cannot.
    #[allow(dead_code, reason = "only the conformance suite adopts")]
    pub(crate) fn adopts_not(&self) -> bool {
        !self.adopts()
    }

    /// Whether nobody else is in the database of a case.
    pub(crate) fn is_alone(&self) -> bool {
        !self.shared
    }

    /// Whether hints go over the network to whoever wants to count them.
    pub(crate) fn hears_hints(&self) -> bool {
        self.dialect == Dialect::Mysql || self.notifies()
    }

    /// Whether workers listen to the server. A pooler passes no notification on.
    pub(crate) fn notifies(&self) -> bool {
        self.dialect == Dialect::Postgres && !self.name.starts_with("pgbouncer")
    }

    /// Whether other processes hear of a submission before they poll.
    pub(crate) fn hints(&self) -> bool {
        self.dialect != Dialect::Postgres || self.notifies()
    }
}

/// An engine, or why it cannot be tried although somebody asked for it.
#[derive(Debug)]
pub(crate) enum Found {
    Engine(Engine),
    Missing { name: String, why: String },
}

/// Everything that the environment asks for.
pub(crate) fn all() -> Vec<Found> {
    match env::var("DUTIFUL_TEST_ENGINES") {
        Ok(names) => names
            .split(',')
            .filter(|name| !name.is_empty())
            .map(asked)
            .collect(),
        Err(_) => {
            let servers = SERVERS.iter().filter_map(|name| server(name, url(name)?));
            iter::once(sqlite())
                .chain(servers)
                .map(Found::Engine)
                .collect()
        }
    }
}

fn asked(name: &str) -> Found {
    // Engines of several servers are named as a whole.
    let server_name = match name {
        "galera" => "galera1",
        "pgha" => "pgha1",
        name => name,
    };
    let missing = |why: String| Found::Missing {
        name: name.to_owned(),
        why,
    };
    if name == "sqlite" {
        return Found::Engine(sqlite());
    }
    if !SERVERS.contains(&server_name) {
        return missing(format!(
            "no engine is called {name}; there are sqlite, {}",
            SERVERS.join(", ")
        ));
    }
    match url(server_name).and_then(|url| server(server_name, url)) {
        Some(engine) => Found::Engine(engine),
        None => missing(format!(
            "DUTIFUL_TEST_ENGINES names {name}, but {} is no database URL; start the server, or leave it out",
            variable(server_name)
        )),
    }
}

fn sqlite() -> Engine {
    let name = "sqlite".to_owned();
    Engine {
        name,
        dialect: Dialect::Sqlite,
        url: String::new(),
        shared: false,
    }
}

fn server(name: &str, url: String) -> Option<Engine> {
    let dialect = match url.split(':').next() {
        Some("mysql" | "mariadb") => Dialect::Mysql,
        Some("postgres" | "postgresql") => Dialect::Postgres,
        _ => return None,
    };
    // A pooler knows its databases by name, and making one stops a cluster for a moment.
    let shared = name.starts_with("pgbouncer") || name.starts_with("galera");
    Some(Engine {
        name: name.to_owned(),
        dialect,
        url,
        shared,
    })
}

fn variable(name: &str) -> String {
    format!("DUTIFUL_TEST_{}_URL", name.to_uppercase())
}

fn url(name: &str) -> Option<String> {
    env::var(variable(name)).ok().filter(|url| !url.is_empty())
}
