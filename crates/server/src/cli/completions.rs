//! `dutiful completions`.

use super::Cli;
use crate::failure::Failure;
use crate::output::Output;
use clap::{Args, CommandFactory, ValueEnum};
use serde_json::json;

/// The name under which the shell knows the program.
const PROGRAM: &str = "dutiful";

/// A shell that scripts are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(self, output: Output) -> Result<(), Failure> {
        let (name, shell) = match self.shell {
            Shell::Bash => ("bash", clap_complete::Shell::Bash),
            Shell::Zsh => ("zsh", clap_complete::Shell::Zsh),
            Shell::Fish => ("fish", clap_complete::Shell::Fish),
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut shown(), PROGRAM, &mut script);
        let script = String::from_utf8_lossy(&script);
        output.data(&json!({ "shell": name, "script": &script }), || {
            script.clone().into_owned()
        })
    }
}

/// The command line without its hidden commands: the scripts would offer those too.
fn shown() -> clap::Command {
    let whole = Cli::command();
    let seen = whole
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    clap::Command::new(PROGRAM)
        .args(whole.get_arguments())
        .subcommands(seen.cloned())
}
