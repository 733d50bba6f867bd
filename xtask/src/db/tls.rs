//! A certificate for the test servers, signed by an authority of our own, when `openssl` is at hand.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::place::Place;
use super::run::{on_path, quietly};
use super::server::Server;

const DAYS: &str = "3650";
const FILES: [&str; 3] = ["ca.pem", "server.pem", "server.key"];

/// Copies authority, certificate and key into the server's folder. False without `openssl`:
/// then the servers have only the TLS that they set up by themselves.
pub(crate) fn provide(place: &Place, server: &Server) -> Result<bool> {
    let _lock = place.lock_cache()?;
    let dir = place.cache.join("tls");
    if !dir.join("complete").exists() {
        if !on_path("openssl") {
            say!(
                "{}: no openssl here, so no certificate of our own",
                server.name
            );
            return Ok(false);
        }
        make(&dir)?;
    }
    for file in FILES {
        fs::copy(dir.join(file), server.dir.join(file))?;
    }
    fs::set_permissions(
        server.dir.join("server.key"),
        fs::Permissions::from_mode(0o600),
    )?;
    Ok(true)
}

/// The authority's certificate, when the server has one of ours.
pub(crate) fn authority(server: &Server) -> Option<PathBuf> {
    Some(server.dir.join(FILES[0])).filter(|path| path.exists())
}

fn make(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir)?;
    let openssl = |arguments: &str| {
        quietly(
            Command::new("openssl")
                .current_dir(dir)
                .args(arguments.split(' ')),
        )
    };
    openssl(&format!(
        "req -x509 -newkey rsa:2048 -nodes -days {DAYS} -subj /CN=dutiful-test-authority -keyout ca.key -out ca.pem"
    ))?;
    openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr")?;
    fs::write(
        dir.join("extensions"),
        "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n",
    )?;
    openssl(&format!(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {DAYS} -extfile extensions -out server.pem"
    ))?;
    fs::write(dir.join("complete"), "")?;
    Ok(())
}
