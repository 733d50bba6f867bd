//! `cargo xtask test`: starts the servers, runs every test of the workspace on them, stops them.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::db::Engine;
use crate::runner::{Runner, interrupted};
use crate::servers::Servers;
use crate::workspace::{ADAPTERS, cargo};
use counts::Counts;

mod counts;

/// The engine that needs no server.
const SQLITE: &str = "sqlite";
const USUAL: [Engine; 3] = [Engine::Mariadb, Engine::Mysql, Engine::Postgres];

/// What is tested.
#[derive(Args, Default)]
pub(crate) struct Test {
    /// Add mariadb11, postgres18, galera, pgha and pgbouncer
    #[arg(long)]
    full: bool,
    /// Run only the tests whose name contains this
    #[arg(long, value_name = "FILTER")]
    only: Option<String>,
    /// Test only on these engines: sqlite or those of `cargo xtask db`
    #[arg(long = "engine", value_name = "NAME,...", value_delimiter = ',')]
    engines: Vec<String>,
}

impl Test {
    /// Whether SQLite is among the engines, and the servers that are.
    fn choose(&self) -> Result<(bool, Vec<Engine>)> {
        if self.engines.is_empty() {
            let all = Engine::value_variants();
            return Ok((true, if self.full { all } else { &USUAL }.to_vec()));
        }
        if self.full {
            bail!("--full and --engine exclude each other: name the engines you want");
        }
        let servers = self.engines.iter().filter(|name| *name != SQLITE);
        let parsed = servers.map(|name| {
            Engine::from_str(name, false).map_err(|_| anyhow::anyhow!("no engine is called {name}"))
        });
        Ok((
            self.engines.iter().any(|name| name == SQLITE),
            parsed.collect::<Result<_>>()?,
        ))
    }
}

/// Runs the tests; the result is theirs. The last line on stdout tells their counts.
pub(crate) fn run(test: &Test) -> Result<ExitCode> {
    let (sqlite, engines) = test.choose()?;
    let runner = Runner::begin()?;
    let servers = Servers::new()?;
    // The build and the start of the servers do not wait for each other.
    let build =
        runner.spawn(cargo()?.args(["test", "--workspace", "--features", ADAPTERS, "--no-run"]))?;
    let started = servers.start(&engines, false, interrupted);
    let built = build.wait()?;
    let mut names = started?;
    if interrupted() || !built.success() {
        bail!(
            "{}",
            if interrupted() {
                "interrupted"
            } else {
                "the tests do not build"
            }
        );
    }
    if sqlite {
        names.insert(0, SQLITE.to_owned());
    }
    let mut command = cargo()?;
    command.args([
        "test",
        "--workspace",
        "--features",
        ADAPTERS,
        "--no-fail-fast",
    ]);
    if let Some(filter) = &test.only {
        command.args(["--", filter]);
    }
    servers.set_variables(&mut command, &names)?;
    let mut counts = Counts::default();
    let status = runner.spawn_read(&mut command, |line| counts.read(line))?;
    drop(servers);
    if interrupted() {
        bail!("interrupted");
    }
    if !status.success() && counts.failed == 0 {
        say!("a test program ended without its counts (see above): it counts as one failed test");
        counts.failed = 1;
    }
    say!("tested on {}", names.join(", "));
    // Said again at the end, where it cannot be overlooked.
    for engine in engines
        .iter()
        .map(|engine| engine.name())
        .filter(|name| !names.contains(name))
    {
        eprintln!("SKIPPED: {engine} (the reason is above)");
    }
    println!("{counts}");
    let code = u8::try_from(status.code().unwrap_or(1)).unwrap_or(1);
    Ok(ExitCode::from(code))
}
