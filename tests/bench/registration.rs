//! How long a new token takes to work, and a new policy to compile.

use crate::statistics::Spread;
use crate::table::{self, Budget};
use crate::upstream::{self, Script, Upstream};
use aegis_tests::gateway::chat_path;
use aegis_tests::{Gateway, Request, chat};
use std::time::{Duration, Instant};

const TOKENS: usize = 5;
const LIMIT: Duration = Duration::from_secs(10);

/// Measures and prints.
pub(crate) fn report(gateway: &Gateway, upstream: &Upstream) {
    upstream.play(Script::Whole(upstream::whole(b"{}")));
    let body = chat::request("Hello").to_string();
    let times = Spread::of((0..TOKENS).map(|number| {
        let began = Instant::now();
        let answer = gateway.register_answer(&upstream.base(&format!("/bench/{number}")));
        let token = answer["token"].as_str().expect("a token");
        let request = Request::post(chat_path(token), body.clone());
        loop {
            match request.send(gateway.port).status {
                200 => return began.elapsed().as_secs_f64() * 1e3,
                404 => assert!(began.elapsed() < LIMIT, "the token does not work after {LIMIT:?}"),
                other => panic!("status {other}"),
            }
        }
    }));
    let what = "registration to first 200, ms";
    table::compare(what, &"", &format!("{times:.1}"), &"", times.max, Budget::AtMost(1_000.0));
    let time = compile_time(gateway);
    table::compare(
        "compiling the rules in V8, ms",
        &"",
        &format!("{time:.0}"),
        &"",
        time,
        Budget::AtMost(150.0),
    );
}

/// What the worker that compiled last says.
fn compile_time(gateway: &Gateway) -> f64 {
    let answer = gateway.envoy_admin("/stats?filter=policy_compile_ms");
    let stats = answer.text();
    let value = stats.lines().find_map(|line| line.rsplit_once(": ")?.1.parse().ok());
    value.unwrap_or_else(|| panic!("no time of compilation in {stats:?}"))
}
