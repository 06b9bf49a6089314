//! Promise: where requests must be signed, nothing that is not signed, or that was sent before, reaches an upstream,
//! whichever worker of Envoy it comes to; and nobody without the secret can get in the way of who has it.

use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::coding::gzip;
use aegis_tests::envoy::Parts;
use aegis_tests::gateway::{START, chat_path};
use aegis_tests::{Answer, FakeUpstream, Gateway, Options, Reply, Request, Signer, eventually, secrets};
use std::sync::Barrier;

const SECRET: &str = "5f8a0c1d7be94263a1f0e2d4c6b89071";
const OTHER: &str = "0123456789abcdef0123456789abcdef";

fn options<const N: usize>(more: [(&'static str, &str); N]) -> Options {
    let variables = [("AEGIS_ENABLE_REQUEST_HMAC_AUTH", "true"), ("AEGIS_REQUEST_HMAC_SECRET", SECRET)];
    let environment = variables.into_iter().chain(more).map(|(name, value)| (name, value.to_owned()));
    Options { environment: environment.collect(), ..Options::default() }
}

fn echo() -> FakeUpstream {
    FakeUpstream::start(|recorded| match recorded.method.as_str() {
        "POST" => Reply::json(&completion(&last_user_text(&recorded.json()))),
        _ => Reply::json(&serde_json::json!({ "data": [] })),
    })
}

/// Registers `upstream` and waits until Envoy knows its token, without using a nonce up.
fn register(gateway: &Gateway, upstream: &FakeUpstream) -> String {
    let token = gateway.register_answer(&upstream.base("/v1"))["token"].as_str().unwrap().to_owned();
    let forged = Signer::new(OTHER, "probe").sign(&chat(&token, "hello"));
    eventually("the token is known", START, || forged.send(gateway.port).status == 401);
    token
}

fn chat(token: &str, text: &str) -> Request {
    Request::post(chat_path(token), request(text).to_string())
}

/// Status and code, wherever an error has it.
fn outcome(answer: &Answer) -> (u16, String) {
    if answer.status == 200 {
        return (200, String::new());
    }
    let json = answer.json();
    (answer.status, json["aegisgate"]["reasons"][0].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn only_what_is_signed_reaches_the_upstream() {
    let gateway = Gateway::with(options([]));
    let upstream = echo();
    let token = register(&gateway, &upstream);
    let mail = secrets::lookalike("{lower:7}@{lower:8}.org", 1);

    let good = Signer::new(SECRET, "one").sign(&chat(&token, &mail));
    let answer = good.send(gateway.port);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], mail.as_str());
    let recorded = upstream.take_only();
    assert_eq!(recorded.placeholders().len(), 1, "it is redacted as ever");
    let internal =
        |(name, _): &(String, String)| name.starts_with("x-aegis-") && name != "x-aegis-request-id";
    assert!(!recorded.head.headers.iter().any(internal), "{:?}", recorded.head.headers);

    let (right, wrong) = (Signer::new(SECRET, "two"), Signer::new(OTHER, "two"));
    let plain = chat(&token, &mail);
    for (request, expected) in [
        (good, refused(409, "replay_nonce_detected")),
        (Signer::new(SECRET, "one").sign(&chat(&token, "other")), refused(409, "replay_nonce_detected")),
        (plain.clone(), refused(401, "hmac_header_missing")),
        (plain.clone().header("x-aegis-nonce", "x"), refused(401, "hmac_header_missing")),
        (wrong.sign(&plain), refused(401, "hmac_signature_invalid")),
        (right.sign(&plain).header("content-type", "text/plain"), refused(401, "hmac_signature_invalid")),
        (Signer { skew: -330, ..right }.sign(&plain), refused(401, "hmac_timestamp_out_of_window")),
        (Signer { skew: 330, ..right }.sign(&plain), refused(401, "hmac_timestamp_out_of_window")),
    ] {
        assert_eq!(outcome(&request.send(gateway.port)), expected);
    }
    assert!(upstream.requests().is_empty(), "none of them went on");

    // What others tried with a nonce does not use it up.
    for _ in 0..20 {
        assert_eq!(outcome(&wrong.sign(&plain).send(gateway.port)).0, 401);
    }
    assert_eq!(outcome(&right.sign(&plain).send(gateway.port)), refused(200, ""));
    upstream.take();

    // Neither a change of the routes nor one of the policies makes the gateway forget.
    register(&gateway, &echo());
    assert_eq!(outcome(&right.sign(&plain).send(gateway.port)), refused(409, "replay_nonce_detected"));

    let dump = gateway.envoy_admin("/config_dump?include_eds");
    assert!(dump.text().contains("request_hmac") && !dump.text().contains(SECRET));
}

#[test]
fn every_kind_of_request_is_checked() {
    let gateway = Gateway::with(options([]));
    let upstream = echo();
    let token = register(&gateway, &upstream);
    let body = request("hello").to_string();
    let post = |suffix: &str| Request::post(chat_path(&format!("{token}{suffix}")), body.clone());
    let requests = [
        Request::get(format!("/v1/__gw__/t/{token}/models?limit=2&after=a%2Fb")),
        Request::new("DELETE", format!("/v1/__gw__/t/{token}/files/f"), ""),
        post(""),
        post("__redact"),
        post("__passthrough"),
    ];
    for (number, request) in requests.iter().enumerate() {
        for chunked in [false, true] {
            let nonce = format!("{number} {chunked}");
            let send = |request: Request| {
                if chunked { request.send_chunked(gateway.port, 7) } else { request.send(gateway.port) }
            };
            let forged = Signer::new(OTHER, &nonce).sign(request);
            assert_eq!(outcome(&send(forged)), refused(401, "hmac_signature_invalid"), "{nonce}");
            assert!(upstream.requests().is_empty(), "{nonce}: a forged request went on");
            let signed = Signer::new(SECRET, &nonce).sign(request);
            assert_eq!(outcome(&send(signed.clone())), refused(200, ""), "{nonce}");
            upstream.take_only();
            assert_eq!(outcome(&send(signed)), refused(409, "replay_nonce_detected"), "{nonce}");
        }
    }
}

#[test]
fn a_compressed_body_is_signed_as_what_the_gateway_reads() {
    let gateway = Gateway::with(options([]));
    let upstream = FakeUpstream::start(|_| Reply::json(&serde_json::json!({})));
    let token = register(&gateway, &upstream);
    let body = request("hello").to_string();
    let packed = gzip(body.as_bytes());
    // With __passthrough nobody opens it.
    for (number, (mode, signed, other)) in
        [("", body.as_bytes(), &packed[..]), ("__passthrough", &packed, body.as_bytes())].iter().enumerate()
    {
        let post = Request::post(chat_path(&format!("{token}{mode}")), *signed);
        let post = post.header("content-encoding", "gzip");
        let nonce = format!("packed {number}");
        let (good, bad) = (Signer::new(SECRET, &nonce).sign(&post), post.body(*other));
        let bad = Signer::new(SECRET, &nonce).sign(&bad).body(packed.clone());
        assert_eq!(outcome(&bad.send(gateway.port)), refused(401, "hmac_signature_invalid"), "{mode}");
        assert!(upstream.requests().is_empty(), "{mode}");
        assert_eq!(outcome(&good.body(packed.clone()).send(gateway.port)), refused(200, ""), "{mode}");
        assert_eq!(upstream.take_only().body, *signed, "{mode}");
    }
}

#[test]
fn a_nonce_counts_once_for_all_workers_together() {
    let gateway = Gateway::with(options([("AEGIS_ENVOY_CONCURRENCY", "2")]));
    let upstream = echo();
    let token = register(&gateway, &upstream);
    let connections = |worker: u32| {
        let stats = gateway.envoy_admin(&format!("/stats?filter=worker_{worker}.downstream_cx_total"));
        let total: u64 =
            stats.text().lines().filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum();
        total
    };
    let before = [connections(0), connections(1)];
    let mut rounds = 0;
    eventually("both workers have had their share", START, || {
        rounds += 1;
        let signed = Signer::new(SECRET, &format!("round {rounds}")).sign(&chat(&token, "hello"));
        let together = Barrier::new(16);
        let attempt = || {
            together.wait();
            outcome(&signed.send(gateway.port))
        };
        let mut outcomes = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(attempt)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        outcomes.sort();
        assert_eq!(outcomes[0], refused(200, ""));
        assert!(
            outcomes[1..].iter().all(|one| *one == refused(409, "replay_nonce_detected")),
            "{outcomes:?}"
        );
        upstream.take_only();
        rounds >= 10 && (0..2).all(|worker| connections(worker) >= before[worker as usize] + 30)
    });
    gateway.assert_no_filter_has_crashed();
}

#[test]
fn a_gateway_that_cannot_remember_more_nonces_refuses() {
    let gateway = Gateway::with(options([("AEGIS_REQUEST_NONCE_CACHE_SIZE", "64")]));
    let upstream = echo();
    let token = register(&gateway, &upstream);
    let request = chat(&token, "hello");
    let nonces: Vec<String> = (0..150).map(|number| format!("n-{number}")).collect();
    let send = |nonce: &String| outcome(&Signer::new(SECRET, nonce).sign(&request).send(gateway.port));
    let outcomes: Vec<_> = nonces.iter().map(send).collect();
    let accepted = outcomes.iter().filter(|one| one.0 == 200).count();
    assert_eq!(upstream.take().len(), accepted);
    assert!((32..=64).contains(&accepted), "{accepted} of 150 had room");
    for (nonce, first) in nonces.iter().zip(outcomes) {
        let again =
            if first.0 == 200 { (409, "replay_nonce_detected") } else { (503, "replay_cache_unavailable") };
        assert_eq!(send(nonce), refused(again.0, again.1), "{nonce}");
    }
    assert!(upstream.requests().is_empty());
}

#[test]
fn without_a_secret_the_gateway_does_not_start_and_envoy_refuses() {
    for secret in ["", "short"] {
        let site = aegis_tests::gateway::Site::new(options([("AEGIS_REQUEST_HMAC_SECRET", secret)]));
        let mut process = site.spawn(&["up"]);
        let status = process.exit_within(START).expect("it ends");
        assert!(
            !status.success() && process.output().contains("AEGIS_REQUEST_HMAC_SECRET"),
            "{}",
            process.output()
        );
    }

    // An Envoy whose own environment has none.
    let mut parts = Parts::prepare();
    parts.set_options(options([]));
    parts.start_control_plane();
    parts.start_envoy();
    parts.wait_until_ready();
    let upstream = echo();
    let token = parts.register_answer(&upstream.base("/v1"))["token"].as_str().unwrap().to_owned();
    let request = Signer::new(SECRET, "one").sign(&chat(&token, "hello"));
    eventually("Envoy has the configuration", START, || request.send(parts.port).status == 500);
    assert_eq!(outcome(&request.send(parts.port)), refused(500, "hmac_misconfigured"));
    assert!(upstream.requests().is_empty());
}
