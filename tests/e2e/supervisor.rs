//! Promise: `aegisgate up` is one process to start, to stop and to understand.

use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::gateway::{START, Site};
use aegis_tests::{FakeUpstream, Gateway, Options, Reply, command, eventually, process, process_table};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::Duration;

#[test]
fn a_taken_port_is_named() {
    let site = Site::new(Options::default());
    for port in [site.port, site.admin_port, site.xds_port, site.envoy_admin_port, site.demo_port] {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let output = command::run(&mut site.command(&["up", "--demo"]), b"", START);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "port {port}: {message}");
        assert!(message.contains(&port.to_string()), "port {port} is not named: {message}");
        drop(taken);
    }
}

#[test]
fn a_missing_envoy_is_named() {
    let site = Site::new(Options::default());
    let output = command::run(site.command(&["up"]).env("ENVOY_BIN", "/nonexistent/envoy"), b"", START);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(message.contains("/nonexistent/envoy") && message.contains("ENVOY_BIN"), "{message}");
}

#[test]
fn a_missing_filter_is_named() {
    let site = Site::new(Options::default());
    let output =
        command::run(site.command(&["up"]).env("AEGIS_WASM", "/nonexistent/filter.wasm"), b"", START);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(message.contains("/nonexistent/filter.wasm"), "{message}");
}

#[test]
fn sigterm_ends_both() {
    let mut gateway = Gateway::start();
    let envoy = gateway.envoy_pid().expect("Envoy is a child of the supervisor");
    let ports = [gateway.port, gateway.admin_port, gateway.xds_port, gateway.envoy_admin_port];
    gateway.process().terminate();
    let status = gateway.process().exit_within(Duration::from_secs(15)).expect("the supervisor ends");
    assert!(status.success(), "{status}");
    assert!(!process_table::runs(envoy), "Envoy was left behind");
    for port in ports {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap_or_else(|error| panic!("port {port}: {error}"));
    }
}

#[test]
fn messages_can_be_lines_of_json() {
    let mut gateway = Gateway::with_environment([("AEGIS_LOG_FORMAT", "json")]);
    let output = gateway.process().output();
    let messages: Vec<serde_json::Value> = output
        .lines()
        .filter(|line| line.contains("INFO"))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let connected = messages.iter().find(|message| message["message"] == "Envoy connected to xDS").unwrap();
    assert_eq!((&connected["level"], &connected["node"]), (&"INFO".into(), &"aegisgate-up".into()));
}

#[test]
fn a_killed_envoy_comes_back() {
    let mut gateway = Gateway::start();
    let upstream =
        FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))));
    let token = gateway.register(&upstream.base("/v1"));
    // Twice, because a supervisor that copes once may still give up.
    for _ in 0..2 {
        let old = gateway.envoy_pid().expect("Envoy runs");
        process::kill(old);
        eventually("another Envoy runs", START, || gateway.envoy_pid().is_some_and(|new| new != old));
        eventually("the token works again", START, || gateway.is_usable(&token));
        let answer = gateway.chat(&token, request("hello").to_string());
        assert_eq!(answer.json()["choices"][0]["message"]["content"], "hello");
    }
    assert!(gateway.process().exit_within(Duration::ZERO).is_none());
}

/// The commands to try in `output`: the first `curl` and the `export`s before it.
fn printed_commands(output: &str) -> Option<String> {
    let lines: Vec<&str> = output.lines().map(str::trim).collect();
    let curl = lines.iter().position(|line| line.starts_with("curl "))?;
    let exports = lines[..curl].iter().filter(|line| line.starts_with("export "));
    let continued = lines[curl..].iter().position(|line| !line.ends_with('\\'))?;
    let commands: Vec<&str> = exports.chain(&lines[curl..=curl + continued]).copied().collect();
    Some(commands.join("\n"))
}

#[test]
fn the_demo_prints_a_command_that_works() {
    let site = Site::new(Options::default());
    let mut process = site.spawn(&["up", "--demo"]);
    site.wait_until_ready(&mut process);
    eventually("the commands are printed", START, || printed_commands(&process.output()).is_some());
    let commands = printed_commands(&process.output()).unwrap();

    let output = command::run(Command::new("sh").args(["-c", &commands]), b"", START);
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{commands}\n{}", String::from_utf8_lossy(&output.stderr));
    let said: String = if answer.contains("data: ") {
        aegis_tests::sse::joined(&aegis_tests::sse::payloads(answer.as_bytes()), "/choices/0/delta/content")
    } else {
        let answer: serde_json::Value =
            serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{commands}\n{answer}"));
        answer["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
    };
    // The user's own words with the real values, and what the model saw of them.
    let (heard, seen) = said.split_once("The model saw: ").unwrap_or_else(|| panic!("{commands}\n{answer}"));
    let heard = heard.trim().strip_prefix("You said: ").expect(heard);
    assert!(!heard.is_empty() && commands.contains(heard), "{commands}\n{heard}");
    assert!(seen.contains("[[AG_") && !seen.contains('@'), "{seen}");
}
