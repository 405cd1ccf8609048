//! No spelling of an internal address is connected to, unless its place allows it.

use std::net::TcpListener;

use testkit::{faults::Play, world::World};

use super::*;

/// A listener on every address of this machine, which counts who comes.
struct Ears(Vec<TcpListener>, u16);

impl Ears {
    fn new() -> Self {
        let four = TcpListener::bind("0.0.0.0:0").expect("a port");
        let port = four.local_addr().expect("bound").port();
        // Where there is no IPv6, its spellings cannot be connected to at all.
        let six = TcpListener::bind(("::1", port)).ok();
        let all: Vec<_> = std::iter::once(four).chain(six).collect();
        all.iter().for_each(|listener| listener.set_nonblocking(true).expect("a flag"));
        Self(all, port)
    }

    #[track_caller]
    fn heard_nobody(&self) {
        for listener in &self.0 {
            assert!(listener.accept().is_err(), "somebody connected");
        }
    }
}

/// Hosts in URLs that lie inside, however they are spelled.
const SPELLINGS: [&str; 62] = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "0x7f.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "0X7F000001",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0.0.01",
    "017700000001",
    "2130706433",
    "00000177.1",
    "%31%32%37.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "0.0.0.0",
    "0",
    "0x0",
    "[::]",
    "[::ffff:0.0.0.0]",
    "169.254.169.254",
    "0xa9.0xfe.0xa9.0xfe",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "10.0.0.1",
    "0xa.1",
    "012.1",
    "167772161",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.1",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "255.255.255.255",
    "[ff02::1]",
    "[2001:db8::1]",
];

/// What is not even a URL: zones, and numbers that are no address.
const NO_HOSTS: [&str; 5] = ["[fe80::1%25eth0]", "[::1%lo]", "256.0.0.1", "0x100000000", "127.0.0.1.1"];

#[tokio::test]
async fn no_spelling_of_an_internal_address_is_connected_to() {
    let ears = Ears::new();
    let egress = egress(Vec::new());
    for host in SPELLINGS {
        for target in [format!("http://{host}:{}/latest/meta-data", ears.1), format!("https://{host}:{}/", ears.1)] {
            let asked = egress.get(&url(&target), &HeaderMap::new(), true).await.map(|answer| answer.status);
            assert!(
                matches!(&asked, Err(Trouble::Refused(text)) if text.starts_with("not connected to ")),
                "{target}: {asked:?}"
            );
            let passed = egress.pass(&url(&target.replace("http:", "https:"))).await.map(|pass| pass.url().to_owned());
            assert!(matches!(&passed, Err(Trouble::Refused(_))), "{target}: {passed:?}");
        }
    }
    for host in NO_HOSTS {
        assert!(Url::parse(&format!("http://{host}/")).is_err(), "{host} is no host of a URL");
    }
    ears.heard_nobody();
}

#[tokio::test]
async fn a_name_is_judged_by_the_address_that_it_leads_to() {
    let ears = Ears::new();
    let addresses = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "fd00::1", "100.64.0.1"];
    for address in addresses {
        let names = Names::new(&[("in.example", &[&[address]])]);
        let egress = resolving(&direct(vec![Access { schemes: vec!["http".into(), "svn".into()], ..access("*") }]), &names);
        let want = format!("not connected to in.example: its address {address} is ");
        for scheme in ["http", "https"] {
            let target = format!("{scheme}://in.example:{}/latest/meta-data", ears.1);
            let asked = get(&egress, &target).await;
            assert!(matches!(&asked, Err(Trouble::Refused(text)) if text.starts_with(&want)), "{asked:?}");
            let pass = egress.pass(&url(&target)).await.expect("a name says nothing yet");
            assert_eq!(info_refs(&pass).await, 502);
            assert!(matches!(pass.trouble(), Some(Trouble::Refused(text)) if text.starts_with(&want)));
        }
        let pass = egress.pass(&url(&format!("svn://in.example:{}/x", ears.1))).await.expect("a name says nothing yet");
        let mut wire = tokio::net::TcpStream::connect(("127.0.0.1", pass.port())).await.expect("our port");
        let read = tokio::io::AsyncReadExt::read(&mut wire, &mut [0; 8]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
        assert!(matches!(pass.trouble(), Some(Trouble::Refused(text)) if text.starts_with(&want)));
    }
    ears.heard_nobody();
}

