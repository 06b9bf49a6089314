//! Promise: who may use the gateway without a token of its own, and from where, is what the operator said.

use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::gateway::{START, chat_path};
use aegis_tests::{Answer, FakeUpstream, Gateway, Options, Reply, Request, eventually, secrets};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

fn echo() -> FakeUpstream {
    FakeUpstream::start(|recorded| match recorded.method.as_str() {
        "POST" => Reply::json(&completion(&last_user_text(&recorded.json()))),
        _ => Reply::json(&serde_json::json!({ "data": [] })),
    })
}

fn code(answer: &Answer) -> (u16, String) {
    let json = answer.json();
    let code = json["error"]["code"].as_str().or(json["error"].as_str()).unwrap_or_default();
    (answer.status, code.to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// The same from somebody who speaks for somebody else, and may be anybody.
fn public(request: &Request) -> Request {
    request.clone().header("x-forwarded-for", "203.0.113.9")
}

/// An address of this machine that others can reach, if it has one. Nothing is sent.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[test]
fn requests_without_a_token_go_where_the_operator_said() {
    let upstream = echo();
    let gateway = Gateway::with_environment([("AEGIS_UPSTREAM_BASE_URL", &upstream.base("/v1"))]);
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 1);
    let chat = Request::post("/v1/chat/completions", request(&mail).to_string());
    eventually("the route is there", START, || chat.send(gateway.port).status == 200);
    upstream.take();
    let answer = chat.send(gateway.port);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], mail.as_str());
    let recorded = upstream.take_only();
    assert_eq!((recorded.target.as_str(), recorded.placeholders().len()), ("/v1/chat/completions", 1));
    assert_eq!(Request::get("/v1/models?limit=2").send(gateway.port).status, 200);
    assert_eq!(upstream.take_only().target, "/v1/models?limit=2");

    for request in [
        public(&chat),
        Request::post("/v2/chat/completions", "{}"),
        Request::get("/v1/__gw__/t/"),
        Request::get("/v1/__gw__/x"),
    ] {
        assert_eq!(code(&request.send(gateway.port)), refused(403, "token_route_required"));
    }
    // Tokens are as ever.
    let other = echo();
    let token = gateway.register(&other.base("/v1"));
    assert_eq!(gateway.chat(&token, request("hello").to_string()).status, 200);
    assert_eq!((other.take().len(), upstream.take().len()), (1, 0));
}

#[test]
fn without_an_upstream_for_them_requests_need_a_token() {
    let gateway = Gateway::shared();
    for path in ["/v1/chat/completions", "/v1", "/v2/x"] {
        assert_eq!(code(&Request::post(path, "{}").send(gateway.port)), refused(403, "token_route_required"));
    }
}

#[test]
fn a_gateway_can_be_for_its_own_machine_only() {
    let Some(outer) = outer_address() else {
        eprintln!("SKIPPED: this machine has no address but the loopback one");
        return;
    };
    let upstream = echo();
    for (enforced, expected) in [("true", refused(403, "loopback_only_reject")), ("false", refused(200, ""))]
    {
        let gateway =
            Gateway::with_environment([("AEGIS_HOST", "0.0.0.0"), ("AEGIS_ENFORCE_LOOPBACK_ONLY", enforced)]);
        let token = gateway.register(&upstream.base("/v1"));
        let chat = Request::post(chat_path(&token), request("hello").to_string());
        assert_eq!(chat.send(gateway.port).status, 200);
        // The connection counts, whoever it speaks for.
        assert_eq!(chat.clone().header("x-forwarded-for", "203.0.113.9").send(gateway.port).status, 200);
        let outside = SocketAddr::new(outer, gateway.port);
        for request in [chat.clone(), chat.header("x-forwarded-for", "127.0.0.1")] {
            assert_eq!(code(&request.send_to(outside)), expected);
        }
        let register =
            serde_json::json!({ "gateway_key": gateway.key, "upstream_base": upstream.base("/v1") });
        let register = Request::post("/__gw__/register", register.to_string());
        let answer = code(&register.send_to(outside)).1;
        assert_eq!(answer == "loopback_only_reject", enforced == "true", "{answer}");
        assert_eq!(register.send(gateway.port).status, 200);
        assert_eq!(Request::get("/health").send_to(outside).status, 200);
    }
}

