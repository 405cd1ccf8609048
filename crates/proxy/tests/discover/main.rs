//! From a module path to its repository, through the real way out: TLS, logins, redirects and bounds, against scripted hosts.

#[path = "../direct/settings.rs"]
#[expect(dead_code, reason = "no place is here: the forward proxy leads to all")]
mod settings;

use std::{fs, path::PathBuf, time::Instant};

use gomod::{module::ModulePath, pattern::Patterns};
use proxy::{
    Journey,
    client::Roots,
    clock::Clock,
    egress::Egress,
    limits,
    metrics::Metrics,
    settings::{Access, Credential, Direct, Forge, ForwardProxy, Secret},
    upstream::direct::{DirectUpstream, repo::RepoError},
};
use tempfile::TempDir;
use testkit::{
    faults::{Fault, Length, Play},
    tls::{Ca, Leaf},
    world::{self, World},
};

const TOKEN: &str = "glpat-canary";

/// Every host of the tests: one server with a good certificate, or one that nobody vouches for.
struct Net {
    world: World,
    way: world::ForwardProxy,
    ca: PathBuf,
    folder: TempDir,
}

enum Certificate {
    Good,
    SelfSigned,
}

impl Net {
    async fn start(certificate: Certificate) -> Self {
        let (names, ca) = (["x.test", "y.test", "lax.test", "gl.corp"], Ca::new());
        let leaf = match certificate {
            Certificate::Good => ca.leaf(&names),
            Certificate::SelfSigned => Leaf::self_signed(&names),
        };
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        fs::write(&file, ca.pem()).expect("the folder is there");
        let world = World::with_tls(leaf.server(&["http/1.1"])).await;
        let way = world::ForwardProxy::start(world.address(), None).await;
        Self { world, way, ca: file, folder }
    }

    /// What is found for a module.
    async fn find(&self, module: &str) -> String {
        let direct = self.settings();
        let egress = Egress::new(&direct, &Roots::Files(vec![self.ca.clone()])).expect("good settings");
        let upstream = DirectUpstream::new(&direct, egress, Clock::system(), Metrics::default()).expect("good settings");
        let (module, journey) = (ModulePath::parse(module).expect(module), Journey::new(Instant::now()));
        match upstream.discovery().find(&module, &journey).await {
            Ok(root) => format!("{} {}", root.root, root.url),
            Err(RepoError::NotExist(why)) => format!("not there: {why}"),
            Err(RepoError::Failed(trouble)) => format!("{}: {trouble}", trouble.code()),
        }
    }

    fn settings(&self) -> Direct {
        let credential = Credential::Fixed("oauth2".into(), Secret::new(TOKEN.into()));
        let gitlab = Access { credential, forge: Some(Forge::Gitlab), ..settings::access("gl.corp") };
        let mut direct = settings::direct(vec![gitlab], &self.folder.path().join("vcs"));
        direct.patience.forward_proxy = ForwardProxy::Url(Secret::new(self.way.url()));
        Direct { insecure: Patterns::parse("lax.test"), ..direct }
    }

    /// The targets that were asked for, each with true if a login came along.
    fn asked(&self) -> Vec<(String, bool)> {
        let with_login =
            |seen: &world::Seen| seen.headers.iter().any(|(_, value)| value.contains(TOKEN) || value.starts_with("Basic "));
        self.world.seen().iter().map(|seen| (seen.target.clone(), with_login(seen))).collect()
    }
}

fn page(content: &str) -> Play {
    Play::ok(format!(r#"<html><head><meta name="go-import" content="{content}"></head>"#)).header("Content-Type", "text/html")
}

fn owned(asked: &[(&str, bool)]) -> Vec<(String, bool)> {
    asked.iter().map(|(target, login)| ((*target).to_owned(), *login)).collect()
}

#[tokio::test]
async fn a_project_in_a_gitlab_sub_group_is_found_with_the_token_of_the_place() {
    let net = Net::start(Certificate::Good).await;
    let project = r#"{"id":7,"path_with_namespace":"team/sub/lib","http_url_to_repo":"https://gl.corp/team/sub/lib.git"}"#;
    let short = "gl.corp/team/sub git https://gl.corp/team/sub.git";
    net.world.on("/team/sub/lib?go-get=1", [page(short)]);
    net.world.on("/team/sub?go-get=1", [page(short)]);
    net.world.on("/api/v4/projects/team%2Fsub%2Flib", [Play::ok(project).header("Content-Type", "application/json")]);
    assert_eq!(net.find("gl.corp/team/sub/lib").await, "gl.corp/team/sub/lib https://gl.corp/team/sub/lib.git");
    let asked = [("/team/sub/lib?go-get=1", true), ("/team/sub?go-get=1", true), ("/api/v4/projects/team%2Fsub%2Flib", true)];
    assert_eq!(net.asked(), owned(&asked));
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_unless_goinsecure_says_otherwise() {
    let net = Net::start(Certificate::SelfSigned).await;
    net.world.on("/m?go-get=1", [page("lax.test/m git https://g.test/m"), page("x.test/m git https://g.test/m")]);
    assert_eq!(net.find("lax.test/m").await, "lax.test/m https://g.test/m");
    let refused = net.find("x.test/m").await;
    assert!(refused.starts_with("tls: tls: "), "{refused}");
    assert!(refused.contains("x509: ") && refused.ends_with(r#"(unrecognized import path "x.test/m")"#), "{refused}");
    assert_eq!(net.asked(), owned(&[("/m?go-get=1", false)]));
}

#[tokio::test]
async fn a_page_may_be_elsewhere_and_a_login_does_not_go_there() {
    let net = Net::start(Certificate::Good).await;
    net.world.on("/team/lib?go-get=1", [Play::redirect(302, "https://y.test/page")]);
    net.world.on("/page", [page("gl.corp/team/lib git https://gl.corp/team/lib.git")]);
    assert_eq!(net.find("gl.corp/team/lib").await, "gl.corp/team/lib https://gl.corp/team/lib.git");
    assert_eq!(net.asked(), owned(&[("/team/lib?go-get=1", true), ("/page", false)]));
}

#[tokio::test]
async fn of_a_page_without_end_the_beginning_counts() {
    let net = Net::start(Certificate::Good).await;
    let endless = |play: Play| play.length(Length::Close).fault(Fault::Endless);
    net.world.on("/m?go-get=1", [endless(page("x.test/m git https://g.test/m"))]);
    net.world.on("/n?go-get=1", [endless(Play::ok("<html><head>").header("Content-Type", "text/html"))]);
    assert_eq!(net.find("x.test/m").await, "x.test/m https://g.test/m");
    assert_eq!(net.find("x.test/n").await, format!("too-large: body larger than {} bytes", limits::MAX_PAGE_BYTES));
}

#[tokio::test]
async fn a_tag_on_a_404_page_counts_and_a_refusal_s_text_is_passed_on() {
    let net = Net::start(Certificate::Good).await;
    let tag = page("x.test/m git https://g.test/m").body;
    net.world.on("/m?go-get=1", [Play::status(404, tag)]);
    net.world.on("/n?go-get=1", [Play::status(404, "gone\nfor good").header("Content-Type", "text/plain")]);
    assert_eq!(net.find("x.test/m").await, "x.test/m https://g.test/m");
    let gone = "not there: unrecognized import path \"x.test/n\": reading https://x.test/n?go-get=1: 404 Not Found\n\tserver response:\n\tgone\n\tfor good";
    assert_eq!(net.find("x.test/n").await, gone);
}
