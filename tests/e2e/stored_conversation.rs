//! Promise: in a conversation that the provider stores, the values of earlier turns come back through any gateway with the
//! same keys, although no later request holds them; a gateway with another key leaves their placeholders alone.

use aegis_tests::gateway::Site;
use aegis_tests::script_responses::{self, Heard, Item, heard};
use aegis_tests::{Answer, FakeUpstream, Gateway, Options, Recorded, Reply, Request, placeholder, secrets};
use serde_json::{Value, json};
use std::fs;
use std::sync::Mutex;

const POLICY: &str = "version: 1\nname: stored\nrestore: {sealed: true}\n";

/// Where a gateway keeps its tokens.
const DATABASE: &str = "aegisgate.db";

/// Remembers what the user said first, and repeats it in a text and in the call of a tool.
fn provider() -> FakeUpstream {
    let remembered = Mutex::new(String::new());
    FakeUpstream::start(move |recorded| {
        let request = if recorded.method == "POST" { recorded.json() } else { Value::Null };
        let mut remembered = remembered.lock().unwrap();
        if request["previous_response_id"].is_null() && recorded.method == "POST" {
            *remembered = script_responses::last_user_text(&request);
        }
        let items = said(&remembered);
        if request["stream"] == true {
            Reply::frames(&script_responses::stream(&items, 3))
        } else {
            Reply::whole("application/json", script_responses::response(&items))
        }
    })
}

fn said(text: &str) -> [Item; 2] {
    let arguments = json!({ "text": text }).to_string();
    [Item::Text(text.to_owned()), Item::FunctionCall { name: "save".into(), arguments }]
}

/// The text and the arguments of what [`said`] says, in all four ways.
fn expected(text: &str) -> Heard {
    heard(script_responses::stream(&said(text), 3).concat().as_bytes())
}

/// Values that are short enough to be sealed.
fn values() -> Vec<(&'static str, String)> {
    let mut values = secrets::one_of_each(71);
    values.retain(|(_, value)| value.len() <= 112);
    assert!(values.len() >= 7);
    values
}

fn responses(token: &str) -> String {
    format!("/v1/__gw__/t/{token}/responses")
}

fn message(text: &str) -> Value {
    json!([{ "role": "user", "content": [{ "type": "input_text", "text": text }] }])
}

/// A gateway of its own that has the tokens, and the key to them, of the one at `first`, and a placeholder key of this byte.
fn replica(first: &Site, key: &str) -> Gateway {
    let site = Site::new(options(key));
    for file in [DATABASE, "encryption.key"] {
        fs::copy(first.data_dir().join(file), site.data_dir().join(file)).unwrap();
    }
    Gateway::start_in(site)
}

fn options(key: &str) -> Options {
    Options {
        environment: vec![("AEGIS_PLACEHOLDER_KEY", key.repeat(32))],
        policy: Some(POLICY.to_owned()),
        ..Options::default()
    }
}

/// Asks about what was said earlier.
fn ask(gateway: &Gateway, token: &str, stream: bool) -> Answer {
    let body = json!({
        "model": "m", "input": message("What did I say?"), "previous_response_id": "resp_1", "stream": stream,
    });
    let answer = Request::post(responses(token), body.to_string()).send(gateway.port);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

/// What a client hears of a whole answer: the text and the arguments.
fn told(answer: &Answer) -> [String; 2] {
    let answer = answer.json();
    ["/output/0/content/0/text", "/output/1/arguments"]
        .map(|pointer| answer.pointer(pointer).unwrap().as_str().unwrap().to_owned())
}

fn assert_saw_no_value(requests: &[Recorded], values: &[(&str, String)]) {
    for recorded in requests {
        let seen = String::from_utf8_lossy(&recorded.body);
        for (kind, value) in values {
            assert!(!seen.contains(value.as_str()), "{kind} reached the upstream");
        }
    }
}

#[test]
fn later_turns_are_restored_by_whoever_has_the_key() {
    let upstream = provider();
    let first = Gateway::with(options("1b"));
    let token = first.register(&upstream.base("/v1"));
    let first = first.stop();
    let (one, two, foreign) = (replica(&first, "1b"), replica(&first, "1b"), replica(&first, "2c"));

    let values = values();
    let text = secrets::prompt(&values);
    let body = json!({ "model": "m", "input": message(&text), "store": true, "stream": true });
    let answer = Request::post(responses(&token), body.to_string()).send(one.port);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(heard(&answer.body), expected(&text));
    let stored = script_responses::last_user_text(&upstream.requests()[0].json());
    assert_eq!(placeholder::distinct_in(&stored).len(), values.len(), "{stored}");

    // The second gateway never had the values, and says nothing of what it did not do to the request.
    let answer = ask(&two, &token, true);
    assert_eq!(heard(&answer.body), expected(&text));
    assert_eq!(answer.header("x-aegis-action"), None);
    let whole = expected(&text).response;
    assert_eq!(told(&ask(&two, &token, false)).to_vec(), whole);
    let stored_answer = Request::get(format!("{}/resp_1", responses(&token)));
    assert_eq!(told(&stored_answer.send(two.port)).to_vec(), whole);
    // The client repeats itself, so the provider's prompt cache sees what it saw.
    upstream.take();
    Request::post(responses(&token), body.to_string()).send(two.port);
    assert_eq!(script_responses::last_user_text(&upstream.requests()[0].json()), stored);

    let unchanged = script_responses::stream(&said(&stored), 3).concat();
    assert_eq!(String::from_utf8_lossy(&ask(&foreign, &token, true).body), unchanged);
    assert_eq!(told(&stored_answer.send(foreign.port)).to_vec(), expected(&stored).response);
    assert_saw_no_value(&upstream.requests(), &values);
    for gateway in [&one, &two, &foreign] {
        gateway.assert_no_filter_has_crashed();
    }
}

#[test]
fn a_token_does_not_open_what_another_sealed() {
    let upstream = provider();
    let gateway = Gateway::with(options("1b"));
    let [token, other] = ["/v1", "/other/v1"].map(|path| gateway.register(&upstream.base(path)));
    let (kind, value) = values().remove(0);
    let body = json!({ "model": "m", "input": message(&value) });
    let answer = Request::post(responses(&token), body.to_string()).send(gateway.port);
    assert_eq!(told(&answer)[0], value, "{kind}");
    assert_eq!(told(&ask(&gateway, &token, false))[0], value);
    let kept = told(&ask(&gateway, &other, false));
    assert_eq!(placeholder::all_in(&kept[0]), [kept[0].as_str()]);
    assert_saw_no_value(&upstream.requests(), &[(kind, value)]);
}
