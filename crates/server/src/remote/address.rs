//! Where a server is: `https://queue.example.org`, `http://127.0.0.1:8080/below`.

use crate::failure::Failure;
use hyper::Uri;
use std::fmt;
use std::net::IpAddr;

/// The address of a server's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) encrypted: bool,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    /// What stands before the API's own paths, without a slash at its end.
    pub(super) base: String,
}

impl Address {
    pub(super) fn read(text: &str) -> Result<Address, Failure> {
        let wrong = |why: &str| {
            Failure::usage(format!("the address of the server cannot be used: {why}"))
                .fix("write it as https://queue.example.org or http://127.0.0.1:8080")
        };
        let uri: Uri = text.parse().map_err(|_| wrong("it is no address"))?;
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("it begins with neither http:// nor https://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong(
                "it holds a user or a password; a token goes in a file",
            ));
        }
        if uri.query().is_some() {
            return Err(wrong("it has a question mark"));
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        let usual = if encrypted { 443 } else { 80 };
        Ok(Address {
            encrypted,
            host,
            port: authority.port_u16().unwrap_or(usual),
            base: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// What the header `Host` says.
    pub(super) fn authority(&self) -> String {
        let host = &self.host;
        match host.contains(':') {
            true => format!("[{host}]:{}", self.port),
            false => format!("{host}:{}", self.port),
        }
    }

    /// Whether nothing travels between machines in plain sight.
    pub(super) fn is_private(&self) -> bool {
        let is_loopback = |address: IpAddr| address.is_loopback();
        self.encrypted
            || self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse().is_ok_and(is_loopback)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.encrypted { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_what_is_usual() {
        let shown = |text: &str| Address::read(text).unwrap().to_string();
        assert_eq!(
            shown("https://queue.example.org"),
            "https://queue.example.org:443"
        );
        assert_eq!(shown("http://127.0.0.1:8080/"), "http://127.0.0.1:8080");
        assert_eq!(shown("http://[::1]:8080/queue/"), "http://[::1]:8080/queue");
        let private = |text: &str| Address::read(text).unwrap().is_private();
        assert!(private("https://a") && private("http://localhost") && private("http://[::1]:1"));
        assert!(!private("http://10.0.0.1"));
    }

    #[test]
    fn what_is_no_address_is_refused_and_a_password_is_not_repeated() {
        for text in [
            "",
            "queue",
            "ftp://a",
            "http://",
            "http://a?x=1",
            "http:// a",
        ] {
            assert!(Address::read(text).is_err(), "{text}");
        }
        let failure = Address::read("http://ann:hunter2@a").unwrap_err();
        assert!(!failure.cause.contains("hunter2"), "{}", failure.cause);
    }
}
