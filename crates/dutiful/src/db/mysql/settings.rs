//! What a URL says about the server and the way to it.

use super::errors;
use super::{DatabaseUrl, DbError, DbErrorKind, DbResult};
use crate::db::tls::{SslMode, ssl_mode};
use dutiful_core::limits::POOL_SIZE_MAX;
use mysql_async::{Opts, OptsBuilder, SslOpts};
use std::path::PathBuf;
use std::time::Duration;

/// Texts that each connection keeps prepared: all statements of this crate in all their sizes.
const PREPARED: usize = 256;
const KEEPALIVE: Duration = Duration::from_secs(15);
/// More than any packet: the server's own limit is checked before a statement is sent.
const ANY_PACKET: usize = 1 << 30;
const KNOWN: &str = "sslmode, sslrootcert, socket, pool";

/// A URL taken apart.
pub(super) struct Settings {
    pub(super) mode: SslMode,
    pub(super) pool_size: usize,
    options: OptsBuilder,
    tls: SslOpts,
    host: String,
    port: u16,
    socket: Option<String>,
}

/// The parameters after the `?` of a URL.
#[derive(Debug, Default)]
struct Params {
    mode: Option<String>,
    authorities: Option<String>,
    socket: Option<String>,
    pool: Option<usize>,
}

impl Settings {
    pub(super) fn parse(url: &DatabaseUrl, pool_size: usize) -> DbResult<Settings> {
        let text = url.secret_text();
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let rest = base.split_once(':').map_or("", |(_, rest)| rest);
        // The driver knows one scheme only.
        let base =
            Opts::from_url(&format!("mysql:{rest}")).map_err(|error| errors::of_url(&error))?;
        let params = Params::parse(query)?;
        let name = base.db_name().map(str::to_owned).ok_or_else(|| {
            wrong("the URL names no database; write mysql://user:password@host/database")
        })?;
        let host = base.ip_or_hostname().trim_matches(['[', ']']).to_owned();
        let port = base.tcp_port();
        let (mode, tls) = params.protection(&host)?;
        let options = OptsBuilder::default()
            .ip_or_hostname(host.clone())
            .tcp_port(port)
            .socket(params.socket.clone())
            .user(base.user())
            .pass(base.pass())
            .db_name(Some(name))
            .prefer_socket(false)
            .tcp_keepalive(Some(KEEPALIVE))
            .stmt_cache_size(PREPARED)
            .client_found_rows(true)
            // Given here, these two need not be asked for after each login.
            .max_allowed_packet(Some(ANY_PACKET))
            .wait_timeout(Some(0));
        let pool_size = params.pool.unwrap_or(pool_size).clamp(1, POOL_SIZE_MAX);
        Ok(Settings {
            mode,
            pool_size,
            options,
            tls,
            host,
            port,
            socket: params.socket,
        })
    }

    pub(super) fn with_tls(&self) -> Opts {
        OptsBuilder::from_opts(self.options.clone())
            .ssl_opts(self.tls.clone())
            .into()
    }

    pub(super) fn without_tls(&self) -> Opts {
        self.options.clone().into()
    }

    /// The server's address, for people.
    pub(super) fn server(&self) -> String {
        match &self.socket {
            Some(path) => path.clone(),
            None => format!("{}:{}", self.host, self.port),
        }
    }

    pub(super) fn host_and_port(&self) -> Option<(String, u16)> {
        self.socket
            .is_none()
            .then(|| (self.host.clone(), self.port))
    }
}

impl Params {
    fn parse(query: &str) -> DbResult<Params> {
        let mut params = Params::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = unescape(value)?;
            match name {
                "sslmode" | "ssl-mode" => params.mode = Some(value),
                "sslrootcert" | "ssl-ca" => params.authorities = Some(value),
                "socket" => params.socket = Some(value),
                "pool" => params.pool = Some(connections(&value)?),
                _ => {
                    let text =
                        format!("the URL parameter `{name}` is not known; known are {KNOWN}");
                    return Err(wrong(text));
                }
            }
        }
        Ok(params)
    }

    /// The mode, and what the driver is to do about TLS. An own authority asks by itself for the check.
    fn protection(&self, host: &str) -> DbResult<(SslMode, SslOpts)> {
        if self.socket.is_some() {
            return Ok((SslMode::Disable, SslOpts::default()));
        }
        let mut mode = ssl_mode(self.mode.as_deref(), host)?;
        if mode == SslMode::Disable {
            return Ok((mode, SslOpts::default()));
        }
        use_ring();
        let mut tls = SslOpts::default();
        if let Some(name) = &self.authorities {
            mode = SslMode::VerifyFull;
            let file = PathBuf::from(name);
            std::fs::metadata(&file).map_err(|error| errors::of_file(name, &error))?;
            tls = tls
                .with_root_certs(vec![file.into()])
                .with_disable_built_in_roots(true);
        }
        Ok((
            mode,
            tls.with_danger_accept_invalid_certs(mode != SslMode::VerifyFull),
        ))
    }
}

