//! The filter's configuration as an extension configuration.

use crate::{RenderError, RenderSettings, cluster};
use aegis_model::Snapshot;
use aegis_policy::{FilterConfig, Limits, TokenHash, TokenRoute, Upstream};
use envoy_types::pb::envoy::config::core::v3::{
    AsyncDataSource, BackoffStrategy, DataSource, TypedExtensionConfig, async_data_source, data_source,
};
use envoy_types::pb::envoy::extensions::filters::http::wasm::v3::Wasm;
use envoy_types::pb::envoy::extensions::wasm::v3::{
    EnvironmentVariables, FailurePolicy, PluginConfig, ReloadConfig, VmConfig, plugin_config,
};
use envoy_types::pb::google::protobuf::{Any, BoolValue, Duration, StringValue};
use envoy_types::util::pack_any;
use std::collections::HashMap;
use std::path::Path;

/// Name of the filter in the listener, and of its one resource.
pub(crate) const NAME: &str = "aegisgate";

/// The key of placeholders. It reaches the filter through Envoy's environment, because `/config_dump` shows the rest.
const PLACEHOLDER_KEY: &str = "AEGIS_PLACEHOLDER_KEY";

/// A worker whose VM has trapped answers 503 for this long and then starts a fresh one.
const RELOAD_BACKOFF: Duration = Duration { seconds: 0, nanos: 200_000_000 };

/// The resource for `snapshot`.
pub(crate) fn render(snapshot: &Snapshot, settings: &RenderSettings) -> Result<Any, RenderError> {
    let json = serde_json::to_string(&config(snapshot, settings)?)?;
    let plugin = PluginConfig {
        name: NAME.to_owned(),
        root_id: NAME.to_owned(),
        configuration: Some(pack_any(StringValue { value: json })),
        failure_policy: FailurePolicy::FailReload.into(),
        reload_config: Some(ReloadConfig {
            backoff: Some(BackoffStrategy {
                base_interval: Some(RELOAD_BACKOFF),
                max_interval: Some(RELOAD_BACKOFF),
            }),
        }),
        allow_on_headers_stop_iteration: Some(BoolValue { value: true }),
        vm: Some(plugin_config::Vm::VmConfig(vm(&settings.wasm))),
        ..PluginConfig::default()
    };
    let wasm = Wasm { config: Some(plugin) };
    Ok(pack_any(TypedExtensionConfig { name: NAME.to_owned(), typed_config: Some(pack_any(wasm)) }))
}

fn vm(module: &Path) -> VmConfig {
    // Never `remote`: Envoy acknowledges it in an update, does not fetch it, and lets requests pass unfiltered
    // (https://github.com/envoyproxy/envoy/issues/25052).
    let code = DataSource {
        specifier: Some(data_source::Specifier::Filename(module.to_string_lossy().into_owned())),
        ..DataSource::default()
    };
    VmConfig {
        vm_id: NAME.to_owned(),
        runtime: "envoy.wasm.runtime.v8".to_owned(),
        code: Some(AsyncDataSource { specifier: Some(async_data_source::Specifier::Local(code)) }),
        environment_variables: Some(EnvironmentVariables {
            host_env_keys: vec![PLACEHOLDER_KEY.to_owned()],
            key_values: HashMap::new(),
        }),
        ..VmConfig::default()
    }
}

fn config(snapshot: &Snapshot, settings: &RenderSettings) -> Result<FilterConfig, RenderError> {
    let upstreams = snapshot.upstreams.iter().map(|upstream| Upstream {
        cluster: cluster::name(upstream.id),
        authority: upstream.base.authority().to_owned(),
        path: upstream.base.path().to_owned(),
    });
    let tokens = snapshot.tokens.iter().map(|(token, id)| {
        let index = snapshot.upstreams.binary_search_by_key(id, |upstream| upstream.id);
        let index = index.map_err(|_| RenderError::UnknownUpstream(*id))?;
        let upstream = u32::try_from(index).map_err(|_| RenderError::TooManyUpstreams)?;
        Ok((TokenHash::of(token.reveal().as_bytes()), TokenRoute { upstream }))
    });
    Ok(FilterConfig {
        revision: snapshot.revision,
        allow_on_headers_stop_iteration: true,
        limits: Limits { max_request_body_bytes: settings.max_request_body_bytes },
        upstreams: upstreams.collect(),
        tokens: tokens.collect::<Result<_, RenderError>>()?,
        policy: settings.policy.clone(),
    })
}

#[cfg(test)]
mod tests;