#[test]
fn services_of_the_settings_have_names_in_place_of_tokens() {
    let [one, other, replaced] = std::array::from_fn(|_| echo());
    // A gateway has made this token before.
    let before = Gateway::start();
    let token = before.register(&replaced.base("/v1"));
    let mut site = before.stop();
    let services = format!(
        "{}:127.0.0.1, llm:127.0.0.1:{}, {token}:127.0.0.1:{}",
        one.port(),
        other.port(),
        other.port()
    );
    let environment = vec![("AEGIS_DOCKER_UPSTREAMS", services)];
    site.set_options(Options { environment, ..Options::default() });
    let gateway = Gateway::start_in(site);
    let chat = |name: &str| Request::post(chat_path(name), request("hello").to_string());
    let number = one.port().to_string();
    for (name, upstream) in [(number.as_str(), &one), ("llm", &other), (token.as_str(), &other)] {
        assert_eq!(chat(name).send(gateway.port).status, 200, "{name}");
        assert_eq!(upstream.take_only().target, "/v1/chat/completions", "{name}");
        // Others could guess the names, but no token.
        let (status, code) = code(&public(&chat(name)).send(gateway.port));
        let expected = if name == token { (200, "") } else { (403, "numeric_token_public_restricted") };
        assert_eq!((status, code.as_str()), expected, "{name}");
        assert_eq!(upstream.take().len(), usize::from(name == token), "{name}");
    }
    assert_eq!(replaced.requests().len(), 0, "the setting wins over the database");
    assert_eq!(code(&chat("nobody").send(gateway.port)), refused(404, "token_not_found"));
    site = gateway.stop();

    // Nothing of it stays.
    site.set_options(Options::default());
    let gateway = Gateway::start_in(site);
    assert_eq!(chat(&token).send(gateway.port).status, 200);
    assert_eq!((replaced.take().len(), other.take().len()), (1, 0));
    assert_eq!(code(&chat("llm").send(gateway.port)), refused(404, "token_not_found"));
}

#[test]
fn numbers_of_ports_lead_to_ports_of_this_machine_but_not_to_the_gateways_own() {
    let gateway = Gateway::with_environment([("AEGIS_ENABLE_LOCAL_PORT_ROUTING", "true")]);
    let (one, other) = (echo(), echo());
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 2);
    let chat = |token: &str| Request::post(chat_path(token), request(&mail).to_string());
    eventually("the routes are there", START, || {
        chat(&one.port().to_string()).send(gateway.port).status == 200
    });
    one.take();
    for upstream in [&one, &other, &one] {
        let token = upstream.port().to_string();
        // Who claims another destination gets no other.
        let request =
            chat(&token).header("x-aegis-destination", &format!("127.0.0.1:{}", gateway.admin_port));
        let answer = request.send(gateway.port);
        assert_eq!(answer.json()["choices"][0]["message"]["content"], mail.as_str());
        let recorded = upstream.take_only();
        assert_eq!((recorded.target.as_str(), recorded.placeholders().len()), ("/v1/chat/completions", 1));
        assert_eq!(recorded.header("host"), Some(format!("127.0.0.1:{token}").as_str()));
        assert_eq!(recorded.header("x-aegis-destination"), None);
        assert_eq!(
            code(&public(&chat(&token)).send(gateway.port)),
            refused(403, "numeric_token_public_restricted")
        );
    }
    for port in [gateway.port, gateway.admin_port, gateway.xds_port, gateway.envoy_admin_port] {
        assert_eq!(code(&chat(&port.to_string()).send(gateway.port)), refused(403, "port_not_allowed"));
    }
    for token in ["80", "1023", "65536", "08080"] {
        assert_eq!(code(&chat(token).send(gateway.port)), refused(404, "token_not_found"), "{token}");
    }
    // Nobody listens there.
    let free = aegis_tests::ports::free_port();
    assert_eq!(code(&chat(&free.to_string()).send(gateway.port)).1, "upstream_unreachable");
    assert!(one.requests().is_empty() && other.requests().is_empty());
    // A client that names the cluster itself gets nowhere.
    let forged = Request::post("/v1/chat/completions", "{}")
        .header("x-aegis-cluster", "local-ports")
        .header("x-aegis-destination", &format!("127.0.0.1:{}", one.port()));
    assert_eq!(code(&forged.send(gateway.port)), refused(403, "token_route_required"));
    assert!(one.requests().is_empty());
}

#[test]
fn numbers_of_ports_are_no_tokens_unless_somebody_asks() {
    let gateway = Gateway::shared();
    let upstream = echo();
    let chat = Request::post(chat_path(&upstream.port().to_string()), "{}");
    assert_eq!(code(&chat.send(gateway.port)), refused(404, "token_not_found"));
}
