//! Promise: without its filter or its configuration the gateway refuses; a dead control plane changes nothing for
//! what already works; and everything heals by itself.

use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::envoy::Parts;
use aegis_tests::gateway::{START, chat_path};
use aegis_tests::wait::holds_within;
use aegis_tests::{FakeUpstream, Gateway, Options, Reply, Request, eventually, secrets};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

fn echo() -> FakeUpstream {
    FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))))
}

fn secret() -> String {
    secrets::lookalike("{lower:7}@{lower:8}.org", 1)
}

/// Whether a request with a secret comes back right.
fn round_trip(port: u16, token: &str) -> bool {
    let question = Request::post(chat_path(token), request(&secret()).to_string());
    question.try_send(port).is_ok_and(|answer| {
        answer.status == 200 && answer.json()["choices"][0]["message"]["content"] == secret().as_str()
    })
}

fn assert_nothing_leaked(upstream: &FakeUpstream) {
    for recorded in upstream.requests() {
        assert!(!String::from_utf8(recorded.body).unwrap().contains(&secret()), "passed unfiltered");
    }
}

#[test]
fn envoy_goes_on_without_the_control_plane_and_through_its_restart() {
    let mut parts = Parts::start();
    let upstream = echo();
    let token = parts.register(&upstream.base("/v1"));
    assert!(round_trip(parts.port, &token));
    parts.crash_control_plane();

    let (stop, sent, failed) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let port = parts.port;
    std::thread::scope(|scope| {
        let traffic = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                failed.fetch_add(usize::from(!round_trip(port, &token)), Ordering::Relaxed);
                sent.fetch_add(1, Ordering::Relaxed);
            }
        });
        let progress = |count: usize| {
            let goal = sent.load(Ordering::Relaxed) + count;
            eventually("traffic goes on", START, || sent.load(Ordering::Relaxed) >= goal);
        };
        progress(50);
        parts.start_control_plane();
        progress(50);
        // Envoy is connected again once a new token works.
        let other = echo();
        let new = parts.register_on(parts.admin_port, &other.base("/v1"));
        let new = new["token"].as_str().expect("a token");
        eventually("a token registered after the restart works", START, || parts.is_usable(new));
        progress(50);
        stop.store(true, Ordering::Relaxed);
        traffic.join().unwrap();
    });
    assert_eq!(failed.load(Ordering::Relaxed), 0, "of {} requests", sent.load(Ordering::Relaxed));
    assert_nothing_leaked(&upstream);
}

#[test]
fn an_envoy_that_starts_without_the_control_plane_refuses_until_it_is_there() {
    let mut parts = Parts::start();
    let upstream = echo();
    let token = parts.register(&upstream.base("/v1"));
    parts.stop_envoy();
    parts.crash_control_plane();

    parts.start_envoy();
    let port = parts.port;
    let question = Request::post(chat_path(&token), request(&secret()).to_string());
    // It may take a while until the listener opens at all; then it refuses.
    eventually("the listener opens", START, || question.try_send(port).is_ok());
    for _ in 0..20 {
        let answer = question.send(port);
        assert!((400..600).contains(&answer.status), "{}: {}", answer.status, answer.text());
    }
    assert!(upstream.requests().is_empty());
    assert!(parts.envoy_stat("http.gateway.rbac.denied") >= 20, "they are not counted");

    parts.start_control_plane();
    eventually("the gateway heals", START, || round_trip(port, &token));
    assert_nothing_leaked(&upstream);
}

