use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::world::World;

/// A certificate and its key, in PEM.
fn pair() -> (String, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    (cert.pem(), signing_key.serialize_pem())
}

/// A server with this certificate and this key.
fn world(cert: &str, key: &str) -> World {
    let text = "[server]\ntls_cert_file = \"tls.crt\"\ntls_key_file = \"tls.key\"\n";
    World::with(text).file("/etc/tls.crt", cert).file("/etc/tls.key", key)
}

#[test]
fn a_certificate_and_its_key_make_https_with_http2() {
    let (cert, key) = pair();
    let tls = world(&cert, &key).good().server.tls.expect("https");
    assert_eq!(tls.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    assert!(World::new().good().server.tls.is_none());
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let printed = world(&pair().0, &pair().1).bad().to_string();
    assert!(printed.contains("/etc/modway.toml:2:17: error: certificate and key do not work"), "{printed}");
    assert!(!printed.contains("PRIVATE KEY"), "{printed}");
}
