//! The engines: what they are called, which servers they consist of, which module makes them.

use std::fs::File;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::ValueEnum;
use nix::sys::signal::Signal;

use super::place::Place;
use super::server::Server;
use super::{galera, mysql, pgbouncer, postgres};

/// What can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// MariaDB 10.11
    Mariadb,
    /// MySQL 9
    Mysql,
    /// PostgreSQL 15
    Postgres,
    /// MariaDB 11.8
    #[value(name = "mariadb11")]
    Mariadb11,
    /// PostgreSQL 18
    #[value(name = "postgres18")]
    Postgres18,
    /// MariaDB Galera: galera1, galera2, galera3
    Galera,
    /// PostgreSQL 15 with a standby: pgha1, pgha2
    Pgha,
    /// Transaction pooling in front of postgres, which it starts when needed
    Pgbouncer,
}

impl Engine {
    /// The name used on the command line and in `DUTIFUL_TEST_ENGINES`.
    pub(crate) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// The servers it consists of, whether they exist or not.
    pub(crate) fn servers(self, place: &Place) -> Vec<Server> {
        let names = match self {
            Engine::Galera => vec!["galera1", "galera2", "galera3"],
            Engine::Pgha => vec!["pgha1", "pgha2"],
            _ => return vec![Server::new(place, &self.name())],
        };
        names
            .into_iter()
            .map(|name| Server::new(place, name))
            .collect()
    }

    /// Held while the engine's servers are made, started or stopped.
    pub(super) fn lock(self, place: &Place) -> Result<File> {
        place.lock(&self.name())
    }

    /// The signal that stops its servers in their own way.
    pub(super) fn stop_signal(self) -> Signal {
        match self {
            // PostgreSQL waits for its clients after SIGTERM, and ends them after SIGINT.
            Engine::Postgres | Engine::Postgres18 | Engine::Pgha | Engine::Pgbouncer => {
                Signal::SIGINT
            }
            _ => Signal::SIGTERM,
        }
    }

    /// Gets the programs.
    pub(super) fn install(self, place: &Place) -> Result<()> {
        match self {
            Engine::Mariadb | Engine::Mysql | Engine::Mariadb11 => {
                mysql::provide(place, self).map(drop)
            }
            Engine::Galera => galera::provide(place).map(drop),
            Engine::Postgres | Engine::Postgres18 | Engine::Pgha => {
                postgres::provide(place, self).map(drop)
            }
            Engine::Pgbouncer => pgbouncer::provide(place).map(drop),
        }
    }

    /// Makes the engine's servers, or starts them again when they exist.
    pub(crate) fn up(self, place: &Place, durable: bool, sync: bool) -> Result<()> {
        let _lock = self.lock(place)?;
        let servers = self.servers(place);
        if servers.iter().all(|server| server.url().is_some()) {
            if servers.iter().any(|server| server.is_durable() != durable) {
                bail!(
                    "{0} exists with other settings: run `cargo xtask db down {0}` first",
                    self.name()
                );
            }
            return servers
                .iter()
                .try_for_each(|server| self.start(place, server));
        }
        for server in &servers {
            server.kill()?;
        }
        let begin = Instant::now();
        self.create(place, &servers, durable, sync)?;
        say!(
            "{} is up after {:.1} s",
            self.name(),
            begin.elapsed().as_secs_f32()
        );
        Ok(())
    }

    fn create(self, place: &Place, servers: &[Server], durable: bool, sync: bool) -> Result<()> {
        match self {
            Engine::Galera => galera::create(place, servers, durable),
            Engine::Pgha => postgres::create_pair(place, servers, durable, sync),
            Engine::Mariadb | Engine::Mysql | Engine::Mariadb11 => {
                mysql::create(place, self, &servers[0], durable)
            }
            Engine::Postgres | Engine::Postgres18 => {
                postgres::create(place, self, &servers[0], durable)
            }
            Engine::Pgbouncer => {
                Engine::Postgres.up(place, durable, false)?;
                pgbouncer::create(
                    place,
                    &servers[0],
                    &Engine::Postgres.servers(place)[0],
                    durable,
                )
            }
        }
    }

    /// Starts one of the engine's servers on the data it has.
    pub(super) fn start(self, place: &Place, server: &Server) -> Result<()> {
        server.port()?;
        if server.pid().is_some() {
            return Ok(());
        }
        let begin = Instant::now();
        match self {
            Engine::Galera => galera::start(place, server, &self.servers(place))?,
            Engine::Mariadb | Engine::Mysql | Engine::Mariadb11 => {
                mysql::start(place, self, server)?
            }
            Engine::Postgres | Engine::Postgres18 | Engine::Pgha => {
                postgres::start(place, self, server)?
            }
            Engine::Pgbouncer => pgbouncer::start(place, server)?,
        }
        say!(
            "{} is up again after {:.1} s",
            server.name,
            begin.elapsed().as_secs_f32()
        );
        Ok(())
    }
}
