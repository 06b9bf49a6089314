//! The gold test: once without the gateway, once through it.

use crate::agent::{Agent, Place, Ran};
use crate::comparison::{difference, usual};
use aegis_tests::substitution::{self, Substitutions};
use aegis_tests::{FakeUpstream, Gateway, Recorded, Tap, secrets};
use serde_json::Value;

/// How many characters behind a broken seal are shown.
const SHOWN: usize = 200;

/// What the user gives the agent, with the text that holds it.
pub(crate) struct Given {
    values: Vec<String>,
    content: String,
}

/// Both runs, and what went over the wires of the one through the gateway.
struct Runs {
    content: String,
    values: Vec<String>,
    direct: Ran,
    through: Ran,
    /// What the LLM received without the gateway.
    expected: Vec<Recorded>,
    /// What the agent sent to the gateway.
    sent: Vec<Recorded>,
    /// What the LLM received from the gateway.
    received: Vec<Recorded>,
    /// What the LLM sealed in its first answer through the gateway.
    sealed: Vec<String>,
}

type Check = (&'static str, fn(&Runs) -> Result<(), String>);

/// The promises, each with what says whether it was kept.
const PROMISES: [Check; 9] = [
    ("the file holds the real values, to the byte", Runs::file_is_exact),
    ("the agent says the real values", Runs::agent_says_the_values),
    ("no value reaches the LLM", Runs::no_value_is_received),
    ("there are as many requests as without the gateway", Runs::as_many_requests),
    ("method, path and query are the same", Runs::same_targets),
    ("the headers are the same", Runs::same_headers),
    ("the bodies are the same, but for placeholders, which are the same in every turn", Runs::same_bodies),
    ("what the LLM signed or encrypted comes back as it was", Runs::sealed_comes_back),
    ("the agent does what it does without the gateway", Runs::same_conversation),
];

/// Values that fit into one line.
pub(crate) fn words(seed: u64) -> Given {
    let mail = secrets::lookalike("{lower:5}.{lower:7}@{lower:8}.org", seed);
    let card = secrets::payment_card(seed);
    let key = secrets::lookalike(concat!("AK", "IA{base32:16}"), seed);
    let content = format!("mail={mail} card={card} key={key}");
    Given { values: vec![mail, card, key], content }
}

/// Also one of several lines, which JSON has to escape.
pub(crate) fn lines(seed: u64) -> Given {
    let Given { mut values, content } = words(seed);
    let key = secrets::private_key(2, seed);
    let content = format!("{content}\n\t\"Größe\" C:\\temp\\new 🦀\n{key}\n");
    values.push(key);
    Given { values, content }
}

/// Runs the agent both ways and looks at every promise.
#[track_caller]
pub(crate) fn hold(agent: &'static Agent, given: &Given) {
    assert_closed();
    let runs = Runs::of(agent, given);
    let broken: Vec<String> = PROMISES
        .iter()
        .filter_map(|(promise, check)| Some(format!("NOT: {promise}\n     {}", check(&runs).err()?)))
        .collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// Agents look up hosts of the Internet, and none of that may leave the test.
#[track_caller]
fn assert_closed() {
    let table = |name: &str| std::fs::read_to_string(format!("/proc/self/net/{name}")).unwrap_or_default();
    let (v4, v6) = (table("route"), table("ipv6_route"));
    let mut routes = v4.lines().skip(1).chain(v6.lines().filter(|route| !route.trim_end().ends_with(" lo")));
    assert_eq!(routes.next(), None, "a network is in reach: use `make e2e-agents`");
}

impl Runs {
    #[track_caller]
    fn of(agent: &'static Agent, given: &Given) -> Runs {
        let Given { content, values } = given;
        let prompt = format!("Write <<<{content}>>> to out.txt");
        let place = Place::new();
        let file = place.file();
        let llm = || {
            let file = file.clone();
            FakeUpstream::start(move |recorded| (agent.answer)(&recorded.json(), &file))
        };

        let upstream = llm();
        let direct = place.run(agent, &upstream.base(agent.base_path), &prompt);
        let expected = upstream.requests();
        let end = if agent.ends_lines { "\n" } else { "" };
        let content = format!("{content}{end}");
        // Otherwise the test would prove nothing.
        assert_eq!(direct.file.as_deref(), Some(content.as_bytes()), "without the gateway: {}", direct.said);

        let (gateway, upstream) = (Gateway::start(), llm());
        let token = gateway.register(&upstream.base("/v1"));
        let tap = Tap::start(gateway.port);
        let base = format!("http://127.0.0.1:{}/v1/__gw__/t/{token}", tap.port());
        let through = place.run(agent, &base, &prompt);
        let (sent, received) = (tap.requests(), upstream.requests());
        let sealed = received.first().map(|first| (agent.sealed)(&first.json())).unwrap_or_default();
        Runs { content, values: values.clone(), direct, through, expected, sent, received, sealed }
    }

    fn file_is_exact(&self) -> Result<(), String> {
        let file = self.through.file.as_deref().unwrap_or_default();
        check(file == self.content.as_bytes(), || {
            format!("{:?} became {:?}", self.content, String::from_utf8_lossy(file))
        })
    }

    fn agent_says_the_values(&self) -> Result<(), String> {
        let missing: Vec<&String> =
            self.values.iter().filter(|value| !self.through.said.contains(value.as_str())).collect();
        let said_directly = self.values.iter().all(|value| self.direct.said.contains(value.as_str()));
        check(missing.is_empty() && said_directly, || {
            format!("{missing:?} are not in {:?}", self.through.said)
        })
    }

    fn no_value_is_received(&self) -> Result<(), String> {
        for (index, recorded) in self.received.iter().enumerate() {
            let mut all = format!("{} {:?} ", recorded.target, recorded.head.headers);
            all.push_str(&String::from_utf8_lossy(&recorded.body));
            // Also as it reads with its escapes undone.
            collect_strings(&recorded.json(), &mut all);
            for value in &self.values {
                for fragment in secrets::fragments(value) {
                    check(!all.contains(fragment), || format!("request {index} holds {fragment}"))?;
                }
            }
        }
        Ok(())
    }

    fn as_many_requests(&self) -> Result<(), String> {
        let lines = |requests: &[Recorded]| -> Vec<String> {
            requests.iter().map(|recorded| recorded.head.first_line.clone()).collect()
        };
        let (expected, received) = (lines(&self.expected), lines(&self.received));
        let as_many = expected.len() == received.len() && self.sent.len() == received.len();
        check(as_many && !expected.is_empty(), || format!("{expected:?} became {received:?}"))
    }

    fn same_targets(&self) -> Result<(), String> {
        for (expected, received) in self.expected.iter().zip(&self.received) {
            let line = |recorded: &Recorded| format!("{} {}", recorded.method, recorded.target);
            check(line(expected) == line(received), || {
                format!("{} became {}", line(expected), line(received))
            })?;
        }
        Ok(())
    }

    fn same_headers(&self) -> Result<(), String> {
        for (sent, received) in self.sent.iter().zip(&self.received) {
            let (ours, theirs) = (sent.own_headers(), received.own_headers());
            check(ours == theirs, || format!("{ours:?} became {theirs:?}"))?;
            check(sent.has_its_length() && received.has_its_length(), || {
                "content-length is wrong".to_owned()
            })?;
        }
        Ok(())
    }

    fn same_bodies(&self) -> Result<(), String> {
        let substitutions = self.substitutions()?;
        let Some((first, others)) = substitutions.split_first() else {
            return Err("nothing was sent".to_owned());
        };
        check(first.len() == self.values.len(), || format!("{first:?} are not all values"))?;
        check(others.iter().all(|other| other == first), || format!("{first:?} became {others:?}"))
    }

    fn sealed_comes_back(&self) -> Result<(), String> {
        let later = self.received.get(1..).unwrap_or_default();
        for sealed in &self.sealed {
            for recorded in later {
                let body = String::from_utf8_lossy(&recorded.body);
                check(body.contains(sealed.as_str()), || {
                    format!("{sealed} became {}", broken(&body, sealed))
                })?;
            }
        }
        check(!self.sealed.is_empty() && !later.is_empty(), || "nothing was sealed".to_owned())
    }

    fn same_conversation(&self) -> Result<(), String> {
        let known = self.substitutions()?.pop().unwrap_or_default();
        for (expected, sent) in self.expected.iter().zip(&self.sent) {
            let (expected, sent) = (usual(expected, &known), usual(sent, &known));
            check((&expected.0, &expected.1) == (&sent.0, &sent.1), || {
                format!("{:?} became {:?}", expected.1, sent.1)
            })?;
            if let Some(difference) = difference(&expected.2, &sent.2, "") {
                return Err(difference);
            }
        }
        Ok(())
    }

    fn substitutions(&self) -> Result<Vec<Substitutions>, String> {
        let pairs = self.sent.iter().zip(&self.received).enumerate();
        let compared = pairs.map(|(index, (sent, received))| {
            let (sent, received) =
                (String::from_utf8_lossy(&sent.body), String::from_utf8_lossy(&received.body));
            substitution::between(&sent, &received, &self.values)
                .map_err(|error| format!("request {index}: {error}"))
        });
        compared.collect()
    }
}

fn check(kept: bool, complaint: impl FnOnce() -> String) -> Result<(), String> {
    if kept { Ok(()) } else { Err(complaint()) }
}

/// Adds every string of a document, unescaped, and of documents within its strings.
fn collect_strings(value: &Value, found: &mut String) {
    match value {
        Value::String(text) => {
            found.push('\n');
            found.push_str(text);
            if let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
                collect_strings(&inner, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_strings(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| collect_strings(value, found)),
        _ => {}
    }
}

/// What stands in `body` where it stops being `sealed`.
fn broken(body: &str, sealed: &str) -> String {
    let whole = |end: &usize| body.contains(&sealed[..*end]);
    let ends: Vec<usize> = sealed.char_indices().map(|(index, _)| index).collect();
    let Some(end) = ends.into_iter().take_while(whole).last() else { return String::new() };
    let at = body.find(&sealed[..end]).unwrap_or_default();
    body[at..].chars().take(end + SHOWN).collect()
}
