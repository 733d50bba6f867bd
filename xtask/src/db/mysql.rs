//! MariaDB and MySQL: programs, empty data folders, starting.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::Engine;
use super::debian::{of_release, of_this_release};
use super::place::Place;
use super::programs::{Programs, version_of};
use super::run::{quietly, quietly_with_input};
use super::server::{Server, copy_dir};
use super::template::template;
use super::tls;

const PATIENCE: Duration = Duration::from_secs(120);

/// MariaDB's own table definitions, in the order they must run; each release has the names
/// of one generation or the other.
const SYSTEM_TABLES: [&str; 5] = [
    "system_tables",
    "performance_tables",
    "system_tables_data",
    "add_gis_sp_bootstrap",
    "sys_schema",
];

/// The programs of one engine of this family.
pub(crate) struct Family {
    programs: Programs,
    daemon: &'static str,
    is_mysql: bool,
}

/// Finds or fetches the engine's programs.
pub(crate) fn provide(place: &Place, engine: Engine) -> Result<Family> {
    let _lock = place.lock_cache()?;
    let programs = match engine {
        Engine::Mysql => of_release(place, "mysql", "sid", &["mysql-server-core"])?,
        Engine::Mariadb11 => of_release(place, "mariadb11", "trixie", &["mariadb-server-core"])?,
        _ => of_this_release(
            place,
            "mariadb",
            &["/usr/sbin/mariadbd"],
            &["mariadb-server-core"],
        )?,
    };
    let is_mysql = engine == Engine::Mysql;
    let daemon = if is_mysql {
        "usr/sbin/mysqld"
    } else {
        "usr/sbin/mariadbd"
    };
    Ok(Family {
        programs,
        daemon,
        is_mysql,
    })
}

/// Makes a server with an empty database `app` and starts it.
pub(crate) fn create(place: &Place, engine: Engine, server: &Server, durable: bool) -> Result<()> {
    let family = provide(place, engine)?;
    let port = server.create(place, 1, durable)?;
    if !durable {
        tls::provide(place, server)?;
    }
    family.fill(place, server)?;
    server.hand_over()?;
    family.start(server, &[])?;
    server.write("url", &url(port))
}

/// Starts a server on the data it has.
pub(crate) fn start(place: &Place, engine: Engine, server: &Server) -> Result<()> {
    provide(place, engine)?.start(server, &[])
}

pub(crate) fn url(port: u16) -> String {
    format!("mysql://app:app@127.0.0.1:{port}/app")
}

impl Family {
    /// Gives a server its empty data folder and the statements of every start.
    pub(crate) fn fill(&self, place: &Place, server: &Server) -> Result<()> {
        let lock = place.lock_cache()?;
        let version = version_of(self.daemon()?.arg("--no-defaults"))?;
        let kind = if self.is_mysql { "mysql" } else { "mariadb" };
        let empty = template(place, &format!("{kind}-{version}"), |dir| {
            self.initialize(dir)
        })?;
        drop(lock);
        copy_dir(&empty, &server.dir.join("data"))?;
        fs::create_dir_all(server.dir.join("tmp"))?;
        server.write("init.sql", &self.init_statements())
    }

    fn daemon(&self) -> Result<Command> {
        self.programs.command(self.daemon)
    }

    fn share(&self) -> std::path::PathBuf {
        let mariadb = self.programs.path("usr/share/mariadb");
        if !self.is_mysql && mariadb.is_dir() {
            mariadb
        } else {
            self.programs.path("usr/share/mysql")
        }
    }

    fn initialize(&self, data: &Path) -> Result<()> {
        let mut command = self.daemon()?;
        command.args(["--no-defaults".to_owned(), argument("datadir", data)]);
        command.args(self.folders());
        if self.is_mysql {
            quietly(command.arg("--initialize-insecure"))?;
            // Each copy must get a server id of its own.
            fs::remove_file(data.join("auto.cnf"))?;
            return Ok(());
        }
        let statements = data.with_extension("sql");
        fs::write(&statements, self.system_tables()?)?;
        command.args([
            "--bootstrap",
            "--log-warnings=0",
            "--enforce-storage-engine=",
        ]);
        command.args(["--max-allowed-packet=8M", "--net-buffer-length=16K"]);
        quietly_with_input(&mut command, &statements)?;
        Ok(fs::remove_file(statements)?)
    }

