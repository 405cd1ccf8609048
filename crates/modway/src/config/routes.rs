//! Routes, checked: those of the file, or those that the machine's own Go settings make.

use std::net::SocketAddr;

use gomod::{
    goproxy::{Entry, GoProxyList, GoUrl, Source},
    pattern::Patterns,
};
use proxy::settings::{Hop, Route, hop_name};

use super::{
    bench::Bench,
    file,
    hops::{self, DIRECT},
    keys::nearest,
    machine::{Machine, default_goproxy},
    mistake::Place,
    private,
    server::Server,
};

/// The routes, and `hops` with those added that lists name by URL.
pub(super) fn routes(
    file: &file::File,
    hops: Vec<Hop>,
    machine: &Machine,
    server: Option<&Server>,
    bench: &mut Bench<'_>,
) -> (Vec<Route>, Vec<Hop>) {
    let listen = server.map_or(&[][..], |server| &server.listen);
    let mut making = Making { machine, listen, names: hops.iter().map(|hop| hop.name.clone()).collect(), hops, bench };
    let routes = if file.route.is_empty() { making.of_machine() } else { making.written(&file.route) };
    (routes, making.hops)
}

struct Making<'a, 'b> {
    machine: &'a Machine,
    listen: &'a [SocketAddr],
    /// The upstreams that have a table of their own.
    names: Vec<String>,
    hops: Vec<Hop>,
    bench: &'a mut Bench<'b>,
}

impl Making<'_, '_> {
    fn written(&mut self, written: &[file::Route]) -> Vec<Route> {
        let mut routes: Vec<_> = written.iter().enumerate().filter_map(|(index, route)| self.route(index, route)).collect();
        if routes.len() == written.len() {
            private::settle(written, &mut routes);
        }
        self.check_names(written);
        self.check_order(written);
        routes
    }

