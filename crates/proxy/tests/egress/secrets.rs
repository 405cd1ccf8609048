//! A canary in every secret slot is seen where it belongs, and nowhere else.

use testkit::{faults::Play, tls::RsaKey, world::World};

use super::*;

const CANARY: &str = "zz-canary";

/// A canary that belongs to one slot.
fn canary(slot: &str) -> String {
    format!("{CANARY}-{slot}")
}

/// Everything that may be printed of what happens at `place` with `credential`: debug texts, errors, reports, what the child reads.
async fn printed(world: &World, settings: &Direct) -> String {
    let egress = ready(settings);
    let mut all = format!("{settings:?}{egress:?}");
    for path in ["/team/x", "/team/moved", "/team/denied", "/team/none", "/team/broken"] {
        let target = url(&format!("{}{path}", world.url()));
        let asked = egress.get(&target, &HeaderMap::new(), false).await;
        if let Err(trouble) = &asked {
            all.push_str(&trouble.to_string());
        }
        all.push_str(&format!("{asked:?}{:?}", egress.check(&target).await));
        match egress.pass(&target).await {
            Ok(pass) => {
                let (_, answer) = child(&pass, "GET", pass.url(), &[], b"").await;
                all.push_str(&format!("{pass:?}{answer}{:?}{}", pass.trouble(), pass.url()));
            }
            Err(trouble) => all.push_str(&format!("{trouble:?}{trouble}")),
        }
    }
    all
}

async fn world(away: &World) -> World {
    let world = World::start().await;
    let minted = format!(r#"{{"token":"{}","expires_at":"2099-01-01T00:00:00Z"}}"#, canary("minted"));
    world.on("/api/repos/team/x/installation", [Play::ok(r#"{"id":7}"#)]);
    for path in ["moved", "denied", "none", "broken"] {
        world.on(&format!("/api/repos/team/{path}/installation"), [Play::ok(r#"{"id":7}"#)]);
    }
    world.on("/api/app/installations/7/access_tokens", [Play::status(201, minted)]);
    world.on("/team/x", [Play::ok("fine")]).on("/team/denied", [Play::status(401, "who?")]);
    world.on("/team/moved", [Play::redirect(302, &format!("{}/there?token=signed", away.url()))]);
    world.on("/team/broken", [Play::ok("").fault(testkit::faults::Fault::Reset)]);
    away.on("/there?token=signed", [Play::ok("fine")]).on("/there", [Play::ok("fine")]);
    world
}

#[tokio::test]
async fn no_secret_is_printed_and_none_reaches_another_host() {
    let (netrc_canary, key) = (canary("netrc"), RsaKey::new());
    let (token, pem) = (file(&canary("file")), file(&key.pem));
    let helper_folder = tempfile::tempdir().expect("a folder");
    let says = format!("printf 'http://HOST\\n\\nAuthorization: Bearer {}\\n\\n'", canary("helper"));
    let mut used = 0;
    for slot in ["fixed", "file", "netrc", "helper", "minted"] {
        let away = World::start().await;
        let world = world(&away).await;
        let place = world.address().to_string();
        let netrc = file(&format!("machine {place} login bob password {netrc_canary}\n"));
        let credential = match slot {
            "fixed" => Credential::Fixed("bob".into(), Secret::new(canary("fixed"))),
            "file" => Credential::File("bob".into(), token.path().to_owned()),
            "netrc" => Credential::Netrc(netrc.path().to_owned()),
            "helper" => Credential::Helper(vec!["/bin/sh".into(), script(&helper_folder, &says.replace("HOST", &place))]),
            _ => Credential::GithubApp(42, pem.path().to_owned(), format!("{}/api", world.url())),
        };
        let settings = direct(vec![Access { credential, ..here(&format!("{place}/team")) }, at(&away)]);
        let settings = Direct { folder: helper_folder.path().join("direct"), ..settings };
        let printed = printed(&world, &settings).await;
        assert!(!printed.contains(CANARY), "{slot}: {printed}");
        assert!(!printed.contains(&key.pem[100..140]) && !printed.contains("token=signed"), "{slot}: {printed}");
        for encoded in [canary(slot), format!("bob:{}", canary(slot)), format!("x-access-token:{}", canary(slot))] {
            let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, encoded);
            assert!(!printed.contains(&encoded), "{slot}: {printed}");
        }
        assert!(away.seen().iter().all(|seen| seen.header("authorization").is_none()), "{slot}");
        assert!(!away.seen().is_empty() && !format!("{:?}", away.seen()).contains(CANARY), "{slot}");
        used += usize::from(world.seen().iter().any(|seen| seen.target == "/team/x" && seen.header("authorization").is_some()));
    }
    assert_eq!(used, 5, "each was used where it belongs");
}

fn script(folder: &tempfile::TempDir, says: &str) -> String {
    let path = folder.path().join("script");
    std::fs::write(&path, format!("{says}\necho {} >&2\n", canary("complaint"))).expect("written");
    path.display().to_string()
}

#[tokio::test]
async fn a_passs_token_is_printed_nowhere() {
    let world = World::start().await;
    world.on("/lib", [Play::not_found("no")]);
    let pass = egress(vec![at(&world)]).pass(&url(&format!("{}/lib", world.url()))).await.expect("a pass");
    let (_, answer) = child(&pass, "GET", pass.url(), &[], b"").await;
    let secret = url(pass.proxy()).password().expect("one").to_owned();
    let printed = format!("{pass:?}{answer}{:?}{:?}", pass.trouble(), world.seen());
    assert!(!printed.contains(&secret) && secret.len() == 32, "{printed}");
}
