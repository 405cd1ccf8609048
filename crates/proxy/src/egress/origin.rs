//! Politeness: how much we may ask of one origin, and for how long it wants to be left alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use plan::{Trouble, trouble::Deadline};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};
use url::Url;

use super::place;
use crate::{client::retry_after, limits};

/// The origins that we know something of. An origin is a host and a port, whatever is spoken with it.
pub(super) struct Origins {
    known: Mutex<HashMap<String, Arc<Origin>>>,
    connections: usize,
    per_minute: u32,
    patience: Duration,
}

/// One origin.
pub(super) struct Origin {
    name: String,
    open: Arc<Semaphore>,
    state: Mutex<State>,
    per_minute: f64,
    patience: Duration,
}

struct State {
    /// Questions that may be asked now; refilled evenly.
    left: f64,
    /// When `left` was true.
    at: Instant,
    /// Not to be asked before then, and the status that said so.
    quiet: Option<(Instant, u16)>,
}

impl Origins {
    /// At most so many exchanges at once, and so many questions per minute; whoever waits for its turn waits at most `patience`.
    pub(super) fn new(connections: usize, per_minute: u32, patience: Duration) -> Self {
        Self { known: Mutex::default(), connections: connections.max(1), per_minute: per_minute.max(1), patience }
    }

    /// The origin of `url`.
    pub(super) fn of(&self, url: &Url) -> Arc<Origin> {
        let name = format!("{}:{}", place::host(url).unwrap_or_default(), place::port(url).unwrap_or_default());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= limits::MAX_ORIGINS && !known.contains_key(&name) {
            known.retain(|_, origin| origin.matters());
        }
        let (open, per_minute) = (self.connections, f64::from(self.per_minute));
        let made = || {
            let state = State { left: per_minute, at: Instant::now(), quiet: None };
            let (open, state) = (Arc::new(Semaphore::new(open)), Mutex::new(state));
            Arc::new(Origin { name: name.clone(), open, state, per_minute, patience: self.patience })
        };
        Arc::clone(known.entry(name.clone()).or_insert_with(made))
    }
}

impl Origin {
    /// Notes one question.
    ///
    /// # Errors
    /// [`Trouble::Wait`] while the origin wants to be left alone; [`Trouble::Refused`] if it was asked enough this minute.
    pub(super) fn ask(&self) -> Result<(), Trouble> {
        self.awake()?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let gained = now.duration_since(state.at).as_secs_f64() * self.per_minute / 60.0;
        (state.left, state.at) = ((state.left + gained).min(self.per_minute), now);
        if state.left < 1.0 {
            let seconds = ((1.0 - state.left) * 60.0 / self.per_minute).ceil();
            return Err(Trouble::Refused(format!(
                "{} was asked {} questions within a minute, which is our bound (requests_per_minute); try again in {seconds}s",
                self.name, self.per_minute
            )));
        }
        state.left -= 1.0;
        Ok(())
    }

    /// Waits for a place among the exchanges with this origin.
    ///
    /// # Errors
    /// [`Trouble::Wait`] while the origin wants to be left alone; [`Trouble::Deadline`] if no place became free in time.
    pub(super) async fn enter(&self) -> Result<OwnedSemaphorePermit, Trouble> {
        self.awake()?;
        let late = || Trouble::Deadline(Deadline::Total, u64::try_from(self.patience.as_millis()).unwrap_or(u64::MAX));
        let place = timeout(self.patience, Arc::clone(&self.open).acquire_owned()).await.map_err(|_| late())?;
        // Nobody closes it; if somebody did, there would be no place.
        place.map_err(|_| late())
    }

    /// Remembers what an answer says of when to come again.
    pub(super) fn note(&self, status: StatusCode, headers: &HeaderMap) {
        let asks = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let said = headers.get(RETRY_AFTER).filter(|_| asks).and_then(|value| value.to_str().ok());
        let Some(wait) = said.and_then(|value| retry_after(value, SystemTime::now())) else { return };
        let until = Instant::now() + wait.min(limits::MAX_QUIET);
        self.state.lock().unwrap_or_else(PoisonError::into_inner).quiet = Some((until, status.as_u16()));
    }

    fn awake(&self) -> Result<(), Trouble> {
        let quiet = self.state.lock().unwrap_or_else(PoisonError::into_inner).quiet;
        let left = quiet.map(|(until, status)| (until.saturating_duration_since(Instant::now()), status));
        match left {
            Some((left, status)) if !left.is_zero() => Err(Trouble::Wait(status, left.as_secs_f64().ceil() as u64)),
            _ => Ok(()),
        }
    }

    /// True if forgetting it would lose something.
    fn matters(self: &Arc<Self>) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = state.at.elapsed() > limits::ORIGIN_IDLE && state.quiet.is_none_or(|(until, _)| until < Instant::now());
        Arc::strong_count(self) > 1 || !idle
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn origins(connections: usize, per_minute: u32) -> Origins {
        Origins::new(connections, per_minute, Duration::from_secs(5))
    }

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[tokio::test(start_paused = true)]
    async fn an_origin_is_asked_so_often_a_minute_and_no_more() {
        let origins = origins(1, 6);
        let origin = origins.of(&url("https://a.test/x"));
        assert!((0..6).all(|_| origin.ask().is_ok()));
        let refused = origins.of(&url("https://A.test:443/y")).ask();
        let want = "a.test:443 was asked 6 questions within a minute, which is our bound (requests_per_minute); try again in 10s";
        assert_eq!(refused, Err(Trouble::Refused(want.to_owned())));
        assert_eq!(origins.of(&url("https://b.test/")).ask(), Ok(()), "another origin is another matter");
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!((origin.ask().is_ok(), origin.ask().is_ok()), (true, false));
    }

    #[tokio::test(start_paused = true)]
    async fn an_origin_that_asks_us_to_wait_is_left_alone_that_long() {
        let origins = origins(1, 600);
        let origin = origins.of(&url("https://a.test"));
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("30"));
        origin.note(StatusCode::OK, &headers);
        assert_eq!(origin.ask(), Ok(()), "only 429 and 503 ask us to wait");
        origin.note(StatusCode::TOO_MANY_REQUESTS, &headers);
        assert_eq!(origin.ask(), Err(Trouble::Wait(429, 30)));
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(origin.enter().await.err(), Some(Trouble::Wait(429, 10)));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(origin.ask(), Ok(()));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("Tue, 31 Dec 2999 23:59:59 GMT"));
        origin.note(StatusCode::SERVICE_UNAVAILABLE, &headers);
        assert_eq!(
            origin.ask(),
            Err(Trouble::Wait(503, limits::MAX_QUIET.as_secs())),
            "a date is no number, and has the same bound"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn exchanges_wait_for_their_turn_and_not_for_ever() {
        let origins = origins(2, 600);
        let origin = origins.of(&url("https://a.test"));
        let (first, _second) = (origin.enter().await.expect("free"), origin.enter().await.expect("free"));
        assert_eq!(origin.enter().await.err(), Some(Trouble::Deadline(Deadline::Total, 5000)));
        drop(first);
        assert!(origin.enter().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn origins_are_forgotten_before_there_are_too_many() {
        let origins = origins(2, 600);
        for n in 0..limits::MAX_ORIGINS {
            drop(origins.of(&url(&format!("https://h{n}.test"))));
        }
        tokio::time::advance(Duration::from_secs(61)).await;
        drop(origins.of(&url("https://one-more.test")));
        assert_eq!(origins.known.lock().expect("not poisoned").len(), 1);
    }
}
