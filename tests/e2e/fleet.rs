//! Promise: many Envoys under several control planes run the same, whoever changes it and whatever dies meanwhile.

use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::fleet::Fleet;
use aegis_tests::gateway::{START, chat_path};
use aegis_tests::{FakeUpstream, Reply, Request, eventually, secrets};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const POLICY_CHANGES: usize = 60;
const TOKEN_CHANGES: usize = 600;
/// Each process in turn is dead for one of two: both control planes, the three Envoys, PostgreSQL.
const ROUNDS: usize = 12;
const CLIENTS: usize = 2;
/// Requests that are answered while PostgreSQL is dead.
const MEANWHILE: usize = 100;

fn echo() -> FakeUpstream {
    FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))))
}

/// What clients use in front of the Envoys: whoever does not answer is left out until it works again.
struct Balancer {
    ports: Vec<u16>,
    usable: Vec<AtomicBool>,
    token: String,
    served: AtomicUsize,
    failed: AtomicUsize,
}

impl Balancer {
    /// Sends until somebody answers; a broken connection is no answer.
    fn send(&self, body: &str, expected: &str) {
        let turn = self.served.fetch_add(1, Ordering::Relaxed);
        for attempt in 0..300 {
            let index = (turn + attempt) % self.ports.len();
            if !self.usable[index].load(Ordering::Relaxed) {
                continue;
            }
            let request = Request::post(chat_path(&self.token), body);
            let Ok(answer) = request.try_send(self.ports[index]) else {
                self.usable[index].store(false, Ordering::Relaxed);
                continue;
            };
            let text = answer.json()["choices"][0]["message"]["content"].clone();
            if answer.status != 200 || text != expected {
                eprintln!("{}: {}", answer.status, answer.text());
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        self.failed.fetch_add(1, Ordering::Relaxed);
    }
}

fn policy(number: usize) -> String {
    let levels = ["low", "medium", "high"];
    format!("version: 1\nname: fleet\nlevel: {}\nallow: {{values: [value-{number}]}}\n", levels[number % 3])
}

#[test]
fn nothing_fails_while_everything_changes_and_dies() {
    let mut fleet = Fleet::start(2, &[0, 0, 1]);
    let upstream = echo();
    let token = fleet.planes[0].token(&upstream.base("/v1"));
    fleet.planes[1].site.json("POST", "policies/apply", &policy(0));
    fleet.planes[0].site.json("PUT", "assignments/global", r#"{"policy":"fleet"}"#);
    eventually("every Envoy knows the token", START, || fleet.nodes.iter().all(|node| node.knows(&token)));
    fleet.wait_until_current();

    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 1);
    let body = request(&format!("write to {secret}")).to_string();
    let balancer = Balancer {
        ports: fleet.nodes.iter().map(|node| node.site.port).collect(),
        usable: fleet.nodes.iter().map(|_| AtomicBool::new(true)).collect(),
        token: token.clone(),
        served: AtomicUsize::new(0),
        failed: AtomicUsize::new(0),
    };
    let done = AtomicBool::new(false);
    let (mut policies, mut tokens) = (0, 0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    balancer.send(&body, &format!("write to {secret}"));
                }
            });
        }
        let mut added: Vec<String> = Vec::new();
        for round in 0..ROUNDS {
            let victim = round / 2;
            match victim {
                _ if round % 2 == 1 => {}
                0 | 1 => fleet.planes[victim].crash(),
                2..5 => fleet.nodes[victim - 2].crash(),
                _ => {
                    // Nothing can be changed without it, and nothing of what works ends.
                    fleet.postgres.kill();
                    let goal = balancer.served.load(Ordering::Relaxed) + MEANWHILE;
                    let refused = fleet.planes[0].site.call("POST", "policies/apply", &policy(0)).unwrap();
                    assert_eq!(refused.status, 500, "{}", refused.text());
                    eventually("requests are answered", START, || {
                        balancer.served.load(Ordering::Relaxed) >= goal
                    });
                    fleet.postgres.run();
                    eventually("both control planes are ready again", START, || {
                        let mut ports = fleet.planes.iter().map(|plane| plane.site.admin_port);
                        ports.all(|port| Request::get("/ready").send(port).status == 200)
                    });
                }
            }
            let alive = if round % 2 == 0 && victim < 2 { 1 - victim } else { round % 2 };
            let plane = &fleet.planes[alive];
            for change in 0..TOKEN_CHANGES / ROUNDS {
                if change % 10 == 0 {
                    policies += 1;
                    plane.site.json("POST", "policies/apply", &policy(policies));
                }
                tokens += 1;
                if added.len() > 20 {
                    plane.site.json("DELETE", &format!("tokens/{}", added.remove(0)), "");
                } else {
                    let base = json!({ "upstream_base": upstream.base(&format!("/n{tokens}")) }).to_string();
                    let made = plane.site.json("POST", "tokens", &base);
                    added.push(made["id"].as_str().unwrap().to_owned());
                }
            }
            if round % 2 == 0 && victim < 2 {
                fleet.planes[victim].start();
            } else if round % 2 == 0 && victim < 5 {
                let node = &mut fleet.nodes[victim - 2];
                node.start();
                eventually("the Envoy is back", START, || node.knows(&token));
                balancer.usable[victim - 2].store(true, Ordering::Relaxed);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!((policies, tokens), (POLICY_CHANGES, TOKEN_CHANGES));
    fleet.wait_until_current();
    let served = balancer.served.load(Ordering::Relaxed);
    println!(
        "{served} requests while {policies} policies and {tokens} tokens changed and six processes died"
    );
    assert_eq!(balancer.failed.load(Ordering::Relaxed), 0);
    assert!(served > 500, "only {served} requests");
    for recorded in upstream.requests() {
        assert!(!String::from_utf8_lossy(&recorded.body).contains(&secret), "unfiltered");
    }

    // Every node is at the same revision, and the journal says who applied what, at either control plane.
    let views: Vec<Value> = fleet.planes.iter().map(|plane| plane.site.json("GET", "nodes", "")).collect();
    assert_eq!(views[0]["current"], views[1]["current"]);
    let nodes = views.iter().flat_map(|view| view["nodes"].as_object().unwrap().values());
    let applied: Vec<&Value> = nodes.map(|node| &node["applied"]).collect();
    assert!(applied.len() == 3 && applied.iter().all(|one| *one == applied[0]), "{applied:?}");
    let journal = fleet.planes[1].site.json("GET", "journal?limit=1000", "");
    let count = |action: &str| {
        let entries = journal.as_array().unwrap().iter();
        entries.filter(|entry| entry["action"] == action && entry["actor"] == "gateway-key").count()
    };
    // The first ones were made before.
    assert_eq!(count("policy.rollout"), POLICY_CHANGES + 1);
    assert_eq!(count("token.add") + count("token.remove"), TOKEN_CHANGES + 1);
}

#[test]
fn a_change_at_one_control_plane_is_live_at_the_others_envoys_within_a_second() {
    let fleet = Fleet::start(2, &[1]);
    let upstream = echo();
    // The first request after a start is slower.
    let first = fleet.planes[0].token(&upstream.base("/v1"));
    eventually("the first token works", START, || fleet.nodes[0].knows(&first));
    fleet.wait_until_current();
    let compiled = fleet.nodes[0].site.envoy_stat("wasmcustom.aegisgate.policies_compiled");
    let mut slowest = Duration::ZERO;
    for _ in 0..5 {
        let token = fleet.planes[0].token(&upstream.base("/v1"));
        let started = Instant::now();
        eventually("a new token works", START, || fleet.nodes[0].knows(&token));
        slowest = slowest.max(started.elapsed());
    }
    println!("live at the other control plane's Envoy after {slowest:?}");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert_eq!(
        fleet.nodes[0].site.envoy_stat("wasmcustom.aegisgate.policies_compiled"),
        compiled,
        "rules were compiled"
    );
}
