//! Promise: what is reported of exchanges is also where one wants to have it, in a file or a collector, and what is lost is
//! counted.

use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::gateway::START;
use aegis_tests::otlp::Collector;
use aegis_tests::{FakeUpstream, Gateway, Options, Reply, Request, eventually, ports, secrets};
use serde_json::Value;

fn echo() -> FakeUpstream {
    FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))))
}

fn start(file: &str, collector: u16) -> Gateway {
    let environment = vec![
        ("AEGIS_EVENT_FILE", file.to_owned()),
        ("AEGIS_OTLP_ENDPOINT", format!("127.0.0.1:{collector}")),
    ];
    Gateway::with(Options { environment, ..Options::default() })
}

/// Events that were lost at a place.
fn lost(gateway: &Gateway, place: &str) -> u64 {
    let metrics = Request::get("/metrics").send(gateway.admin_port);
    let name = format!("aegisgate_events_lost_total{{where=\"{place}\"}} ");
    let value = metrics.text().lines().find_map(|line| line.strip_prefix(&name)?.parse().ok());
    value.expect("the counter")
}

#[test]
fn events_are_in_the_file_and_at_the_collector() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("events.jsonl");
    let collector = Collector::start();
    let gateway = start(file.to_str().unwrap(), collector.port());
    let upstream = echo();
    let token = gateway.register(&upstream.base("/v1"));
    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 1);
    assert_eq!(gateway.chat(&token, request(&secret).to_string()).status, 200);

    let mut event = Value::Null;
    eventually("the event is in the file", START, || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let found = events.into_iter().find(|event: &Value| event["request"]["action"] == "redact");
        event = found.unwrap_or_default();
        !event.is_null()
    });
    assert_eq!((&event["status"], event["request"]["findings"].as_array().unwrap().len()), (&200.into(), 1));
    let id = event["request_id"].as_str().unwrap();
    eventually("the event is at the collector", START, || {
        let text = collector.text();
        text.contains(id) && text.contains(r#""action":"redact""#) && text.contains("aegisgate")
    });
    for text in [collector.text(), std::fs::read_to_string(&file).unwrap()] {
        assert!(!text.contains(&secret) && !text.contains(&token), "{text}");
    }
    for place in ["envoy", "otlp", "queue", "store", "file"] {
        assert_eq!(lost(&gateway, place), 0, "{place}");
    }
}

#[test]
fn what_is_lost_is_counted_by_place() {
    let gateway = start("/nowhere/events.jsonl", ports::free_port());
    let upstream = echo();
    let token = gateway.register(&upstream.base("/v1"));
    assert_eq!(gateway.chat(&token, request("hello").to_string()).status, 200);
    eventually("both are counted", START, || {
        // The collector's are lost when the next ones are to be sent.
        gateway.is_usable(&token);
        lost(&gateway, "file") > 0 && lost(&gateway, "otlp") > 0
    });
    assert_eq!(lost(&gateway, "store"), 0);
}
