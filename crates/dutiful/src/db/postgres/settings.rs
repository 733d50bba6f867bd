//! What a PostgreSQL URL says: the driver's settings, and the parameters that are ours.

use super::parameters::{decoded, on_or_off, pool_size, sort_parameters, wrong};
use crate::db::tls::{self, SslMode};
use crate::db::{DatabaseUrl, DbResult};
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode as DriverSslMode, TargetSessionAttrs};

/// A URL taken apart.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) config: Config,
    pub(super) ssl_mode: SslMode,
    pub(super) authorities: Option<PathBuf>,
    pub(super) pool: Option<usize>,
    /// `None`: on, unless a pooler stands between.
    pub(super) statement_cache: Option<bool>,
    /// `None`: on, unless a pooler stands between.
    pub(super) listen: Option<bool>,
    pub(super) listen_url: Option<DatabaseUrl>,
}

impl Settings {
    pub(super) fn parse(url: &DatabaseUrl) -> DbResult<Settings> {
        let text = url
            .secret_text()
            .replacen("postgresql://", "postgres://", 1);
        let text = text.strip_prefix("postgres://").unwrap_or_default();
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let (credentials, place) = match place.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, place),
        };
        let (ours, driver) = sort_parameters(query)?;
        let mut config: Config = format!("postgres://{place}?{}", driver.join("&"))
            .parse()
            .map_err(|error| {
                wrong(format!(
                    "the database URL cannot be read: {}; write special characters as %40 (for @)",
                    super::errors::chain(&error)
                ))
            })?;
        if let Some(credentials) = credentials {
            let (user, password) = match credentials.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (credentials, None),
            };
            config.user(decoded(user)?);
            if let Some(password) = password {
                config.password(decoded(password)?);
            }
        }
        Settings::with_parameters(config, ours)
    }

    fn with_parameters(config: Config, ours: Vec<(String, String)>) -> DbResult<Settings> {
        let value = |name: &str| {
            ours.iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let mut settings = Settings {
            ssl_mode: SslMode::Prefer,
            authorities: value("sslrootcert").map(PathBuf::from),
            pool: value("pool").map(pool_size).transpose()?,
            statement_cache: value("statement_cache")
                .map(|v| on_or_off("statement_cache", v))
                .transpose()?,
            listen: value("listen")
                .map(|v| on_or_off("listen", v))
                .transpose()?,
            listen_url: value("listen_url").map(DatabaseUrl::parse).transpose()?,
            config,
        };
        settings.choose_ssl(value("sslmode"))?;
        settings.fill_in()?;
        Ok(settings)
    }

    fn choose_ssl(&mut self, asked: Option<&str>) -> DbResult<()> {
        let hosts = self.config.get_hosts().iter();
        // With several hosts the strictest answer counts.
        let modes = hosts
            .map(|host| tls::ssl_mode(asked, &host_text(host)))
            .collect::<DbResult<Vec<_>>>()?;
        let mode = modes
            .iter()
            .find(|mode| **mode == SslMode::VerifyFull)
            .or(modes.first());
        self.ssl_mode = *mode.unwrap_or(&SslMode::Prefer);
        if self.authorities.is_some() {
            match (asked, self.ssl_mode) {
                (Some(word), SslMode::Disable | SslMode::Prefer) => {
                    return Err(wrong(format!(
                        "sslrootcert has no use with sslmode={word}; use verify-full"
                    )));
                }
                _ => self.ssl_mode = SslMode::VerifyFull,
            }
        }
        let unix = self
            .config
            .get_hosts()
            .iter()
            .all(|host| !matches!(host, Host::Tcp(_)));
        self.config.ssl_mode(match self.ssl_mode {
            SslMode::Disable => DriverSslMode::Disable,
            SslMode::Prefer if unix => DriverSslMode::Disable,
            SslMode::Prefer => DriverSslMode::Prefer,
            SslMode::Require | SslMode::VerifyFull => DriverSslMode::Require,
        });
        Ok(())
    }

    /// Defaults where the URL is silent: dead links are noticed, writers are looked for, we are named.
    fn fill_in(&mut self) -> DbResult<()> {
        let config = &mut self.config;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(wrong(
                "the database URL names no host; write postgres://user:password@host/database",
            ));
        }
        if config.get_application_name().is_none() {
            config.application_name("dutiful");
        }
        if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
            config.keepalives_idle(Duration::from_secs(30));
        }
        if config.get_keepalives_interval().is_none() {
            config.keepalives_interval(Duration::from_secs(10));
        }
        if config.get_keepalives_retries().is_none() {
            config.keepalives_retries(3);
        }
        config.tcp_user_timeout(Duration::from_secs(30));
        let many = config.get_hosts().len().max(config.get_hostaddrs().len()) > 1;
        if many && config.get_target_session_attrs() == TargetSessionAttrs::Any {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        Ok(())
    }

    /// How long making one connection may take.
    pub(super) fn connect_timeout(&self) -> Duration {
        self.config
            .get_connect_timeout()
            .copied()
            .unwrap_or(Duration::from_secs(10))
    }

    /// The first host that is reached by TCP.
    pub(super) fn host_and_port(&self) -> Option<(String, u16)> {
        let ports = self.config.get_ports();
        self.config
            .get_hosts()
            .iter()
            .enumerate()
            .find_map(|(index, host)| match host {
                Host::Tcp(name) => {
                    let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
                    Some((name.clone(), port))
                }
                #[cfg(unix)]
                Host::Unix(_) => None,
            })
    }

    /// What logs and errors call this server.
    pub(super) fn label(&self) -> String {
        match (self.host_and_port(), self.config.get_hosts().first()) {
            (Some((host, port)), _) => format!("{host}:{port}"),
            (None, Some(host)) => host_text(host),
            (None, None) => "the database server".to_owned(),
        }
    }
}

