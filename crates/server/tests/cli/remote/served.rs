//! A server that commands work on, and what they print there and on its database.

use crate::place::Place;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub(crate) const REFUSED: i32 = 5;

/// A server on the database of a place.
pub(crate) struct Served {
    pub(crate) place: Place,
    child: Child,
    pub(crate) url: String,
}

impl Served {
    pub(crate) fn start(more: &[&str]) -> Served {
        let place = Place::new();
        let token = place.json(&["token", "create", "ops", "--scope", "admin"]);
        place.write_secret("secret", token["secret"].as_str().unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_dutiful"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--require-token"]);
        command.args(more).current_dir(place.path());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let url = loop {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "it does not start");
            if let Some((_, rest)) = line.split_once("Serving on ") {
                let url = rest.split(": try").next().unwrap();
                break url.replace("127.0.0.1", "localhost");
            }
        };
        // It must never wait for somebody to read its log.
        std::thread::spawn(move || log.lines().for_each(drop));
        Served { place, child, url }
    }

    pub(crate) fn remotely<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        [args, &["--server", &self.url, "--token-file", "secret"]].concat()
    }

    /// What the command prints on the server, which is the same as on the database.
    pub(crate) fn same(&self, args: &[&str]) -> Value {
        let remote = self.place.json(&self.remotely(args));
        assert_eq!(remote, self.place.json(args), "{args:?}");
        remote
    }

    /// The same for people.
    pub(crate) fn same_text(&self, args: &[&str]) {
        let remote = self.place.text(&self.remotely(args));
        assert_eq!(remote, self.place.text(args), "{args:?}");
    }

    /// What a command prints on the server.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        self.place.json(&self.remotely(args))
    }

    /// What a command that fails on the server says, with its exit code: all of it as on the database.
    pub(crate) fn same_error(&self, args: &[&str], exit: i32) -> Value {
        let own = self.place.json_error(args);
        let remote = self.place.json_error(&self.remotely(args));
        assert_eq!(own, remote, "{args:?}");
        assert_eq!(own.0, exit, "{args:?}: {}", own.1);
        remote.1
    }

    /// The file with a token of these scopes.
    pub(crate) fn token(&self, scopes: &str) -> String {
        let name = format!("only-{}", scopes.replace(',', "-"));
        let args = ["token", "create", &name, "--scope", scopes];
        let token = self.place.json(&args);
        self.place
            .write_secret(&name, token["secret"].as_str().unwrap());
        name
    }

    /// What the server answers whoever has another token, or none.
    pub(crate) fn refused(&self, args: &[&str], token: Option<&str>) -> Value {
        let mut all = [args, &["--server", &self.url]].concat();
        all.extend(token.iter().flat_map(|file| ["--token-file", file]));
        let (exit, error) = self.place.json_error(&all);
        assert_eq!(exit, REFUSED, "{args:?}: {error}");
        error
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
