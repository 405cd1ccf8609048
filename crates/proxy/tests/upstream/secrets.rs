//! Nothing secret is ever printed.

use proxy::settings::Secret;
use testkit::{faults::Play, world::World};

use super::*;

fn refused(hop: Hop) -> Trouble {
    HttpUpstream::new(hop, &Roots::Files(Vec::new())).expect_err("refused")
}

#[tokio::test]
async fn a_login_goes_over_https_or_to_loopback_only() {
    let login = || Login::Basic("alice".to_owned(), Secret::new("hunter2".to_owned()));
    for url in ["http://go.example", "http://10.0.0.1:8080", "http://localhost.example"] {
        let trouble = refused(Hop { login: login(), ..hop(url) });
        assert!(matches!(&trouble, Trouble::Refused(text) if text.starts_with("refusing to pass credentials to insecure URL: ")));
        assert!(!trouble.to_string().contains("hunter2"));
    }
    for url in ["https://go.example", "http://localhost:1", "http://[::1]:1", "http://127.0.0.1:1"] {
        ready(Hop { login: login(), ..hop(url) });
    }
}

#[tokio::test]
async fn a_url_with_a_login_in_it_is_refused_without_repeating_it() {
    for url in ["https://alice:hunter2@go.example/base", "https://hunter2@go.example/base"] {
        let want = "upstream URL holds credentials; they belong into its login: https://go.example/base";
        assert_eq!(refused(hop(url)), Trouble::Refused(want.to_owned()));
    }
    for url in ["https://alice:hunter2@:x/", "alice:hunter2@go.example", "ftp://alice:hunter2@go.example"] {
        assert!(!refused(hop(url)).to_string().contains("hunter2"), "{url}");
    }
}

#[tokio::test]
async fn neither_trouble_nor_trace_nor_debug_shows_a_login_or_a_signed_query() {
    let world = World::start().await;
    let signed = "http://other.invalid/blob?X-Signature=hunter2";
    world.on(&format!("{LIST}?key=hunter2"), [Play::redirect(302, signed)]);
    let login = Login::Bearer(Secret::new("hunter2".to_owned()));
    let upstream = ready(Hop { login, ..hop(&format!("{}?key=hunter2", world.url())) });
    let journey = Journey::new(Instant::now());
    let end = proxy::upstream::Upstream::ask(&upstream, &list(), &Known::default(), &journey).await;
    assert!(matches!(end, Err(Failure::Trouble(Trouble::Dns(_)))), "{end:?}");
    assert_eq!(world.seen()[0].header("authorization"), Some("Bearer hunter2"));
    for text in [format!("{end:?}"), format!("{:?}", journey.trace())] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn a_login_that_no_header_can_carry_is_refused() {
    let trouble = refused(Hop { login: Login::Bearer(Secret::new("a\r\nX: b".to_owned())), ..hop("https://go.example") });
    assert_eq!(trouble, Trouble::Refused("the login holds characters that no header can carry".to_owned()));
}
