//! The one line to set.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// `export GOPROXY=…` for the first address. One that stands for all addresses of a machine is printed as loopback, which surely works here.
pub(super) fn export(addresses: &[SocketAddr], tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    let usable = |address: SocketAddr| match address.ip() {
        ip if ip.is_unspecified() => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port()),
        _ => address,
    };
    match addresses.first() {
        Some(address) => format!("export GOPROXY={scheme}://{}", usable(*address)),
        None => String::new(),
    }
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
