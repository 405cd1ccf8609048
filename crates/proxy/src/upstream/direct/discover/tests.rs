use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use plan::trouble::Deadline;
use tokio::time::Instant;

use super::*;
use crate::settings::{Breaker, Forge, ForwardProxy, Hop, Login};

/// What is served at which URL; other URLs are 404. URLs with `insecure:` before them are served to those who do not check.
#[derive(Clone, Default)]
struct World {
    answers: HashMap<String, Result<(u16, String), Trouble>>,
    refused: Vec<&'static str>,
    forge: Option<Forge>,
    slow: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn with(mut self, url: &str, status: u16, body: &str) -> Self {
        self.answers.insert(url.into(), Ok((status, body.into())));
        self
    }

    /// A page with one tag, at the path's own address.
    fn with_tag(self, path: &str, content: &str) -> Self {
        self.with(&format!("https://{path}?go-get=1"), 200, &tag(content))
    }

    fn with_trouble(mut self, url: &str, trouble: Trouble) -> Self {
        self.answers.insert(url.into(), Err(trouble));
        self
    }

    fn refusing(mut self, scheme: &'static str) -> Self {
        self.refused.push(scheme);
        self
    }

    async fn serve(&self, url: String) -> Result<Got, Trouble> {
        self.asked.lock().expect("nobody panicked").push(url.clone());
        if self.slow.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let (status, body) = self.answers.get(&url).cloned().unwrap_or(Ok((404, "no such page".into())))?;
        let content_type = if body.starts_with('<') { "text/html" } else { "text/plain" };
        Ok(Got {
            status: StatusCode::from_u16(status).expect("a status"),
            content_type: content_type.into(),
            body: Bytes::from(body),
            cut: None,
        })
    }
}

#[async_trait]
impl Pages for World {
    fn permits(&self, url: &Url) -> Result<(), Trouble> {
        let refused = self.refused.iter().find(|beginning| url.as_str().starts_with(**beginning));
        refused.map_or(Ok(()), |beginning| Err(Trouble::Refused(format!("{beginning} is not allowed"))))
    }

    fn inside(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| host.ends_with(".inside"))
    }

    fn forge(&self, _: &Url) -> Option<Forge> {
        self.forge
    }

    async fn get(&self, url: &Url, insecure: bool) -> Result<Got, Trouble> {
        self.serve(format!("{}{url}", if insecure { "insecure:" } else { "" })).await
    }

    async fn api(&self, _: &Url, url: &Url) -> Result<Got, Trouble> {
        self.serve(url.to_string()).await
    }
}

