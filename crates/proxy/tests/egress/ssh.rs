//! How ssh is told to reach a remote.

use super::*;

/// The rule for an ssh remote with a key and host keys.
fn rule(place: &str, key: &Path, known_hosts: &Path, inside: bool) -> Access {
    let credential = Credential::Ssh(key.to_owned(), known_hosts.to_owned());
    Access { credential, schemes: vec!["ssh".to_owned()], private_addresses: inside, ..access(place) }
}

#[tokio::test]
async fn ssh_gets_a_judged_address_a_key_and_pinned_host_keys_and_nothing_else() {
    let (key, hosts) = (file("key"), file("hosts"));
    let names = Names::new(&[("git.corp.example", &[&["127.0.0.9"]])]);
    let egress = resolving(&direct(vec![rule("git.corp.example:2222", key.path(), hosts.path(), true)]), &names);
    let pass = egress.pass(&url("ssh://hg@git.corp.example:2222/team/lib")).await.expect("a pass");
    let way = pass.ssh().expect("that is the way");
    assert_eq!((pass.url(), pass.proxy(), pass.port()), ("ssh://hg@git.corp.example:2222/team/lib", "", 2222));
    assert_eq!((way.host.as_str(), way.user.as_str()), ("git.corp.example", "hg"));
    assert_eq!(pass.reads(), [key.path(), hosts.path()]);
    let config = way.config();
    for line in [
        "  HostName 127.0.0.9",
        "  Port 2222",
        "  User hg",
        "  HostKeyAlias [git.corp.example]:2222",
        "  BatchMode yes",
        "  StrictHostKeyChecking yes",
        "  IdentitiesOnly yes",
        "  IdentityAgent none",
        "  GlobalKnownHostsFile none",
        "  PasswordAuthentication no",
        &format!("  IdentityFile \"{}\"", key.path().display()),
        &format!("  UserKnownHostsFile \"{}\"", hosts.path().display()),
    ] {
        assert!(config.lines().any(|known| known == line), "{line}\n{config}");
    }
    assert_eq!(names.looks(), 1);
}

#[tokio::test]
async fn the_real_ssh_understands_the_configuration() {
    let (key, hosts) = (file("key"), file("hosts"));
    let names = Names::new(&[("git.corp.example", &[&["127.0.0.9"]])]);
    let egress = resolving(&direct(vec![rule("git.corp.example", key.path(), hosts.path(), true)]), &names);
    let pass = egress.pass(&url("ssh://git.corp.example/lib")).await.expect("a pass");
    let config = file(&pass.ssh().expect("that is the way").config());
    let said = tokio::process::Command::new("ssh").arg("-G").arg("-F").arg(config.path()).arg("git.corp.example").output().await;
    // A machine without ssh has nothing to understand.
    let Ok(said) = said else { return };
    let text = String::from_utf8(said.stdout).expect("text");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    for line in [
        "hostname 127.0.0.9",
        "user git",
        "port 22",
        "hostkeyalias git.corp.example",
        "batchmode yes",
        "stricthostkeychecking true",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn what_ssh_must_not_reach_or_be_told_is_refused() {
    async fn check(access: Access, names: &[(&str, &[&[&str]])], target: &str, want: &str) {
        let refused = resolving(&direct(vec![access]), &Names::new(names)).pass(&url(target)).await;
        let said = refused.err().map(|trouble| trouble.to_string()).unwrap_or_default();
        assert!(said.contains(want), "{target}: {said}");
    }
    let (key, hosts) = (file("key"), file("hosts"));
    let rule = |place: &str, inside| rule(place, key.path(), hosts.path(), inside);
    let inner: &[(&str, &[&[&str]])] = &[("git.example", &[&["10.0.0.1"]])];
    check(rule("git.example", false), inner, "ssh://git.example/x", "its address 10.0.0.1 is private").await;
    check(rule("0x7f.1", false), &[], "ssh://0x7f.1/x", "is loopback").await;
    check(rule("0x7f.1", false), &[], "ssh://127.1/x", "is loopback").await;
    check(
        Access { schemes: vec!["ssh".into()], ..access("git.example") },
        inner,
        "ssh://git.example/x",
        "no ssh key for git.example",
    )
    .await;
    check(rule("git.example", true), inner, "ssh://-oProxyCommand=x@git.example/x", "no plain word").await;
    check(rule("git.example", true), inner, "ssh://a%20b@git.example/x", "no plain word").await;
    let missing = Access { credential: Credential::Ssh("/no/key".into(), hosts.path().into()), ..rule("git.example", true) };
    check(missing, inner, "ssh://git.example/x", "ssh file /no/key: ").await;
    check(access("git.example"), inner, "ssh://git.example/x", "only https").await;
}
