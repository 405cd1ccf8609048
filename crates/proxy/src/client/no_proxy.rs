//! Which hosts are reached without a forward proxy: NO_PROXY, by Go's rules.
//!
//! Source: `golang.org/x/net/http/httpproxy` as vendored in Go 1.27.3. hyper-util's own matcher follows curl: it knows no ports, no
//! `*.` prefix, and takes `.corp` for `corp` itself.

use std::net::IpAddr;

/// A parsed NO_PROXY.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct NoProxy(Vec<Rule>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Rule {
    All,
    Network(IpAddr, u8),
    Address(IpAddr, Option<u16>),
    /// The domain with a leading dot; true if it stands for the domain itself, too.
    Domain(String, bool, Option<u16>),
}

impl NoProxy {
    /// Reads the comma-separated list; entries that mean nothing are passed over, as Go does.
    pub(super) fn parse(list: &str) -> Self {
        Self(list.split(',').filter_map(|entry| rule(&entry.trim().to_ascii_lowercase())).collect())
    }

    /// True if `host` (an IPv6 address without brackets) at `port` is reached directly. Loopback hosts always are.
    pub(super) fn covers(&self, host: &str, port: u16) -> bool {
        let host = host.to_ascii_lowercase();
        loopback(&host) || self.0.iter().any(|rule| rule.matches(&host, port))
    }
}

/// True for `localhost` and loopback addresses, with or without brackets, with or without a port: whoever is there is this very machine.
pub fn loopback(host: &str) -> bool {
    let host = match host.rsplit_once(':') {
        Some((bare, port)) if address(host).is_none() && port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => host,
    };
    host.eq_ignore_ascii_case("localhost") || address(host).is_some_and(|ip| ip.to_canonical().is_loopback())
}

/// The address that `host` is, with or without brackets.
pub(super) fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

impl Rule {
    fn matches(&self, host: &str, port: u16) -> bool {
        match self {
            Self::All => true,
            Self::Network(network, bits) => address(host).is_some_and(|ip| same_network(ip.to_canonical(), *network, *bits)),
            Self::Address(rule, only) => address(host).map(|ip| ip.to_canonical()) == Some(*rule) && fits(*only, port),
            Self::Domain(domain, itself, only) => {
                (host.ends_with(domain.as_str()) || (*itself && host == &domain[1..])) && fits(*only, port)
            }
        }
    }
}

fn rule(entry: &str) -> Option<Rule> {
    if entry == "*" {
        return Some(Rule::All);
    }
    if let Some(network) = network(entry) {
        return Some(network);
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if entry.parse::<IpAddr>().is_err() => (host, Some(port.parse().ok()?)),
        _ => (entry, None),
    };
    if let Some(ip) = address(host) {
        return Some(Rule::Address(ip.to_canonical(), port));
    }
    let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
    match host {
        "" => None,
        dotted if dotted.starts_with('.') => Some(Rule::Domain(dotted.to_owned(), false, port)),
        plain => Some(Rule::Domain(format!(".{plain}"), true, port)),
    }
}

fn network(entry: &str) -> Option<Rule> {
    let (ip, bits) = entry.split_once('/')?;
    let (ip, bits) = (ip.parse::<IpAddr>().ok()?, bits.parse::<u8>().ok()?);
    (bits <= if ip.is_ipv4() { 32 } else { 128 }).then_some(Rule::Network(ip, bits))
}

fn same_network(ip: IpAddr, network: IpAddr, bits: u8) -> bool {
    let bits = u32::from(bits);
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(net)) => (ip.to_bits() ^ net.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0,
        (IpAddr::V6(ip), IpAddr::V6(net)) => (ip.to_bits() ^ net.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0,
        _ => false,
    }
}

fn fits(only: Option<u16>, port: u16) -> bool {
    only.is_none_or(|only| only == port)
}

#[cfg(test)]
mod tests {
    use super::NoProxy;

    #[track_caller]
    fn check(list: &str, host: &str, port: u16, direct: bool) {
        assert_eq!(NoProxy::parse(list).covers(host, port), direct, "{list:?} for {host}:{port}");
    }

    #[test]
    fn a_name_stands_for_itself_and_its_subdomains() {
        check("corp.example", "corp.example", 443, true);
        check("corp.example", "a.CORP.example", 443, true);
        check("corp.example", "notcorp.example", 443, false);
        check("other, corp.example ", "corp.example", 443, true);
    }

    #[test]
    fn a_leading_dot_or_star_stands_for_subdomains_only() {
        check(".corp.example", "a.corp.example", 443, true);
        check(".corp.example", "corp.example", 443, false);
        check("*.corp.example", "a.corp.example", 443, true);
        check("*.corp.example", "corp.example", 443, false);
    }

    #[test]
    fn a_port_narrows_an_entry() {
        check("corp.example:8080", "corp.example", 8080, true);
        check("corp.example:8080", "corp.example", 443, false);
        check("10.1.2.3:80", "10.1.2.3", 80, true);
        check("10.1.2.3:80", "10.1.2.3", 81, false);
        check("[2001:db8::1]:80", "2001:db8::1", 80, true);
        check("[2001:db8::1]:80", "[2001:db8::1]", 81, false);
    }

    #[test]
    fn networks_count_for_addresses() {
        check("10.0.0.0/8", "10.200.1.1", 443, true);
        check("10.0.0.0/8", "11.0.0.1", 443, false);
        check("0.0.0.0/0", "11.0.0.1", 443, true);
        check("2001:db8::/32", "2001:db8:1::2", 443, true);
        check("2001:db8::/32", "2001:db9::", 443, false);
        check("10.0.0.0/8", "ten.example", 443, false);
        check("10.0.0.0/33", "10.0.0.1", 443, false);
        check("2001:db8::1", "2001:db8::1", 443, true);
    }

    #[test]
    fn a_star_stands_for_all_and_loopback_needs_no_entry() {
        check("*", "go.example", 443, true);
        check("", "go.example", 443, false);
        check(", ,:80,.", "go.example", 443, false);
        check("", "localhost", 443, true);
        check("", "127.9.9.9", 443, true);
        check("", "[::1]", 443, true);
    }
}
