//! 100,000 tokens: how long they take to arrive, what they weigh, and how long one more takes.

use crate::statistics::Spread;
use crate::table::{self, Budget};
use crate::usage;
use aegis_tests::{Gateway, Request, eventually};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const TOKENS: usize = 100_000;
/// In one call; its answer has all of them.
const AT_ONCE: usize = 20_000;
const UPSTREAMS: usize = 50;
const MORE: usize = 5;
const PATIENCE: Duration = Duration::from_mins(2);
/// Bytes that Envoy has received from the control plane.
const RECEIVED: &str = "cluster.xds.upstream_cx_rx_bytes_total";
const MIB: f64 = 1024.0 * 1024.0;

/// Measures and prints. Its gateway is its own: nobody else wants so many tokens.
pub(crate) fn report() {
    let mut gateway = Gateway::start();
    wait_until_current(&gateway);
    let envoy = gateway.envoy_pid().expect("Envoy is a child of the gateway");
    let own = gateway.process().pid();
    let before = [envoy, own].map(memory);
    let compiled = compiled(&gateway);

    let began = Instant::now();
    for call in 0..TOKENS / AT_ONCE {
        let tokens: Vec<Value> = (0..AT_ONCE)
            .map(|number| {
                let upstream = (call * AT_ONCE + number) % UPSTREAMS;
                json!({ "upstream_base": format!("http://127.0.0.1:9/u{upstream}") })
            })
            .collect();
        add(&gateway, "tokens/bulk", &json!({ "tokens": tokens }));
    }
    line("registered, in calls of 20,000, s", began.elapsed().as_secs_f64(), Budget::AtMost(60.0));
    let began = Instant::now();
    wait_until_current(&gateway);
    line("from then until they work, s", began.elapsed().as_secs_f64(), Budget::AtMost(5.0));
    let after = [envoy, own].map(memory);
    line("Envoy's memory for them, MiB", after[0] - before[0], Budget::None);
    line("the control plane's, MiB", after[1] - before[1], Budget::None);

    let received = gateway.envoy_stat(RECEIVED);
    let times = Spread::of((0..MORE).map(|_| {
        let began = Instant::now();
        let answer = add(&gateway, "tokens", &json!({ "upstream_base": "http://127.0.0.1:9/u0" }));
        let token = answer["token"].as_str().expect("a token").to_owned();
        eventually("one more token works", PATIENCE, || gateway.is_usable(&token));
        began.elapsed().as_secs_f64() * 1e3
    }));
    let what = "one more, until it works, ms";
    table::compare(what, &"", &format!("{times:.0}"), &"", times.max, Budget::AtMost(1000.0));
    wait_until_current(&gateway);
    #[expect(clippy::cast_precision_loss)]
    let sent = (gateway.envoy_stat(RECEIVED) - received) as f64 / MORE as f64 / 1024.0;
    line("sent to Envoy for one more, KiB", sent, Budget::None);
    line("Envoy's memory for them afterwards, MiB", memory(envoy) - before[0], Budget::None);
    let more = self::compiled(&gateway).saturating_sub(compiled);
    #[expect(clippy::cast_precision_loss)]
    line("policies compiled meanwhile", more as f64, Budget::AtMost(0.0));
}

fn line(what: &str, value: f64, budget: Budget) {
    table::compare(what, &"", &format!("{value:.1}"), &"", value, budget);
}

fn add(gateway: &Gateway, path: &str, body: &Value) -> Value {
    let request = Request::post(format!("/__gw__/api/{path}"), body.to_string());
    let request = request.header("authorization", &format!("Bearer {}", gateway.key));
    let answer = request.send(gateway.admin_port);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn wait_until_current(gateway: &Gateway) {
    eventually("Envoy runs what is current", PATIENCE, || {
        Request::get("/ready").try_send(gateway.admin_port).is_ok_and(|answer| answer.status == 200)
    });
}

fn compiled(gateway: &Gateway) -> u64 {
    gateway.envoy_stat("wasmcustom.aegisgate.policies_compiled")
}

fn memory(pid: u32) -> f64 {
    #[expect(clippy::cast_precision_loss)]
    let bytes = usage::memory(pid) as f64;
    bytes / MIB
}
