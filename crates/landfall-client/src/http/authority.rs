use alloc::{
    format,
    string::{String, ToString},
};
use core::net::Ipv6Addr;

/// Whom to connect to: a name or address without brackets, and a port.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authority {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Authority {
    /// Reads `name`, `name:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (host, port) = if let Some(bracketed) = text.strip_prefix('[') {
            let (host, rest) = bracketed.split_once(']')?;
            is_ipv6(host).then_some(())?;
            (
                host,
                if rest.is_empty() {
                    None
                } else {
                    Some(rest.strip_prefix(':')?)
                },
            )
        } else if is_ipv6(text) {
            (text, None)
        } else {
            match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            }
        };
        let port = match port {
            // `parse` alone would take a sign.
            Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => port.parse().ok().filter(|port| *port != 0)?,
            Some(_) => return None,
            None => DEFAULT_PORT,
        };
        let plausible = is_ipv6(host) || (!host.is_empty() && host.chars().all(is_name_char));
        plausible.then(|| Self {
            host: host.to_string(),
            port,
        })
    }

    /// What stands in the `Host` header: brackets around IPv6, no zone, no default port.
    pub(super) fn host_header(&self) -> String {
        let host = match self
            .host
            .split_once('%')
            .map_or(self.host.as_str(), |(address, _zone)| address)
        {
            address if address.contains(':') => format!("[{address}]"),
            name => name.to_string(),
        };
        if self.port == DEFAULT_PORT {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }
}

/// An IPv6 address, with or without a zone.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty() && zone.chars().all(is_name_char)
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
}

const DEFAULT_PORT: u16 = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_host_is_read() {
        for (text, host, port, header) in [
            ("192.168.4.1", "192.168.4.1", 80, "192.168.4.1"),
            ("192.168.4.1:80", "192.168.4.1", 80, "192.168.4.1"),
            ("device.local:8080", "device.local", 8080, "device.local:8080"),
            ("::1", "::1", 80, "[::1]"),
            ("[::1]", "::1", 80, "[::1]"),
            ("[::1]:8080", "::1", 8080, "[::1]:8080"),
            ("fe80::1%eth0", "fe80::1%eth0", 80, "[fe80::1]"),
            ("[fe80::1%eth0]:81", "fe80::1%eth0", 81, "[fe80::1]:81"),
        ] {
            let authority = Authority::parse(text).unwrap_or_else(|| panic!("{text} is a host"));
            assert_eq!((authority.host.as_str(), authority.port), (host, port), "{text}");
            assert_eq!(authority.host_header(), header, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_host_is_refused() {
        for text in [
            "",
            ":80",
            "http://192.168.4.1",
            "192.168.4.1/",
            "a b",
            "a\r\nX: y",
            "user@host",
            "host:",
            "host:0",
            "host:65536",
            "host:+80",
            "host:x",
            "[::1",
            "[::1]80",
            "[host]:80",
            "1:2:3",
            "fe80::1%",
        ] {
            assert_eq!(Authority::parse(text), None, "{text:?}");
        }
    }
}
