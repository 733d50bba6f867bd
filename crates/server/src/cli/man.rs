//! `dutiful man`, for those who make packages.

use super::Cli;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use clap::{Args, CommandFactory};
use clap_mangen::Man;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The arguments of `man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write a page for each command into this folder, which is made if need be
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl ManArgs {
    pub(super) fn run(self, output: Output) -> Result<(), Failure> {
        let mut command = Cli::command().disable_help_subcommand(true);
        command.build();
        match &self.out {
            None => {
                let page = render(&Man::new(command))?;
                output.data(&json!({ "page": &page }), || page.clone())
            }
            Some(folder) => {
                let files = write(&command, folder)
                    .map_err(|failure| failure.at(&folder.display().to_string()))?;
                output.data(&json!({ "files": &files }), || {
                    files.iter().map(|file| format!("{file}\n")).collect()
                })
            }
        }
    }
}

fn render(man: &Man) -> Result<String, Failure> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Writes all pages and gives the files' names.
fn write(command: &clap::Command, folder: &Path) -> Result<Vec<String>, Failure> {
    let cannot = |error: std::io::Error| {
        Failure::new(Exit::Failure, "io", error.to_string())
            .fix("name a folder that can be written to with --out")
    };
    std::fs::create_dir_all(folder).map_err(cannot)?;
    let mut files = Vec::new();
    let mut waiting = vec![command];
    while let Some(command) = waiting.pop() {
        let man = Man::new(command.clone());
        let file = man.get_filename();
        std::fs::write(folder.join(&file), render(&man)?).map_err(cannot)?;
        files.push(file);
        waiting.extend(command.get_subcommands().filter(|one| !one.is_hide_set()));
    }
    files.sort_unstable();
    Ok(files)
}
