//! The command line: what may be typed, and which command it runs.
//!
//! [`run`] is all of it for a team's own binary.

mod audit;
mod bench;
mod bulk;
mod cancel;
mod completions;
mod delete;
mod demo;
mod dev;
mod doctor;
mod duplicate;
mod edit;
mod explain;
mod list;
mod man;
mod migrate;
mod moving;
mod openapi;
mod operate;
mod operations;
mod pause;
mod periodic;
mod place;
mod prune;
mod retry;
mod run_now;
mod serve;
mod show;
mod stats;
mod submit;
mod tail;
mod tasks;
mod token;
mod types;
mod worker;
mod workers;

use crate::failure::{Exit, Failure};
use crate::logging::{self, Usual};
use crate::output::Output;
use crate::redact::{self, Redact};
use crate::remote::Remote;
use crate::settings::{GlobalArgs, Settings, environment};
use crate::signals::interrupted;
use crate::tasks::Tasks;
use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use dutiful::TaskInfo;
use place::Place;
use std::process::ExitCode;
use std::sync::Arc;

/// Exit codes, told at the end of --help.
const AFTER_HELP: &str = "\
Settings are taken from flags, then DUTIFUL_* variables, then dutiful.toml, then defaults.
Data goes to stdout, messages to stderr.
Exit codes: 0 done, 1 failure, 2 usage, 3 not found, 4 conflict, 5 refused by the server,
6 database or server unreachable, 7 schema missing or out of date, 8 doctor found something bad, 130 interrupted.";

/// Durable background tasks on the database that you already run.
#[derive(Debug, Parser)]
#[command(name = "dutiful", version, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole thing on a throw-away SQLite file; ends by itself
    Demo(demo::DemoArgs),
    /// Keep the whole stack up: tables, a worker and the HTTP API, for trying things
    Dev(dev::DevArgs),
    /// Run tasks until SIGTERM or Ctrl-C
    Worker(worker::WorkerArgs),
    /// Serve the HTTP API
    Serve(serve::ServeArgs),
    /// Submit a task
    Submit(submit::SubmitArgs),
    /// List tasks, newest first
    List(list::ListArgs),
    /// Show everything about a task
    Show(show::ShowArgs),
    /// Tell why a task does not run, or ran more than once
    Explain(explain::ExplainArgs),
    /// Run tasks again that have ended, or now that wait
    Retry(retry::RetryArgs),
    /// Cancel tasks that have not ended
    Cancel(cancel::CancelArgs),
    /// Let tasks run now that wait for their time, their next try or their release
    RunNow(run_now::RunNowArgs),
    /// Change a task that waits: its payload, its time, its priority, its retries
    Edit(edit::EditArgs),
    /// The operations that `retry`, `cancel`, `run-now` and `delete` start for all tasks that fit a filter
    Operations(operations::OperationsArgs),
    /// Submit a task like another one
    Duplicate(duplicate::DuplicateArgs),
    /// Remove tasks that have ended, with all that belongs to them
    Delete(delete::DeleteArgs),
    /// Follow what happens: a line for each task whose state has changed, until Ctrl-C
    Tail(tail::TailArgs),
    /// Counts, rates and queue depth by task name, or what ended in each minute, hour or day
    Stats(stats::StatsArgs),
    /// Remove tasks that ended long ago, many at once
    Prune(prune::PruneArgs),
    /// The task types that this binary knows; `types check` looks for payloads that it cannot read
    Types(types::TypesArgs),
    /// Pause task names: no worker claims their tasks until they are resumed; running tasks go on
    Pause(pause::PauseArgs),
    /// Let paused task names go on
    Resume(pause::ResumeArgs),
    /// The workers, and whether they are alive
    Workers(workers::WorkersArgs),
    /// The periodic tasks, and when they run next
    Periodic(periodic::PeriodicArgs),
    /// Look for what is wrong or soon will be, and tell the fix
    Doctor,
    /// Make, list and end the tokens that the HTTP API asks for
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Who did what over the HTTP API, newest first
    Audit(audit::AuditArgs),
    /// Make, change or remove the tables
    #[command(subcommand)]
    Migrate(migrate::MigrateCommand),
    /// Move the queue to another database, of any engine, while it is in use
    Move(moving::MoveArgs),
    /// Measure the database: submit, bulk, drain, pick-up
    Bench(bench::BenchArgs),
    /// A worker of a bench: it runs until its stdin is closed
    #[command(hide = true)]
    BenchWorker(bench::BenchWorkerArgs),
    /// Print the description of the HTTP API (OpenAPI 3.1)
    Openapi,
    /// Print a script that completes commands and options in a shell
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write one for each command
    #[command(hide = true)]
    Man(man::ManArgs),
}

