//! `cargo xtask db`: private database servers on loopback, for tests and development.
//!
//! This module knows the commands. What can be started is in `engine`, how a server is made
//! and started in the module of its family, what all servers share in `server`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use nix::sys::signal::Signal;

pub(crate) use engine::Engine;
use place::Place;
use server::Server;

pub(crate) mod debian;
mod engine;
mod galera;
mod mysql;
mod pgbouncer;
pub(crate) mod place;
mod ports;
mod postgres;
mod private_root;
mod process;
pub(crate) mod programs;
pub(crate) mod run;
pub(crate) mod server;
mod template;
mod tls;
pub(crate) mod wheel;

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
        Command::Promote => each(&place, &["pgha2".to_owned()], |_, standby| {
            standby.port()?;
            postgres::promote(&place, standby)
        }),
        Command::Status => status(&place),
        Command::Env => environment(&place),
        Command::Install { engines } => engines.iter().try_for_each(|e| e.install(&place)),
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
