//! A gateway with one upstream.

use aegis_engine::{MasterKey, compile};
use aegis_exchange::{Gateway, Policies, Routes, Worker};
use aegis_policy::{LocalPorts, Policy, PolicyPart, RouteShard, SHARDS, TokenHash, TokenRoute, Upstream};
use std::rc::Rc;

/// How a gateway is set up: by default with one token `TOK` and nothing special, but the policies have to be named.
pub(crate) struct Setup<'a> {
    /// A byte of the placeholder key, in hexadecimal.
    pub(crate) key: &'a str,
    /// What holds for each token.
    pub(crate) route: TokenRoute,
    pub(crate) tokens: &'a [&'a str],
    /// Where port numbers lead.
    pub(crate) local_ports: Option<LocalPorts>,
    /// What requests are signed with.
    pub(crate) secret: Option<&'a str>,
    /// The first one acts.
    pub(crate) policies: &'a [&'a Policy],
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Setup {
            key: "c3",
            route: TokenRoute::default(),
            tokens: &["TOK"],
            local_ports: None,
            secret: None,
            policies: &[],
        }
    }
}

impl Setup<'_> {
    /// The gateway, whose policies `edit` may arrange in another way.
    pub(crate) fn gateway(&self, edit: impl Fn(&mut PolicyPart)) -> Rc<Gateway> {
        let key = MasterKey::from_hex(&self.key.repeat(32)).unwrap();
        let policies: Vec<_> = self.policies.iter().map(|policy| compile(policy, &key).unwrap()).collect();
        let workers: Vec<_> =
            policies.iter().map(|policy| Rc::new(Worker::new(policy, &key).unwrap())).collect();
        let token = |token: &&str| (TokenHash::of(token.as_bytes()), self.route.clone());
        let upstream = Upstream {
            cluster: "upstream-1".into(),
            authority: "llm.example".into(),
            path: "/api/v1".into(),
        };
        let mut routes = Routes::default();
        for number in 0..SHARDS {
            let tokens = self.tokens.iter().map(token).filter(|(hash, _)| hash.shard() == number);
            routes.apply(RouteShard {
                number,
                version: "1".into(),
                upstreams: vec![upstream.clone()],
                tokens: tokens.collect(),
                local_ports: self.local_ports.clone(),
            });
        }
        assert_eq!(routes.missing().count(), 0);
        let mut part = PolicyPart::single(3, policies[0].clone());
        part.policies = policies;
        edit(&mut part);
        let policies = Policies::new(part, &workers, key, self.secret);
        Rc::new(Gateway::new(routes, Rc::new(policies)))
    }
}