/// What a command works with.
#[derive(Debug)]
struct App {
    settings: Settings,
    output: Output,
    tasks: Arc<Tasks>,
}

impl App {
    /// Where the command works.
    async fn place(&self) -> Result<Place, Failure> {
        match self.remote()? {
            Some(remote) => Ok(Place::Server(remote)),
            None => Ok(Place::Database(self.settings.connect().await?)),
        }
    }

    /// The server that it works on, if it works on one.
    fn remote(&self) -> Result<Option<Remote>, Failure> {
        let settings = &self.settings;
        let Some(server) = &settings.server else {
            return Ok(None);
        };
        let token_file = settings.token_file.as_deref();
        Remote::new(server, token_file, settings.ca_file.as_deref()).map(Some)
    }

    /// One task as a command shows it that is about this task.
    fn shown(&self, mut task: TaskInfo) -> TaskInfo {
        if self.settings.redact_everywhere {
            self.settings.redact.task(&mut task);
        }
        task
    }

    /// What takes the secrets out of the texts about one task.
    fn veil(&self, task: &TaskInfo) -> Option<Redact> {
        let settings = &self.settings;
        settings
            .redact_everywhere
            .then(|| settings.redact.of_task(task))
    }
}

/// Runs the command that the process's arguments name and gives its exit code: everything that `dutiful` does,
/// for these task types. Exit codes are those of `--help`.
///
/// A worker starts this program again for each document that it reads ([`dutiful_documents::child`]), and
/// that ends here. Where making the tasks takes time, call
/// [`serve_if_asked`](dutiful_documents::child::serve_if_asked) before.
pub fn run(tasks: Tasks) -> ExitCode {
    // Before anything else, so that reading a document does not begin by making a command line.
    dutiful_documents::child::serve_if_asked();
    ExitCode::from(try_run(tasks) as u8)
}

fn try_run(tasks: Tasks) -> Exit {
    let parsed = command().try_get_matches();
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let output = Output {
        json: cli.global.json,
        quiet: cli.global.quiet,
    };
    match start(cli, output, tasks) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            output.failure(&failure);
            failure.exit
        }
    }
}

/// The command line, for which an empty variable is an unset one.
fn command() -> clap::Command {
    without_empty_variables(Cli::command())
}

/// Under which name what is done here is shown to others.
fn actor() -> String {
    let user = ["USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    match user.filter(|user| !user.is_empty()) {
        Some(user) => format!("{user} (command line)"),
        None => "command line".to_owned(),
    }
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let unset = |arg: clap::Arg| match arg.get_env() {
        Some(name) if environment::is_empty(name) => arg.env(Resettable::Reset),
        _ => arg,
    };
    command
        .mut_args(unset)
        .mut_subcommands(without_empty_variables)
}

