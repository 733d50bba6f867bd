//! The settings of a peer, from the command line.

use std::fmt::Display;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

/// Settings that were given, and those that were asked for.
#[derive(Debug, Default)]
pub struct Options {
    given: Vec<(String, String)>,
    used: Vec<String>,
}

impl Options {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Options> {
        let mut options = Options::default();
        for word in words {
            let (name, value) = word
                .split_once('=')
                .with_context(|| format!("{word} is not NAME=VALUE"))?;
            options.given.push((name.to_owned(), value.to_owned()));
        }
        Ok(options)
    }

    /// The setting's value. What is asked for is told with the figures.
    pub fn get<T: FromStr + Display>(&mut self, name: &str, default: T) -> Result<T> {
        let given = self.given.iter().find(|(given, _)| given == name);
        let value = match given {
            None => default,
            Some((_, text)) => match text.parse() {
                Ok(value) => value,
                Err(_) => bail!("{text} is no value of {name}"),
            },
        };
        let told = format!("{name}={value}");
        if !self.used.contains(&told) {
            self.used.push(told);
        }
        Ok(value)
    }

    /// Every setting that was asked for.
    pub(crate) fn told(&self) -> String {
        self.used.join(" ")
    }

    /// A setting that no peer asked for is a mistake.
    pub(crate) fn check(&self) -> Result<()> {
        for (name, _) in &self.given {
            let head = format!("{name}=");
            if !self.used.iter().any(|used| used.starts_with(&head)) {
                bail!("there is no setting {name} for this measurement");
            }
        }
        Ok(())
    }
}
