//! No text is slow: what the exact machine does per byte is bounded, however a text was made.
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml lifts it in #[test] functions only, not in what they call"
)]

use aegis_engine::{Engine, MasterKey, Protocol, Site, Vault, compile, redact_request};
use aegis_policy::{Direction, Policy, Preset, Slot};
use aegis_scanner::Budget;

/// Lookups per byte that no text may exceed: threads that are alive at the same time, over all views of a text.
const MOST: u64 = 40;

/// What is repeated. All of it begins something for many rules and ends nothing.
const REPEATED: &[&str] = &[
    "a",
    "4",
    "a.",
    "a@",
    "a@a.aa ",
    "4 ",
    "12-",
    "1.",
    "::",
    "sk-",
    "eyJ.",
    "eyJhbGciOi",
    "AKIA",
    "password=",
    "token: ",
    "password is ",
    "name: Ann ",
    "Address: 1 A ",
    "-----BEGIN A ",
    "-----BEGIN PRIVATE KEY-----",
    "https://a:",
    "data:\n  a: ",
    "show ",
    "ignore ",
    "curl a@b.cc ",
    "%41",
    "&#65;",
    "\\u0041",
    "a\u{200b}",
    "\u{ff41}",
    "密码",
    "姓名：王",
    ".",
    "-",
    "/",
    "=",
    "../",
    "QUJD",
    "4a4b",
];

#[test]
fn no_text_costs_more_than_a_fixed_number_of_steps_per_byte() {
    let key = MasterKey::from_hex(&"77".repeat(32)).unwrap();
    let policy = Policy { preset: Preset::Strict, ..Policy::default() };
    let engine = Engine::new(&compile(&policy, &key).unwrap(), &key).unwrap();
    let mut caches = engine.caches();
    let mut steps = |site: Site<'_>, text: &str| {
        let before = caches.work();
        let (mut budget, mut found) = (Budget::default(), Vec::new());
        // A text with too many findings is refused, which is also an answer in time.
        engine.detect(&mut caches, site, text.as_bytes(), &mut budget, &mut found).ok();
        (caches.work() - before) / text.len() as u64
    };
    let call = Site::of(Direction::Response, Slot::ToolCallArguments);
    for site in [Site::of(Direction::Request, Slot::User), call] {
        for fragment in REPEATED {
            let (short, long) = (
                steps(site, &fragment.repeat(16_000 / fragment.len())),
                steps(site, &fragment.repeat(64_000 / fragment.len())),
            );
            assert!(long <= MOST, "{fragment:?} in {site:?}: {long} steps per byte");
            assert!(long <= short + 2, "{fragment:?} in {site:?}: {short} steps per byte become {long}");
        }
    }
}

#[test]
fn a_turn_costs_its_new_text() {
    let key = MasterKey::from_hex(&"77".repeat(32)).unwrap();
    let engine = Engine::new(&compile(&Policy::default(), &key).unwrap(), &key).unwrap();
    let mut caches = engine.caches();
    let talk = r"Please look at the table, and at the notes below it:\n\n".repeat(20);
    let texts =
        [talk.clone(), format!("{talk} Write to ada.lovelace@corp.example or call +49 30 1234 5678.")];
    let mut steps = |texts: &[String]| {
        let message = |text: &String| format!(r#"{{"role":"user","content":"{text}"}}"#);
        let messages: Vec<String> = texts.iter().map(message).collect();
        let body = format!(r#"{{"messages":[{}]}}"#, messages.join(","));
        let (before, mut vault) = (caches.work(), Vault::new(key.tenant(b"test")));
        let chat = Protocol::ChatCompletions;
        redact_request(&engine, &mut caches, chat, body.as_bytes(), &mut vault).unwrap();
        caches.work() - before
    };
    assert!(steps(&texts) > 0);
    assert_eq!(steps(&texts), 0, "whether or not something was found in it");
    assert!(steps(&[texts.concat()]) > 0, "a new text");
}