fn tag(content: &str) -> String {
    format!(r#"<meta name="go-import" content="{content}">"#)
}

const FRESH: Duration = Duration::from_secs(60);

fn settings() -> Direct {
    let second = Duration::from_secs(1);
    Direct {
        patience: Hop {
            name: "direct".into(),
            url: String::new(),
            connect: second,
            tls: second,
            first_byte: second,
            idle: second,
            total: 30 * second,
            total_zip: 30 * second,
            retries: 1,
            step_down: Vec::new(),
            breaker: Breaker { failures: 0, pause: second },
            login: Login::None,
            ca_files: Vec::new(),
            forward_proxy: ForwardProxy::Direct,
        },
        private: Patterns::parse("*.corp"),
        insecure: Patterns::parse("lax.test"),
        govcs: String::new(),
        access: Vec::new(),
        folder: PathBuf::new(),
        refs_fresh: FRESH,
        path: String::new(),
        contact: String::new(),
        connections_per_origin: 1,
        requests_per_minute: 1,
        children: 1,
        repository_bytes: 1,
    }
}

async fn found(discovery: &Discovery, module: &str) -> String {
    let module = ModulePath::parse(module).expect(module);
    let journey = Journey::new(std::time::Instant::now());
    match discovery.find(&module, &journey).await {
        Ok(root) => format!("{} {:?} {} {}", root.root, root.source, root.url, root.subdir).trim_end().to_owned(),
        Err(RepoError::NotExist(why)) => format!("not there: {why}"),
        Err(RepoError::Failed(trouble)) => format!("{}: {trouble}", trouble.code()),
    }
}

#[track_caller]
fn ready(world: &World) -> Discovery {
    Discovery::new(&settings(), Box::new(world.clone())).expect("good settings")
}

/// What is found for a module, and which URLs were asked for it.
async fn check(world: World, module: &str, want: &str, asked: &[&str]) {
    assert_eq!(found(&ready(&world), module).await, want);
    assert_eq!(*world.asked.lock().expect("nobody panicked"), asked);
}

#[tokio::test]
async fn a_known_host_is_asked_nothing() {
    check(World::default(), "github.com/a/b/c", "github.com/a/b Vcs(Git) https://github.com/a/b", &[]).await;
    check(World::default(), "github.com/a", r#"not there: invalid github.com import path "github.com/a""#, &[]).await;
}

#[tokio::test]
async fn a_page_leads_to_the_repository_and_the_root_s_page_agrees() {
    let content = "x.test/m git https://g.test/m sub";
    let world = World::default().with_tag("x.test/m/a", content).with_tag("x.test/m", content);
    let asked = ["https://x.test/m/a?go-get=1", "https://x.test/m?go-get=1"];
    check(world, "x.test/m/a", "x.test/m Vcs(Git) https://g.test/m sub", &asked).await;
    let world = World::default().with_tag("x.test/m", "x.test/m mod https://proxy.test");
    check(world, "x.test/m", "x.test/m Proxy https://proxy.test", &asked[1..]).await;
}

#[tokio::test]
async fn what_pages_and_404_say_is_not_there_and_other_statuses_are_trouble() {
    let (url, asked) = ("https://x.test/m?go-get=1", ["https://x.test/m?go-get=1"]);
    let unrecognized = r#"unrecognized import path "x.test/m":"#;
    let not_found = format!("not there: {unrecognized} reading {url}: 404 Not Found\n\tserver response: no such page");
    check(World::default(), "x.test/m", &not_found, &asked).await;
    let world = World::default().with(url, 200, "<html>Log in</html>");
    check(world, "x.test/m", &format!("not there: {unrecognized} parse {url}: no go-import meta tags ()"), &asked).await;
    let world = World::default().with(url, 401, "<html>Log in</html>");
    check(world, "x.test/m", &format!("vcs: {unrecognized} reading {url}: 401 Unauthorized"), &asked).await;
    let world = World::default().with(url, 503, "<html>");
    let unavailable = format!("status: status 503: {unrecognized} reading {url}: 503 Service Unavailable");
    check(world, "x.test/m", &unavailable, &asked).await;
}

#[tokio::test(start_paused = true)]
async fn trouble_keeps_its_kind_and_gets_go_s_words_and_is_asked_again_if_it_may_pass() {
    let url = "https://x.test/m?go-get=1";
    let tls = Trouble::Tls("x509: certificate signed by unknown authority".into());
    let want = r#"tls: tls: x509: certificate signed by unknown authority (unrecognized import path "x.test/m")"#;
    check(World::default().with_trouble(url, tls), "x.test/m", want, &[url, url]).await;
    let refused = Trouble::Refused("169.254.0.1 is not public".into());
    let want = r#"refused: unrecognized import path "x.test/m": https fetch: 169.254.0.1 is not public"#;
    check(World::default().with_trouble(url, refused), "x.test/m", want, &[url]).await;
    let late = Trouble::Deadline(Deadline::FirstByte, 1000);
    check(World::default().with_trouble(url, late), "x.test/m", "timeout: no first byte within 1s", &[url, url]).await;
}

#[tokio::test]
async fn govcs_decides_before_anyone_connects() {
    let world = World::default().with_tag("x.test/m", "x.test/m svn https://s.test/m");
    let refused = "refused: GOVCS disallows using svn for public x.test/m; see 'go help vcs'";
    check(world, "x.test/m", refused, &["https://x.test/m?go-get=1"]).await;
    let refused = "refused: GOVCS disallows using svn for public x.test/a.svn; see 'go help vcs'";
    check(World::default(), "x.test/a.svn", refused, &[]).await;
    let chisel = "chiselapp.com/user/a/repository/b";
    let refused = format!("refused: GOVCS disallows using fossil for public {chisel}; see 'go help vcs'");
    check(World::default(), chisel, &refused, &[]).await;
    let world = World::default().refusing("http:").refusing("svn");
    check(world, "x.corp/a.svn", "x.corp/a.svn Vcs(Svn) https://x.corp/a", &[]).await;
    let bad = Direct { govcs: "git".into(), ..settings() };
    let refused = Discovery::new(&bad, Box::new(World::default())).expect_err("no colon");
    assert_eq!(refused, Trouble::Refused(r#"malformed entry in GOVCS (missing colon): "git""#.into()));
}

#[tokio::test]
async fn what_the_way_out_refuses_is_refused_here_already() {
    let asked = ["https://x.test/m?go-get=1"];
    let world = World::default().with_tag("x.test/m", "x.test/m git ext://sh").refusing("ext:");
    check(world, "x.test/m", "refused: ext: is not allowed", &asked).await;
    let world = World::default().with_tag("x.test/m", "x.test/m git ext::sh");
    let unwritten = r#"refused: repository URL not usable: "ext::sh" is not written as scheme://host/path"#;
    check(world, "x.test/m", unwritten, &asked).await;
    let world = World::default().with_tag("x.test/m", "x.test/m git https://u:secret@g.test/m");
    check(world, "x.test/m", "refused: the page of x.test/m names a repository URL with a password in it", &asked).await;
    let world = World::default().with_tag("x.test/m", "x.test/m mod http://p.test").refusing("http:");
    check(world, "x.test/m", "refused: http: is not allowed", &asked).await;
}

#[tokio::test]
async fn a_page_of_the_outer_world_does_not_lead_inside_and_one_of_ours_does() {
    let leads = |module: &str| World::default().with_tag(module, &format!("{module} git https://git.inside/m"));
    let refused = "refused: the page of x.test/m leads to git.inside, inside of this network: x.test is not; if x.test/m is yours, name it in GOPRIVATE";
    check(leads("x.test/m"), "x.test/m", refused, &["https://x.test/m?go-get=1"]).await;
    let world = World::default().with_tag("x.test/m", "x.test/m mod https://git.inside/m");
    check(world, "x.test/m", refused, &["https://x.test/m?go-get=1"]).await;
    // Named in GOPRIVATE, and of a host that is inside itself.
    check(leads("a.corp/m"), "a.corp/m", "a.corp/m Vcs(Git) https://git.inside/m", &["https://a.corp/m?go-get=1"]).await;
    check(leads("go.inside/m"), "go.inside/m", "go.inside/m Vcs(Git) https://git.inside/m", &["https://go.inside/m?go-get=1"])
        .await;
}

#[tokio::test]
async fn goinsecure_allows_unverified_pages_and_then_http_for_its_modules_only() {
    let (https, http) = ("insecure:https://lax.test/m?go-get=1", "insecure:http://lax.test/m?go-get=1");
    let content = "lax.test/m git https://g.test/m";
    let world = World::default().with(https, 200, &tag(content));
    check(world, "lax.test/m", "lax.test/m Vcs(Git) https://g.test/m", &[https]).await;
    let refused = || Trouble::Connect("refused".into());
    let world = World::default().with_trouble(https, refused()).with(http, 200, &tag(content));
    check(world, "lax.test/m", "lax.test/m Vcs(Git) https://g.test/m", &[https, http]).await;
    // A bad status is an answer.
    let world = World::default().with(http, 200, &tag(content));
    let not_found = "not there: unrecognized import path \"lax.test/m\": reading https://lax.test/m?go-get=1: 404 Not Found\n\tserver response: no such page";
    check(world, "lax.test/m", not_found, &[https]).await;
    let world = World::default().with_trouble(https, refused()).with_trouble(http, Trouble::Refused("no".into()));
    let want = r#"refused: unrecognized import path "lax.test/m": http/https fetch: no"#;
    check(world, "lax.test/m", want, &[https, http]).await;
}

#[tokio::test]
async fn of_several_schemes_the_first_that_works_is_taken() {
    let only_https = || World::default().refusing("git:").refusing("ssh:").refusing("git+ssh:").refusing("http:");
    check(only_https(), "x.test/a.git/b", "x.test/a.git Vcs(Git) https://x.test/a", &[]).await;
    let refs = ["https://x.test/a/info/refs?service=git-upload-pack"];
    let with_ssh = || World::default().refusing("git+ssh:");
    check(with_ssh().with(refs[0], 200, "refs"), "x.test/a.git", "x.test/a.git Vcs(Git) https://x.test/a", &refs).await;
    check(with_ssh(), "x.test/a.git", "x.test/a.git Vcs(Git) ssh://x.test/a", &refs).await;
    let asked = ["https://lax.test/a?cmd=capabilities", "http://lax.test/a?cmd=capabilities"];
    let with_http = || World::default().refusing("ssh:");
    let world = with_http().with(asked[1], 200, "x");
    check(world, "lax.test/a.hg", "lax.test/a.hg Vcs(Hg) http://lax.test/a", &asked).await;
    check(with_http(), "lax.test/a.hg", "not there: no protocol found for repository", &asked).await;
    let all = World::default().refusing("https:").refusing("ssh:").refusing("git+ssh:");
    check(all, "x.test/a.git", "refused: no secure protocol found for repository: https: is not allowed", &[]).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_found_is_kept_and_failures_only_briefly() {
    let world = World::default().with_tag("x.test/m", "x.test/m git https://g.test/m");
    let discovery = ready(&world);
    let count = || world.asked.lock().expect("nobody panicked").len();
    for _ in 0..3 {
        found(&discovery, "x.test/m").await;
        found(&discovery, "x.test/gone").await;
    }
    assert_eq!(count(), 2);
    tokio::time::advance(limits::DISCOVERY_FAILURE).await;
    found(&discovery, "x.test/m").await;
    found(&discovery, "x.test/gone").await;
    assert_eq!(count(), 3);
    tokio::time::advance(FRESH).await;
    found(&discovery, "x.test/m").await;
    assert_eq!(count(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_root_s_page_is_asked_for_once_for_all_its_modules() {
    let content = "x.test git https://g.test/all";
    let world = ["a", "b", "c"].iter().fold(World::default(), |world, name| world.with_tag(&format!("x.test/{name}"), content));
    let world = world.with("https://x.test/?go-get=1", 200, &tag(content));
    world.slow.store(true, Ordering::SeqCst);
    let discovery = ready(&world);
    let all = ["x.test/a", "x.test/b", "x.test/c", "x.test/c"].map(|module| found(&discovery, module));
    for found in futures_util::future::join_all(all).await {
        assert_eq!(found, "x.test Vcs(Git) https://g.test/all");
    }
    assert_eq!(world.asked.lock().expect("nobody panicked").len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_discovery_ends_when_its_time_is_over() {
    let world = World::default().with_tag("x.test/m", "x.test/m git https://g.test/m");
    world.slow.store(true, Ordering::SeqCst);
    let mut hasty = settings();
    hasty.patience.total = Duration::from_millis(500);
    let discovery = Discovery::new(&hasty, Box::new(world)).expect("good settings");
    let started = Instant::now();
    assert_eq!(found(&discovery, "x.test/m").await, "timeout: not finished within 500ms");
    assert_eq!(started.elapsed(), Duration::from_millis(500));
}

fn gitlab() -> World {
    World { forge: Some(Forge::Gitlab), ..World::default() }
}

fn project(path: &str) -> String {
    format!(r#"{{"path_with_namespace":"{path}","http_url_to_repo":"https://gl.corp/{path}.git"}}"#)
}

const API: &str = "https://gl.corp/api/v4/projects/";

#[tokio::test]
async fn a_forge_is_asked_where_the_page_wants_a_login() {
    let page = "https://gl.corp/team/sub/lib/v2?go-get=1";
    let asked = [page, &format!("{API}team%2Fsub%2Flib%2Fv2"), &format!("{API}team%2Fsub%2Flib")];
    for (status, body) in [(401, "<html>"), (404, "no"), (200, "<html>Log in</html>")] {
        let world = gitlab().with(page, status, body).with(asked[2], 200, &project("team/sub/lib"));
        check(world, "gl.corp/team/sub/lib/v2", "gl.corp/team/sub/lib Vcs(Git) https://gl.corp/team/sub/lib.git", &asked).await;
    }
}

#[tokio::test]
async fn the_two_elements_that_gitlab_says_to_everyone_are_not_believed() {
    let (module, root) = ("gl.corp/team/sub/lib", "gl.corp/team/sub");
    let content = "gl.corp/team/sub git https://gl.corp/team/sub.git";
    let lie = || gitlab().with_tag(module, content).with_tag(root, content);
    let asked = [&format!("https://{module}?go-get=1"), &format!("https://{root}?go-get=1"), &format!("{API}team%2Fsub%2Flib")];
    let asked = asked.map(String::as_str);
    let world = lie().with(asked[2], 200, &project("team/sub/lib"));
    check(world, module, "gl.corp/team/sub/lib Vcs(Git) https://gl.corp/team/sub/lib.git", &asked).await;
    // It may be true, too: lib is a directory then.
    let believed = "gl.corp/team/sub Vcs(Git) https://gl.corp/team/sub.git";
    check(lie(), module, believed, &asked).await;
    check(lie().with(asked[2], 403, r#"{"error":"insufficient_scope"}"#), module, believed, &asked).await;
    let broken = "status: status 502: GitLab's API";
    check(lie().with(asked[2], 502, ""), module, broken, &asked).await;
}

#[tokio::test]
async fn a_forge_that_does_not_know_the_project_or_us_says_so() {
    let page = "https://gl.corp/team/lib?go-get=1";
    let api = format!("{API}team%2Flib");
    let unrecognized = format!(r#"unrecognized import path "gl.corp/team/lib": reading {page}: 401 Unauthorized"#);
    let world = || gitlab().with(page, 401, "<html>");
    let want = format!("vcs: {unrecognized}; GitLab has no such project for our login");
    check(world(), "gl.corp/team/lib", &want, &[page, &api]).await;
    let want = format!("vcs: {unrecognized}; GitLab's API: 401 Unauthorized");
    check(world().with(&api, 401, "{}"), "gl.corp/team/lib", &want, &[page, &api]).await;
    let want = format!("vcs: {unrecognized}; GitLab has no such project for our login");
    check(world().with(&api, 200, &project("team/moved")), "gl.corp/team/lib", &want, &[page, &api]).await;
    let world = world().with(&api, 200, "<html>");
    assert!(found(&ready(&world), "gl.corp/team/lib").await.starts_with("body: GitLab's API at "));
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_not_asked_as_a_forge() {
    let page = "https://gl.corp/team/lib?go-get=1";
    let world = gitlab().with_trouble(page, Trouble::Dns("gl.corp".into()));
    let want = r#"dns: no such host: gl.corp (unrecognized import path "gl.corp/team/lib")"#;
    let discovery =
        Discovery::new(&Direct { patience: Hop { retries: 0, ..settings().patience }, ..settings() }, Box::new(world.clone()));
    assert_eq!(found(&discovery.expect("good settings"), "gl.corp/team/lib").await, want);
    assert_eq!(*world.asked.lock().expect("nobody panicked"), [page]);
}

#[tokio::test]
async fn what_a_forge_names_has_to_pass_the_same_rules() {
    let (page, api) = ("https://gl.corp/team/lib?go-get=1", format!("{API}team%2Flib"));
    let strict = Direct { govcs: "private:hg".into(), ..settings() };
    let world = gitlab().with(page, 401, "<html>").with(&api, 200, &project("team/lib"));
    let discovery = Discovery::new(&strict, Box::new(world)).expect("good settings");
    let want = "refused: GOVCS disallows using git for private gl.corp/team/lib; see 'go help vcs'";
    assert_eq!(found(&discovery, "gl.corp/team/lib").await, want);
}
