//! pgbouncer in transaction mode, in front of the server `postgres`.

use std::time::Duration;

use anyhow::Result;

use super::debian::of_this_release;
use super::place::Place;
use super::postgres::{asks_for_password, url};
use super::programs::Programs;
use super::server::Server;

const PATIENCE: Duration = Duration::from_secs(20);

/// Finds or fetches the program.
pub(crate) fn provide(place: &Place) -> Result<Programs> {
    let _lock = place.lock_cache()?;
    of_this_release(place, "pgbouncer", &["/usr/sbin/pgbouncer"], &["pgbouncer"])
}

/// Makes and starts the pooler; every database of `postgres` can be reached through it.
pub(crate) fn create(
    place: &Place,
    server: &Server,
    postgres: &Server,
    durable: bool,
) -> Result<()> {
    let programs = provide(place)?;
    let port = server.create(place, 1, durable)?;
    server.write("users", "\"app\" \"app\"\n")?;
    let dir = server.dir.display();
    // Idle server connections end soon, so that a test's own database can be dropped. The start-up
    // parameter is one that sqlx and JDBC send; pgbouncer's own guide sets it aside like this.
    let config = format!(
        "[databases]\n\
         * = host=127.0.0.1 port={target}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = scram-sha-256\n\
         auth_file = {dir}/users\n\
         pool_mode = transaction\n\
         default_pool_size = 8\n\
         max_client_conn = 500\n\
         server_idle_timeout = 5\n\
         ignore_startup_parameters = extra_float_digits\n",
        target = postgres.port()?,
    );
    server.write("pgbouncer.ini", &config)?;
    server.hand_over()?;
    run(&programs, server)?;
    server.write("url", &url(port))
}

/// Starts the pooler again.
pub(crate) fn start(place: &Place, server: &Server) -> Result<()> {
    run(&provide(place)?, server)
}

fn run(programs: &Programs, server: &Server) -> Result<()> {
    let mut command = programs.command("usr/sbin/pgbouncer")?;
    command.arg("-q").arg(server.dir.join("pgbouncer.ini"));
    server.spawn(&mut command, PATIENCE, asks_for_password)
}
