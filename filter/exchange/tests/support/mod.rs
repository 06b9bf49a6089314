//! A gateway with one upstream.

use aegis_engine::{MasterKey, compile};
use aegis_exchange::{Gateway, Worker};
use aegis_policy::{FilterConfig, Limits, Policy, TokenHash, TokenRoute, Upstream};
use std::rc::Rc;

/// How a gateway is set up.
pub(crate) struct Setup<'a> {
    /// A byte of the placeholder key, in hexadecimal.
    pub(crate) key: &'a str,
    pub(crate) holds_headers: bool,
    pub(crate) max_request_body: u32,
    pub(crate) tokens: &'a [&'a str],
    pub(crate) policy: &'a Policy,
}

impl Setup<'_> {
    /// The gateway.
    pub(crate) fn gateway(&self) -> Rc<Gateway> {
        let key = MasterKey::from_hex(&self.key.repeat(32)).unwrap();
        let policy = compile(self.policy, &key).unwrap();
        let worker = Rc::new(Worker::new(&policy, &key).unwrap());
        let token = |token: &&str| (TokenHash::of(token.as_bytes()), TokenRoute { upstream: 0 });
        let config = FilterConfig {
            revision: 3,
            allow_on_headers_stop_iteration: self.holds_headers,
            limits: Limits { max_request_body_bytes: self.max_request_body },
            upstreams: vec![Upstream {
                cluster: "upstream-1".into(),
                authority: "llm.example".into(),
                path: "/api/v1".into(),
            }],
            tokens: self.tokens.iter().map(token).collect(),
            policy,
        };
        Rc::new(Gateway::new(config, worker, key))
    }
}
