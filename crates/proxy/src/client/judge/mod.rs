//! Which addresses may be connected to: the one judge of everything that leaves.
//!
//! What counts is the address that a connection is made to, looked at between resolving and connecting; nothing is resolved twice. Behind a
//! forward proxy there is no such address: then only hosts that are spelled as addresses, or as `localhost`, can be judged.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::atomic::{AtomicU8, Ordering},
};

use plan::Trouble;
use url::Host;

use crate::client::no_proxy;

/// Where an address lies, from outside to inside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Zone {
    /// On the internet.
    Public,
    /// In a site's own network; the name of the kind of network.
    Site(&'static str),
    /// On this machine.
    Loopback,
    /// On this link: cloud metadata lives there.
    LinkLocal,
    /// Nowhere that a single host could be; the name of the kind.
    Nobody(&'static str),
}

/// Who may be connected to.
pub(crate) enum Rule {
    /// A hop's own host may be anywhere, as the operator chose it; whom it redirects to may not lie further inside than it does.
    Hop(Home),
    /// Any host of a place of direct mode, wherever the URL comes from.
    Place(Reachable),
}

/// How far inside the hosts of a place may lie.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Reachable {
    /// On the internet only.
    Public,
    /// Anywhere that a host can be.
    Private,
}

/// A hop's own host, and where it was last found.
pub(crate) struct Home {
    host: String,
    depth: AtomicU8,
}

impl Rule {
    /// The rule for a hop whose URL names `host`.
    pub(crate) fn hop(host: &str) -> Self {
        let host = host.trim_matches(['[', ']']).to_owned();
        let zone = spelled(&host).map_or(Zone::Public, zone);
        Self::Hop(Home { host, depth: AtomicU8::new(depth(zone)) })
    }

    /// Judges a host by its spelling, before anything is asked or opened.
    ///
    /// # Errors
    /// As [`Rule::address`], for a host that is spelled as an address or as `localhost`.
    pub(crate) fn spelling(&self, host: &str) -> Result<(), Trouble> {
        match spelled(host) {
            Some(ip) => self.judge(host, ip),
            None => Ok(()),
        }
    }

    /// Judges the address that is about to be connected to for `host`.
    ///
    /// # Errors
    /// [`Trouble::Redirect`] for an address that a hop may not send us to; [`Trouble::Refused`] for one that a place may not have.
    pub(crate) fn address(&self, host: &str, ip: IpAddr) -> Result<(), Trouble> {
        if let Self::Hop(home) = self
            && home.is(host)
        {
            home.depth.store(depth(zone(ip)), Ordering::Relaxed);
        }
        self.judge(host, ip)
    }

    fn judge(&self, host: &str, ip: IpAddr) -> Result<(), Trouble> {
        let zone = zone(ip);
        match self {
            Self::Hop(home) if home.is(host) || home.may_send_to(zone) => Ok(()),
            Self::Hop(_) => {
                Err(Trouble::Redirect(format!("redirected to {host}, whose address {ip} ({zone}) is not one to be sent to")))
            }
            Self::Place(reachable) if reachable.covers(zone) => Ok(()),
            Self::Place(Reachable::Public) => Err(Trouble::Refused(format!(
                "not connected to {host}: its address {ip} is {zone}; only a place with private_addresses may have such"
            ))),
            Self::Place(Reachable::Private) => {
                Err(Trouble::Refused(format!("not connected to {host}: its address {ip} is {zone}")))
            }
        }
    }
}

impl Reachable {
    fn covers(self, zone: Zone) -> bool {
        match zone {
            Zone::Public => true,
            Zone::Site(_) | Zone::Loopback | Zone::LinkLocal => self == Self::Private,
            Zone::Nobody(_) => false,
        }
    }
}

impl Home {
    fn is(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case(&self.host)
    }

    /// Intranet proxies redirect to intranet object stores, and those on loopback to loopback; one on the internet has no business inside.
    fn may_send_to(&self, zone: Zone) -> bool {
        let home = self.depth.load(Ordering::Relaxed);
        match zone {
            Zone::Public => true,
            Zone::Site(_) => home > 0,
            Zone::Loopback => home == depth(Zone::Loopback),
            Zone::LinkLocal | Zone::Nobody(_) => false,
        }
    }
}

