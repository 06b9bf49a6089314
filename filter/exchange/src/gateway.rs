//! What the exchanges of one worker share.

use crate::signature::Signatures;
use aegis_engine::{Caches, Engine, EngineError, MasterKey};
use aegis_policy::{
    CompiledPolicy, LocalPorts, PolicyPart, RouteShard, SHARDS, TokenHash, TokenRoute, Upstream,
};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Engine and caches of one policy in one worker. Outlives configuration updates that leave the policy alone.
#[derive(Debug)]
pub struct Worker {
    pub(crate) engine: Engine,
    pub(crate) caches: RefCell<Caches>,
}

/// Applied routes. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Routes([Option<Rc<Shard>>; SHARDS as usize]);

/// An applied shard of the routes.
#[derive(Debug)]
struct Shard {
    part: RouteShard,
    /// What holds for local ports.
    of_ports: TokenRoute,
}

/// Applied policies.
#[derive(Debug)]
pub struct Policies {
    /// Of placeholders.
    key: MasterKey,
    holds_headers: bool,
    max_request_body: usize,
    loopback_only: bool,
    /// Requests must be signed.
    signatures: Option<Signatures>,
    tracks: HashMap<String, Track>,
    default_track: String,
}

/// Which versions of a policy act.
#[derive(Debug)]
struct Track {
    live: Act,
    trial: Option<Trial>,
}

#[derive(Debug)]
struct Trial {
    act: Act,
    share: u16,
    shadow: bool,
}

/// A version of a policy, ready to be used.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub(crate) worker: Rc<Worker>,
    pub(crate) version: u32,
}

/// The configuration that runs. An exchange keeps the one that it began with.
#[derive(Debug)]
pub struct Gateway {
    routes: Routes,
    policies: Rc<Policies>,
}

/// What holds for the requests of one token.
#[derive(Debug)]
pub(crate) struct Admission<'a> {
    pub(crate) upstream: Cow<'a, Upstream>,
    /// The address of a local port.
    pub(crate) destination: Option<String>,
    pub(crate) route: &'a TokenRoute,
    /// Name of the track of policies.
    pub(crate) track: &'a str,
    /// Decides.
    pub(crate) act: Act,
    /// Whether that is on trial.
    pub(crate) trial: bool,
    /// Is asked as well, and decides nothing.
    pub(crate) shadow: Option<Act>,
}

/// Why a token's requests cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    /// There is no such token.
    Unknown,
    /// It is a port of the gateway's own.
    Reserved,
    /// The configuration for it has not arrived.
    NotReady,
}

// === impl Worker ===

impl Worker {
    /// Compiles `policy`, whose digests were made with `key`.
    pub fn new(policy: &CompiledPolicy, key: &MasterKey) -> Result<Worker, EngineError> {
        let engine = Engine::new(policy, key)?;
        let caches = RefCell::new(engine.caches());
        Ok(Worker { engine, caches })
    }
}

// === impl Routes ===

impl Routes {
    /// Applies a shard, in the place of the last one with its number.
    pub fn apply(&mut self, mut part: RouteShard) {
        // They are looked up.
        for route in part.tokens.values_mut() {
            route.allow_keys.sort_unstable();
        }
        let internal = part.local_ports.as_ref().is_some_and(|ports| ports.internal);
        let of_ports = TokenRoute { internal, ..TokenRoute::default() };
        if let Some(place) = self.0.get_mut(usize::from(part.number)) {
            *place = Some(Rc::new(Shard { part, of_ports }));
        }
    }

    /// The shards that have not arrived.
    pub fn missing(&self) -> impl Iterator<Item = u8> {
        (0..SHARDS).filter(|number| self.shard(*number).is_none())
    }

    /// Whether these are the shards of those versions.
    pub fn are(&self, versions: &[String]) -> bool {
        let applied = self.0.iter().map(|shard| shard.as_ref().map(|shard| &shard.part.version));
        applied.eq(versions.iter().map(Some))
    }

    fn shard(&self, number: u8) -> Option<&Shard> {
        self.0.get(usize::from(number))?.as_deref()
    }

