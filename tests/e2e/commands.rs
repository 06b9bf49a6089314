//! Promise: what the API does the command line does as well, and a policy in a file needs neither.

use aegis_tests::chat::{completion, last_user_text, request};
use aegis_tests::gateway::START;
use aegis_tests::{FakeUpstream, Gateway, Options, Reply, eventually, secrets};
use serde_json::Value;

#[test]
fn tokens_policies_and_keys_have_commands() {
    let gateway = Gateway::start();
    let upstream =
        FakeUpstream::start(|recorded| Reply::json(&completion(&last_user_text(&recorded.json()))));
    let base = upstream.base("/v1");
    let made: Value =
        serde_json::from_str(&gateway.run(&["token", "register", &base, "--tenant", "acme"], true)).unwrap();
    let (token, id) = (made["token"].as_str().unwrap(), made["id"].as_str().unwrap());
    eventually("the token works", START, || gateway.is_usable(token));
    for name in [token, id] {
        let shown = gateway.run(&["token", "lookup", name], true);
        assert!(shown.contains(&base) && !shown.contains(token), "{shown}");
    }
    assert_eq!(gateway.run(&["token", "list", "--tenant", "acme"], true).lines().count(), 1);
    assert_eq!(gateway.run(&["token", "list", "--tenant", "nobody"], true), "");

    let (old, new) = (gateway.data_dir().join("old.yaml"), gateway.data_dir().join("new.yaml"));
    std::fs::write(&old, "version: 1\nname: desk\nlevel: low\n").unwrap();
    std::fs::write(&new, "version: 1\nname: desk\nlevel: high\n").unwrap();
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    gateway.run(&["policy", "apply", old, "--assign", "global"], true);
    let expected = "- level: \"low\"\n+ level: \"high\"\n";
    assert_eq!(gateway.run(&["policy", "diff", new], true), expected);
    assert_eq!(gateway.run(&["policy", "diff", new, "--old", old], true), expected);
    gateway.run(&["policy", "apply", new, "--stage", "canary", "--percent", "5"], true);
    let list = gateway.run(&["policy", "list"], true);
    assert!(list.contains("desk 1 gateway-key") && list.contains(" live\n"), "{list}");
    let trial = " on trial (canary of 5%), min_requests=200 more_blocks=500/10000 more_errors=100/10000 \
                 vm_reloads=0 more_milliseconds=50\n";
    assert!(list.contains(trial) && list.contains("global: desk\n"), "{list}");
    gateway.run(&["policy", "rollback", "desk"], true);
    let list = gateway.run(&["policy", "list"], true);
    assert!(
        !list.contains("on trial") && list.contains(" taken back: rolled back by gateway-key\n"),
        "{list}"
    );
    let (shadow, enforce) = (["policy", "apply", new, "--stage", "shadow"], ["policy", "apply", new]);
    let bounds = ["--min-requests", "10", "--more-blocks", "1", "--more-errors", "2", "--vm-reloads", "3"];
    let bounds = [&bounds[..], &["--more-milliseconds", "4"]].concat();
    let refused = gateway.run(&[&enforce[..], &bounds].concat(), false);
    assert!(refused.contains("bounds are for a version on trial"), "{refused}");
    gateway.run(&[&shadow[..], &bounds].concat(), true);
    let list = gateway.run(&["policy", "list"], true);
    let trial = "(shadow), min_requests=10 more_blocks=1/10000 more_errors=2/10000 vm_reloads=3 more_milliseconds=4\n";
    assert!(list.contains(trial) && !list.contains("taken back"), "{list}");
    std::fs::write(new, "version: 1\nname: desk\ncolour: red\n").unwrap();
    let refused = gateway.run(&["policy", "apply", new], false);
    assert!(refused.contains("policy:3:1: ") && refused.contains("colour"), "{refused}");

    let key = gateway.run(&["key", "add", "ops", "viewer"], true);
    assert!(key.starts_with("aegis-admin:ops:"), "{key}");
    let mut command = gateway.command(&["token", "remove", id]);
    command.env("AEGIS_SERVER", format!("http://127.0.0.1:{}", gateway.admin_port));
    let refused = command.env("AEGIS_ADMIN_KEY", key.trim()).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("role_forbidden"), "{refused:?}");
    assert!(gateway.run(&["key", "list"], true).contains("\"ops\""));
    gateway.run(&["key", "remove", "ops"], true);
    gateway.run(&["token", "remove", token], true);
    gateway.run(&["token", "remove", token], false);
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
