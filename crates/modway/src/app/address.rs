//! The one line to set.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// `export GOPROXY=…` for the first address.
pub(super) fn export(addresses: &[SocketAddr], tls: bool) -> String {
    server_url(addresses, tls).map_or_else(String::new, |url| format!("export GOPROXY={url}"))
}

/// The URL of a server that listens on these addresses: the first one. One that stands for all addresses of a machine is printed as loopback,
/// which surely works here. `None` while the system has not chosen the port.
pub(crate) fn server_url(addresses: &[SocketAddr], tls: bool) -> Option<String> {
    let scheme = if tls { "https" } else { "http" };
    let address = addresses.first().filter(|address| address.port() != 0)?;
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    Some(format!("{scheme}://{}", SocketAddr::new(ip, address.port())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, tls: bool, line: &str) {
        assert_eq!(export(&[address.parse().expect("an address")], tls), line);
    }

    #[test]
    fn the_line_to_set_names_an_address_that_can_be_used() {
        check("127.0.0.1:8080", false, "export GOPROXY=http://127.0.0.1:8080");
        check("[::1]:1", true, "export GOPROXY=https://[::1]:1");
        check("0.0.0.0:80", false, "export GOPROXY=http://127.0.0.1:80");
        check("[::]:80", false, "export GOPROXY=http://127.0.0.1:80");
        check("10.0.0.1:80", false, "export GOPROXY=http://10.0.0.1:80");
    }
}
