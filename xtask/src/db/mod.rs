//! `cargo xtask db`: private database servers on loopback, for tests and development.
//!
//! This module knows the engines and the commands. How a server is made and started is told
//! by the module of its family; what all servers share is in `server`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use nix::sys::signal::Signal;

use place::Place;
use server::Server;

mod galera;
mod mysql;
mod packages;
mod pgbouncer;
pub(crate) mod place;
mod postgres;
mod run;
pub(crate) mod server;
mod template;
mod tls;

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

/// `cargo xtask db ...`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start servers (installing what is missing) and print a NAME=URL line for each
    Up(Up),
    /// Stop servers and throw their data away (all of them when none is named)
    Down { names: Vec<String> },
    /// Stop servers in their own way and keep their data
    Stop {
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Start stopped or killed servers again, on the same data and port
    Start {
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Kill servers with SIGKILL, as a crash would
    Kill {
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Hold servers with SIGSTOP: connections stay open, nothing answers
    Freeze {
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Let frozen servers go on
    Thaw {
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Make the standby of pgha the primary
    Promote,
    /// Print what is here: name, state, pid, URL
    Status,
    /// Print export lines for the servers that are up: eval "$(cargo xtask db env)"
    Env,
    /// Only get the programs
    Install {
        #[arg(required = true)]
        engines: Vec<Engine>,
    },
}

/// What `up` is asked for.
#[derive(Args)]
pub(crate) struct Up {
    #[arg(required = true)]
    engines: Vec<Engine>,
    /// Leave everything at the server's own defaults (commits reach the disk): for benchmarks
    #[arg(long)]
    durable: bool,
    /// pgha: a commit waits until the standby has it
    #[arg(long)]
    sync: bool,
}

/// Runs one of the commands.
pub(crate) fn run(command: &Command) -> Result<()> {
    let place = Place::find()?;
    match command {
        Command::Up(up) => up.engines.iter().try_for_each(|&engine| {
            engine.up(&place, up.durable, up.sync)?;
            engine.servers(&place).iter().for_each(print_variable);
            Ok(())
        }),
        Command::Down { names } => down(&place, names),
        Command::Stop { names } => each(&place, names, |engine, server| {
            let _lock = engine.lock(&place)?;
            server.stop(engine.stop_signal())
        }),
        Command::Start { names } => each(&place, names, |engine, server| {
            let _lock = engine.lock(&place)?;
            engine.start(&place, server)
        }),
        Command::Kill { names } => each(&place, names, |_, server| server.kill()),
        Command::Freeze { names } => each(&place, names, |_, s| s.signal_all(Signal::SIGSTOP)),
        Command::Thaw { names } => each(&place, names, |_, s| s.signal_all(Signal::SIGCONT)),
        Command::Promote => postgres::promote(&place, &Server::new(&place, "pgha2")),
        Command::Status => status(&place),
        Command::Env => environment(&place),
        Command::Install { engines } => engines.iter().try_for_each(|e| e.install(&place)),
    }
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

    fn lock(self, place: &Place) -> Result<std::fs::File> {
        place.lock(&self.name())
    }

    fn stop_signal(self) -> Signal {
        match self {
            // PostgreSQL waits for its clients after SIGTERM, and ends them after SIGINT.
            Engine::Postgres | Engine::Postgres18 | Engine::Pgha | Engine::Pgbouncer => {
                Signal::SIGINT
            }
            _ => Signal::SIGTERM,
        }
    }

    fn install(self, place: &Place) -> Result<()> {
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
        let begin = std::time::Instant::now();
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
    fn start(self, place: &Place, server: &Server) -> Result<()> {
        server.port()?;
        if server.pid().is_some() {
            return Ok(());
        }
        let begin = std::time::Instant::now();
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

/// Does something with each named server; the name of an engine means all its servers.
fn each(
    place: &Place,
    names: &[String],
    act: impl Fn(Engine, &Server) -> Result<()>,
) -> Result<()> {
    for name in names {
        let (engine, servers) = servers_of(place, name)?;
        servers.iter().try_for_each(|server| act(engine, server))?;
    }
    Ok(())
}

fn servers_of(place: &Place, name: &str) -> Result<(Engine, Vec<Server>)> {
    for &engine in Engine::value_variants() {
        let mut servers = engine.servers(place);
        if engine.name() != name {
            servers.retain(|server| server.name == name);
        }
        if !servers.is_empty() {
            return Ok((engine, servers));
        }
    }
    let names: Vec<String> = Engine::value_variants()
        .iter()
        .map(|engine| engine.name())
        .collect();
    bail!(
        "no server is called {name}; there are {}, galera1 to 3, pgha1 and 2",
        names.join(", ")
    )
}

fn down(place: &Place, names: &[String]) -> Result<()> {
    if names.is_empty() {
        return down_all(place);
    }
    each(place, names, |engine, server| {
        let _lock = engine.lock(place)?;
        throw_away(engine, server)
    })
}

/// Stops every server of a state folder and removes their data.
pub(crate) fn down_all(place: &Place) -> Result<()> {
    for server in Server::all(place)? {
        let (engine, _) = servers_of(place, &server.name)?;
        let _lock = engine.lock(place)?;
        throw_away(engine, &server)?;
    }
    Ok(())
}

/// PostgreSQL gets the chance to give back its shared memory; the others are just killed,
/// since their data goes anyway.
fn throw_away(engine: Engine, server: &Server) -> Result<()> {
    match engine {
        Engine::Postgres | Engine::Postgres18 | Engine::Pgha => server.stop(Signal::SIGQUIT)?,
        _ => server.kill()?,
    }
    server.wipe()
}

fn status(place: &Place) -> Result<()> {
    for server in Server::all(place)? {
        let url = server.url().unwrap_or_else(|| "half made".to_owned());
        match server.pid() {
            Some(pid) => println!("{} up pid {pid} {url}", server.name),
            None => println!("{} down {url}", server.name),
        }
    }
    Ok(())
}

/// The variables that name the servers which are up, in the order of their names.
pub(crate) fn variables(place: &Place) -> Result<Vec<(String, String)>> {
    let running: Vec<Server> = Server::all(place)?
        .into_iter()
        .filter(|server| server.pid().is_some())
        .collect();
    let mut all: Vec<(String, String)> = running.iter().filter_map(variable).collect();
    let authority: Option<PathBuf> = running.iter().find_map(tls::authority);
    if let Some(path) = authority {
        all.push(("DUTIFUL_TEST_TLS_CA".to_owned(), path.display().to_string()));
    }
    Ok(all)
}

fn variable(server: &Server) -> Option<(String, String)> {
    Some((
        format!("DUTIFUL_TEST_{}_URL", server.name.to_uppercase()),
        server.url()?,
    ))
}

fn print_variable(server: &Server) {
    if let Some((name, url)) = variable(server) {
        println!("{name}={url}");
    }
}

fn environment(place: &Place) -> Result<()> {
    for (name, value) in variables(place)? {
        println!("export {name}='{value}'");
    }
    Ok(())
}
