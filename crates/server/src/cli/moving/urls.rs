//! Which databases are meant. A URL with a password stands in a file or in a variable and in no flag.

use super::super::App;
use super::MoveArgs;
use crate::failure::{Exit, Failure};
use dutiful::Client;
use std::io::Read;
use std::path::Path;

/// A URL is no longer than this.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The URLs of both places, as far as they are named.
pub(super) struct Urls {
    from: Option<String>,
    to: Option<String>,
    to_prefix: Option<String>,
}

impl Urls {
    pub(super) fn find(args: &MoveArgs, app: &App, single_is_new: bool) -> Result<Urls, Failure> {
        let (mut from, mut to) = match args.urls.as_slice() {
            [from, to] => (Some(from.clone()), Some(to.clone())),
            [one] if single_is_new => (None, Some(one.clone())),
            [one] => (Some(one.clone()), None),
            _ => (None, None),
        };
        for (file, url, which) in [
            (&args.from_file, &mut from, "--from-file"),
            (&args.to_file, &mut to, "--to-file"),
        ] {
            let Some(file) = file else { continue };
            if url.is_some() {
                let cause = format!("{which} and an argument name the same database");
                return Err(Failure::usage(cause).fix("leave one of them out"));
            }
            *url = Some(read(file)?);
        }
        let variable = args.to_url.clone().filter(|url| !url.is_empty());
        let prefix = args.to_prefix.clone().or(app.settings.table_prefix.clone());
        Ok(Urls {
            from,
            to: to.or(variable),
            to_prefix: prefix,
        })
    }

    /// The old place: as named, otherwise that of the settings.
    pub(super) async fn from(&self, app: &App) -> Result<Client, Failure> {
        let url = self.from.as_deref().unwrap_or(&app.settings.database_url);
        connect(url, app.settings.table_prefix.as_deref()).await
    }

    /// The new place, if it is named.
    pub(super) async fn to(&self, _app: &App) -> Result<Option<Client>, Failure> {
        match &self.to {
            Some(url) => connect(url, self.to_prefix.as_deref()).await.map(Some),
            None => Ok(None),
        }
    }
}

async fn connect(url: &str, prefix: Option<&str>) -> Result<Client, Failure> {
    let mut builder = Client::builder(url);
    if let Some(prefix) = prefix {
        builder = builder.table_prefix(prefix);
    }
    Ok(builder.connect().await?)
}

fn read(file: &Path) -> Result<String, Failure> {
    let bad = |why: String| {
        let cause = format!("{}: {why}", file.display());
        Failure::new(Exit::Usage, "config", cause).fix("write the URL of the database into it")
    };
    let mut text = String::new();
    std::fs::File::open(file)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| bad(error.to_string()))?;
    match text.trim() {
        "" => Err(bad("the file is empty".to_owned())),
        url => Ok(url.to_owned()),
    }
}
