//! What the hosts of modules, and the tools that ask them, can do wrong in direct mode.

use std::os::unix::fs::PermissionsExt;

use testkit::{
    repos::{GitServer, SshServer},
    tls::{Ca, Leaf},
};

use super::super::{case::Case, worlds::Worlds};

pub(crate) async fn all(worlds: &Worlds) -> Vec<Case> {
    let mut cases = pages(worlds);
    cases.extend(ways(worlds).await);
    cases.extend(tools(worlds).await);
    cases.extend(rules(worlds));
    cases
}

fn get(code: &'static str, module: &str) -> Case {
    Case::new(code, &format!("mod download {module}@v1.0.0")).titled(module)
}

fn pages(worlds: &Worlds) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |code, name: &str, status: u16, body: &str| {
        let module = format!("page.example.test/{name}");
        worlds.host.answer(&module, status, &[("content-type", "text/html; charset=utf-8")], body.to_owned());
        cases.push(get(code, &module).envs(&worlds.direct()));
    };
    let tag = |content: &str| format!("<meta name=\"go-import\" content=\"{content}\">");
    let head = |inner: &str| format!("<!DOCTYPE html><html><head>{inner}</head><body></body></html>");
    let one = |content: &str| head(&tag(content));
    add("discovery-absent", "404", 404, "not found");
    add("discovery-absent", "410", 410, "gone");
    add("discovery-unauthorized", "401", 401, "who are you?");
    add("discovery-unauthorized", "403", 403, "no");
    add("discovery-trouble", "500", 500, "oops");
    add("discovery-trouble", "503", 503, "oops");
    add("discovery-trouble", "429", 429, "slowly");
    add("discovery-no-meta-tags", "login", 200, "<html><body>Please sign in</body></html>");
    add("discovery-no-meta-tags", "prefix", 200, &one("page.example.test/elsewhere git https://page.example.test/x"));
    add("discovery-no-meta-tags", "fields", 200, &one("page.example.test/fields git"));
    add("discovery-not-html", "script", 200, &head("<script>if (a<b || a<<c) {}</script>"));
    add("discovery-not-html", "charset", 200, "<?xml version=\"1.0\" encoding=\"latin-1\"?><html></html>");
    add(
        "discovery-ambiguous",
        "two",
        200,
        &head(
            &[
                tag("page.example.test/two git https://page.example.test/x"),
                tag("page.example.test/two git https://page.example.test/y"),
            ]
            .concat(),
        ),
    );
    add("discovery-bad-tag", "bzr", 200, &one("page.example.test/bzr bzr https://page.example.test/x"));
    add("discovery-bad-tag", "root", 200, &one("page.example.test/root git page.example.test/x"));
    add("discovery-bad-tag", "file", 200, &one("page.example.test/file git file:///x"));
    add("discovery-bad-tag", "folder", 200, &one("page.example.test/folder git https://page.example.test/x -x"));
    add("git-local-directory", "colon", 200, &one("page.example.test/colon git https:page.example.test/x"));
    add("discovery-disagrees", "pair/inner", 200, &one("page.example.test/pair git https://page.example.test/x"));
    let nowhere = [("location", "://")];
    worlds.host.answer("page.example.test/nowhere", 302, &nowhere, "");
    cases.push(get("discovery-failed", "page.example.test/nowhere").envs(&worlds.direct()));
    worlds.host.answer("page.example.test/pair", 200, &[], one("page.example.test/pair git https://page.example.test/y"));
    cases
}

