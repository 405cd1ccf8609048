//! A request's trace while it is being written.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use plan::{Caller, Event, Rule, Trace};

use crate::limits;

/// The trace of one request, shared by everything that works for it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Journey {
    started: Instant,
    caller: Arc<Caller>,
    trace: Arc<Mutex<Trace>>,
}

impl Journey {
    /// A journey that starts at `started`, on behalf of nobody in particular.
    pub fn new(started: Instant) -> Self {
        Self::of(Caller::Anyone, started)
    }

    /// The journey of a request of `caller`'s that came in at `started`.
    pub fn of(caller: Caller, started: Instant) -> Self {
        Self { started, caller: Arc::new(caller), trace: Arc::default() }
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Notes what just happened. Past [`limits::MAX_EVENTS`] nothing more is noted.
    pub fn note(&self, event: Event) {
        let at = u32::try_from(self.started.elapsed().as_millis()).unwrap_or(u32::MAX);
        let mut trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
        if trace.events.len() < limits::MAX_EVENTS {
            trace.events.push((at, event));
        }
    }

    /// The rule that the request falls under, once it was decided on; none if nothing applies. What is asked for on its behalf may fall under others.
    pub fn rule(&self) -> Option<Arc<Rule>> {
        let trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
        trace.events.iter().find_map(|(_, event)| if let Event::Ruled(rule) = event { Some(Arc::clone(rule)) } else { None })
    }

    /// When the request came in.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// What was noted until now.
    pub fn trace(&self) -> Trace {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
