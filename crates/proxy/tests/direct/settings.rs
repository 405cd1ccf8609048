//! Settings of version control, for every test that asks some: patience in each respect, so that a test shortens the one thing it is about.

use std::{path::Path, time::Duration};

use gomod::pattern::Patterns;
use proxy::settings::{Access, Breaker, Credential, Direct, ForwardProxy, Hop, Login};

/// With these rules for hosts, and its repositories in `folder`.
pub(crate) fn direct(access: Vec<Access>, folder: &Path) -> Direct {
    let patient = Duration::from_secs(60);
    let patience = Hop {
        name: "direct".to_owned(),
        url: String::new(),
        connect: patient,
        tls: patient,
        first_byte: patient,
        idle: patient,
        total: patient,
        total_zip: patient,
        retries: 0,
        step_down: Vec::new(),
        breaker: Breaker { failures: 0, pause: patient },
        login: Login::None,
        ca_files: Vec::new(),
        forward_proxy: ForwardProxy::Direct,
    };
    Direct {
        patience,
        private: Patterns::default(),
        insecure: Patterns::default(),
        govcs: String::new(),
        access,
        folder: folder.to_owned(),
        refs_fresh: patient,
        path: std::env::var("PATH").expect("the tools are found somewhere"),
        contact: String::new(),
        connections_per_origin: 8,
        requests_per_minute: 10_000,
        children: 4,
        repository_bytes: 1 << 30,
    }
}

/// A rule for a place on the internet.
pub(crate) fn access(place: &str) -> Access {
    Access {
        place: place.to_owned(),
        credential: Credential::None,
        ca_files: Vec::new(),
        server_name: None,
        client_certificate: None,
        private_addresses: false,
        schemes: Vec::new(),
        forge: None,
    }
}

/// A rule for a place that may be here, and be asked over http.
pub(crate) fn here(place: &str) -> Access {
    Access { private_addresses: true, schemes: vec!["http".to_owned()], ..access(place) }
}
