//! Whether the way to the server is protected, by what the database URL says.

use super::finding::{Check, Finding};
use std::net::IpAddr;

const FIX: &str = "write sslmode=verify-full into the database URL, and sslrootcert=FILE where the \
                   server's certificate is of an authority of your own";

/// How far the server is away, and what the URL asks for.
pub(super) fn check(url: &str) -> Finding {
    let Some((_, rest)) = url
        .split_once("://")
        .filter(|_| !url.starts_with("sqlite:"))
    else {
        return Finding::ok(Check::Tls, "not needed: there is no server");
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let value = |names: &[&str]| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(name, value)| names.contains(&name).then_some(value))
    };
    let is_near = value(&["socket"]).is_some() || {
        let mut hosts = hosts(place, value(&["host", "hostaddr"]));
        hosts.all(|host| is_own_machine(&host))
    };
    if is_near {
        return Finding::ok(Check::Tls, "not needed: the server is this machine");
    }
    if value(&["sslrootcert", "ssl-ca"]).is_some() {
        return verified();
    }
    let mode = value(&["sslmode", "ssl-mode"]).map(str::to_ascii_lowercase);
    match mode.as_deref() {
        Some("disable" | "disabled") => {
            Finding::warn(Check::Tls, "switched off for a server elsewhere", FIX)
        }
        Some("prefer" | "preferred") => {
            let text = "used only if the server elsewhere likes, and any server is believed";
            Finding::warn(Check::Tls, text, FIX)
        }
        Some("require" | "required") => {
            Finding::warn(Check::Tls, "used, but any server is believed", FIX)
        }
        // The usual one for a server elsewhere; others are refused when connecting.
        _ => verified(),
    }
}

fn verified() -> Finding {
    Finding::ok(Check::Tls, "used, and the server must prove who it is")
}

/// The hosts of the address, and those that a parameter names.
fn hosts(place: &str, named: Option<&str>) -> impl Iterator<Item = String> {
    let address = place.rsplit_once('@').map_or(place, |(_, address)| address);
    let address = address.split('/').next().unwrap_or_default();
    let listed = address
        .split(',')
        .chain(named.unwrap_or_default().split(','));
    let hosts: Vec<String> = listed
        .filter(|host| !host.is_empty())
        .map(without_port)
        .collect();
    hosts.into_iter()
}

fn without_port(host: &str) -> String {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default().to_owned();
    }
    // More than one colon is an address, and no port.
    match host.split_once(':') {
        Some((name, port)) if !port.contains(':') => name.to_owned(),
        _ => host.to_owned(),
    }
}

/// The same rule by which a connection chooses its mode.
fn is_own_machine(host: &str) -> bool {
    host.starts_with('/')
        || host.to_ascii_lowercase().starts_with("%2f")
        || host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_server_elsewhere_must_prove_who_it_is() {
        for (url, verdict) in [
            ("sqlite:tasks.db", Verdict::Ok),
            ("sqlite:///srv/tasks.db", Verdict::Ok),
            ("mysql://a:b@127.0.0.1:3306/t?sslmode=disable", Verdict::Ok),
            ("mysql://a:b@[::1]/t?sslmode=disable", Verdict::Ok),
            (
                "mysql://a@db/t?socket=/run/my.sock&sslmode=disable",
                Verdict::Ok,
            ),
            (
                "postgres:///t?host=/run/postgresql&sslmode=disable",
                Verdict::Ok,
            ),
            ("postgres://a@%2Frun%2Fpostgresql/t", Verdict::Ok),
            ("postgres://a@localhost,db/t?sslmode=disable", Verdict::Warn),
            ("postgres://a:p@ss:w@db:5432/t", Verdict::Ok),
            ("postgres://a@db/t?sslmode=VERIFY-FULL", Verdict::Ok),
            ("postgres://a@db/t?sslmode=require", Verdict::Warn),
            (
                "postgres://a@db/t?sslmode=require&sslrootcert=ca.pem",
                Verdict::Ok,
            ),
            ("mariadb://a@10.0.0.7/t?ssl-mode=PREFERRED", Verdict::Warn),
            (
                "mysql://a@[2001:db8::1]:3306/t?sslmode=disable",
                Verdict::Warn,
            ),
        ] {
            assert_eq!(check(url).verdict, verdict, "{url}");
        }
    }
}