    fn route(&mut self, index: usize, route: &file::Route) -> Option<Route> {
        let path = format!("route.{index}");
        self.check_match(route, &path);
        let upstreams = self.list(route, &path)?;
        // Whether it is private, the last route helps to say.
        Some(Route { name: name(index, route), patterns: Patterns::parse(&route.r#match), upstreams, private: true })
    }

    fn list(&mut self, route: &file::Route, path: &str) -> Option<GoProxyList> {
        let key = format!("{path}.upstreams");
        if route.upstreams.trim().is_empty() {
            self.bench.wrong(path, "a route without upstreams", "set upstreams to a list such as \"mirror|public,direct\"");
            return None;
        }
        let known = |name: &str| self.hops.iter().find(|hop| hop.name == name).map(|hop| hop.url.clone());
        match GoProxyList::parse_with(&route.upstreams, &known) {
            Ok(list) => {
                self.admit(&list, &self.bench.leaves.place(&key));
                Some(list)
            }
            Err(error) => {
                let (what, fix) = self.list_mistake(&route.upstreams, &error.to_string());
                self.bench.wrong(&key, what, fix);
                None
            }
        }
    }

    /// Go takes a single word for a URL without a scheme; here it is far more often the name of an upstream.
    fn list_mistake(&self, list: &str, error: &str) -> (String, String) {
        let unknown =
            list.split([',', '|']).map(str::trim).find(|word| is_word(word) && !self.names.iter().any(|name| name == word));
        match unknown.filter(|word| error.ends_with(word)) {
            None => (
                error.to_owned(),
                "write names of upstreams or URLs, separated by `,` or `|`; `direct` or `off` may be the last".to_owned(),
            ),
            Some(word) => {
                let names = self.names.iter().map(String::as_str).chain([DIRECT, "off"]);
                let fix = nearest(word, names).map(|name| format!("did you mean `{name}`?"));
                (
                    format!("no upstream is named `{word}` ({error})"),
                    fix.unwrap_or_else(|| format!("add [upstream.{word}] with its url")),
                )
            }
        }
    }

    /// Makes hops of the entries that are URLs, and says what is to be said about each entry.
    fn admit(&mut self, list: &GoProxyList, place: &Place) {
        for entry in list.entries() {
            match &entry.source {
                Source::Proxy(url) | Source::File(url) => self.admit_url(entry, url, place),
                Source::Direct | Source::Off => (),
            }
        }
    }

    fn admit_url(&mut self, entry: &Entry, url: &GoUrl, place: &Place) {
        let of_machine = matches!(place, Place::Go(_));
        if let Some(own) = self.listen.iter().find(|own| names_address(url, **own)) {
            let fix = "take it out: this server would ask itself";
            self.wrong(place, format!("{url} is this server itself, which listens on {own}"), fix);
        }
        if entry.name.is_some() {
            return;
        }
        if url.credentials().is_some() && url.scheme() == "http" {
            self.wrong(
                place,
                format!("refusing to pass credentials to insecure URL: {url}"),
                "use https, or take the credentials out",
            );
        } else if url.credentials().is_some() && !of_machine {
            let fix = "make it an [upstream.NAME] with user and password_file, and write NAME in the list";
            self.wrong(place, format!("credentials in a list: {url}"), fix);
        }
        if let Some(name) = hop_name(entry).filter(|name| !self.hops.iter().any(|hop| hop.name == *name)) {
            let netrc = if of_machine { self.machine.netrc.as_ref() } else { None };
            let hop = hops::plain(name, url, netrc, self.bench);
            self.hops.push(hop);
        }
    }

    fn wrong(&mut self, place: &Place, what: String, fix: &str) {
        self.bench.put(true, place.clone(), what, fix.to_owned());
    }

    fn check_match(&mut self, route: &file::Route, path: &str) {
        let key = format!("{path}.match");
        if route.r#match.is_empty() {
            self.bench.wrong(path, "a route without match", "set match to patterns of module paths; \"*\" matches everything");
        }
        for pattern in route.r#match.split(',') {
            if pattern.trim() != pattern {
                self.bench.wrong(
                    &key,
                    format!("`{pattern}`: spaces belong to a pattern, which then matches nothing"),
                    "take the spaces out",
                );
            } else if pattern.contains(':') {
                let fix = "write the path only, such as git.example.com/team";
                self.bench.wrong(&key, format!("`{pattern}`: a module path has no scheme and no port"), fix);
            }
        }
    }

    fn check_names(&mut self, written: &[file::Route]) {
        for (index, route) in written.iter().enumerate() {
            let earlier = written.iter().take(index).enumerate().any(|(at, other)| name(at, other) == name(index, route));
            if earlier {
                self.bench.wrong(
                    &format!("route.{index}.name"),
                    format!("two routes are named `{}`", name(index, route)),
                    "rename one",
                );
            }
        }
    }

    fn check_order(&mut self, written: &[file::Route]) {
        let everything = |route: &file::Route| Patterns::parse(&route.r#match).iter().any(|pattern| pattern == "*");
        let last = written.len().saturating_sub(1);
        match written.iter().position(everything) {
            None => {
                let fix = "add a last [[route]] with match = \"*\"; upstreams = \"off\" refuses what no other route serves";
                self.bench.wrong(&format!("route.{last}"), "no route matches everything", fix);
            }
            Some(at) if at < last => {
                let what = format!("route `{}` matches everything, so this one is never reached", name(at, &written[at]));
                self.bench.wrong(&format!("route.{}", at + 1), what, "move the route with match = \"*\" to the end");
            }
            Some(_) => (),
        }
    }

    /// What the go command on this machine would do: modules of GONOPROXY come from version control, all others along GOPROXY.
    fn of_machine(&mut self) -> Vec<Route> {
        let mut routes = Vec::new();
        let private = Patterns::parse(&self.machine.gonoproxy.value);
        if private.iter().next().is_some() {
            routes.extend(GoProxyList::parse(DIRECT).ok().map(|upstreams| Route {
                name: "private".to_owned(),
                patterns: private,
                upstreams,
                // GONOSUMDB alone says who is private, as to the go command.
                private: false,
            }));
        }
        let upstreams = self.machine_list();
        let everything =
            |upstreams| Route { name: "goproxy".to_owned(), patterns: Patterns::parse("*"), upstreams, private: false };
        routes.extend(upstreams.map(everything));
        routes
    }

    fn machine_list(&mut self) -> Option<GoProxyList> {
        let setting = &self.machine.goproxy;
        let place = Place::Go(setting.layer.clone());
        let list = match GoProxyList::parse(&setting.value) {
            Ok(list) if self.names_us(&list) => {
                let what = "GOPROXY is this server itself; Go's default is used for its upstreams".to_owned();
                self.bench.put(false, place.clone(), what, "write [[route]]s if others are to be asked".to_owned());
                GoProxyList::parse(default_goproxy()).ok()?
            }
            Ok(list) => list,
            Err(error) => {
                self.wrong(&place, error.to_string(), "set GOPROXY to a list, or write [[route]]s");
                return None;
            }
        };
        self.admit(&list, &place);
        Some(list)
    }

    /// Who set GOPROXY to this server asks it; it must not ask itself.
    fn names_us(&self, list: &GoProxyList) -> bool {
        list.entries().iter().any(|entry| match &entry.source {
            Source::Proxy(url) => self.listen.iter().any(|own| names_address(url, *own)),
            Source::File(_) | Source::Direct | Source::Off => false,
        })
    }
}

/// The route's name; one without is named by its place, from 1.
fn name(index: usize, route: &file::Route) -> String {
    if route.name.is_empty() { format!("route-{}", index + 1) } else { route.name.clone() }
}

/// Tells whether an entry of a list is a single word, which Go keeps for itself and we take for a name.
fn is_word(entry: &str) -> bool {
    !entry.is_empty() && !entry.contains(['.', ':', '/']) && entry != DIRECT && entry != "off"
}

/// Tells whether the URL leads to `own` by its spelling: the same port, and its address or a name of this very machine.
fn names_address(url: &GoUrl, own: SocketAddr) -> bool {
    let default = if url.scheme() == "https" { "443" } else { "80" };
    let host = url.host();
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (host, default),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<std::net::IpAddr>();
    let ours = match address {
        Ok(address) => address == own.ip() || (own.ip().is_unspecified() && address.is_loopback()),
        Err(_) => host == "localhost" && (own.ip().is_loopback() || own.ip().is_unspecified()),
    };
    ours && own.port() != 0 && port.parse() == Ok(own.port())
}
