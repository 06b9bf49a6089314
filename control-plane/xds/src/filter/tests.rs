use super::*;
use aegis_model::{Token, Upstream as ModelUpstream, UpstreamBase, UpstreamId};
use aegis_policy::CompiledPolicy;
use envoy_types::pb::envoy::config::core::v3::TypedExtensionConfig;
use prost::Message as _;
use std::collections::BTreeMap;

const TOKEN: &str = "abcdefghijklmnopqrstuvwx";

fn snapshot() -> Snapshot {
    let upstream = |id, base| ModelUpstream { id: UpstreamId(id), base: UpstreamBase::parse(base).unwrap() };
    Snapshot {
        revision: 5,
        upstreams: vec![upstream(3, "https://a.test/v1"), upstream(9, "http://127.0.0.1:9000")],
        tokens: BTreeMap::from([(Token::parse(TOKEN).unwrap(), UpstreamId(9))]),
    }
}

fn settings() -> RenderSettings {
    RenderSettings {
        wasm: "/data/wasm/abc.wasm".into(),
        ca_bundle: "/etc/ca.crt".into(),
        policy: CompiledPolicy::default(),
        max_request_body_bytes: 1000,
    }
}

fn plugin() -> PluginConfig {
    let any = render(&snapshot(), &settings()).unwrap();
    assert_eq!(any.type_url, crate::Kind::Filter.type_url());
    let extension = TypedExtensionConfig::decode(any.value.as_slice()).unwrap();
    assert_eq!(extension.name, "aegisgate");
    let wasm = extension.typed_config.unwrap();
    assert_eq!(wasm.type_url, "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm");
    Wasm::decode(wasm.value.as_slice()).unwrap().config.unwrap()
}

#[test]
fn the_plugin_fails_closed_and_reads_its_code_from_a_file() {
    let plugin = plugin();
    assert_eq!((plugin.name.as_str(), plugin.root_id.as_str()), ("aegisgate", "aegisgate"));
    assert_eq!(plugin.failure_policy(), FailurePolicy::FailReload);
    assert_eq!(plugin.allow_on_headers_stop_iteration, Some(BoolValue { value: true }));
    let Some(plugin_config::Vm::VmConfig(vm)) = plugin.vm else { panic!() };
    let Some(async_data_source::Specifier::Local(code)) = vm.code.unwrap().specifier else { panic!() };
    assert_eq!(code.specifier, Some(data_source::Specifier::Filename("/data/wasm/abc.wasm".into())));
    assert_eq!(vm.environment_variables.unwrap().host_env_keys, ["AEGIS_PLACEHOLDER_KEY"]);
}

#[test]
fn the_configuration_is_what_the_filter_reads_and_holds_no_token() {
    let configuration = plugin().configuration.unwrap();
    assert_eq!(configuration.type_url, "type.googleapis.com/google.protobuf.StringValue");
    let json = StringValue::decode(configuration.value.as_slice()).unwrap().value;
    assert!(!json.contains(TOKEN));
    let config = FilterConfig::from_json(json.as_bytes()).unwrap();
    assert_eq!(config.revision, 5);
    assert!(config.allow_on_headers_stop_iteration);
    assert_eq!(config.limits.max_request_body_bytes, 1000);
    assert_eq!(config.policy, CompiledPolicy::default());
    assert_eq!(config.upstreams[0].path, "/v1");
    assert_eq!(config.upstreams[1].cluster, "upstream-9");
    assert_eq!(config.upstreams[1].authority, "127.0.0.1:9000");
    assert_eq!(config.tokens[&TokenHash::of(TOKEN.as_bytes())].upstream, 1);
}

#[test]
fn refuses_a_token_without_an_upstream() {
    let mut snapshot = snapshot();
    snapshot.upstreams.pop();
    assert!(matches!(render(&snapshot, &settings()), Err(RenderError::UnknownUpstream(UpstreamId(9)))));
}