/// The driver asks rustls for the process's default cryptography, which is undecided (and a panic)
/// when an application was built with two of them. A choice already made is kept.
fn use_ring() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails only when somebody else chose in this moment, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

fn connections(value: &str) -> DbResult<usize> {
    let number = value
        .parse()
        .ok()
        .filter(|number| (1..=POOL_SIZE_MAX).contains(number));
    number.ok_or_else(|| {
        wrong(format!(
            "pool={value}: a number from 1 to {POOL_SIZE_MAX} is wanted"
        ))
    })
}

/// Reads `%2F` and its like.
fn unescape(text: &str) -> DbResult<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits: Option<u32> = rest.by_ref().take(2).try_fold(1, |number, digit| {
            Some(number * 16 + char::from(digit).to_digit(16)?)
        });
        // The leading 1 shows that there were two digits.
        match digits.and_then(|number| number.checked_sub(0x100)) {
            Some(number) => bytes.push(number as u8),
            None => return Err(wrong("a % in the URL must be followed by two hex digits")),
        }
    }
    String::from_utf8(bytes).map_err(|_| wrong("a %XX in the URL is not UTF-8"))
}

fn wrong(text: impl Into<String>) -> DbError {
    DbError::new(DbErrorKind::Config, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> DbResult<Settings> {
        Settings::parse(&DatabaseUrl::parse(url)?, 8)
    }

    #[test]
    fn a_url_is_taken_apart() {
        let url = "mariadb://app:p%40ss@db.example.org:3307/tasks?sslmode=require&pool=3";
        let settings = parse(url).unwrap();
        assert_eq!(
            settings.host_and_port(),
            Some(("db.example.org".to_owned(), 3307))
        );
        assert_eq!((settings.mode, settings.pool_size), (SslMode::Require, 3));
        let opts = settings.with_tls();
        assert_eq!((opts.user(), opts.pass()), (Some("app"), Some("p@ss")));
        assert_eq!(opts.db_name(), Some("tasks"));
        assert!(opts.client_found_rows() && opts.ssl_opts().is_some());
        assert!(settings.without_tls().ssl_opts().is_none());
    }

    #[test]
    fn other_machines_must_show_a_certificate_and_this_one_need_not() {
        assert_eq!(parse("mysql://u@db/app").unwrap().mode, SslMode::VerifyFull);
        assert_eq!(
            parse("mysql://u@127.0.0.1/app").unwrap().mode,
            SslMode::Prefer
        );
        assert_eq!(
            parse("mysql://u@[::1]/app")
                .unwrap()
                .host_and_port()
                .unwrap()
                .0,
            "::1"
        );
        let socket = parse("mysql://u@localhost/app?socket=%2Frun%2Fmysqld.sock").unwrap();
        assert_eq!(
            (socket.mode, socket.host_and_port()),
            (SslMode::Disable, None)
        );
        assert_eq!(socket.server(), "/run/mysqld.sock");
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_its_password() {
        for (url, word) in [
            ("mysql://u:secret@db", "names no database"),
            ("mysql://u:sec#ret@db/app", "%23"),
            (
                "mysql://u:secret@db/app?sslmod=require",
                "sslmode, sslrootcert",
            ),
            ("mysql://u:secret@db/app?pool=0", "1 to 1000"),
            ("mysql://u:secret@db/app?socket=%2", "hex"),
            (
                "mysql://u:secret@db/app?sslrootcert=/nowhere.pem",
                "/nowhere.pem",
            ),
            ("mysql://u:secret@db:99999/app", "port"),
        ] {
            let error = parse(url).err().unwrap();
            assert_eq!(error.kind, DbErrorKind::Config, "{url}");
            assert!(error.message.contains(word), "{url}: {error}");
            assert!(!error.message.contains("sec"), "{url}: {error}");
        }
    }
}
