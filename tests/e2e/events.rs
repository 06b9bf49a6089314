//! Promise: what is reported of exchanges is also where one wants to have it, in a file or a collector, and what is lost is
//! counted.

use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::gateway::{START, Site};
use aegis_tests::otlp::Collector;
use aegis_tests::tls::Authority;
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

/// A gateway that sends to a collector with TLS, whose authority is in `file`, with a key of the collector's.
fn start_tls(file: &str, endpoint: String, key: &str) -> Gateway {
    let environment = vec![
        ("AEGIS_OTLP_ENDPOINT", endpoint),
        ("AEGIS_OTLP_CERTIFICATE", file.to_owned()),
        ("AEGIS_OTLP_HEADERS", format!("authorization=Bearer%20{key},x-team=blue")),
    ];
    Gateway::with(Options { environment, ..Options::default() })
}

#[test]
fn a_collector_with_tls_gets_events_if_its_certificate_is_right_and_only_then() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    let (authority, other) = (Authority::new(), Authority::new());
    std::fs::write(&file, authority.pem()).unwrap();
    let file = file.to_str().unwrap();
    let key = secrets::lookalike("{alnum:40}", 3);
    let upstream = echo();
    for host in ["127.0.0.1", "localhost"] {
        let collector = Collector::start_tls(authority.server(host));
        let gateway = start_tls(file, format!("https://{host}:{}", collector.port()), &key);
        let token = gateway.register(&upstream.base("/v1"));
        let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 2);
        assert_eq!(gateway.chat(&token, request(&secret).to_string()).status, 200);
        eventually("the event is at the collector", START, || {
            collector.text().contains(r#""action":"redact""#)
        });
        assert!(!collector.text().contains(&secret) && !collector.text().contains(&token));
        assert_eq!(collector.header("authorization"), Some(format!("Bearer {key}")));
        assert_eq!(collector.header("x-team").as_deref(), Some("blue"));
        for target in ["/config_dump?include_eds", "/stats", "/clusters"] {
            assert!(!gateway.envoy_admin(target).text().contains(&key), "in {target}");
        }
        let written = std::fs::read_to_string(gateway.data_dir().join("envoy.yaml")).unwrap();
        assert!(!written.contains(&key) && written.contains("x-team"), "{written}");
        assert_eq!(lost(&gateway, "otlp"), 0);
    }
    // From another authority, and for another host.
    for server in [other.server("127.0.0.1"), authority.server("127.0.0.2")] {
        let collector = Collector::start_tls(server);
        let gateway = start_tls(file, format!("https://127.0.0.1:{}", collector.port()), &key);
        let token = gateway.register(&upstream.base("/v1"));
        eventually("what is not sent is counted", START, || {
            // The collector's are lost when the next ones are to be sent.
            gateway.is_usable(&token);
            lost(&gateway, "otlp") > 0
        });
        assert_eq!((collector.text(), collector.header("authorization")), (String::new(), None));
    }
}

#[test]
fn what_cannot_be_meant_ends_the_start_and_is_named() {
    let start = |endpoint: &str, certificate: &str| {
        let mut environment = vec![("AEGIS_OTLP_CERTIFICATE", certificate.to_owned())];
        environment.extend((!endpoint.is_empty()).then(|| ("AEGIS_OTLP_ENDPOINT", endpoint.to_owned())));
        let site = Site::new(Options { environment, ..Options::default() });
        let output = site.command(&["up"]).output().unwrap();
        assert!(!output.status.success(), "{endpoint} {certificate}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (endpoint, certificate, says) in [
        ("https://127.0.0.1:4317", "/nowhere/ca.pem", "AEGIS_OTLP_CERTIFICATE: /nowhere/ca.pem"),
        ("https://127.0.0.1:4317", "/dev/null", "there is no certificate in PEM in it"),
        ("http://127.0.0.1:4317", "/nowhere/ca.pem", "is for https"),
        ("grpc://127.0.0.1:4317", "/nowhere/ca.pem", "\"grpc\" is neither http nor https"),
        ("", "/nowhere/ca.pem", "--otlp-endpoint"),
    ] {
        let error = start(endpoint, certificate);
        assert!(error.contains(says), "{endpoint} {certificate}: {error}");
    }
}
