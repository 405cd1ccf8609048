//! The doors and the store, checked.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{bench::Bench, file};

/// The doors, checked. Durations are positive.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where to listen; at least one.
    pub listen: Vec<SocketAddr>,
    /// For https; `None` serves http.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Connections open at a time.
    pub max_connections: usize,
    /// Connections open at a time from one address.
    pub max_connections_per_client: usize,
    /// For a TLS handshake.
    pub handshake_timeout: Duration,
    /// For a request's header.
    pub header_timeout: Duration,
    /// Between two requests of a connection.
    pub idle_timeout: Duration,
    /// How long a client may take no byte.
    pub write_timeout: Duration,
    /// How long running requests may go on after the order to stop.
    pub shutdown: Duration,
    /// Memory for small answers, in bytes.
    pub hot_bytes: u64,
    /// Finished requests remembered.
    pub records: usize,
    /// Where the log goes.
    pub log: LogTarget,
}

/// Where the log goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogTarget {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
    /// Nowhere.
    Off,
    /// A file that lines are appended to.
    File(PathBuf),
}

pub(super) fn server(server: &file::Server, bench: &mut Bench<'_>) -> Option<Server> {
    let listen = listen(server, bench);
    let tls = tls(server, bench);
    for (key, limit) in
        [("max_connections", server.max_connections), ("max_connections_per_client", server.max_connections_per_client)]
    {
        if limit == 0 {
            bench.wrong(&format!("server.{key}"), format!("{key} = 0 lets nobody in"), "write a number above 0");
        }
    }
    Some(Server {
        listen: listen?,
        tls: tls?,
        max_connections: server.max_connections as usize,
        max_connections_per_client: server.max_connections_per_client as usize,
        handshake_timeout: server.handshake_timeout.0,
        header_timeout: server.header_timeout.0,
        idle_timeout: server.idle_timeout.0,
        write_timeout: server.write_timeout.0,
        shutdown: server.shutdown.0,
        hot_bytes: server.hot.0,
        records: server.records as usize,
        log: log(server, bench),
    })
}

pub(super) fn store_path(store: &file::Store, bench: &mut Bench<'_>) -> Option<PathBuf> {
    if !store.path.is_empty() {
        return Some(bench.path("store.path", &store.path));
    }
    let path = bench.environment.data_directory();
    if path.is_none() {
        bench.wrong(
            "store.path",
            "no folder for the store: neither $XDG_DATA_HOME nor $HOME is set",
            "set path in [store], or use --store DIR",
        );
    }
    path
}

fn listen(server: &file::Server, bench: &mut Bench<'_>) -> Option<Vec<SocketAddr>> {
    let fix = "write an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080";
    let mut addresses = Vec::new();
    for (index, text) in server.listen.iter().enumerate() {
        match text.parse::<SocketAddr>() {
            Ok(address) if address.port() != 0 && addresses.contains(&address) => {
                bench.wrong_element("server.listen", index, format!("{address} is there twice"), "take one out");
            }
            Ok(address) => addresses.push(address),
            Err(_) => bench.wrong_element("server.listen", index, format!("`{text}` is no address to listen on"), fix),
        }
    }
    if server.listen.is_empty() {
        bench.wrong("server.listen", "no address to listen on", fix);
    }
    (addresses.len() == server.listen.len() && !addresses.is_empty()).then_some(addresses)
}

fn log(server: &file::Server, bench: &Bench<'_>) -> LogTarget {
    match server.log.as_str() {
        "stderr" | "" => LogTarget::Stderr,
        "stdout" => LogTarget::Stdout,
        "off" => LogTarget::Off,
        path => LogTarget::File(bench.path("server.log", path)),
    }
}

/// The outer `None` means that a mistake was noted.
fn tls(server: &file::Server, bench: &mut Bench<'_>) -> Option<Option<Arc<rustls::ServerConfig>>> {
    let (cert, key) = (&server.tls_cert_file, &server.tls_key_file);
    let half = match (cert.is_empty(), key.is_empty()) {
        (true, true) => return Some(None),
        (false, false) => None,
        (true, false) => Some(("server.tls_key_file", "a key without a certificate", "set tls_cert_file too")),
        (false, true) => Some(("server.tls_cert_file", "a certificate without a key", "set tls_key_file too")),
    };
    if let Some((key, what, fix)) = half {
        bench.wrong(key, what, fix);
        return None;
    }
    let (chain, private) = (bench.certificates("server.tls_cert_file", 0, cert), bench.private_key("server.tls_key_file", key));
    let config = paired(chain?.1, private?.1);
    if let Err(error) = &config {
        let fix = "name the key that belongs to this certificate";
        bench.wrong("server.tls_cert_file", format!("certificate and key do not work: {error}"), fix);
    }
    config.ok().map(|config| Some(Arc::new(config)))
}

fn paired(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<rustls::ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
