//! Promise: a version on trial that makes things worse takes itself back, says why, and the live one goes on.
//!
//! That it refuses too much is in `policy_rollout.rs`.

use aegis_policy::TokenHash;
use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::gateway::{START, chat_path};
use aegis_tests::{FakeUpstream, Gateway, Options, Reply, Request, eventually, ports};
use serde_json::{Value, json};

const LIVE: &str = "version: 1\nname: desk\npreset: relaxed\nlevel: low\n";
/// Of 10,000 tokens, those on trial.
const SHARE: u16 = 5_000;
const TOKENS: usize = 40;
const STAGE: [&str; 6] = ["--stage", "canary", "--percent", "50", "--more-blocks", "10000"];

/// A gateway whose policy has a live version, and tokens on both sides of a canary.
struct Site {
    gateway: Gateway,
    upstream: FakeUpstream,
    live: Vec<String>,
    tried: Vec<String>,
}

impl Site {
    fn start(environment: Vec<(&'static str, String)>) -> Site {
        let gateway = Gateway::with(Options { environment, ..Options::default() });
        let upstream =
            FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))));
        gateway.json("POST", "policies/apply", LIVE);
        gateway.json("PUT", "assignments/global", r#"{"policy":"desk"}"#);
        let tokens: Vec<Value> = vec![json!({ "upstream_base": upstream.base("/v1") }); TOKENS];
        let made = gateway.json("POST", "tokens/bulk", &json!({ "tokens": tokens }).to_string());
        let tokens = made.as_array().unwrap().iter().map(|token| token["token"].as_str().unwrap().to_owned());
        let (tried, live) = tokens.partition(|token| TokenHash::of(token.as_bytes()).share() < SHARE);
        Site { gateway, upstream, live, tried }
    }

    /// Begins a trial and asks with every token until it has ended by itself. Returns why.
    fn trial(&self, bounds: &[&str], policy: &str, ask: impl Fn(&str)) -> String {
        let file = self.gateway.data_dir().join("desk.yaml");
        std::fs::write(&file, policy).unwrap();
        let apply = ["policy", "apply", file.to_str().unwrap()];
        self.gateway.run(&[&apply[..], &STAGE, bounds].concat(), true);
        self.gateway.wait_until_current();
        assert_eq!(self.rollout()["candidate"]["version"], 2);
        eventually("the version on trial takes itself back", START, || {
            self.live.iter().chain(&self.tried).for_each(|token| ask(token));
            self.rollout().get("candidate").is_none()
        });
        assert_eq!(self.rollout()["live"], 1);
        let entry = self.gateway.json("GET", "journal?limit=1", "")[0].clone();
        assert_eq!((&entry["actor"], &entry["target"]), (&json!("automatic-rollback"), &json!("desk")));
        let (_, why) = entry["detail"].as_str().unwrap().split_once(": version 2: ").expect("the reason");
        let list = self.gateway.run(&["policy", "list"], true);
        let lines: Vec<&str> = list.lines().filter(|line| line.starts_with("desk ")).collect();
        assert!(lines[0].ends_with(" live") && lines[1].ends_with(&format!(" taken back: {why}")), "{list}");
        why.to_owned()
    }

    fn rollout(&self) -> Value {
        self.gateway.json("GET", "policies", "")["rollouts"]["desk"].clone()
    }

    /// The live version goes on for everybody.
    fn assert_it_goes_on(&self) {
        self.gateway.wait_until_current();
        self.upstream.take();
        for token in self.live.iter().chain(&self.tried) {
            assert_eq!(self.send(token, "hello"), 200);
        }
        assert_eq!(self.upstream.take().len(), TOKENS);
    }

    fn send(&self, token: &str, text: &str) -> u16 {
        Request::post(chat_path(token), request(text).to_string()).send(self.gateway.port).status
    }

    fn move_tried(&self, base: &str) {
        let body = json!({ "upstream_base": base }).to_string();
        for token in &self.tried {
            let id = TokenHash::of(token.as_bytes());
            self.gateway.json("PATCH", &format!("tokens/{}", id.as_str()), &body);
        }
        self.gateway.wait_until_current();
    }
}

#[test]
fn a_version_under_which_more_requests_fail_takes_itself_back() {
    let site = Site::start(Vec::new());
    // Nobody is there, but for the tokens on trial only.
    site.move_tried(&format!("http://127.0.0.1:{}/v1", ports::free_port()));
    let why = site.trial(&["--min-requests", "20"], &format!("{LIVE}block_status: 451\n"), |token| {
        let status = site.send(token, "hello");
        assert_eq!(status == 200, site.live.iter().any(|live| live == token), "{status}");
    });
    println!("{why}");
    assert!(why.contains("it fails 10000 of 10,000 requests, the old version 0;"), "{why}");
    site.move_tried(&site.upstream.base("/v1"));
    site.assert_it_goes_on();
}

#[test]
fn a_version_that_holds_requests_for_longer_takes_itself_back() {
    let site = Site::start(Vec::new());
    // The live version leaves addresses alone; the new one has 20,000 placeholders to make.
    let text: Vec<String> = (0..20_000).map(|number| format!("mail{number}@example{number}.org ")).collect();
    let text = text.concat();
    let policy = "version: 1\nname: desk\npreset: strict\nlevel: high\n";
    let bounds = ["--min-requests", "20", "--more-milliseconds", "5"];
    let why = site.trial(&bounds, policy, |token| {
        assert_eq!(site.send(token, &text), 200);
    });
    println!("{why}");
    assert!(why.contains("it holds requests for "), "{why}");
    assert!(why.ends_with(" ms; 5 more are allowed"), "{why}");
    site.assert_it_goes_on();
}

#[test]
fn a_version_during_whose_trial_a_vm_ends_takes_itself_back() {
    // A body that Envoy may hold, and for which a VM has no room once its text is read.
    let site = Site::start(vec![("AEGIS_MAX_REQUEST_BODY_BYTES", "400000000".into())]);
    let huge = request(&"x\n".repeat(35_000_000)).to_string();
    let crash = std::cell::Cell::new(true);
    let why = site.trial(&["--min-requests", "1000000"], "version: 1\nname: desk\n", |token| {
        if site.tried.iter().any(|tried| tried == token) && crash.take() {
            let answer = Request::post(chat_path(token), huge.as_str()).try_send(site.gateway.port);
            assert_eq!(answer.map(|answer| answer.status).ok(), Some(503), "the VM has survived");
        }
        // 503 until there is a new VM.
        site.send(token, "hello");
    });
    println!("{why}");
    assert!(why.ends_with("1 VMs had to be started again, 0 are allowed"), "{why}");
    site.assert_it_goes_on();
}
