//! Promise: nothing that is shown or written contains a token, a key or what was redacted: not Envoy's admin interface, not
//! the logs, not the database, not the events.

use aegis_postgres::Postgres;
use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::gateway::START;
use aegis_tests::{FakeUpstream, Gateway, Options, Reply, Request, eventually, process_table, secrets};
use std::path::Path;

/// Every file below `directory`, with its content.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files.extend(self::files(&entry.path()));
        } else {
            files.push((entry.path().display().to_string(), std::fs::read(entry.path()).unwrap()));
        }
    }
    files
}

/// The values of Envoy's environment variables that are named like keys.
fn keys_in_environment(pid: u32) -> Vec<(String, String)> {
    let variables = process_table::environment(pid);
    let pairs = variables.iter().filter_map(|variable| variable.split_once('='));
    pairs
        .filter(|(name, value)| name.starts_with("AEGIS_") && name.contains("KEY") && !value.is_empty())
        .map(|(name, value)| (format!("the value of {name}"), value.to_owned()))
        .collect()
}

#[test]
fn nothing_shows_tokens_keys_or_secrets_with_sqlite() {
    check(None, ".db-wal");
}

#[test]
fn nothing_shows_tokens_keys_or_secrets_with_postgresql() {
    check(Some(&Postgres::start()), "/pg_wal/");
}

/// Looks for secrets everywhere after they have been through a gateway, whose database writes to a file that is called
/// like `log`.
fn check(server: Option<&Postgres>, log: &str) {
    let reports = tempfile::tempdir().unwrap();
    let event_file = reports.path().join("events.jsonl");
    let mut environment =
        vec![("RUST_LOG", "debug".to_owned()), ("AEGIS_EVENT_FILE", event_file.to_str().unwrap().to_owned())];
    environment.extend(server.map(|server| ("AEGIS_DATABASE_URL", server.create_database())));
    let mut gateway = Gateway::with(Options { environment, ..Options::default() });
    let upstream =
        FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))));
    let token = gateway.register(&upstream.base("/v1"));
    let kinds = secrets::one_of_each(5);
    let text: Vec<&str> = kinds.iter().map(|(_, secret)| secret.as_str()).collect();
    let text = text.join("\n");
    let api_key = secrets::lookalike(concat!("sk-", "{alnum:40}"), 6);
    let answer = Request::post(aegis_tests::gateway::chat_path(&token), request(&text).to_string())
        .header("authorization", &format!("Bearer {api_key}"))
        .send(gateway.port);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], text.as_str());
    assert_eq!(upstream.take_only().placeholders().len(), kinds.len(), "there are secrets to keep");
    // Refusals are what logs are written about.
    gateway.chat(&token, format!("{{\"broken\": \"{text}"));
    gateway.chat(&format!("{token}__foo"), request(&text).to_string());

    let mut needles = vec![
        ("the token".to_owned(), token.clone()),
        ("the gateway key".to_owned(), gateway.key.clone()),
        ("the client's API key".to_owned(), api_key),
    ];
    let envoy_keys = keys_in_environment(gateway.envoy_pid().expect("Envoy runs"));
    assert!(envoy_keys.iter().any(|(_, value)| *value != gateway.key), "Envoy has no placeholder key");
    needles.extend(envoy_keys);
    for (kind, secret) in &kinds {
        needles
            .extend(secrets::fragments(secret).iter().map(|part| ((*kind).to_owned(), (*part).to_owned())));
    }
    let find = |haystack: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(haystack);
        needles.iter().filter(|(_, value)| text.contains(value)).map(|(name, _)| name.clone()).collect()
    };

    for target in
        ["/config_dump?include_eds", "/stats", "/stats/prometheus", "/clusters", "/server_info", "/listeners"]
    {
        let shown = gateway.envoy_admin(target);
        assert_eq!(shown.status, 200, "{target}");
        assert_eq!(find(&shown.body), Vec::<String>::new(), "in {target}");
    }
    let dump = gateway.envoy_admin("/config_dump?include_eds");
    assert!(dump.text().contains("revision"), "the dump has the filter's configuration");

    let ask = |target: &str| {
        let request = Request::get(target).header("authorization", &format!("Bearer {}", gateway.key));
        request.send(gateway.admin_port)
    };
    eventually("the exchange is among the events", START, || {
        ask("/__gw__/api/events?action=redact").text().contains("\"findings\"")
    });
    for target in
        ["events", "tokens", "journal", "nodes", "policies"].map(|name| format!("/__gw__/api/{name}"))
    {
        assert_eq!(find(&ask(&target).body), Vec::<String>::new(), "in {target}");
    }
    assert_eq!(find(&ask("/metrics").body), Vec::<String>::new(), "in /metrics");

    let output = gateway.process().output();
    assert_eq!(find(output.as_bytes()), Vec::<String>::new(), "in what the supervisor writes");
    let written = || std::fs::read_to_string(&event_file).unwrap_or_default();
    eventually("the exchange is in the file of events", START, || written().contains("\"findings\""));
    let database = server.map(Postgres::data_dir);
    let folders = [Some(gateway.data_dir().to_owned()), Some(reports.path().to_owned()), database];
    let files: Vec<_> = folders.iter().flatten().flat_map(|folder| files(folder)).collect();
    for expected in ["envoy", "events.jsonl", log] {
        assert!(files.iter().any(|(path, _)| path.contains(expected)), "{files:?}", files = names(&files));
    }
    for (path, content) in files.iter().filter(|(path, _)| !is_key(path)) {
        assert_eq!(find(content), Vec::<String>::new(), "in {path}");
    }
}

fn names(files: &[(String, Vec<u8>)]) -> Vec<&str> {
    files.iter().map(|(path, _)| path.as_str()).collect()
}

fn is_key(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "key")
}
