//! Hostile repository roots in go-import tags: no child, no connection, one clear reason.

use tempfile::TempDir;

use super::{
    modway::{Modway, until},
    network::{self, Ears, PAGES, Page},
    shim::{CANARY, Call, Tools},
};

/// Roots that must lead nowhere. `@` stands for the canary; 11.22.33.44 is anywhere outside, and listens like the others.
const ROOTS: [&str; 44] = [
    "file:///etc",
    "FILE:///etc",
    "file://localhost/etc",
    "file:/etc",
    "ext::sh -c @",
    "ext::sh%20-c%20@",
    "ext://sh/-c",
    "fd::17/x",
    "ssh://-oProxyCommand=@/x",
    "ssh://git@-oProxyCommand=@/x",
    "ssh://11.22.33.44/x",
    "git+ssh://11.22.33.44/x",
    "svn+ssh://11.22.33.44/x",
    "svn+ssh://-oProxyCommand=@/x",
    "bzr+ssh://11.22.33.44/x",
    "git@11.22.33.44:x",
    "-oProxyCommand=@:x",
    "git://11.22.33.44/x",
    "git://127.0.0.1/x",
    "svn://11.22.33.44/x",
    "http://11.22.33.44/x",
    "HTTP://11.22.33.44/x",
    "http://127.0.0.1:80/x",
    "ftp://11.22.33.44/x",
    "ftps://11.22.33.44/x",
    "https://user:secret@11.22.33.44/x",
    "https://user:secret@10.0.0.1/x",
    "https://-oProxyCommand=@/x",
    "https://--upload-pack=@/x",
    "https:///etc/passwd",
    "https://",
    "https:11.22.33.44/x",
    "https:\\\\11.22.33.44\\x",
    "https://11.22.33.44\\@127.0.0.1/x",
    "\\\\11.22.33.44\\x",
    "//11.22.33.44/x",
    "/etc/passwd",
    "../../etc",
    "etc",
    "javascript:alert(1)",
    "data:text/plain,x",
    "https://[fe80::1%25lo]/x",
    "https://169.254.169.254/latest/meta-data",
    "--upload-pack=@",
];

const VCS: [&str; 5] = ["git", "hg", "svn", "fossil", "mod"];

#[test]
fn a_hostile_root_starts_no_child_and_opens_no_connection() {
    if !network::enter("roots::a_hostile_root_starts_no_child_and_opens_no_connection") {
        return;
    }
    let (home, tools) = (TempDir::new().expect("a folder"), Tools::real());
    let ears = Ears::new(&[21, 22, 80, 443, 990, 3690, 9418], move |path| {
        let mut parts = path.split('/').skip(1);
        let (vcs, number) = (parts.next().unwrap_or_default(), parts.next().and_then(|number| number.parse::<usize>().ok()));
        let root = number.and_then(|number| ROOTS.get(number)).copied().unwrap_or("none");
        // Two of them have a sign of their own.
        let root = if root.contains("user:") || root.contains("\\@") || root.contains("git@1") {
            root.to_owned()
        } else {
            root.replace("=@", &format!("={CANARY}")).replace("-c @", &format!("-c {CANARY}"))
        };
        Page::Import(format!("{PAGES}{path} {vcs} {root}"))
    });
    let more = format!(
        "path = \"{}\"\ngovcs = \"*:all\"\ngoinsecure = \"{PAGES}\"\n[[direct.access]]\nplace = \"{PAGES}\"\nprivate_addresses = true\n",
        tools.path()
    );
    let modway = Modway::start(home.path(), &more, &[]);
    // The one child of the start, which asks git for its version.
    until(|| (modway.children(), tools.calls().len()) == (1, 1));
    for (number, root) in ROOTS.iter().enumerate() {
        for vcs in VCS {
            let answer = modway.ask(format!("/{PAGES}/{vcs}/{number}/@v/list"));
            answer.is_a_clear_refusal(&format!("{vcs} {root}"));
            assert!(!answer.body.contains("secret"), "{root}: {answer:?}");
        }
        modway.ask(format!("/{PAGES}/git/{number}/@v/v1.0.0.zip")).is_a_clear_refusal(root);
    }
    assert_eq!(
        (modway.children(), tools.calls().len()),
        (1, 1),
        "a child was started: {:?}",
        tools.calls().last().map(Call::text)
    );
    assert_eq!(ears.heard(), Default::default(), "somebody was connected to");
    assert!(!tools.sang(), "a program of a stranger's ran");
}