#[tokio::test]
async fn a_name_whose_address_changes_is_judged_where_it_is_connected() {
    let world = World::start().await;
    world.on("/x", [Play::ok("inside")]);
    let target = format!("http://flip.example:{}/x", world.address().port());
    let names = Names::new(&[("flip.example", &[&["127.0.0.1"], &["::1"], &["127.0.0.2"], &["::ffff:127.0.0.1"]])]);
    let egress = resolving(&direct(vec![Access { schemes: vec!["http".into()], ..access("*") }]), &names);
    for look in 1..=4 {
        assert!(matches!(get(&egress, &target).await, Err(Trouble::Refused(_))));
        assert_eq!(names.looks(), look, "one look per connection: what it said was judged");
    }
    assert_eq!(world.seen(), []);
    // What was fine a moment ago is judged again.
    let names = Names::new(&[("flip.example", &[&["0.0.0.0", "127.0.0.1"], &["0.0.0.0"]])]);
    let place = here(&format!("flip.example:{}", world.address().port()));
    let egress = resolving(&direct(vec![place.clone()]), &names);
    assert_eq!(get(&egress, &target).await, Ok((200, "inside".to_owned())), "of several addresses the permitted one is used");
    let again = resolving(&direct(vec![place]), &names);
    assert!(matches!(get(&again, &target).await, Err(Trouble::Refused(_))));
}

#[tokio::test]
async fn a_place_that_may_be_inside_is_reached_there_and_another_is_not() {
    let world = World::start().await;
    world.on("/x", [Play::ok("inside")]);
    let port = world.address().port();
    let names = Names::new(&[("in.example", &[&["127.0.0.1"]]), ("other.example", &[&["127.0.0.1"]])]);
    let egress = resolving(&direct(vec![here(&format!("in.example:{port}")), here(&format!("127.0.0.1:{port}/x"))]), &names);
    assert_eq!(get(&egress, &format!("http://in.example:{port}/x")).await, Ok((200, "inside".to_owned())));
    assert_eq!(get(&egress, &format!("http://127.0.0.1:{port}/x")).await, Ok((200, "inside".to_owned())));
    for target in ["http://127.0.0.1:PORT/y", "http://127.0.0.2:PORT/x", "http://localhost:PORT/x", "http://other.example:PORT/x"]
    {
        let asked = egress.get(&url(&target.replace("PORT", &port.to_string())), &HeaderMap::new(), true).await;
        assert!(matches!(asked, Err(Trouble::Refused(_))), "{target}");
    }
    assert_eq!(world.seen().len(), 2);
}

#[tokio::test]
async fn nobody_is_nowhere_even_where_a_place_may_be_inside() {
    let egress = egress(vec![here("*")]);
    for host in ["0.0.0.0", "[::]", "224.0.0.1", "[ff02::1]", "255.255.255.255", "240.0.0.1"] {
        let asked = get(&egress, &format!("http://{host}/")).await;
        assert!(matches!(&asked, Err(Trouble::Refused(text)) if text.starts_with("not connected to ")), "{host}: {asked:?}");
    }
}

#[tokio::test]
async fn behind_a_forward_proxy_the_spelling_is_judged_and_the_report_says_so() {
    let world = World::start().await;
    world.on("/x", [Play::ok("outside")]);
    let between = testkit::world::ForwardProxy::start(world.address(), None).await;
    let mut settings = direct(vec![Access { schemes: vec!["http".into()], ..access("*") }]);
    settings.patience.forward_proxy = ForwardProxy::Url(secret(&between.url()));
    let egress = ready(&settings);
    for host in SPELLINGS {
        let asked = get(&egress, &format!("http://{host}/x")).await;
        assert!(matches!(&asked, Err(Trouble::Refused(_))), "{host}: {asked:?}");
    }
    assert_eq!(between.seen(), []);
    let report = egress.check(&url("http://go.example/x")).await;
    assert_eq!((report.address, report.said), (None, Some(Ok(StatusCode::OK))), "no address was seen");
    assert_eq!(between.seen().len(), 1);
}

#[tokio::test]
async fn a_metadata_service_is_a_module_path_and_no_place_to_ask() {
    assert!(gomod::module::ModulePath::parse("169.254.169.254/latest/meta-data").is_ok());
    let target = url("https://169.254.169.254/latest/meta-data?go-get=1");
    let want = "not connected to 169.254.169.254: its address 169.254.169.254 is link-local; only a place with private_addresses may have such";
    let egress = egress(Vec::new());
    assert_eq!(egress.permits(&target), Err(Trouble::Refused(want.to_owned())));
    assert_eq!(egress.get(&target, &HeaderMap::new(), false).await.err(), Some(Trouble::Refused(want.to_owned())));
}
