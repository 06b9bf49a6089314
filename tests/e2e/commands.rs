//! Promise: what the API does the command line does as well, and a policy in a file needs neither.

use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::gateway::{START, Site};
use aegis_tests::{FakeUpstream, Gateway, Options, Reply, eventually, secrets};
use serde_json::Value;

/// What a command prints; it must succeed or fail as expected.
#[track_caller]
fn run(site: &Site, arguments: &[&str], succeeds: bool) -> String {
    let server = format!("http://127.0.0.1:{}", site.admin_port);
    let output = site.command(arguments).env("AEGIS_SERVER", server).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(output.status.success(), succeeds, "{arguments:?}: {text}");
    text
}

#[test]
fn tokens_policies_and_keys_have_commands() {
    let gateway = Gateway::start();
    let upstream =
        FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))));
    let base = upstream.base("/v1");
    let made: Value =
        serde_json::from_str(&run(&gateway, &["token", "register", &base, "--tenant", "acme"], true))
            .unwrap();
    let (token, id) = (made["token"].as_str().unwrap(), made["id"].as_str().unwrap());
    eventually("the token works", START, || gateway.is_usable(token));
    for name in [token, id] {
        let shown = run(&gateway, &["token", "lookup", name], true);
        assert!(shown.contains(&base) && !shown.contains(token), "{shown}");
    }
    assert_eq!(run(&gateway, &["token", "list", "--tenant", "acme"], true).lines().count(), 1);
    assert_eq!(run(&gateway, &["token", "list", "--tenant", "nobody"], true), "");

    let (old, new) = (gateway.data_dir().join("old.yaml"), gateway.data_dir().join("new.yaml"));
    std::fs::write(&old, "version: 1\nname: desk\nlevel: low\n").unwrap();
    std::fs::write(&new, "version: 1\nname: desk\nlevel: high\n").unwrap();
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    run(&gateway, &["policy", "apply", old, "--assign", "global"], true);
    let expected = "- level: \"low\"\n+ level: \"high\"\n";
    assert_eq!(run(&gateway, &["policy", "diff", new], true), expected);
    assert_eq!(run(&gateway, &["policy", "diff", new, "--old", old], true), expected);
    run(&gateway, &["policy", "apply", new, "--stage", "canary", "--percent", "5"], true);
    let list = run(&gateway, &["policy", "list"], true);
    assert!(list.contains("desk 1 gateway-key") && list.contains(" live\n"), "{list}");
    assert!(list.contains(" on trial\n") && list.contains("global: desk\n"), "{list}");
    run(&gateway, &["policy", "rollback", "desk"], true);
    assert!(!run(&gateway, &["policy", "list"], true).contains("on trial"));
    std::fs::write(new, "version: 1\nname: desk\ncolour: red\n").unwrap();
    let refused = run(&gateway, &["policy", "apply", new], false);
    assert!(refused.contains("policy:3:1: ") && refused.contains("colour"), "{refused}");

    let key = run(&gateway, &["key", "add", "ops", "viewer"], true);
    assert!(key.starts_with("aegis-admin:ops:"), "{key}");
    let mut command = gateway.command(&["token", "remove", id]);
    command.env("AEGIS_SERVER", format!("http://127.0.0.1:{}", gateway.admin_port));
    let refused = command.env("AEGIS_ADMIN_KEY", key.trim()).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("role_forbidden"), "{refused:?}");
    assert!(run(&gateway, &["key", "list"], true).contains("\"ops\""));
    run(&gateway, &["key", "remove", "ops"], true);
    run(&gateway, &["token", "remove", token], true);
    run(&gateway, &["token", "remove", token], false);
    eventually("the token is gone", START, || !gateway.is_usable(token));
}

#[test]
fn a_policy_file_is_read_again_and_the_last_good_one_stays() {
    let policy =
        |action: &str| format!("version: 1\nname: file\nrules: [{{rule: email, action: {action}}}]\n");
    let gateway = Gateway::with(Options { policy: Some(policy("redact")), ..Options::default() });
    let upstream =
        FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))));
    let token = gateway.register(&upstream.base("/v1"));
    let secret = secrets::lookalike("{lower:7}@{lower:8}.org", 1);
    let status = || gateway.chat(&token, request(&secret).to_string()).status;
    assert_eq!(status(), 200);
    std::fs::write(gateway.policy_file(), policy("block")).unwrap();
    eventually("the new policy acts", START, || status() == 403);
    std::fs::write(gateway.policy_file(), policy("burn")).unwrap();
    // The next good one shows that the bad one was passed over.
    for _ in 0..20 {
        assert_eq!(status(), 403, "a bad file changes nothing");
    }
    std::fs::write(gateway.policy_file(), policy("redact") + "level: high\n").unwrap();
    eventually("the corrected policy acts", START, || status() == 200);
}

#[test]
fn a_new_encryption_key_opens_what_the_old_one_sealed() {
    let gateway = Gateway::start();
    let upstream =
        FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))));
    let token = gateway.register(&upstream.base("/v1"));
    let site = gateway.stop();
    let key_file = site.data_dir().join("encryption.key");
    let old = std::fs::read_to_string(&key_file).unwrap();
    assert!(site.command(&["key", "rotate"]).output().unwrap().status.success());
    assert_ne!(std::fs::read_to_string(&key_file).unwrap(), old);

    let wrong = site.command(&["serve"]).env("AEGIS_ENCRYPTION_KEY", &old).output().unwrap();
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(
        !wrong.status.success() && said.contains("AEGIS_ENCRYPTION_KEY") && !said.contains(&old),
        "{said}"
    );
    let gateway = Gateway::start_in(site);
    eventually("the token works", START, || gateway.is_usable(&token));
}