#[test]
fn what_envoy_has_refused_is_offered_again_until_it_is_taken() {
    let mut parts = Parts::prepare();
    parts.start_control_plane();
    let upstream = echo();
    let token = parts.register_on(parts.admin_port, &upstream.base("/v1"));
    let token = token["token"].as_str().expect("a token");
    // The module is not where Envoy looks for it.
    let modules = parts.data_dir().join("wasm");
    let away = parts.data_dir().join("away");
    std::fs::rename(&modules, &away).unwrap();
    parts.start_envoy();
    let refused = |part: &str| {
        let fleet = parts.json("GET", "nodes", "");
        let node = fleet["nodes"].as_object().unwrap().values().next().cloned().unwrap_or_default();
        node["refused"][part]["message"].as_str().is_some_and(|message| message.contains("Invalid path"))
    };
    eventually("the refusals are shown", START, || refused("policies") && refused("routes"));
    assert!(!round_trip(parts.port, token));
    let ready = Request::get("/ready").send(parts.admin_port);
    assert_eq!((ready.status, ready.json()["checks"]["module"] == "ok"), (503, false), "{}", ready.text());

    std::fs::rename(&away, &modules).unwrap();
    eventually("the gateway heals", START, || round_trip(parts.port, token));
    parts.wait_until_current();
    assert_nothing_leaked(&upstream);
}

#[test]
fn a_filter_that_cannot_load_lets_nothing_through() {
    let empty_module = b"\0asm\x01\0\0\0".to_vec();
    let mut good = std::fs::read(aegis_tests::workspace::wasm()).unwrap();
    good.truncate(good.len() / 2);
    for (what, module) in
        [("text", b"not wasm".to_vec()), ("an empty module", empty_module), ("half a module", good)]
    {
        let gateway = Gateway::start();
        let upstream = echo();
        let token = gateway.register(&upstream.base("/v1"));
        let mut site = gateway.stop();
        let path = site.data_dir().join("broken.wasm");
        std::fs::write(&path, module).unwrap();
        site.set_options(Options { wasm: Some(path), ..Options::default() });

        let mut process = site.spawn(&["up"]);
        let question = Request::post(chat_path(&token), request(&secret()).to_string());
        let mut status = None;
        let settled = holds_within(START, || {
            status = process.exit_within(Duration::ZERO);
            status.is_some() || question.try_send(site.port).is_ok()
        });
        assert!(settled, "{what}: neither an end nor an answer");
        if let Some(status) = status {
            assert!(!status.success(), "{what}: {status}");
        } else {
            for _ in 0..20 {
                let answer = question.send(site.port);
                assert!((400..600).contains(&answer.status), "{what}: {}: {}", answer.status, answer.text());
            }
            let ready = Request::get("/ready").try_send(site.port).map(|answer| answer.status);
            assert!(!matches!(ready, Ok(200)), "{what}: says that it is ready");
        }
        assert!(upstream.requests().is_empty(), "{what}: a request passed");
    }
}

#[test]
fn a_filter_that_crashes_is_answered_with_503_and_lets_nothing_through() {
    let gateway = Gateway::start();
    let upstream = echo();
    let token = gateway.register(&upstream.base("/v1"));
    let mut site = gateway.stop();
    let path = site.data_dir().join("crashing.wasm");
    std::fs::write(&path, wat::parse_str(CRASHES_ON_REQUESTS).unwrap()).unwrap();
    site.set_options(Options { wasm: Some(path), ..Options::default() });

    let _process = site.spawn(&["up"]);
    let question = Request::post(chat_path(&token), request(&secret()).to_string());
    let crashed =
        holds_within(START, || question.try_send(site.port).is_ok_and(|answer| answer.status == 503));
    assert!(crashed, "the crashing filter never ran");
    for _ in 0..20 {
        assert_eq!(question.send(site.port).status, 503);
    }
    assert!(upstream.requests().is_empty(), "a request passed");
}

/// A filter that loads, accepts any configuration, and hits `unreachable` at the headers of every request, as a panic
/// does.
const CRASHES_ON_REQUESTS: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_0"))
    (func (export "_initialize"))
    (func (export "malloc") (param i32) (result i32) i32.const 1024)
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
    (func (export "proxy_on_configure") (param i32 i32) (result i32) i32.const 1)
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable)
    (func (export "proxy_on_done") (param i32) (result i32) i32.const 1)
    (func (export "proxy_on_log") (param i32))
    (func (export "proxy_on_delete") (param i32)))"#;