/// Help and version are answers; everything else that clap says is a wrong use.
fn refuse(error: &clap::Error) -> Exit {
    let wrong = error.use_stderr();
    if wrong && std::env::args_os().any(|arg| arg == "--json") {
        let text = error.to_string();
        let cause = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        let failure = Failure::usage(cause).fix("`dutiful --help` shows how it is used");
        Output {
            json: true,
            quiet: false,
        }
        .failure(&failure);
    } else {
        // Nobody can be told that the stream is gone.
        let _ = error.print();
    }
    match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Exit::Usage,
        _ if wrong => Exit::Usage,
        _ => Exit::Done,
    }
}

fn start(cli: Cli, output: Output, tasks: Tasks) -> Result<(), Failure> {
    let command = match cli.command {
        // They only describe the command line: wrong settings must not keep a shell from starting.
        Command::Completions(args) => return args.run(output),
        Command::Man(args) => return args.run(output),
        command => command,
    };
    let app = App {
        settings: Settings::resolve(&cli.global)?,
        output,
        tasks: Arc::new(tasks),
    };
    redact::of_process(&app.settings.redact);
    let usual = match command {
        Command::Dev(_) | Command::Worker(_) | Command::Serve(_) => Usual::Info,
        Command::Demo(_) => Usual::Nothing,
        _ => Usual::Warn,
    };
    logging::start(
        app.settings.log_format,
        usual,
        cli.global.verbose,
        cli.global.quiet,
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(until_done(command, &app));
    // A thread that still waits for stdin must not keep the process.
    runtime.shutdown_background();
    done
}

async fn until_done(command: Command, app: &App) -> Result<(), Failure> {
    match command {
        // These answer signals themselves: a worker lets running tasks end, a server open requests, a bench
        // drops its tables, and its workers end with it; a move puts the tables back; following ends in order; pruning
        // tells how far it is.
        Command::Dev(_)
        | Command::Worker(_)
        | Command::Serve(_)
        | Command::Bench(_)
        | Command::BenchWorker(_)
        | Command::Move(_)
        | Command::Prune(_)
        | Command::Tail(_) => dispatch(command, app).await,
        _ => tokio::select! {
            done = dispatch(command, app) => done,
            () = interrupted() => Err(Failure::interrupted()),
        },
    }
}

async fn dispatch(command: Command, app: &App) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => args.run(app).await,
        Command::Dev(args) => args.run(app).await,
        Command::Worker(args) => args.run(app).await,
        Command::Serve(args) => args.run(app).await,
        Command::Submit(args) => args.run(app).await,
        Command::List(args) => args.run(app).await,
        Command::Show(args) => args.run(app).await,
        Command::Explain(args) => args.run(app).await,
        Command::Operations(args) => args.run(app).await,
        Command::Edit(args) => args.run(app).await,
        Command::Duplicate(args) => args.run(app).await,
        Command::Delete(args) => args.run(app).await,
        Command::Token(command) => command.run(app).await,
        Command::Audit(args) => args.run(app).await,
        Command::Prune(args) => args.run(app).await,
        Command::Types(args) => args.run(app).await,
        Command::Openapi => openapi::run(app).await,
        Command::Retry(args) => args.run(app).await,
        Command::Cancel(args) => args.run(app).await,
        Command::RunNow(args) => args.run(app).await,
        Command::Tail(args) => args.run(app).await,
        Command::Stats(args) => args.run(app).await,
        Command::Pause(args) => args.run(app).await,
        Command::Resume(args) => args.run(app).await,
        Command::Workers(args) => args.run(app).await,
        Command::Periodic(args) => args.run(app).await,
        Command::Doctor => doctor::run(app).await,
        Command::Migrate(command) => command.run(app).await,
        Command::Move(args) => args.run(app).await,
        Command::Bench(args) => args.run(app).await,
        Command::BenchWorker(args) => args.run(app).await,
        Command::Completions(args) => args.run(app.output),
        Command::Man(args) => args.run(app.output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_may_stand_after_the_command() {
        let cli = Cli::try_parse_from(["dutiful", "stats", "--json", "-v"]).unwrap();
        assert!(cli.global.json);
        assert_eq!(cli.global.verbose, 1);
    }
}