    /// Where requests with `token`, whose hash is `hash`, go, the address of a local port, and what holds for them.
    fn find(
        &self,
        token: &str,
        hash: &TokenHash,
    ) -> Result<(Cow<'_, Upstream>, Option<String>, &TokenRoute), NotAdmitted> {
        let Shard { part, of_ports } = self.shard(hash.shard()).ok_or(NotAdmitted::NotReady)?;
        if let Some(route) = part.tokens.get(hash) {
            let upstream = usize::try_from(route.upstream).ok();
            let upstream =
                upstream.and_then(|index| part.upstreams.get(index)).ok_or(NotAdmitted::Unknown)?;
            return Ok((Cow::Borrowed(upstream), None, route));
        }
        let port = LocalPorts::port(token).zip(part.local_ports.as_ref());
        let (port, ports) = port.ok_or(NotAdmitted::Unknown)?;
        if ports.reserved.contains(&port) {
            return Err(NotAdmitted::Reserved);
        }
        let upstream = Upstream {
            cluster: ports.cluster.clone(),
            authority: format!("{}:{port}", ports.host),
            path: "/v1".to_owned(),
        };
        Ok((Cow::Owned(upstream), Some(format!("{}:{port}", ports.address)), of_ports))
    }
}

// === impl Policies ===

impl Policies {
    /// Applies the policies of a configuration. `workers` are theirs, in the same order, compiled with `key`. `secret` is
    /// the one that requests are signed with, if there is one.
    pub fn new(part: PolicyPart, workers: &[Rc<Worker>], key: MasterKey, secret: Option<&str>) -> Policies {
        let act = |version: &aegis_policy::Version| {
            let worker = workers.get(usize::try_from(version.policy).ok()?)?;
            Some(Act { worker: Rc::clone(worker), version: version.version })
        };
        let tracks = part.tracks.iter().filter_map(|(name, track)| {
            let trial = match &track.trial {
                None => None,
                Some(trial) => {
                    Some(Trial { act: act(&trial.version)?, share: trial.share, shadow: trial.shadow })
                }
            };
            Some((name.clone(), Track { live: act(&track.live)?, trial }))
        });
        Policies {
            key,
            holds_headers: part.allow_on_headers_stop_iteration,
            max_request_body: usize::try_from(part.max_request_body_bytes).unwrap_or(usize::MAX),
            loopback_only: part.loopback_only,
            signatures: part.request_hmac.map(|settings| Signatures::new(settings, secret)),
            tracks: tracks.collect(),
            default_track: part.default_track,
        }
    }
}

// === impl Gateway ===

impl Gateway {
    /// A gateway that runs `routes` under `policies`.
    pub fn new(routes: Routes, policies: Rc<Policies>) -> Gateway {
        Gateway { routes, policies }
    }

    /// The key of placeholders.
    pub(crate) fn key(&self) -> &MasterKey {
        &self.policies.key
    }

    /// Whether request headers can wait for the verdict on the body.
    pub(crate) fn holds_headers(&self) -> bool {
        self.policies.holds_headers
    }

    /// Whether only clients of the machine itself are served.
    pub(crate) fn loopback_only(&self) -> bool {
        self.policies.loopback_only
    }

    /// How signatures are checked, if requests must be signed.
    pub(crate) fn signatures(&self) -> Option<&Signatures> {
        self.policies.signatures.as_ref()
    }

    /// The largest request body, under `route`.
    pub(crate) fn max_request_body(&self, route: &TokenRoute) -> usize {
        let own = route.max_body_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        own.map_or(self.policies.max_request_body, |own| own.min(self.policies.max_request_body))
    }

    /// What holds for requests with `token`, whose hash is `hash`.
    pub(crate) fn admit(&self, token: &str, hash: &TokenHash) -> Result<Admission<'_>, NotAdmitted> {
        let (upstream, destination, route) = self.routes.find(token, hash)?;
        let name = route.track.as_ref().unwrap_or(&self.policies.default_track);
        let track = self.policies.tracks.get(name).ok_or(NotAdmitted::NotReady)?;
        let (act, trial, shadow) = match &track.trial {
            Some(trial) if hash.share() < trial.share && trial.shadow => {
                (&track.live, false, Some(trial.act.clone()))
            }
            Some(trial) if hash.share() < trial.share => (&trial.act, true, None),
            _ => (&track.live, false, None),
        };
        let act = act.clone();
        Ok(Admission { upstream, destination, route, track: name, act, trial, shadow })
    }
}