    /// MariaDB is set up by running its table definitions; its own script for that needs
    /// helper programs which a private root does not have.
    fn system_tables(&self) -> Result<Vec<u8>> {
        let mut all = b"create database if not exists mysql;\nuse mysql;\n\
            set @auth_root_socket=NULL;\nset @skip_auth_anonymous=1;\n"
            .to_vec();
        for name in SYSTEM_TABLES {
            let files = ["mariadb", "mysql", "maria"]
                .map(|kind| self.share().join(format!("{kind}_{name}.sql")));
            match files.iter().find(|file| file.exists()) {
                Some(file) => all.extend(fs::read(file)?),
                None => bail!("{} is missing in this MariaDB", files[0].display()),
            }
        }
        Ok(all)
    }

    /// Run at every start, so each may be repeated; one a line.
    fn init_statements(&self) -> String {
        let mut lines = vec!["CREATE DATABASE IF NOT EXISTS app CHARACTER SET utf8mb4;".to_owned()];
        let mut user = |name: &str, proof: &str| {
            for host in ["%", "localhost"] {
                lines.push(format!(
                    "CREATE USER IF NOT EXISTS '{name}'@'{host}' IDENTIFIED {proof};"
                ));
                lines.push(format!(
                    "GRANT ALL PRIVILEGES ON *.* TO '{name}'@'{host}' WITH GRANT OPTION;"
                ));
            }
        };
        if self.is_mysql {
            user("app", "WITH caching_sha2_password BY 'app'");
        } else {
            user("app", "BY 'app'");
            user(
                "native",
                "VIA mysql_native_password USING PASSWORD('native')",
            );
        }
        lines.join("\n") + "\n"
    }

    fn folders(&self) -> Vec<String> {
        let mut all = vec![
            argument("basedir", &self.programs.path("usr")),
            argument("lc-messages-dir", &self.share()),
            argument("plugin-dir", &self.programs.path("usr/lib/mysql/plugin")),
        ];
        if self.is_mysql {
            // The packaged folder for it is missing in a private root.
            all.push("--secure-file-priv=NULL".to_owned());
        }
        all
    }

    /// Starts the server and waits until it greets clients.
    pub(crate) fn start(&self, server: &Server, more: &[String]) -> Result<()> {
        // A server that was killed leaves it, with the number of what may be another process by now.
        let lock = server.dir.join("data/server.sock.lock");
        if lock.exists() {
            fs::remove_file(lock)?;
        }
        server.spawn(&mut self.server_command(server, more)?, PATIENCE, greets)
    }

    /// The command line of a server. Socket and pid file are relative to the data folder,
    /// because the path of a socket may not be long.
    pub(crate) fn server_command(&self, server: &Server, more: &[String]) -> Result<Command> {
        let mut command = self.daemon()?;
        let config = server.dir.join("my.cnf");
        command.arg(if config.exists() {
            argument("defaults-file", &config)
        } else {
            "--no-defaults".to_owned()
        });
        command.arg(argument("datadir", &server.dir.join("data")));
        command.arg(argument("tmpdir", &server.dir.join("tmp")));
        command.args([
            "--socket=server.sock",
            "--pid-file=server.pid",
            "--bind-address=127.0.0.1",
        ]);
        command
            .arg(format!("--port={}", server.port()?))
            .args(self.folders());
        if self.is_mysql {
            command.arg("--mysqlx=OFF");
        }
        let init = server.dir.join("init.sql");
        if init.exists() {
            command.arg(argument("init-file", &init));
        }
        if !server.is_durable() {
            command.args(self.test_settings(server));
        }
        command.args(more);
        Ok(command)
    }

    /// Commits reach the kernel (they survive a kill), not the disk; many connections.
    fn test_settings(&self, server: &Server) -> Vec<String> {
        let mut all: Vec<String> = [
            "--innodb-flush-log-at-trx-commit=2",
            "--character-set-server=utf8mb4",
            "--default-time-zone=+00:00",
            "--max-connections=500",
            "--skip-name-resolve",
        ]
        .map(str::to_owned)
        .into();
        if self.is_mysql {
            all.push("--disable-log-bin".to_owned());
            // Nothing reads it, and every table that a trial makes is entered there too.
            all.push("--performance-schema=OFF".to_owned());
        }
        if tls::authority(server).is_some() {
            let file = |option, name| argument(option, &server.dir.join(name));
            all.extend([
                file("ssl-ca", "ca.pem"),
                file("ssl-cert", "server.pem"),
                file("ssl-key", "server.key"),
            ]);
        }
        all
    }
}

fn argument(name: &str, path: &Path) -> String {
    format!("--{name}={}", path.display())
}

/// Whether the server sends its greeting (protocol version 10 after the packet's 4 bytes).
fn greets(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let mut head = [0; 5];
    stream
        .set_read_timeout(Some(Duration::from_secs(2)))
        .is_ok()
        && stream.read_exact(&mut head).is_ok()
        && head[4] == 10
}
