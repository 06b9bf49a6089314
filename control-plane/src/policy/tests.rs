use super::*;
use std::fs;

/// Folder of the policy crate.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../filter/policy").join(name)
}

/// What `policy check` says about a file of this name and text; the path is `FILE`.
fn check(name: &str, text: &str) -> Result<String, Vec<String>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    let shorten = |line: String| line.replace(&path.display().to_string(), "FILE");
    check::check(&path)
        .map(|checked| shorten(checked.summary))
        .map_err(|lines| lines.into_iter().map(shorten).collect())
}

fn problems(name: &str, text: &str) -> Vec<String> {
    check(name, text).unwrap_err()
}

#[test]
fn the_schema_is_the_committed_one() {
    let path = folder("schema/policy.schema.json");
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        schema().unwrap() == committed,
        "run `aegisgate policy schema > filter/policy/schema/policy.schema.json`"
    );
}

#[test]
fn every_example_can_be_used() {
    let mut count = 0;
    for entry in fs::read_dir(folder("examples")).unwrap() {
        let path = entry.unwrap().path();
        assert!(check::check(&path).is_ok(), "{}: {:?}", path.display(), check::check(&path).err());
        count += 1;
    }
    assert!(count >= 3, "{count} examples");
}

#[test]
fn mistakes_in_the_syntax_have_a_line() {
    for (name, text, place, what) in [
        ("p.yaml", "version: 1\nname: x\ncolour: 1\n", "FILE:3:", "colour"),
        ("p.yaml", "version: 1\nname: x\nrules:\n  - action: burn\n", "FILE:4:", "burn"),
        ("p.yaml", "version: 1\nname: [\n", "FILE:", ""),
        ("p.yaml", "version: 1\nname: x\nname: y\n", "FILE:3:", "name"),
        ("p.json", "{\n\"version\": 1,\n\"nome\": 1}", "FILE:3:6: ", "nome"),
        ("p.json", "{\"version\": 1,\n", "FILE:2:0: ", "EOF"),
    ] {
        let problems = problems(name, text);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with(place) && problems[0].contains(what), "{problems:?}");
        assert!(!problems[0].contains(" at line"), "{problems:?}");
    }
}

#[test]
fn mistakes_in_the_meaning_have_a_path() {
    let text =
        "version: 1\nname: x\nrules:\n  - {rule: emails, action: redact}\nallow:\n  keys: [password]\n";
    let problems = problems("p.yml", text);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("FILE: allow.keys[0]: `password` names a credential"), "{problems:?}");
    assert!(
        problems[1].starts_with("FILE: rules[0].rule: there is no rule `emails`; perhaps"),
        "{problems:?}"
    );
}

#[test]
fn no_message_shows_a_value() {
    for text in [
        "version: 1\nname: x\nallow:\n  values: [4711, hunter2]\n",
        "version: 1\nname: x\nallow:\n  values: [hunter2\n",
        "version: 1\nname: x\nexact_values:\n  - {name: n, kind: K, values: ['4711']}\n",
        "version: 1\nname: x\nallow: {values: [hunter2, {hunter2: 4711}]}\n",
    ] {
        let problems = problems("p.yaml", text).concat();
        assert!(!problems.contains("hunter2") && !problems.contains("4711"), "{problems}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let problems = check::check(Path::new("no/such/policy.yaml")).err().unwrap();
    assert!(problems[0].starts_with("no/such/policy.yaml: "), "{problems:?}");
}

#[test]
fn the_summary_says_what_acts() {
    let text = "version: 1\nname: x\nmode: shadow\npreset: relaxed\nrules:\n  - {action: allow}\n  \
                - {rule: email, action: block, directions: [request]}\n  - {kind: CARD, action: redact}\n";
    let summary = check("p.yaml", text).unwrap();
    assert!(summary.contains("shadow, medium, relaxed"), "{summary}");
    assert!(summary.contains("requests   5 rules: 1 block, 4 redact"), "{summary}");
    assert!(summary.contains("answers    4 rules: 4 redact"), "{summary}");
}

#[test]
fn a_policy_that_cannot_be_used_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let (good, bad) = (dir.path().join("good.json"), dir.path().join("bad.json"));
    fs::write(&good, r#"{"version": 1, "name": "x", "rules": [{"action": "allow"}]}"#).unwrap();
    fs::write(&bad, "{}").unwrap();
    assert!(run(PolicyCommand::Check { files: vec![good.clone()] }).is_ok());
    let error = run(PolicyCommand::Check { files: vec![good, bad] }).unwrap_err();
    assert_eq!(error.to_string(), "1 of 2 policies cannot be used");
}
