//! Three MariaDB nodes that replicate to each other by Galera.
//!
//! Ports of a node: p for clients, p+1 for the group, p+2 and p+3 for sending data to a node
//! that joins.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use super::Engine;
use super::debian::of_this_release;
use super::mysql::{self, Family};
use super::place::{Place, is_root};
use super::run::quietly;
use super::server::Server;

const LIBRARY: &str = "/usr/lib/libgalera_smm.so";
const PORTS: u16 = 4;
/// Starts a group of which no node is running.
const NEW_GROUP: &str = "--wsrep-new-cluster";

/// Finds or installs the programs. A joining node is filled by scripts that look for programs
/// at the machine's own places, so these cannot be private.
pub(crate) fn provide(place: &Place) -> Result<Family> {
    let present = [
        "/usr/sbin/mariadbd",
        LIBRARY,
        "/usr/bin/rsync",
        "/usr/bin/wsrep_sst_rsync",
    ];
    if !is_root() && !present.iter().all(|file| Path::new(file).exists()) {
        bail!(
            "galera needs packages on the machine itself: as root, apt-get install mariadb-server galera-4 rsync"
        );
    }
    let lock = place.lock_cache()?;
    of_this_release(
        place,
        "galera",
        &present,
        &["mariadb-server", "galera-4", "rsync"],
    )?;
    drop(lock);
    mysql::provide(place, Engine::Mariadb)
}

/// Makes the nodes and starts them, the first as the beginning of the group.
pub(crate) fn create(place: &Place, nodes: &[Server], durable: bool) -> Result<()> {
    let family = provide(place)?;
    for node in nodes {
        node.create(place, PORTS, durable)?;
        fs::create_dir_all(node.dir.join("data"))?;
        fs::create_dir_all(node.dir.join("tmp"))?;
    }
    let group = group(nodes)?;
    for (index, node) in nodes.iter().enumerate() {
        node.write("my.cnf", &config(node, &group)?)?;
        if index == 0 {
            fs::remove_dir(node.dir.join("data"))?;
            family.fill(place, node)?;
        }
        node.hand_over()?;
        let first = (index == 0).then(|| NEW_GROUP.to_owned());
        family.start(node, first.as_slice())?;
        say!("{} has joined", node.name);
    }
    nodes
        .iter()
        .try_for_each(|node| node.write("url", &mysql::url(node.port()?)))
}

/// Starts a node again: into the group, or as its beginning when no other node runs.
pub(crate) fn start(place: &Place, node: &Server, nodes: &[Server]) -> Result<()> {
    let family = provide(place)?;
    let alone = nodes
        .iter()
        .all(|other| other.name == node.name || other.pid().is_none());
    let mut more = recovered_position(&family, node)?;
    if alone {
        // The node did not know that it would be the last one: tell it that it may begin.
        let state = node.dir.join("data/grastate.dat");
        let text = fs::read_to_string(&state)?;
        fs::write(
            &state,
            text.replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1"),
        )?;
        more.push(NEW_GROUP.to_owned());
    }
    family.start(node, &more)
}

/// After a crash: the position up to which the node's data is whole.
fn recovered_position(family: &Family, node: &Server) -> Result<Vec<String>> {
    let log = node.dir.join("data/recover.log");
    let _ = fs::remove_file(&log);
    let more = [
        "--wsrep-recover".to_owned(),
        format!("--log-error={}", log.display()),
    ];
    quietly(&mut family.server_command(node, &more)?)?;
    let text = fs::read_to_string(&log)?;
    let position = text
        .lines()
        .rev()
        .find_map(|line| line.split_once("Recovered position:"));
    Ok(position
        .map(|(_, at)| format!("--wsrep-start-position={}", at.trim()))
        .into_iter()
        .collect())
}

fn group(nodes: &[Server]) -> Result<String> {
    let address = |node: &Server| Ok(format!("127.0.0.1:{}", node.port()? + 1));
    let all: Vec<String> = nodes.iter().map(address).collect::<Result<_>>()?;
    Ok(all.join(","))
}

fn config(node: &Server, group: &str) -> Result<String> {
    let port = node.port()?;
    let (own, incremental, copy) = (port + 1, port + 2, port + 3);
    Ok(format!(
        "[mysqld]\n\
         wsrep_on=ON\n\
         wsrep_provider={LIBRARY}\n\
         wsrep_cluster_name=dutiful\n\
         wsrep_cluster_address=gcomm://{group}\n\
         wsrep_node_name={name}\n\
         wsrep_node_address=127.0.0.1\n\
         wsrep_node_incoming_address=127.0.0.1:{port}\n\
         wsrep_sst_method=rsync\n\
         wsrep_sst_receive_address=127.0.0.1:{copy}\n\
         wsrep_provider_options=\"base_host=127.0.0.1;base_port={own};\
         gmcast.listen_addr=tcp://127.0.0.1:{own};ist.recv_addr=127.0.0.1:{incremental};gcache.size=32M\"\n\
         binlog_format=ROW\n\
         default_storage_engine=InnoDB\n\
         innodb_autoinc_lock_mode=2\n",
        name = node.name,
    ))
}
