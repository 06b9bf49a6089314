//! Promise: however many tokens there are, a change of one sends a small part of them and no rule, and disturbs nobody, on
//! any worker.

use aegis_tests::gateway::START;
use aegis_tests::{Gateway, eventually};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const TOKENS: usize = 20_000;
const CHANGES: usize = 20;
const CLIENTS: usize = 3;
/// Connections in a row that show what every worker thinks.
const PROBES: usize = 40;

/// Bytes that Envoy has received from the control plane.
const RECEIVED: &str = "cluster.xds.upstream_cx_rx_bytes_total";
const COMPILED: &str = "wasmcustom.aegisgate.policies_compiled";

fn tokens(answer: &Value) -> Vec<String> {
    let tokens = answer.as_array().unwrap().iter();
    tokens.map(|token| token["token"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn one_token_more_or_less_is_a_small_change_that_disturbs_nobody() {
    let gateway = Gateway::with_environment([("AEGIS_ENVOY_CONCURRENCY", "3")]);
    gateway.wait_until_current();
    let empty = gateway.envoy_stat(RECEIVED);
    let bases: Vec<Value> = (0..TOKENS)
        .map(|number| json!({ "upstream_base": format!("http://127.0.0.1:9/u{}", number % 7) }))
        .collect();
    let known = tokens(&gateway.json("POST", "tokens/bulk", &json!({ "tokens": bases }).to_string()));
    gateway.wait_until_current();
    eventually("every worker knows the first ones", START, || {
        known.iter().take(PROBES).all(|token| gateway.is_usable(token))
    });
    let (table, compiled) = (gateway.envoy_stat(RECEIVED) - empty, gateway.envoy_stat(COMPILED));

    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let before = gateway.envoy_stat(RECEIVED);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (gateway, known, done, asked) = (&gateway, &known, &done, &asked);
            scope.spawn(move || {
                for token in known.iter().skip(client * 1000).step_by(37).cycle() {
                    assert!(gateway.is_usable(token), "a token that nobody has touched is unknown");
                    asked.fetch_add(1, Ordering::Relaxed);
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        for number in 0..CHANGES {
            let base = json!({ "upstream_base": format!("http://127.0.0.1:9/u{}", number % 9) }).to_string();
            let made = gateway.json("POST", "tokens", &base);
            let (token, id) = (made["token"].as_str().unwrap(), made["id"].as_str().unwrap());
            eventually("every worker knows it", START, || (0..PROBES).all(|_| gateway.is_usable(token)));
            gateway.json("DELETE", &format!("tokens/{id}"), "");
            eventually("no worker knows it", START, || (0..PROBES).all(|_| !gateway.is_usable(token)));
        }
        done.store(true, Ordering::Relaxed);
    });
    gateway.wait_until_current();
    let each = (gateway.envoy_stat(RECEIVED) - before) / (2 * CHANGES as u64);
    println!("{table} bytes for {TOKENS} tokens, {each} for one; {asked:?} requests meanwhile");
    assert!(each * 10 < table, "{each} bytes for one token, {table} for all");
    assert_eq!(gateway.envoy_stat(COMPILED), compiled, "rules were compiled");
    gateway.assert_no_filter_has_crashed();
}
