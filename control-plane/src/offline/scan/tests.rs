use super::*;
use aegis_policy::{Disposition, Mode, Override, Policy};
use serde_json::{Value, json};

fn args() -> ScanArgs {
    ScanArgs {
        direction: Direction::Request,
        slot: Slot::User,
        summary: false,
        explain: false,
        workbench: WorkbenchArgs { policy: None, placeholder_key: None },
    }
}

/// What a run over `lines` writes, logs and counts.
fn run(policy: &Policy, lines: &str) -> (Vec<Value>, String, Totals) {
    let (mut out, mut log) = (Vec::new(), Vec::new());
    let mut bench = Workbench::with(policy);
    let totals = scan_lines(&mut bench, &args(), lines.as_bytes(), &mut out, &mut log, false).unwrap();
    let out = String::from_utf8(out).unwrap();
    let reports = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (reports, String::from_utf8(log).unwrap(), totals)
}

/// The report on one text.
fn report(policy: &Policy, text: &str) -> Value {
    run(policy, &json!({ "id": 7, "text": text }).to_string()).0.remove(0)
}

fn mail(action: Disposition, mode: Mode) -> Policy {
    let mut policy = Policy { mode, ..Policy::only(&["email"]) };
    policy.rules.push(Override::everywhere(Some("email"), action));
    policy
}

const TEXT: &str = "邮箱 joe.doe@corp.example。";

#[test]
fn offsets_are_bytes_and_the_output_holds_placeholders() {
    let report = report(&Policy::only(&["email"]), TEXT);
    assert_eq!(TEXT.as_bytes()[7..27], *b"joe.doe@corp.example");
    let finding = json!({ "rule": "email", "kind": "EMAIL", "start": 7, "end": 27 });
    for (key, value) in finding.as_object().unwrap() {
        assert_eq!(&report["findings"][0][key], value, "{key}");
    }
    assert_eq!((&report["id"], &report["action"]), (&json!(7), &json!("redact")));
    let output = report["output"].as_str().unwrap();
    assert!(output.starts_with("邮箱 {{AG_") && output.ends_with("_EMAIL_1}}。"), "{output}");
}

#[test]
fn actions_are_what_the_policy_says() {
    for (action, mode, name, output) in [
        (Disposition::Sanitize, Mode::Enforce, "sanitize", "邮箱 。"),
        (Disposition::Block, Mode::Enforce, "block", ""),
        (Disposition::Block, Mode::Shadow, "block", TEXT),
        (Disposition::Redact, Mode::Shadow, "redact", TEXT),
    ] {
        let report = report(&mail(action, mode), TEXT);
        assert_eq!((report["action"].as_str(), report["output"].as_str()), (Some(name), Some(output)));
    }
    let nothing = report(&mail(Disposition::Allow, Mode::Enforce), TEXT);
    assert_eq!((nothing["action"].as_str(), nothing["output"].as_str()), (Some("allow"), Some(TEXT)));
}

#[test]
fn a_bad_line_is_reported_with_its_number_and_loses_no_other() {
    let lines = concat!(
        r#"{"id":1,"text":"a@corp.example"}"#,
        "\n",
        "\n",
        r#"{"id":2,"text":"hunter2"#,
        "\n",
        r#"{"id":3,"txet":"hunter2"}"#,
        "\n",
        r#"{"id":4,"text":4711}"#,
        "\n",
        "{\"id\":5,\"text\":\"\u{1}\"}\n",
        r#"{"id":6,"text":"b"}"#,
    );
    let (reports, log, totals) = run(&Policy::only(&["email"]), lines);
    let ids: Vec<&Value> = reports.iter().map(|report| &report["id"]).collect();
    assert_eq!(ids, [1, 6]);
    let numbers: Vec<&str> = log.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(numbers, ["line 3", "line 4", "line 5", "line 6"]);
    assert!(!log.contains("hunter2") && !log.contains("4711"), "{log}");
    let kinds = BTreeMap::from([("EMAIL".to_owned(), 1)]);
    assert_eq!(totals, Totals { texts: 2, hits: 1, bad: 4, kinds });
}

#[test]
fn a_summary_counts_texts_and_kinds() {
    let (_, _, totals) =
        run(&Policy::only(&["email"]), "{\"id\":1,\"text\":\"a@corp.example b@corp.example\"}");
    let mut log = Vec::new();
    totals.write(&mut log).unwrap();
    assert_eq!(String::from_utf8(log).unwrap(), "1 texts, 1 with findings\n       2  EMAIL\n");
}
