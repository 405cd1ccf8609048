//! A GitHub App, against a scripted GitHub that reads what the app says of itself.

use rustls_pki_types::{SignatureVerificationAlgorithm, alg_id};
use testkit::{faults::Play, tls::RsaKey, world::World};

use super::*;

/// GitHub, its API below `/api/v3`, with installation 7 for `/team/lib`.
async fn github() -> World {
    let world = World::start().await;
    world.on("/api/v3/repos/team/lib/installation", [Play::ok(r#"{"id":7,"account":{}}"#)]);
    world.on("/api/v3/app/installations/7/access_tokens", [token("t1", 3600), token("t2", 3600)]);
    world
}

fn token(token: &str, seconds: i64) -> Play {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let expires = gomod::time::Time::from_unix_seconds(i64::try_from(now).expect("this century") + seconds).expect("a time");
    let expires = expires.in_utc().timestamp();
    let (date, time) = (format!("{}-{}-{}", &expires[..4], &expires[4..6], &expires[6..8]), &expires[8..]);
    let expires = format!("{date}T{}:{}:{}Z", &time[..2], &time[2..4], &time[4..6]);
    Play::status(201, format!(r#"{{"token":"{token}","expires_at":"{expires}","permissions":{{}}}}"#))
}

fn app(world: &World, key: &Path) -> Egress {
    let place = world.address().to_string();
    let credential = Credential::GithubApp(42, key.to_owned(), format!("{}/api/v3", world.url()));
    egress(vec![Access { credential, ..here(&format!("{place}/team")) }])
}

fn basic(token: &str) -> String {
    let text = format!("x-access-token:{token}");
    format!("Basic {}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text))
}

/// The logins at `target`.
fn at_target(world: &World, target: &str) -> Vec<String> {
    let there = world.seen().into_iter().filter(|seen| seen.target == target);
    there.map(|seen| seen.header("authorization").unwrap_or_default().to_owned()).collect()
}

/// The claims of a statement whose signature is right.
fn claims(statement: &str, public: &[u8]) -> serde_json::Value {
    use base64::Engine as _;
    let decode = |part: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64url without padding");
    let (said, signature) = statement.rsplit_once('.').expect("three parts");
    let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
    let rs256 = |algorithm: &&&dyn SignatureVerificationAlgorithm| {
        algorithm.signature_alg_id() == alg_id::RSA_PKCS1_SHA256 && algorithm.public_key_alg_id() == alg_id::RSA_ENCRYPTION
    };
    let verifier = algorithms.all.iter().find(rs256).expect("known");
    verifier.verify_signature(public, said.as_bytes(), &decode(signature)).expect("the key's signature");
    let (header, claims) = said.split_once('.').expect("two parts");
    let header: serde_json::Value = serde_json::from_slice(&decode(header)).expect("JSON");
    assert_eq!(header, serde_json::json!({ "alg": "RS256", "typ": "JWT" }));
    serde_json::from_slice(&decode(claims)).expect("JSON")
}

#[tokio::test]
async fn an_app_signs_who_it_is_and_its_token_goes_to_its_repositories() {
    let (world, key) = (github().await, RsaKey::new());
    world.on("/team/lib", [Play::ok("")]).on("/team/lib/info/refs?service=git-upload-pack", [Play::ok("refs")]);
    let pem = file(&key.pem);
    let egress = app(&world, pem.path());
    assert_eq!(get(&egress, &format!("{}/team/lib", world.url())).await.map(|answer| answer.0), Ok(200));
    let pass = egress.pass(&url(&format!("{}/team/lib", world.url()))).await.expect("a pass");
    assert_eq!(info_refs(&pass).await, 200);
    assert_eq!(at_target(&world, "/team/lib"), [basic("t1")]);
    assert_eq!(at_target(&world, "/team/lib/info/refs?service=git-upload-pack"), [basic("t1")]);
    let minted = at_target(&world, "/api/v3/app/installations/7/access_tokens");
    assert_eq!(minted.len(), 1, "kept until it expires");
    let claims = claims(minted[0].strip_prefix("Bearer ").expect("a statement"), &key.public);
    let number = |name: &str| claims[name].as_i64().expect("a number");
    assert_eq!(claims["iss"], "42");
    assert!(number("exp") - number("iat") <= 600, "GitHub allows ten minutes: {claims}");
    assert_eq!(world.seen()[1].header("accept"), Some("application/vnd.github+json"));
    assert_eq!(world.seen()[1].method, "POST");
}

#[tokio::test]
async fn the_api_is_asked_about_a_repository_with_the_token_of_that_repository() {
    let (world, key) = (github().await, file(&RsaKey::new().pem));
    world.on("/api/v3/repos/team/lib", [Play::ok("{}")]);
    let egress = app(&world, key.path());
    let (repository, api) = (url(&format!("{}/team/lib", world.url())), url(&format!("{}/api/v3/repos/team/lib", world.url())));
    let answer = egress.api(&repository, &api, &HeaderMap::new()).await.expect("an answer");
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(at_target(&world, "/api/v3/repos/team/lib"), ["Bearer t1"]);
}

#[tokio::test]
async fn a_token_is_made_anew_before_it_expires_and_after_a_401() {
    let (world, key) = (github().await, file(&RsaKey::new().pem));
    let target = format!("{}/team/lib", world.url());
    world.on("/api/v3/app/installations/7/access_tokens", [token("old", 59), token("t1", 3600), token("t2", 3600)]);
    world.on("/team/lib", [Play::ok(""), Play::ok(""), Play::status(401, ""), Play::ok("")]);
    let egress = app(&world, key.path());
    for _ in 0..3 {
        assert_eq!(get(&egress, &target).await.map(|answer| answer.0), Ok(200));
    }
    assert_eq!(at_target(&world, "/team/lib"), [basic("old"), basic("t1"), basic("t1"), basic("t2")]);
}

#[tokio::test]
async fn an_app_that_is_installed_for_the_owner_only_is_found_there_and_elsewhere_nothing_is_sent() {
    let (world, key) = (World::start().await, file(&RsaKey::new().pem));
    world.on("/api/v3/orgs/team/installation", [Play::ok(r#"{"id":9}"#)]);
    world.on("/api/v3/app/installations/9/access_tokens", [token("t9", 3600)]);
    world.on("/team/lib", [Play::ok("")]).on("/other/lib", [Play::ok("")]);
    let egress = app(&world, key.path());
    for path in ["/team/lib", "/team/lib", "/other/lib"] {
        drop(get(&egress, &format!("{}{path}", world.url())).await);
    }
    assert_eq!(at_target(&world, "/team/lib"), [basic("t9"), basic("t9")]);
    assert_eq!(at_target(&world, "/other/lib"), Vec::<String>::new(), "not its place: not permitted without a rule");
    assert_eq!(world.count("/api/v3/repos/team/lib/installation"), 1);
    let missing = World::start().await;
    missing.on("/team/lib", [Play::ok("")]);
    let report = app(&missing, key.path()).check(&url(&format!("{}/team/lib", missing.url()))).await;
    let want = "GitHub App 42 is not installed for team/lib".to_owned();
    assert_eq!(report.login, proxy::egress::LoginUse::Missing(want));
    assert_eq!(at_target(&missing, "/team/lib"), [""]);
}

#[tokio::test]
async fn an_app_that_cannot_say_who_it_is_is_trouble() {
    let world = github().await;
    let bad = file("no key");
    for (key, want) in [(bad.path(), "is no RSA key in PEM"), (Path::new("/no/key.pem"), "GitHub App 42: key /no/key.pem: ")] {
        let asked = get(&app(&world, key), &format!("{}/team/lib", world.url())).await;
        assert!(matches!(&asked, Err(Trouble::Refused(text)) if text.contains(want)), "{asked:?}");
    }
    let key = file(&RsaKey::new().pem);
    world.on("/api/v3/repos/team/lib/installation", [Play::status(401, "bad credentials")]);
    let asked = get(&app(&world, key.path()), &format!("{}/team/lib", world.url())).await;
    let want = "GitHub App 42: the API says status 401 to /api/v3/repos/team/lib/installation";
    assert_eq!(asked, Err(Trouble::Refused(want.to_owned())));
}

#[tokio::test]
async fn an_api_at_another_host_is_asked_as_the_app_and_never_with_its_tokens() {
    let (world, api, key) = (World::start().await, github().await, file(&RsaKey::new().pem));
    world.on("/team/lib", [Play::ok("")]);
    let credential = Credential::GithubApp(42, key.path().to_owned(), format!("{}/api/v3/", api.url()));
    let place = world.address().to_string();
    let egress = egress(vec![Access { credential, ..here(&place) }, at(&api)]);
    assert_eq!(get(&egress, &format!("{}/team/lib", world.url())).await.map(|answer| answer.0), Ok(200));
    assert_eq!(at_target(&world, "/team/lib"), [basic("t1")]);
    let told: Vec<String> = api.seen().iter().filter_map(|seen| seen.header("authorization").map(str::to_owned)).collect();
    assert!(told.len() == 2 && told.iter().all(|login| login.starts_with("Bearer ey")), "{told:?}");
    // The API leads nowhere: a statement of ours goes to nobody else.
    let away = World::start().await;
    api.on("/api/v3/repos/team/other/installation", [Play::redirect(301, &format!("{}/x", away.url()))]);
    let asked = get(&egress, &format!("{}/team/other", world.url())).await;
    assert!(matches!(&asked, Err(Trouble::Refused(text)) if text.contains("the API says status 301")), "{asked:?}");
    assert_eq!(away.seen(), []);
}
