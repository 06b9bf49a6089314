//! Promise: no request reaches a metadata service, whatever a name stands for and whenever that changes.

use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::dns::NameServer;
use aegis_tests::envoy::Parts;
use aegis_tests::gateway::START;
use aegis_tests::{FakeUpstream, Options, Reply, eventually};
use serde_json::json;
use std::net::Ipv4Addr;

const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

fn echo() -> FakeUpstream {
    FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))))
}

/// Both parts, with an Envoy that asks this name server.
fn parts(names: &NameServer) -> Parts {
    let mut parts = Parts::prepare();
    let bootstrap = parts.data_dir().join("envoy.yaml");
    let text = std::fs::read_to_string(&bootstrap).unwrap();
    let resolver = json!({
        "name": "envoy.network.dns_resolver.cares",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
            "resolvers": [{ "socket_address": { "address": "127.0.0.1", "port_value": names.port() } }],
        },
    });
    std::fs::write(&bootstrap, format!("{text}\ntyped_dns_resolver_config: {resolver}\n")).unwrap();
    parts.start_control_plane();
    parts.start_envoy();
    parts.wait_until_ready();
    parts
}

#[test]
fn a_name_that_is_made_to_stand_for_a_metadata_service_leads_nowhere() {
    let names = NameServer::start(&[Ipv4Addr::LOCALHOST]);
    let parts = parts(&names);
    let upstream = echo();
    let base = upstream.base("/v1").replace("127.0.0.1", "llm.rebinding.example");
    let token = parts.register(&base);
    let body = request("hello").to_string();
    // A token is known a moment before its upstream's name is resolved for the first time.
    eventually("the upstream is there", START, || parts.chat(&token, body.as_str()).status == 200);
    let connections = || parts.envoy_stat("cluster.upstream-1.upstream_cx_total");
    let denied = || parts.envoy_stat("cluster.upstream-1.rbac.denied");
    assert_eq!((upstream.take().len(), denied()), (1, 0));

    names.set(&[METADATA]);
    eventually("Envoy has the other address", START, || {
        parts.envoy_admin("/clusters").text().contains(&METADATA.to_string())
    });
    let before = connections();
    for _ in 0..5 {
        let answer = parts.chat(&token, body.as_str());
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "upstream_forbidden", "{}", answer.text());
    }
    assert_eq!((connections(), denied()), (before, 5), "Envoy has connected");

    // And back.
    names.set(&[Ipv4Addr::LOCALHOST]);
    eventually("the upstream is there again", START, || parts.chat(&token, body.as_str()).status == 200);
}

#[test]
fn what_may_not_be_an_upstream_any_more_is_withdrawn() {
    let mut parts = Parts::start();
    let upstream = echo();
    let named = upstream.base("/v1").replace("127.0.0.1", "localhost");
    let tokens = [parts.register(&upstream.base("/v1")), parts.register(&named)];
    let body = request("hello").to_string();
    for token in &tokens {
        // One of them is a name, see above.
        eventually("the upstream is there", START, || parts.chat(token, body.as_str()).status == 200);
    }
    upstream.take();
    parts.crash_control_plane();
    let environment = vec![("AEGIS_ALLOW_PRIVATE_UPSTREAMS", "false".to_owned())];
    parts.set_options(Options { environment, ..Options::default() });
    parts.start_control_plane();
    for token in &tokens {
        eventually("nothing goes there", START, || {
            matches!(parts.chat(token, body.as_str()).status, 403 | 502 | 503)
        });
    }
    eventually("both are withdrawn", START, || {
        let metrics = aegis_tests::Request::get("/metrics").send(parts.admin_port);
        metrics.text().contains("\naegisgate_upstreams_withdrawn 2\n")
    });
    upstream.take();
    for token in &tokens {
        assert!(matches!(parts.chat(token, body.as_str()).status, 502 | 503));
    }
    assert!(upstream.requests().is_empty(), "a request has arrived");
    for base in [upstream.base("/v1"), named] {
        let refused = parts.admin(parts.admin_port, "register", json!({ "upstream_base": base })).unwrap();
        assert!(refused.text().contains("upstream_private"), "{}", refused.text());
    }
}