fn depth(zone: Zone) -> u8 {
    match zone {
        Zone::Public => 0,
        Zone::Site(_) => 1,
        Zone::Loopback => 2,
        Zone::LinkLocal | Zone::Nobody(_) => 3,
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Site(name) | Self::Nobody(name) => name,
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
        })
    }
}

/// The address that a host is spelled as, in any of the spellings that a resolver would take for one: `127.1`, `0x7f000001`, `[::1%lo]`, and
/// `localhost`, which names loopback whoever resolves it (RFC 6761 §6.3).
pub(crate) fn spelled(host: &str) -> Option<IpAddr> {
    let host = host.trim_matches(['[', ']']);
    let host = host.split_once('%').filter(|(address, _)| address.contains(':')).map_or(host, |(address, _zone)| address);
    if let Some(ip) = no_proxy::address(host) {
        return Some(ip);
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    match Host::parse(host) {
        Ok(Host::Ipv4(ip)) => Some(ip.into()),
        Ok(Host::Ipv6(ip)) => Some(ip.into()),
        Ok(Host::Domain(_)) | Err(_) => None,
    }
}

/// Where `ip` lies. Source: the IANA registries of special-purpose IPv4 and IPv6 addresses (RFC 6890) and of IPv6 address space.
pub(crate) fn zone(ip: IpAddr) -> Zone {
    match ip {
        IpAddr::V4(ip) => zone4(ip),
        IpAddr::V6(ip) => zone6(ip),
    }
}

fn zone4(ip: Ipv4Addr) -> Zone {
    let found = V4.iter().find(|(network, bits, _)| (ip.to_bits() ^ network.to_bits()) >> (32 - bits) == 0);
    found.map_or(Zone::Public, |(_, _, zone)| *zone)
}

fn zone6(ip: Ipv6Addr) -> Zone {
    let within = |network: &Ipv6Addr, bits: &u32| (ip.to_bits() ^ network.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0;
    if let Some((_, _, shift)) = EMBEDDED.iter().find(|(network, bits, _)| within(network, bits)) {
        let low = (ip.to_bits() >> shift) & u128::from(u32::MAX);
        return match ip {
            Ipv6Addr::LOCALHOST => Zone::Loopback,
            Ipv6Addr::UNSPECIFIED => Zone::Nobody("unspecified"),
            _ => zone4(Ipv4Addr::from_bits(u32::try_from(low).expect("masked to 32 bits"))),
        };
    }
    let found = V6.iter().find(|(network, bits, _)| within(network, bits));
    found.map_or(Zone::Nobody("not assigned"), |(_, _, zone)| *zone)
}

const V4: [(Ipv4Addr, u32, Zone); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, Zone::Nobody("unspecified")),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Zone::Site("private")),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Zone::Site("shared (CGNAT)")),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Zone::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Zone::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Zone::Site("private")),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Zone::Site("reserved for protocols")),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Zone::Site("for documentation")),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Zone::Site("a 6to4 relay's")),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Zone::Site("private")),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Zone::Site("for benchmarks")),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Zone::Site("for documentation")),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Zone::Site("for documentation")),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Zone::Nobody("multicast")),
    (Ipv4Addr::new(255, 255, 255, 255), 32, Zone::Nobody("broadcast")),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Zone::Nobody("reserved")),
];

/// IPv6 networks whose addresses lead to IPv4 ones, and how far from the right those are: compatible, mapped, NAT64, 6to4.
const EMBEDDED: [(Ipv6Addr, u32, u32); 4] = [
    (Ipv6Addr::UNSPECIFIED, 96, 0),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 0),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, 0),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 80),
];

const V6: [(Ipv6Addr, u32, Zone); 11] = [
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, Zone::Site("a site's NAT64")),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, Zone::Nobody("for discarding")),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Zone::Site("reserved for protocols")),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Zone::Site("for documentation")),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Zone::Site("for documentation")),
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, Zone::Public),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, Zone::Site("for segment routing")),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Zone::Site("private")),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Zone::LinkLocal),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Zone::Site("private")),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Zone::Nobody("multicast")),
];

#[cfg(test)]
mod tests;
