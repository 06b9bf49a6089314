use super::*;
use crate::Access;
use aegis_model::{
    Bounds, PolicyState, Revisions, Scope, TokenSettings, Upstream as ModelUpstream, UpstreamBase, UpstreamId,
};
use aegis_policy::{Policy, SHARDS, TokenHash};
use prost::Message as _;

const TOKEN: &[u8] = b"abcdefghijklmnopqrstuvwx";

fn snapshot() -> Snapshot {
    let upstream = |id, base| ModelUpstream { id: UpstreamId(id), base: UpstreamBase::parse(base).unwrap() };
    Snapshot {
        revisions: Revisions { latest: 7, routes: 5, policies: 7 },
        upstreams: vec![upstream(3, "https://a.test/v1"), upstream(9, "http://127.0.0.1:9000")],
        tokens: BTreeMap::from([(TokenHash::of(TOKEN), Route::to(UpstreamId(9)))]),
        policies: PolicyState::default(),
    }
}

fn settings() -> RenderSettings {
    RenderSettings {
        wasm: "/data/wasm/abc.wasm".into(),
        ca_bundle: "/etc/ca.crt".into(),
        policy: CompiledPolicy::default(),
        max_request_body_bytes: 1000,
        destinations: aegis_model::Destinations { private: true },
        withdrawn: BTreeSet::new(),
        attempt: 0,
        access: Access::default(),
        field_digest: FieldDigest::new(|name| format!("digest of {name}")),
    }
}

fn versions() -> Vec<String> {
    vec!["1".into(); SHARDS.into()]
}

fn plugin(any: &Any) -> PluginConfig {
    assert_eq!(any.type_url, crate::Kind::Filter.type_url());
    let extension = TypedExtensionConfig::decode(any.value.as_slice()).unwrap();
    let wasm = extension.typed_config.unwrap();
    assert_eq!(wasm.type_url, "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm");
    Wasm::decode(wasm.value.as_slice()).unwrap().config.unwrap()
}

fn config(any: &Any) -> FilterConfig {
    let configuration = plugin(any).configuration.unwrap();
    assert_eq!(configuration.type_url, "type.googleapis.com/google.protobuf.StringValue");
    let json = StringValue::decode(configuration.value.as_slice()).unwrap().value;
    FilterConfig::from_json(json.as_bytes()).unwrap()
}

fn policy_part(snapshot: &Snapshot, group: &str) -> PolicyPart {
    let compiled = [("desk", 1), ("desk", 2), ("lab", 1)].map(|(name, version)| {
        let policy = Policy::named(format!("{name}-{version}"));
        ((name.to_owned(), version), CompiledPolicy::without_values(&policy))
    });
    config(&policies(snapshot, group, &compiled.into(), &settings()).unwrap().1).policies.unwrap()
}

#[test]
fn all_plugins_fail_closed_and_share_a_vm_whose_code_is_a_file() {
    let all = [
        policies(&snapshot(), "", &BTreeMap::new(), &settings()).unwrap().1,
        routes(5, versions(), &settings()).unwrap(),
        shard(11, &snapshot(), &settings()).unwrap().1,
    ];
    for (any, name) in all.iter().zip(["aegisgate", "aegisgate_routes", "aegisgate_routes_11"]) {
        let plugin = plugin(any);
        assert_eq!((plugin.name.as_str(), plugin.root_id.as_str()), (name, name));
        assert_eq!(plugin.failure_policy(), FailurePolicy::FailReload);
        assert_eq!(plugin.allow_on_headers_stop_iteration, Some(BoolValue { value: true }));
        let Some(plugin_config::Vm::VmConfig(vm)) = plugin.vm else { panic!() };
        assert_eq!(vm.vm_id, "aegisgate");
        let Some(async_data_source::Specifier::Local(code)) = vm.code.unwrap().specifier else { panic!() };
        assert_eq!(code.specifier, Some(data_source::Specifier::Filename("/data/wasm/abc.wasm".into())));
        assert_eq!(
            vm.environment_variables.unwrap().host_env_keys,
            ["AEGIS_PLACEHOLDER_KEY", "AEGIS_REQUEST_HMAC_SECRET"]
        );
    }
}

