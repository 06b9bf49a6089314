//! Promise: whenever the control plane dies during a registration, the token is there afterwards or it is not, and
//! one that was handed out is there.

use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::envoy::Parts;
use aegis_tests::gateway::START;
use aegis_tests::{FakeUpstream, Reply, eventually};
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const CLIENTS: usize = 4;
const ROUNDS: usize = 3;

/// Registers upstreams from several clients at once, kills the control plane after `enough` answers, and returns the
/// bases that were tried and the tokens that were handed out.
fn burst(
    parts: &mut Parts,
    upstream: &FakeUpstream,
    round: usize,
    enough: usize,
) -> (Vec<String>, Vec<(String, String)>) {
    let (tried, handed_out) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let answers = AtomicUsize::new(0);
    let process = parts.control_plane.take().expect("the control plane runs");
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (parts, tried, handed_out, answers) = (&*parts, &tried, &handed_out, &answers);
            scope.spawn(move || {
                for number in 0.. {
                    let base = upstream.base(&format!("/r{round}/c{client}/n{number}"));
                    tried.lock().unwrap().push(base.clone());
                    let body = json!({ "upstream_base": base });
                    // The control plane died: the end of the burst.
                    let Ok(answer) = parts.admin(parts.admin_port, "register", body) else { return };
                    let token = answer.json()["token"].as_str().expect("a token").to_owned();
                    handed_out.lock().unwrap().push((base, token));
                    answers.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        eventually("registrations are answered", START, || answers.load(Ordering::Relaxed) >= enough);
        process.crash();
    });
    (tried.into_inner().unwrap(), handed_out.into_inner().unwrap())
}

#[test]
fn a_token_is_there_or_it_is_not() {
    let mut parts = Parts::start();
    let upstream =
        FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))));
    for round in 0..ROUNDS {
        let (tried, handed_out) = burst(&mut parts, &upstream, round, 5 + 7 * round);
        parts.start_control_plane();
        for (base, token) in &handed_out {
            let found = parts.admin(parts.admin_port, "lookup", json!({ "upstream_base": base })).unwrap();
            assert_eq!((found.status, found.json()["token"].as_str()), (200, Some(token.as_str())), "{base}");
        }
        let mut unanswered = 0;
        for base in tried {
            let found = parts.admin(parts.admin_port, "lookup", json!({ "upstream_base": base })).unwrap();
            if found.status == 404 {
                unanswered += 1;
                continue;
            }
            assert_eq!(found.status, 200, "{}", found.text());
            let token = found.json()["token"].as_str().expect("a token").to_owned();
            assert!(token.len() == 24 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
            eventually("the token works", START, || parts.is_usable(&token));
            let before = upstream.requests().len();
            let answer = parts.chat(&token, request("hello").to_string());
            assert_eq!(answer.json()["choices"][0]["message"]["content"], "hello", "{base}");
            let target = upstream.requests()[before].target.clone();
            assert!(
                base.ends_with(target.strip_suffix("/chat/completions").unwrap()),
                "{base} went to {target}"
            );
        }
        assert!(unanswered <= CLIENTS, "only what was under way at the crash may be missing");
    }
}