fn host_text(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::DbErrorKind;

    fn parse(text: &str) -> DbResult<Settings> {
        Settings::parse(&DatabaseUrl::parse(text).unwrap())
    }

    #[test]
    fn our_parameters_are_taken_out_and_the_others_reach_the_driver() {
        let settings = parse(
            "postgresql://app:p%40ss:w@rd@db.example.org:6432/tasks?pool=7&statement_cache=off&listen=off\
             &sslmode=require&application_name=shop&listen_url=postgres%3A%2F%2Fapp%40direct%2Ftasks",
        )
        .unwrap();
        assert_eq!(settings.config.get_password(), Some(&b"p@ss:w@rd"[..]));
        assert_eq!(settings.config.get_application_name(), Some("shop"));
        assert_eq!(
            settings.host_and_port(),
            Some(("db.example.org".to_owned(), 6432))
        );
        assert_eq!(settings.config.get_dbname(), Some("tasks"));
        assert_eq!(
            (settings.pool, settings.statement_cache, settings.listen),
            (Some(7), Some(false), Some(false))
        );
        assert_eq!(settings.ssl_mode, SslMode::Require);
        assert_eq!(
            settings.listen_url.unwrap().secret_text(),
            "postgres://app@direct/tasks"
        );
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_the_known_ones() {
        for (url, part) in [
            ("postgres://db/app?pool_size=3", "statement_cache"),
            ("postgres://db/app?pool=0", "1 to 1000"),
            ("postgres://db/app?listen=maybe", "on or off"),
            ("postgres://db/app?sslmode=allow", "verify-full"),
            (
                "postgres://db/app?sslmode=disable&sslrootcert=/ca.pem",
                "verify-full",
            ),
            ("postgres:///app", "no host"),
            ("postgres://db:port/app", "port"),
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.kind, DbErrorKind::Config, "{url}");
            assert!(error.message.contains(part), "{url}: {error}");
        }
    }

    #[test]
    fn a_foreign_host_must_prove_who_it_is_and_a_socket_is_not_encrypted() {
        assert_eq!(
            parse("postgres://db/app").unwrap().ssl_mode,
            SslMode::VerifyFull
        );
        assert_eq!(
            parse("postgres://localhost,db/app").unwrap().ssl_mode,
            SslMode::VerifyFull
        );
        assert_eq!(
            parse("postgres://127.0.0.1/app").unwrap().ssl_mode,
            SslMode::Prefer
        );
        let socket = parse("postgres:///app?host=/run/postgresql").unwrap();
        assert_eq!(socket.config.get_ssl_mode(), DriverSslMode::Disable);
        assert_eq!(socket.host_and_port(), None);
    }

    #[test]
    fn of_several_hosts_the_one_that_takes_writes_is_wanted() {
        let settings = parse("postgres://one,two/app?sslmode=require").unwrap();
        assert_eq!(
            settings.config.get_target_session_attrs(),
            TargetSessionAttrs::ReadWrite
        );
    }
}
