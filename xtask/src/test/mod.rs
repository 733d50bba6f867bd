//! `cargo xtask test`: starts the servers, runs every test of the workspace on them, stops them. A pooler is
//! among them, on which only the conformance suite runs, unless more is asked for. Document tests are told where the
//! libraries and programs are that they use.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::db::Engine;
use crate::parts::Found;
use crate::runner::{Runner, interrupted};
use crate::servers::Servers;
use crate::workspace::{OPTIONAL, cargo};
use counts::Counts;

mod counts;

/// The engine that needs no server.
const SQLITE: &str = "sqlite";
const USUAL: [Engine; 3] = [Engine::Mariadb, Engine::Mysql, Engine::Postgres];
/// Tested by the conformance suite alone: it stands before a server on which everything is tested.
const POOLER: Engine = Engine::Pgbouncer;
const CONFORMANCE: &str = "conformance";
/// How many tasks go from one engine to another and from another queue to ours, and how many histories the model
/// plays, when the time does not matter.
const SIZES_FULL: [(&str, &str); 3] = [
    ("DUTIFUL_TEST_MOVE_TASKS", "100000"),
    ("DUTIFUL_TEST_ADOPT_ROWS", "100000"),
    ("DUTIFUL_TEST_HISTORIES", "64"),
];

/// On what the conformance suite is tried once more after going up, down and up: the servers share the cases, and
/// the pooler, which changes nothing about that, has none.
const AGAIN: &str = "DUTIFUL_TEST_AGAIN";

/// What is tested.
#[derive(Args, Default)]
pub(crate) struct Test {
    /// Add mariadb11, postgres18, galera and pgha, everything on pgbouncer, and 100,000 tasks to move and to adopt
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

    /// The pooler, where it is not an engine like all others.
    fn pooler(&self) -> Option<Engine> {
        (self.engines.is_empty() && !self.full).then_some(POOLER)
    }
}

/// One call of cargo's test runner.
struct Pass {
    /// The test program that runs alone; `None` means all tests.
    program: Option<&'static str>,
    engines: Vec<String>,
}

/// Runs the tests; the result is theirs. The last line on stdout tells their counts.
pub(crate) fn run(test: &Test) -> Result<ExitCode> {
    let (sqlite, mut engines) = test.choose()?;
    let pooler = test.pooler();
    engines.extend(pooler);
    let runner = Runner::begin()?;
    let servers = Servers::new()?;
    // The build and the start of the servers do not wait for each other.
    let build =
        runner.spawn(cargo()?.args(["test", "--workspace", "--features", OPTIONAL, "--no-run"]))?;
    let started = servers.start(&engines, false, interrupted);
    let parts = Found::look();
    let built = build.wait()?;
    let parts = parts?;
    let mut names = started?;
    if interrupted() {
        bail!("interrupted");
    }
    if !built.success() {
        bail!("the tests do not build");
    }
    if sqlite {
        names.insert(0, SQLITE.to_owned());
    }
    let mut counts = Counts::default();
    let mut code = 0;
    for pass in passes(&names, pooler) {
        let before = counts.failed;
        let mut command = pass.command(test)?;
        servers.set_variables(&mut command, &pass.engines)?;
        parts.set_variables(&mut command);
        let status = runner.spawn_read(&mut command, |line| counts.read(line))?;
        if interrupted() {
            bail!("interrupted");
        }
        if !status.success() && counts.failed == before {
            say!(
                "a test program ended without its counts (see above): it counts as one failed test"
            );
            counts.failed += 1;
        }
        code = code.max(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1));
    }
    drop(servers);
    for line in &counts.failures {
        println!("{line}");
    }
    report(&engines, &names);
    parts.report();
    println!("{counts}");
    Ok(ExitCode::from(code))
}

/// All tests on all engines, but for the pooler: of these only those that tell whether one may be there.
fn passes(names: &[String], pooler: Option<Engine>) -> Vec<Pass> {
    let pooler = pooler.map(|engine| engine.name());
    let (poolers, engines): (Vec<String>, Vec<String>) = names
        .iter()
        .cloned()
        .partition(|name| Some(name) == pooler.as_ref());
    let mut passes = vec![Pass {
        program: None,
        engines,
    }];
    if !poolers.is_empty() {
        passes.push(Pass {
            program: Some(CONFORMANCE),
            engines: poolers,
        });
    }
    passes
}

impl Pass {
    fn again(&self, test: &Test) -> &'static str {
        match self.program {
            _ if test.full => "all",
            Some(_) => "none",
            None => "share",
        }
    }

    fn command(&self, test: &Test) -> Result<Command> {
        let mut command = cargo()?;
        // The same packages and features in each pass, or they would be built again.
        command.args(["test", "--workspace", "--features", OPTIONAL]);
        match self.program {
            Some(program) => command.args(["--test", program]),
            None => command.arg("--no-fail-fast"),
        };
        if let Some(filter) = &test.only {
            command.args(["--", filter]);
        }
        command.env(AGAIN, self.again(test));
        if test.full {
            command.envs(SIZES_FULL);
        }
        Ok(command)
    }
}

fn report(engines: &[Engine], names: &[String]) {
    say!("tested on {}", names.join(", "));
    // Said again at the end, where it cannot be overlooked.
    for engine in engines
        .iter()
        .map(|engine| engine.name())
        .filter(|name| !names.contains(name))
    {
        eprintln!("SKIPPED: {engine} (the reason is above)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_engines_get_all_tests_and_the_pooler_those_of_conformance() {
        let test = Test::default();
        let names = ["sqlite", "postgres", "pgbouncer"].map(str::to_owned);
        let seen: Vec<_> = passes(&names, test.pooler())
            .into_iter()
            .map(|pass| (pass.program, pass.engines.join(",")))
            .collect();
        let expected = [
            (None, "sqlite,postgres".to_owned()),
            (Some(CONFORMANCE), "pgbouncer".to_owned()),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn engines_that_are_asked_for_get_all_tests() {
        let test = Test {
            engines: vec!["pgbouncer".to_owned()],
            ..Test::default()
        };
        let passes = passes(&["pgbouncer".to_owned()], test.pooler());
        assert_eq!((passes.len(), passes[0].program), (1, None));
    }
}
