//! Asking the person at the terminal.

use crate::failure::Failure;
use std::io::{self, BufRead, IsTerminal, Write};

/// Goes on when the person says yes. Nobody is waited for where there is no terminal: `--yes` says it there.
pub(crate) async fn confirm(question: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(
            Failure::usage("this cannot be undone, and nobody is here to be asked")
                .fix("say --yes, or --dry-run to see what would happen"),
        );
    }
    let mut stderr = anstream::stderr().lock();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    drop(stderr);
    // Reading waits for the person, and Ctrl-C must go on working.
    let read = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok::<_, io::Error>(answer)
    });
    let answer = read.await.map_err(io::Error::other)??;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::interrupted()),
    }
}
