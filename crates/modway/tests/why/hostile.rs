//! Hostile settings run nothing and leak nothing.

use std::{fs, os::unix::fs::PermissionsExt as _};

use modway::{config::Disk, lang::Lang, machine::Machine, render::terminal::Terminal};

use crate::world::Town;

/// A program that leaves a mark when it runs.
fn trap(town: &Town) -> String {
    let (program, mark) = (town.path("trap"), town.path("sprung"));
    fs::write(&program, format!("#!/bin/sh\necho \"$0 $*\" >> '{mark}'\nexit 1\n")).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
    program
}

#[track_caller]
fn check_not_sprung(town: &Town) {
    assert_eq!(fs::read_to_string(town.path("sprung")).unwrap_or_default(), "");
}

#[tokio::test]
async fn no_program_that_a_setting_names_is_run() {
    let town = Town::with_login(Some(("u", "secret"))).await.go_trusts();
    let trap = trap(&town);
    let ca = town.path("ca.pem");
    let config = format!(
        "[http]\n\tsslCAInfo = {ca}\n[core]\n\tsshCommand = {trap}\n\taskPass = {trap}\n\tgitProxy = {trap}\n\tpager = {trap}\n\tfsmonitor = {trap}\n\
         [credential]\n\thelper = !{trap}\n[credential \"https://git.example.test\"]\n\thelper = !{trap}\n\
         [protocol \"ext\"]\n\tallow = always\n[alias]\n\tls-remote = !{trap}\n\tconfig = !{trap}\n[pager]\n\tconfig = {trap}\n\tls-remote = {trap}\n"
    );
    let town = town
        .git_config(&config)
        .without("GIT_SSL_CAINFO")
        .set("GOPRIVATE", "git.example.test")
        .set("GOFLAGS", &format!("-toolexec={trap}"))
        .set("GOAUTH", &format!("{trap} --token abc; git {}", "/tmp"))
        .set("GIT_ASKPASS", &trap)
        .set("SSH_ASKPASS", &trap)
        .set("GIT_SSH_COMMAND", &trap)
        .set("GIT_SSH", &trap)
        .set("GIT_PROXY_COMMAND", &trap)
        .set("GIT_EXTERNAL_DIFF", &trap)
        .set("GIT_PAGER", &trap)
        .set("PAGER", &trap)
        .set("EDITOR", &trap);
    let report = town.report("v1.0.0").await;
    let text = report.text(Lang::En, Terminal::PLAIN);
    check_not_sprung(&town);
    assert!(text.contains("wants a login") && text.contains("not run: credential.helper"), "{text}");
}

#[tokio::test]
async fn a_rewriting_to_a_program_is_not_followed() {
    for scheme in ["ext::sh -c ", "ssh://-oProxyCommand="] {
        let town = Town::new().await.go_trusts();
        let trap = trap(&town);
        let config =
            format!("[url \"{scheme}{trap} \"]\n\tinsteadOf = https://git.example.test/\n[protocol \"ext\"]\n\tallow = always\n");
        let town = town.git_config(&config).set("GOPRIVATE", "git.example.test").set("GIT_ALLOW_PROTOCOL", "ext:https:ssh");
        let text = town.report("v1.0.0").await.text(Lang::En, Terminal::PLAIN);
        check_not_sprung(&town);
        assert!(text.contains("is not run"), "{text}");
    }
}

#[tokio::test]
async fn no_secret_of_the_settings_is_told() {
    let secrets = ["s3cr3t-goproxy", "s3cr3t-netrc", "s3cr3t-header", "s3cr3t-forward", "s3cr3t-goauth", "s3cr3t-instead"];
    for private in ["", "git.example.test"] {
        let town = full_of_secrets().await.set("GOPRIVATE", private);
        for dry in [true, false] {
            let machine = Machine::here(&town.environment(), &Disk, None);
            let report = town.inquire(&machine, "v1.0.0", dry).await;
            let told =
                [Lang::En, Lang::Zh].map(|lang| report.text(lang, Terminal::PLAIN) + &report.json(lang).to_string()).concat();
            for secret in secrets {
                assert!(!told.contains(secret), "{secret}: {told}");
            }
        }
    }
}

async fn full_of_secrets() -> Town {
    let town = Town::with_login(Some(("u", "another"))).await.go_trusts();
    fs::write(town.path(".netrc"), "machine git.example.test login u password s3cr3t-netrc\n").expect("written");
    let config = format!(
        "[http]\n\tsslCAInfo = {}\n[http \"https://git.example.test/\"]\n\textraHeader = X-Token: s3cr3t-header\n\
         [url \"https://u:s3cr3t-instead@git.example.test/\"]\n\tinsteadOf = https://git.example.test/\n",
        town.path("ca.pem")
    );
    let road = town.road.url().replace("http://", "http://u:s3cr3t-forward@");
    let list = "https://u:s3cr3t-goproxy@127.0.0.1:1/x?key=s3cr3t-goproxy|https://s3cr3t-goproxy@127.0.0.1:1|direct";
    town.git_config(&config)
        .without("GIT_SSL_CAINFO")
        .set("HTTPS_PROXY", &road)
        .set("GOPROXY", list)
        .set("GOAUTH", "helper --password s3cr3t-goauth; netrc")
}

#[tokio::test]
async fn the_netrc_login_is_used_for_its_own_host_only() {
    let town = Town::new().await.go_trusts().git_trusts().set("GOPRIVATE", "git.example.test");
    fs::write(town.path(".netrc"), "machine git.example.test login u password p\nmachine 127.0.0.1 login u password p\n")
        .expect("written");
    town.report("v1.0.0").await;
    let pages = town.host.requests().into_iter().filter(|seen| seen.target.contains("go-get=1"));
    assert!(pages.into_iter().all(|seen| seen.header("authorization") == Some("Basic dTpw")), "sent where Go sends it");
    let town = Town::new().await.go_trusts().git_trusts();
    fs::write(town.path(".netrc"), "machine 127.0.0.1 login u password p\n").expect("written");
    town.report("v1.0.0").await;
    assert!(town.proxy.seen().iter().all(|seen| seen.header("authorization").is_none()), "never over plain http");
}

#[tokio::test]
async fn a_fix_that_is_only_thought_of_tells_nobody_new() {
    let town = Town::new().await.go_trusts().git_trusts().set("GOPROXY", "off");
    let text = town.report("v1.0.0").await.text(Lang::En, Terminal::PLAIN);
    assert!(text.contains("go back to Go's default list"), "{text}");
    let hosts: Vec<String> = town.road.seen().into_iter().map(|seen| seen.target).collect();
    assert!(!hosts.is_empty() && hosts.iter().all(|host| host == "git.example.test:443"), "{hosts:?}");
}

#[tokio::test]
async fn no_login_goes_to_a_host_that_proved_nothing() {
    let town = Town::new().await.set("GOPRIVATE", "git.example.test").set("GOINSECURE", "git.example.test");
    fs::write(town.path(".netrc"), "machine git.example.test login u password p\n").expect("written");
    town.report("v1.0.0").await;
    let pages: Vec<_> = town.host.requests().into_iter().filter(|seen| seen.target.contains("go-get=1")).collect();
    assert!(!pages.is_empty() && pages.iter().all(|seen| seen.header("authorization").is_none()), "{pages:?}");
}
