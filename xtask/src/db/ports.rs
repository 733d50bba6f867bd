//! Choosing ports.

use std::net::TcpListener;

use anyhow::{Result, bail};

use super::place::Place;
use super::server::Server;

/// Ports are taken below the range that Linux gives to outgoing connections, so that a
/// stopped server finds its own port free when it is started again.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// The first of `count` ports in a row that nobody listens on and no server of ours owns.
/// The search begins at a place of its own for each process, so that two of them rarely meet.
pub(crate) fn free_port(place: &Place, count: u16) -> Result<u16> {
    let owned: Vec<u16> = Server::all(place)?
        .iter()
        .filter_map(|server| server.port().ok())
        .collect();
    let slots = (PORTS.end - PORTS.start) / 4;
    let first = std::process::id().wrapping_mul(2_654_435_761) % u32::from(slots);
    for step in 0..u32::from(slots) {
        let slot = u16::try_from((first + step) % u32::from(slots))?;
        let port = PORTS.start + slot * 4;
        let free = |p| TcpListener::bind(("127.0.0.1", p)).is_ok();
        if !owned.contains(&port) && (port..port + count).all(free) {
            return Ok(port);
        }
    }
    bail!("no free port between {} and {}", PORTS.start, PORTS.end)
}
