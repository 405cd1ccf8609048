//! The connections of a place: made when first needed, kept, and made anew when its certificates were exchanged.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use plan::Trouble;
use tokio::time::Instant;

use super::place::{At, Places};
use crate::{
    client::{Belief, Forward, Line, Proofs, Reach, Reachable, Resolve, Roots, Rule},
    limits,
    settings::{Access, Hop},
};

/// The body of a request, whoever makes it.
pub(super) type Outgoing = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// Connections to the hosts of one place, under its rules.
pub(super) type Way = Line<Outgoing>;

/// All ways. Bounded: two for each place, and two for hosts without one.
pub(super) struct Ways {
    roots: Roots,
    forward: Forward,
    patience: Hop,
    resolver: Arc<dyn Resolve>,
    made: Mutex<HashMap<(At, Belief), Made>>,
}

struct Made {
    way: Arc<Way>,
    files: Vec<Stamp>,
    /// When the files were last looked at.
    looked_at: Instant,
}

/// What a file looked like from outside.
type Stamp = Option<(SystemTime, u64)>;

impl Ways {
    /// # Errors
    /// [`Trouble::Refused`] for a forward proxy that is not understood.
    pub(super) fn new(patience: &Hop, roots: &Roots, resolver: Arc<dyn Resolve>) -> Result<Self, Trouble> {
        let forward = Forward::new(&patience.forward_proxy)?;
        Ok(Self { roots: roots.clone(), forward, patience: patience.clone(), resolver, made: Mutex::default() })
    }

    /// The way to the hosts of the place `at`.
    ///
    /// # Errors
    /// [`Trouble::Tls`] for a certificate file that is not there or holds none.
    pub(super) fn to(&self, places: &Places, at: At, belief: Belief) -> Result<Arc<Way>, Trouble> {
        if let Some(way) = self.known((at, belief), |made| made.looked_at.elapsed() < limits::CERTIFICATES_LOOKED_AT) {
            return Ok(way);
        }
        let access = places.access(at);
        let (files, looked_at) = (stamps(access), Instant::now());
        let unchanged = |made: &mut Made| {
            made.looked_at = looked_at;
            made.files == files
        };
        if let Some(way) = self.known((at, belief), unchanged) {
            return Ok(way);
        }
        // Files are read without the lock: whoever goes another way does not wait for them.
        match self.make(access, belief) {
            Ok(way) => {
                let way = Arc::new(way);
                let made = Made { way: Arc::clone(&way), files, looked_at };
                self.made.lock().unwrap_or_else(PoisonError::into_inner).insert((at, belief), made);
                Ok(way)
            }
            // Certificate and key are exchanged one after the other; in between they do not fit.
            Err(trouble) => self.known((at, belief), |_| true).ok_or(trouble),
        }
    }

    /// The way that was made before, if it is `good`.
    fn known(&self, key: (At, Belief), good: impl FnOnce(&mut Made) -> bool) -> Option<Arc<Way>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = made.get_mut(&key)?;
        good(known).then(|| Arc::clone(&known.way))
    }

    fn make(&self, access: Option<&Access>, belief: Belief) -> Result<Way, Trouble> {
        let trust = self.roots.trust(&Proofs {
            ca_files: access.map_or(&[], |access| &access.ca_files),
            ours: access.and_then(|access| access.client_certificate.as_ref()),
            belief,
        });
        if let (Err(trouble), Some(_)) = (&trust, access.filter(|access| certificate_files(access).next().is_some())) {
            return Err(trouble.clone());
        }
        Ok(Line::new(Reach {
            connect: self.patience.connect,
            tls: self.patience.tls,
            trust,
            server_name: access.and_then(|access| access.server_name.clone()),
            forward: self.forward.clone(),
            rule: Rule::Place(reachable(access)),
            resolver: Arc::clone(&self.resolver),
        }))
    }
}

/// How far inside the hosts of a place may lie.
pub(super) fn reachable(access: Option<&Access>) -> Reachable {
    match access {
        Some(access) if access.private_addresses => Reachable::Private,
        Some(_) | None => Reachable::Public,
    }
}

fn certificate_files(access: &Access) -> impl Iterator<Item = &PathBuf> {
    let ours = access.client_certificate.iter().flat_map(|(chain, key)| [chain, key]);
    access.ca_files.iter().chain(ours)
}

fn stamps(access: Option<&Access>) -> Vec<Stamp> {
    let files = access.into_iter().flat_map(certificate_files);
    files.map(|file| file.metadata().ok().and_then(|seen| Some((seen.modified().ok()?, seen.len())))).collect()
}