/// How the page's host is reached.
async fn ways(worlds: &Worlds) -> Vec<Case> {
    let ca = Ca::new();
    let file = worlds.path("discovery-ca.pem");
    std::fs::write(&file, ca.pem()).expect("the folder is ours");
    let (expired, _) = worlds.with_certificate(&ca.expired(&["way.test"])).await;
    let (misnamed, _) = worlds.with_certificate(&ca.leaf(&["other.test"])).await;
    let (unknown, _) = worlds.with_certificate(&Leaf::self_signed(&["way.test"])).await;
    let plain = worlds.saying(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    let mut cases = Vec::new();
    for (code, address, trusted) in [
        ("discovery-tls-authority", unknown, ""),
        ("discovery-tls-expired", expired, file.as_str()),
        ("discovery-tls-name", misnamed, file.as_str()),
        ("discovery-not-tls", plain, ""),
    ] {
        let mut settings = worlds.leading_to(address, None).await;
        settings.push(("SSL_CERT_FILE", trusted.to_owned()));
        cases.push(get(code, "way.test/m").envs(&settings).titled(code));
    }
    let refused = worlds.leading_to(worlds.closed, Some("502 Bad Gateway")).await;
    let broken = worlds.leading_to(worlds.closed, None).await;
    worlds.host.answer("down.example.test/m", 302, &[("location", "http://down.example.test/m")], "");
    cases.extend([
        get("discovery-forward-proxy", "way.test/m").envs(&refused).titled("502"),
        get("discovery-forward-proxy", "way.test/m")
            .proxy("direct")
            .env("HTTPS_PROXY", format!("http://{}", worlds.closed))
            .titled("dead"),
        get("discovery-unreachable", "way.test/m").envs(&broken).titled("EOF"),
        // An address of loopback that nobody uses.
        get("discovery-unreachable", "127.66.66.66/m").proxy("direct"),
        get("discovery-no-such-host", "bad-.test/m").proxy("direct"),
        get("discovery-insecure-redirect", "down.example.test/m").envs(&worlds.direct()),
        get("discovery-unreachable", "127.66.66.66/m").proxy("direct").env("GOINSECURE", "*").titled("GOINSECURE"),
    ]);
    cases
}

/// What git and others say.
async fn tools(worlds: &Worlds) -> Vec<Case> {
    let direct = worlds.direct();
    let closed = worlds.closed;
    let mut repository = worlds.host.make("lib");
    repository.write("go.mod", "module git.example.test/lib\n").commit(1_600_000_000);
    repository.tag("v1.0.0");
    let page = |module: &str, root: &str| worlds.host.page(module, &format!("{module} git {root}"));
    page("git.example.test/lib", "https://git.example.test/lib");
    page("git.example.test/absent", "https://git.example.test/absent");
    page("git.example.test/closed", &format!("http://{closed}/x"));
    page("git.example.test/svn", "https://git.example.test/svn");
    page("git.example.test/forbidden", "https://git.example.test/forbidden");
    worlds.host.answer("git.example.test/forbidden/info/refs", 403, &[], "no");
    worlds.host.page("git.example.test/svn", "git.example.test/svn svn https://git.example.test/svn");
    page("git.example.test/alike", "https://git.example.test/alike");
    let alike: String = ["a", "b"].map(|end| format!("1234567{}\trefs/heads/{end}\n", end.repeat(33))).concat();
    worlds.host.answer("git.example.test/alike/info/refs", 200, &[("content-type", "text/plain")], alike);
    worlds.host.page("git.example.test/folder", "git.example.test/folder git /folder");
    worlds.locked.page("git.example.test/lib", "git.example.test/lib git https://git.example.test/lib");
    worlds.locked.serve("lib", &repository);
    let mut only_go = direct.clone();
    only_go.retain(|(name, _)| *name != "GIT_SSL_CAINFO");
    let mut unlocked = worlds.direct_locked();
    unlocked.extend([("GIT_CONFIG_COUNT", "1".into()), ("GIT_CONFIG_KEY_0", "credential.helper".into())]);
    unlocked.push(("GIT_CONFIG_VALUE_0", "!printf 'username=user\\npassword=wrong\\n';:".into()));
    let mut cases = vec![
        get("git-tls", "git.example.test/lib").envs(&only_go),
        get("git-asks-for-password", "git.example.test/lib").envs(&worlds.direct_locked()),
        get("git-asks-for-password", "git.example.test/lib").envs(&unlocked).titled("wrong password"),
        get("git-not-found", "git.example.test/absent").envs(&direct),
        get("git-unreachable", "git.example.test/closed").envs(&direct),
        get("git-forbidden", "git.example.test/forbidden").envs(&direct),
        get("repository-failed", "git.example.test/lib")
            .envs(&direct)
            .file("broken", "[")
            .env("GIT_CONFIG_GLOBAL", "HOME/project/broken"),
        get("git-transport-not-allowed", "git.example.test/lib")
            .envs(&direct)
            .env("GIT_ALLOW_PROTOCOL", "ssh")
            .titled("not allowed"),
        get("git-missing", "git.example.test/lib").envs(&direct).env("PATH", "HOME").titled("no git"),
        get("git-missing", "git.example.test/lib.git").envs(&direct).env("PATH", "HOME").titled("no git, suffix"),
        get("git-too-old", "git.example.test/lib").envs(&direct).env("PATH", old_git(worlds)),
        Case::new("ambiguous-revision", "mod download git.example.test/alike@1234567").envs(&direct),
        get("no-secure-protocol", "git.example.test/absent.git").envs(&direct),
        get("no-secure-protocol", "git.example.test/lib.git").envs(&only_go).titled("TLS"),
        get("no-secure-protocol", "git.example.test/absent.git")
            .envs(&direct)
            .env("GOINSECURE", "*")
            .env("GIT_SSH_COMMAND", "false")
            .titled("GOINSECURE"),
        get("govcs-disallows", "git.example.test/svn").envs(&direct),
        get("govcs-disallows", "git.example.test/lib").envs(&direct).env("GOVCS", "*:off").titled("off"),
        get("discovery-bad-tag", "git.example.test/folder").envs(&direct).titled("folder of this machine"),
    ];
    cases.extend(ssh(worlds).await);
    worlds.keep(GitServer::start(false, None).await);
    cases
}

/// A PATH with a git that says what one before 2.24 says to `--end-of-options`.
fn old_git(worlds: &Worlds) -> String {
    const OLD: &str = "#!/bin/sh
for argument; do
    [ \"$argument\" = --end-of-options ] || continue
    echo \"error: unknown option \\`end-of-options'\" >&2
    echo 'usage: git ls-remote [--heads] [--tags] [--refs] [--upload-pack=<exec>]' >&2
    echo '                     [-q | --quiet] [--exit-code] [--get-url]' >&2
    exit 129
done
if [ \"$1\" = version ]; then echo git version 2.20.1; exit; fi
PATH=${PATH#*:} exec git \"$@\"
";
    let folder = worlds.path("old");
    std::fs::create_dir(&folder).expect("the folder is ours");
    let script = format!("{folder}/git");
    std::fs::write(&script, OLD).expect("the folder is ours");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).expect("the file is ours");
    format!("{folder}:{}", std::env::var("PATH").unwrap_or_default())
}

async fn ssh(worlds: &Worlds) -> Vec<Case> {
    let Some(server) = SshServer::start().await else { return Vec::new() };
    let (unknown, known) = (server.make_key("unknown"), worlds.path("known_hosts"));
    std::fs::write(&known, server.known_hosts()).expect("the folder is ours");
    worlds.host.page("git.example.test/ssh", &format!("git.example.test/ssh git {}/lib", server.url()));
    let key = server.key();
    worlds.keep(server);
    let ssh = |key: &std::path::Path, known: &str| {
        let options = "-F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes";
        format!("ssh {options} -o UserKnownHostsFile={known} -i {}", key.display())
    };
    vec![
        get("ssh-key-refused", "git.example.test/ssh").envs(&worlds.direct()).env("GIT_SSH_COMMAND", ssh(&unknown, &known)),
        get("ssh-host-key", "git.example.test/ssh").envs(&worlds.direct()).env("GIT_SSH_COMMAND", ssh(&key, "/dev/null")),
    ]
}

fn rules(worlds: &Worlds) -> Vec<Case> {
    let with =
        |value: &str| get("govcs-malformed", "git.example.test/lib").envs(&worlds.direct()).env("GOVCS", value).titled(value);
    vec![with("git"), with("*:git,"), with("a.test:git,a.test:hg"), with("./x:git"), with("x:git||hg")]
}
