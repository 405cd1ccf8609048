//! Refusals: a status that the go command understands, and a text that it prints.

use plan::{Event, Reason, Trouble, trace::AskEnd, trouble::Deadline};
use proxy::{answer::Answer, journey::Journey};

use crate::support::{Script, Server};

/// Every reason there is, with texts as hostile as they come.
fn reasons() -> Vec<(Reason, u16)> {
    let hostile = || {
        "first line\u{1b}[31m\r\n\n\n second\u{0}\u{202e} line \u{fffd}é\n".to_owned()
            + &"very long é ".repeat(200)
            + &"\nx".repeat(20)
    };
    let upstream = |may_pass| {
        let (upstream, what, trouble, hitch) = (hostile(), hostile(), hostile(), plan::Hitch::Login);
        Reason::Upstream { upstream, what, trouble, may_pass, hitch }
    };
    let reasons = vec![
        (Reason::BadPath(hostile()), 400),
        (Reason::BadMethod, 405),
        (Reason::NotExist(hostile()), 404),
        (Reason::NotExist(String::new()), 404),
        (Reason::Off, 403),
        (upstream(true), 502),
        (upstream(false), 502),
        (Reason::Mismatch(hostile()), 422),
        (Reason::Unproven(hostile()), 502),
        (Reason::SumdbLied(hostile()), 422),
        (Reason::BadContent(hostile()), 502),
        (Reason::NoVersion(hostile()), 422),
        (Reason::NotServed(hostile()), 404),
        (Reason::NoRoute(hostile()), 403),
        (Reason::Private(hostile()), 403),
        (Reason::NotRecorded(hostile()), 403),
        (Reason::AuditorsOnly(hostile()), 403),
        (Reason::KeyRetired(hostile()), 403),
        (Reason::StoreFull, 507),
        (Reason::Unwitnessed(hostile()), 503),
        (Reason::Store(hostile()), 500),
        (Reason::Busy(hostile()), 503),
        (Reason::Unaudited, 503),
        (Reason::Stopping, 503),
        (Reason::Internal(hostile()), 500),
        (Reason::Internal("short\n".repeat(20)), 500),
    ];
    // A new reason does not compile here until it stands above.
    reasons.iter().for_each(|(reason, _)| match reason {
        Reason::BadPath(_)
        | Reason::BadMethod
        | Reason::NotExist(_)
        | Reason::Off
        | Reason::Upstream { .. }
        | Reason::Mismatch(_) => {}
        Reason::Unproven(_) | Reason::SumdbLied(_) | Reason::BadContent(_) | Reason::NotServed(_) | Reason::StoreFull => {}
        Reason::NoRoute(_) | Reason::Private(_) | Reason::NoVersion(_) => {}
        Reason::NotRecorded(_) | Reason::AuditorsOnly(_) | Reason::KeyRetired(_) => {}
        Reason::Store(_)
        | Reason::Busy(_)
        | Reason::Unwitnessed(_)
        | Reason::Unaudited
        | Reason::Stopping
        | Reason::Internal(_) => {}
    });
    reasons
}

#[tokio::test]
async fn every_reason_has_its_status_and_a_body_that_keeps_promise_12() {
    let mut script = Script::default();
    for (index, (reason, _)) in reasons().into_iter().enumerate() {
        script = script.with(&format!("/example.com/m{index}/@v/list"), Err(reason));
    }
    let server = Server::start(script).await;
    for (index, (reason, status)) in reasons().into_iter().enumerate() {
        let response = server.get(&format!("/example.com/m{index}/@v/list"), "Accept-Encoding: gzip\r\n").await;
        let (body, code) = (response.text(), reason.code());
        assert_eq!(response.status, status, "{code}");
        assert_eq!(
            (response.header("content-type"), response.header("cache-control")),
            ("text/plain; charset=utf-8", "no-store")
        );
        assert!(body.len() <= 640 && body.lines().count() <= 8, "{code}: {} bytes\n{body}", body.len());
        assert!(body.lines().all(|line| !line.trim().is_empty() && !line.contains(char::is_control)), "{code}: {body:?}");
        if matches!(&reason, Reason::NotExist(words) if !words.is_empty()) {
            continue; // The upstream's own words stand alone: see below.
        }
        assert!(body.ends_with(&format!("\ncode: {code}, request id: {}\n", response.header("x-request-id"))), "{code}: {body}");
        assert!(body.contains("\nwhose move: ") && body.contains(&format!("\nfix: {}\n", reason.fix())), "{code}: {body}");
        assert_eq!(response.header("retry-after").is_empty(), status != 503, "{code}");
    }
}

#[tokio::test]
async fn only_what_does_not_exist_or_is_not_served_here_is_404() {
    for (reason, status) in reasons() {
        assert_eq!(
            matches!(status, 404 | 410),
            matches!(reason, Reason::NotExist(_) | Reason::NotServed(_)),
            "{}",
            reason.code()
        );
    }
}

#[tokio::test]
async fn an_upstreams_own_words_for_absence_stand_alone() {
    let text = "not found: example.com/m@v9.9.9: invalid version: unknown revision v9.9.9\n\tline two";
    let server =
        Server::start(Script::default().with("/example.com/m/@v/v9.9.9.info", Err(Reason::NotExist(text.to_owned())))).await;
    let response = server.get("/example.com/m/@v/v9.9.9.info", "").await;
    assert_eq!(response.text(), "not found: example.com/m@v9.9.9: invalid version: unknown revision v9.9.9\n line two\n");
    assert!(!response.header("x-request-id").is_empty());
}

/// Answers that fail at an upstream, as the last one that was asked did.
struct Failing(Trouble);

#[async_trait::async_trait]
impl modway::http::Answers for Failing {
    async fn answer(&self, _: plan::Request, journey: &Journey) -> Result<Answer, Reason> {
        let asked = |end| Event::Asked { upstream: "up".into(), what: "m".into(), attempts: 1, end, millis: 1 };
        journey.note(asked(AskEnd::NotExist));
        journey.note(asked(AskEnd::Failed(self.0.clone())));
        let (upstream, what, hitch) = ("up".into(), "m".into(), plan::Hitch::Theirs);
        Err(Reason::Upstream { upstream, what, trouble: self.0.to_string(), may_pass: true, hitch })
    }

    fn ready(&self) -> Result<(), Reason> {
        Err(Reason::Store("read-only".into()))
    }
}

#[tokio::test]
async fn a_deadline_is_504_and_other_trouble_502() {
    for (trouble, status) in [(Trouble::Deadline(Deadline::FirstByte, 6000), 504), (Trouble::Status(500, String::new()), 502)] {
        let server = Server::start_for(Failing(trouble)).await;
        assert_eq!(server.get("/example.com/m/@v/list", "").await.status, status);
        let ready = server.get("/-/ready", "").await;
        assert_eq!((ready.status, ready.text().lines().next()), (500, Some("the store of this server is in trouble: read-only")));
    }
}

#[tokio::test]
async fn a_panic_costs_one_answer_only() {
    let server = Server::start(Script::default()).await;
    let mut client = server.connect().await;
    assert_eq!(client.ask("GET", "/panics.test/@v/list", "").await.status, 500);
    assert_eq!(client.ask("GET", "/-/health", "").await.text(), "ok\n");
}
