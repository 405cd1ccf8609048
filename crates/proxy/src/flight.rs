//! One fetch per key on this node, however many ask.

use std::{
    collections::{HashMap, hash_map::Entry},
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

/// Fetches in the air, by key. Cheap to clone.
///
/// A fetch is a task of its own: no request owns it, and whoever leaves cancels nothing but its own waiting (promise 5). It may tell its
/// result before it ends (a zip that still arrives); its key stays in the air until it has ended.
#[derive(Debug)]
pub struct Flight<V> {
    air: Arc<Mutex<HashMap<String, watch::Receiver<Option<V>>>>>,
}

/// Where a fetch tells its result, once.
#[derive(Debug)]
pub struct Landing<V> {
    told: watch::Sender<Option<V>>,
    air: Arc<Mutex<HashMap<String, watch::Receiver<Option<V>>>>>,
    key: String,
}

/// Whether a request started the fetch or joined it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It is the first to ask.
    Leads,
    /// The fetch was in the air already.
    Joins,
}

/// The fetch ended without a result: it panicked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the fetch ended without a result")]
pub struct Lost;

impl<V> Clone for Flight<V> {
    fn clone(&self) -> Self {
        Self { air: Arc::clone(&self.air) }
    }
}

impl<V> Default for Flight<V> {
    fn default() -> Self {
        Self { air: Arc::default() }
    }
}

impl<V: Clone + Send + Sync + 'static> Flight<V> {
    /// The result of the fetch of `key`: the one in the air, or the one that `fetch` starts.
    ///
    /// May be dropped at any await; the fetch goes on.
    pub async fn join<F>(&self, key: String, fetch: impl FnOnce(Landing<V>) -> F) -> (Role, Result<V, Lost>)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (role, mut result) = self.board(key, fetch);
        let told = result.wait_for(Option::is_some).await.ok().and_then(|value| value.clone());
        (role, told.ok_or(Lost))
    }

    /// Starts the fetch unless it is in the air already, and waits for nothing.
    pub fn start<F>(&self, key: String, fetch: impl FnOnce(Landing<V>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(self.board(key, fetch));
    }

    /// True if `key` is in the air, or may still take off because fewer than `most` are.
    pub fn takes(&self, key: &str, most: usize) -> bool {
        let air = self.air.lock().unwrap_or_else(PoisonError::into_inner);
        air.len() < most || air.contains_key(key)
    }

    /// How many fetches are in the air.
    pub fn len(&self) -> usize {
        self.air.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// True if none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn board<F>(&self, key: String, fetch: impl FnOnce(Landing<V>) -> F) -> (Role, watch::Receiver<Option<V>>)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut air = self.air.lock().unwrap_or_else(PoisonError::into_inner);
        let seat = match air.entry(key.clone()) {
            Entry::Occupied(seat) => return (Role::Joins, seat.get().clone()),
            Entry::Vacant(seat) => seat,
        };
        let (told, result) = watch::channel(None);
        seat.insert(result.clone());
        drop(air);
        // The task owns the landing, which takes the key out of the air when the task ends, on return and on panic alike.
        tokio::spawn(fetch(Landing { told, air: Arc::clone(&self.air), key }));
        (Role::Leads, result)
    }
}

impl<V> Landing<V> {
    /// Tells everyone who waits. The first value stands.
    pub fn tell(&self, value: V) {
        self.told.send_if_modified(|told| told.is_none().then(|| *told = Some(value)).is_some());
    }
}

impl<V> Drop for Landing<V> {
    fn drop(&mut self) {
        self.air.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn a_thousand_ask_and_one_fetches() {
        let (flight, fetches, gate) = (Flight::<u32>::default(), Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(0)));
        let ask = |flight: Flight<u32>| {
            let (fetches, gate) = (Arc::clone(&fetches), Arc::clone(&gate));
            tokio::spawn(async move {
                let fetch = |landing: Landing<u32>| async move {
                    fetches.fetch_add(1, Ordering::SeqCst);
                    let _open = gate.acquire().await;
                    landing.tell(7);
                };
                flight.join("m".into(), fetch).await
            })
        };
        let asking: Vec<_> = (0..1000).map(|_| ask(flight.clone())).collect();
        // The first to ask hangs up; nobody else may notice.
        tokio::task::yield_now().await;
        asking[0].abort();
        gate.add_permits(1);
        let mut leads = 0;
        for (number, waiting) in asking.into_iter().enumerate() {
            let Ok((role, value)) = waiting.await else {
                assert_eq!(number, 0, "only the one that hung up has no answer");
                continue;
            };
            assert_eq!(value, Ok(7));
            leads += u32::from(role == Role::Leads);
        }
        assert!(leads <= 1, "{leads} led");
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_fetch_that_panics_is_lost_to_all_and_the_next_one_starts_afresh() {
        let flight = Flight::<u32>::default();
        let lost = flight.join("m".into(), |landing| async move {
            let _landing = landing;
            panic!("on purpose")
        });
        assert_eq!(lost.await.1, Err(Lost));
        let again = flight.join("m".into(), |landing| async move { landing.tell(1) }).await;
        assert_eq!(again, (Role::Leads, Ok(1)));
    }

    #[tokio::test]
    async fn a_key_stays_in_the_air_after_an_early_word_until_the_fetch_ends() {
        let (flight, gate) = (Flight::<u32>::default(), Arc::new(Semaphore::new(0)));
        let held = Arc::clone(&gate);
        let early = flight.join("m".into(), |landing| async move {
            landing.tell(1);
            let _open = held.acquire().await;
        });
        assert_eq!(early.await, (Role::Leads, Ok(1)));
        assert_eq!(flight.join("m".into(), |_| async {}).await, (Role::Joins, Ok(1)));
        gate.add_permits(1);
        while !flight.is_empty() {
            tokio::task::yield_now().await;
        }
    }
}
