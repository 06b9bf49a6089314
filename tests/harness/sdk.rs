//! The official clients, each call once straight to the mock providers and once through the gateway. Where the gateway
//! does what it promises a client cannot tell the two apart.

use crate::{FakeUpstream, Gateway, Recorded, placeholder, provider, python, secrets};
use serde_json::{Value, json};

/// Prefix of the paths of requests that do not go through the gateway.
const DIRECT: &str = "/direct";
/// Prefix of the paths of requests that do.
const GATEWAY: &str = "/gateway";

/// Headers that belong to a connection, or that the gateway has to set to read the answer.
const HOP_HEADERS: [&str; 4] = ["host", "content-length", "accept-encoding", "connection"];

/// An official client with the mock providers.
#[derive(Debug)]
pub struct Client {
    script: &'static str,
    api_key: String,
    direct: String,
    gateway: String,
    upstream: FakeUpstream,
}

/// A call of a client: the name of an operation of its script, and its arguments.
pub type Call<'a> = (&'a str, Value);

/// What came of one call, as tests/clients/plumbing.py describes it.
#[derive(Debug)]
pub struct Outcome {
    /// Without the gateway.
    pub direct: Value,
    /// Through it.
    pub gateway: Value,
}

/// What came of some calls.
#[derive(Debug)]
pub struct Report {
    /// One for each call.
    pub outcomes: Vec<Outcome>,
    /// The requests that reached the providers without the gateway.
    pub direct: Vec<Recorded>,
    /// Those that reached them through it.
    pub gateway: Vec<Recorded>,
}

// === impl Client ===

impl Client {
    /// A client that appends nothing but `/chat/completions` to its base URL, as `openai` does.
    pub fn openai(gateway: &Gateway) -> Client {
        Client::new(gateway, "openai_client.py", "/v1", "/v1")
    }

    /// A client that appends `/v1/messages`.
    pub fn anthropic(gateway: &Gateway) -> Client {
        Client::new(gateway, "anthropic_client.py", "", "/v1")
    }

    /// A client that appends `/v1/models/…`.
    pub fn gemini(gateway: &Gateway) -> Client {
        Client::new(gateway, "gemini_client.py", "", "/v1")
    }

    fn new(gateway: &Gateway, script: &'static str, direct: &str, registered: &str) -> Client {
        let upstream = provider::start();
        let token = gateway.register(&upstream.base(&format!("{GATEWAY}{registered}")));
        Client {
            script,
            api_key: secrets::lookalike(concat!("sk-", "{alnum:40}"), 99),
            direct: upstream.base(&format!("{DIRECT}{direct}")),
            gateway: format!("http://127.0.0.1:{}/v1/__gw__/t/{token}", gateway.port),
            upstream,
        }
    }

    /// Makes each call both ways.
    #[track_caller]
    pub fn run(&self, calls: &[Call<'_>]) -> Report {
        let both = calls.iter().flat_map(|call| [(&self.direct, call), (&self.gateway, call)]);
        let mut outcomes = self.call(both).into_iter();
        let pairs =
            std::iter::from_fn(|| Some(Outcome { direct: outcomes.next()?, gateway: outcomes.next()? }));
        let outcomes = pairs.collect();
        let (direct, gateway) =
            self.upstream.take().into_iter().partition(|recorded| recorded.target.starts_with(DIRECT));
        Report { outcomes, direct, gateway }
    }

    /// Makes each call through the gateway only; returns what came of it, and what reached the providers.
    #[track_caller]
    pub fn run_guarded(&self, calls: &[Call<'_>]) -> (Vec<Value>, Vec<Recorded>) {
        let outcomes = self.call(calls.iter().map(|call| (&self.gateway, call)));
        (outcomes, self.upstream.take())
    }

    #[track_caller]
    fn call<'a>(&self, calls: impl Iterator<Item = (&'a String, &'a Call<'a>)>) -> Vec<Value> {
        let calls: Vec<Value> = calls
            .map(|(base_url, (operation, arguments))| {
                json!({ "base_url": base_url, "do": operation, "with": arguments })
            })
            .collect();
        let count = calls.len();
        let outcomes = python::run(self.script, &json!({ "api_key": self.api_key, "calls": calls }));
        let outcomes = outcomes.as_array().expect("outcomes").clone();
        assert_eq!(outcomes.len(), count);
        outcomes
    }
}

// === impl Outcome ===

impl Outcome {
    /// What the client returned, which must be an object of the class `kind`, the same both ways.
    #[track_caller]
    pub fn same(&self, kind: &str) -> &Value {
        assert_eq!(self.direct["type"], kind, "{}", self.direct);
        assert!(self.direct["error"].is_null(), "{}", self.direct["error"]);
        assert_same(&self.gateway, &self.direct);
        &self.gateway["value"]
    }

    /// The events of the stream that the client returned. Both ways it must return a stream without an error.
    #[track_caller]
    pub fn events(&self) -> [&[Value]; 2] {
        [&self.direct, &self.gateway].map(|outcome| {
            assert!(outcome["error"].is_null(), "{}", outcome["error"]);
            outcome["events"].as_array().unwrap_or_else(|| panic!("no stream: {outcome}")).as_slice()
        })
    }

