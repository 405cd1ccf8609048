use super::*;

#[track_caller]
fn check(addresses: &[&str], want: Zone) {
    for text in addresses {
        assert_eq!(zone(text.parse().expect("an address")), want, "{text}");
    }
}

#[test]
fn every_address_lies_where_the_registries_say() {
    check(
        &["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.3.1", "2001:4860:4860::8888", "2606:4700::1"],
        Zone::Public,
    );
    check(
        &["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fd00::1", "fec0::1"],
        Zone::Site("private"),
    );
    check(&["100.64.0.1", "100.127.255.255"], Zone::Site("shared (CGNAT)"));
    check(&["192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1", "3fff::1"], Zone::Site("for documentation"));
    check(&["198.18.0.1", "198.19.255.255"], Zone::Site("for benchmarks"));
    check(&["127.0.0.1", "127.255.255.254", "::1"], Zone::Loopback);
    check(&["169.254.169.254", "169.254.0.1", "fe80::1", "febf::1"], Zone::LinkLocal);
    check(&["0.0.0.0", "0.1.2.3", "::"], Zone::Nobody("unspecified"));
    check(&["224.0.0.1", "239.255.255.255", "ff02::1"], Zone::Nobody("multicast"));
    check(&["255.255.255.255"], Zone::Nobody("broadcast"));
    check(&["240.0.0.1"], Zone::Nobody("reserved"));
    check(&["4000::1", "::1:0:0:0:1"], Zone::Nobody("not assigned"));
}

#[test]
fn an_ipv4_address_inside_an_ipv6_one_is_what_counts() {
    for prefix in ["::ffff:", "64:ff9b::", "::"] {
        check(&[&format!("{prefix}127.0.0.1")], Zone::Loopback);
        check(&[&format!("{prefix}169.254.169.254")], Zone::LinkLocal);
        check(&[&format!("{prefix}10.0.0.1")], Zone::Site("private"));
        check(&[&format!("{prefix}8.8.8.8")], Zone::Public);
    }
    check(&["2002:7f00:1::1"], Zone::Loopback);
    check(&["2002:a9fe:a9fe::"], Zone::LinkLocal);
    check(&["2002:808:808::1"], Zone::Public);
    check(&["64:ff9b:1::808:808"], Zone::Site("a site's NAT64"));
    check(&["2001::a9fe:a9fe"], Zone::Site("reserved for protocols"));
}

#[test]
fn numbers_zones_and_localhost_are_seen_through() {
    for (host, want) in [
        ("0x7f.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("1２7.0.0.1", "127.0.0.1"),
        ("%31%32%37.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]", "fe80::1"),
        ("LocalHost", "127.0.0.1"),
        ("a.localhost.", "127.0.0.1"),
    ] {
        assert_eq!(spelled(host), Some(want.parse().expect("an address")), "{host}");
    }
    for host in ["go.example", "localhost.example", "1.example", "256.1.1.1", ""] {
        assert_eq!(spelled(host), None, "{host}");
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn whom_a_hop_redirects_to_lies_no_further_inside_than_the_hop() {
    for (home, there, fine) in [
        ("8.8.8.8", "1.1.1.1", true),
        ("8.8.8.8", "10.0.0.1", false),
        ("8.8.8.8", "127.0.0.1", false),
        ("10.0.0.1", "1.1.1.1", true),
        ("10.0.0.1", "192.168.1.1", true),
        ("10.0.0.1", "127.0.0.1", false),
        ("127.0.0.1", "127.0.0.2", true),
        ("127.0.0.1", "10.0.0.1", true),
        ("127.0.0.1", "169.254.169.254", false),
        ("10.0.0.1", "::ffff:169.254.169.254", false),
        ("169.254.1.1", "169.254.169.254", false),
        ("127.0.0.1", "0.0.0.0", false),
        ("127.0.0.1", "224.0.0.1", false),
    ] {
        let named = Rule::hop("home.test");
        assert_eq!(named.address("HOME.test", address(home)), Ok(()), "what the operator chose may be anywhere: {home}");
        let literal = Rule::hop(home);
        for rule in [named, literal] {
            assert_eq!(rule.address("there.test", address(there)).is_ok(), fine, "{home} -> {there}");
            assert_eq!(rule.spelling(there).is_ok(), fine, "{home} -> {there}");
        }
    }
}

#[test]
fn a_hop_that_was_never_connected_to_counts_as_public() {
    assert!(Rule::hop("home.test").address("there.test", address("10.0.0.1")).is_err());
    assert_eq!(Rule::hop("home.test").spelling("there.test"), Ok(()));
}

#[test]
fn a_place_may_be_inside_only_if_it_was_allowed_to_and_never_nowhere() {
    let (public, private) = (Rule::Place(Reachable::Public), Rule::Place(Reachable::Private));
    for (ip, inside) in
        [("10.0.0.1", true), ("127.0.0.1", true), ("169.254.169.254", true), ("0.0.0.0", false), ("ff02::1", false)]
    {
        assert!(public.address("a.test", address(ip)).is_err(), "{ip}");
        assert_eq!(private.address("a.test", address(ip)).is_ok(), inside, "{ip}");
    }
    assert_eq!(public.address("a.test", address("8.8.8.8")), Ok(()));
}