#[test]
fn the_routes_are_what_the_filter_reads() {
    let mut head = config(&routes(5, versions(), &settings()).unwrap());
    assert_eq!(head.routes.take().unwrap(), RoutePart { revision: 5, shards: versions() });
    assert_eq!(head, FilterConfig::default());
    let hash = TokenHash::of(TOKEN);
    let (version, any) = shard(hash.shard(), &snapshot(), &settings()).unwrap();
    let part = config(&any).shards.remove(0);
    assert_eq!((part.number, &part.version), (hash.shard(), &version));
    let upstream =
        Upstream { cluster: "upstream-9".into(), authority: "127.0.0.1:9000".into(), path: String::new() };
    assert_eq!(part.upstreams, [upstream], "what no token of the shard leads to is not in it");
    assert_eq!(part.tokens[&hash].upstream, 0);
    let other = config(&shard(hash.shard() ^ 1, &snapshot(), &settings()).unwrap().1).shards.remove(0);
    assert!(other.tokens.is_empty() && other.upstreams.is_empty());
}

#[test]
fn another_attempt_makes_a_refused_shard_new() {
    let again = RenderSettings { attempt: 1, ..settings() };
    let [(first, one), (second, two), (third, three)] =
        [&settings(), &again, &settings()].map(|settings| shard(3, &snapshot(), settings).unwrap());
    assert!(first != second && one != two);
    assert_eq!((first, one), (third, three));
}

#[test]
fn names_of_a_tokens_fields_become_digests_and_those_of_credentials_nothing() {
    let mut snapshot = snapshot();
    let names = WhitelistKeys::from_json(&serde_json::json!(["order_id", "api_key", "author"]));
    snapshot.tokens.values_mut().for_each(|route| route.whitelist = names.clone());
    let hash = TokenHash::of(TOKEN);
    let part = config(&shard(hash.shard(), &snapshot, &settings()).unwrap().1).shards.remove(0);
    assert_eq!(part.tokens[&hash].allow_keys, ["digest of order_id", "digest of author"]);
}

#[test]
fn refuses_a_token_without_an_upstream() {
    let mut snapshot = snapshot();
    snapshot.upstreams.pop();
    let number = TokenHash::of(TOKEN).shard();
    let error = shard(number, &snapshot, &settings()).unwrap_err();
    assert!(matches!(error, RenderError::UnknownUpstream(UpstreamId(9))), "{error}");
}

#[test]
fn without_policies_the_common_one_holds() {
    let part = policy_part(&snapshot(), "");
    assert_eq!((part.revision, part.max_request_body_bytes), (7, 1000));
    assert_eq!(part.request_hmac, None);
    assert_eq!(part.policies, [CompiledPolicy::default()]);
    assert_eq!(part.tracks[&part.default_track].live, Version { policy: 0, version: 0 });
}

#[test]
fn what_is_assigned_holds_and_what_nobody_uses_is_not_sent() {
    let mut snapshot = snapshot();
    let rollout = Rollout::only;
    snapshot.policies.rollouts = BTreeMap::from([("desk".into(), rollout(1)), ("lab".into(), rollout(1))]);
    assert_eq!(policy_part(&snapshot, "").policies.len(), 1, "nobody uses them");
    snapshot.policies.assignments.insert(Scope::Group("eu".into()), "desk".into());
    let (here, there) = (policy_part(&snapshot, "eu"), policy_part(&snapshot, "us"));
    assert_eq!((here.default_track.as_str(), there.default_track.as_str()), ("desk", "default"));
    assert_eq!(here.policies[0].name, "desk-1");
    let settings = TokenSettings { policy: Some("lab".into()), ..TokenSettings::default() };
    snapshot.tokens.values_mut().for_each(|route| route.settings = settings.clone());
    let part = policy_part(&snapshot, "eu");
    assert_eq!(part.tracks.keys().collect::<Vec<_>>(), ["desk", "lab"]);
    assert_eq!(part.policies.len(), 2);
}

#[test]
fn a_candidate_is_tried_as_its_stage_says() {
    let mut snapshot = snapshot();
    snapshot.policies.assignments.insert(Scope::Global, "desk".into());
    for (stage, group, expected) in [
        (Stage::Shadow, "", Some((10_000, true))),
        (Stage::Canary { share: 1000 }, "", Some((1000, false))),
        (Stage::Group { group: "eu".into() }, "eu", Some((10_000, false))),
        (Stage::Group { group: "eu".into() }, "us", None),
    ] {
        let candidate = Some(Candidate { version: 2, stage, bounds: Bounds::default() });
        let rollout = Rollout { candidate, ..Rollout::only(1) };
        snapshot.policies.rollouts = BTreeMap::from([("desk".into(), rollout)]);
        let track = policy_part(&snapshot, group).tracks.remove("desk").unwrap();
        assert_eq!(track.live.version, 1);
        assert_eq!(track.trial.map(|trial| (trial.share, trial.shadow)), expected);
    }
}