    /// The exception of the class `kind` that the client raised, the same both ways.
    #[track_caller]
    pub fn same_error(&self, kind: &str) -> &Value {
        assert_eq!(self.direct["error"]["class"], kind, "{}", self.direct);
        assert_same(&self.gateway["error"], &self.direct["error"]);
        &self.gateway["error"]
    }
}

// === impl Report ===

impl Report {
    /// The same requests reached the providers both ways, byte for byte, but for a placeholder instead of each of
    /// `values`, in each request whose original has one.
    #[track_caller]
    pub fn assert_only_redacted(&self, values: &[String]) {
        assert_eq!(self.gateway.len(), self.direct.len(), "number of requests");
        for (gateway, direct) in self.gateway.iter().zip(&self.direct) {
            let target =
                |recorded: &Recorded, prefix| recorded.target.strip_prefix(prefix).map(str::to_owned);
            assert_eq!(target(gateway, GATEWAY), target(direct, DIRECT));
            assert_eq!(gateway.method, direct.method);
            for (name, value) in &direct.head.headers {
                if !HOP_HEADERS.contains(&name.as_str()) {
                    assert_eq!(gateway.header(name), Some(value.as_str()), "{name}");
                }
            }
            let [received, original] =
                [gateway, direct].map(|recorded| std::str::from_utf8(&recorded.body).expect("UTF-8"));
            assert_same_text(&with_values(received, original, values), original);
            let expected = values.iter().filter(|value| contains(original, value)).count();
            assert_eq!(placeholder::distinct_in(received).len(), expected, "placeholders in {received}");
            assert_without(gateway, values);
        }
    }
}

/// Nothing of `values` reached the provider.
#[track_caller]
pub fn assert_without(recorded: &Recorded, values: &[String]) {
    let received = String::from_utf8_lossy(&recorded.body);
    let mut fragments = values.iter().flat_map(|value| secrets::fragments(value));
    assert!(!fragments.any(|fragment| received.contains(fragment)), "values leaked: {received}");
}

/// `received` with that one of `values` in place of each placeholder that stands there in `original`.
fn with_values(received: &str, original: &str, values: &[String]) -> String {
    let mut filled = String::new();
    let mut rest = received;
    for found in placeholder::all_in(received) {
        let (before, after) = rest.split_once(&found).expect("a placeholder");
        filled.push_str(before);
        let stands_there =
            |value: &String| original.get(filled.len()..).is_some_and(|text| text.starts_with(value));
        let candidates = values.iter().flat_map(|value| written(value)).filter(stands_there);
        match candidates.max_by_key(String::len) {
            Some(value) => filled.push_str(&value),
            None => filled.push_str(&found),
        }
        rest = after;
    }
    filled + rest
}

/// `value` as it stands in a JSON string, and in JSON in a JSON string.
fn written(value: &str) -> [String; 2] {
    let escaped = |text: &str| {
        let quoted = Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let once = escaped(value);
    [escaped(&once), once]
}

fn contains(text: &str, value: &str) -> bool {
    written(value).iter().any(|written| text.contains(written))
}

/// Two documents are equal, else this shows where they are not, however long they are.
#[track_caller]
pub fn assert_same(found: &Value, expected: &Value) {
    match (found, expected) {
        (Value::String(found), Value::String(expected)) => assert_same_text(found, expected),
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            found.iter().zip(expected).for_each(|(found, expected)| assert_same(found, expected));
        }
        (Value::Object(found), Value::Object(expected)) if found.keys().eq(expected.keys()) => {
            found.values().zip(expected.values()).for_each(|(found, expected)| assert_same(found, expected));
        }
        _ => assert_eq!(found, expected),
    }
}

#[track_caller]
fn assert_same_text(found: &str, expected: &str) {
    if found != expected {
        let same = found.chars().zip(expected.chars()).take_while(|(a, b)| a == b).count();
        let around =
            |text: &str| -> String { text.chars().skip(same.saturating_sub(80)).take(200).collect() };
        panic!("after {same} characters\n found: {:?}\nwanted: {:?}", around(found), around(expected));
    }
}

/// `request` with more members.
pub fn with(mut request: Value, more: &Value) -> Value {
    let members = request.as_object_mut().expect("a request");
    members.extend(more.as_object().expect("members").clone());
    request
}

/// What a client received of a stream that broke, compared with what it would have without the gateway: what might have
/// become a finding was held, and is lost with the connection.
#[track_caller]
pub fn assert_broken_text(received: &str, direct: &str, until: &str) {
    assert!(received.contains(until) && direct.starts_with(received), "{received:?} of {direct:?}");
}

/// What a client received of `text` before it was blocked: the beginning of it, and at least `until`.
#[track_caller]
pub fn assert_blocked_text(received: &str, text: &str, until: &str) {
    assert!(received.starts_with(until) && text.starts_with(received), "{received}");
}
