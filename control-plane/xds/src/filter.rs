//! The filter's configuration as extension configurations: one for policies, which does the work, one for each shard of
//! the routes, and one that says which shards belong together.

use crate::resources::hex;
use crate::{CompiledPolicies, FieldDigest, LocalPortRouting, RenderError, RenderSettings, cluster};
use aegis_model::{Candidate, Rollout, Route, Snapshot, Stage, UpstreamId, WhitelistKeys};
use aegis_policy::{
    CompiledPolicy, FilterConfig, LocalPorts, PolicyPart, RoutePart, RouteShard, TokenHash, TokenRoute,
    Track, Trial, Upstream, Version, names_credential,
};
use envoy_types::pb::envoy::config::core::v3::{
    AsyncDataSource, BackoffStrategy, DataSource, TypedExtensionConfig, async_data_source, data_source,
};
use envoy_types::pb::envoy::extensions::filters::http::wasm::v3::Wasm;
use envoy_types::pb::envoy::extensions::wasm::v3::{
    EnvironmentVariables, FailurePolicy, PluginConfig, ReloadConfig, VmConfig, plugin_config,
};
use envoy_types::pb::google::protobuf::{Any, BoolValue, Duration, StringValue};
use envoy_types::util::pack_any;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::path::Path;

/// Names of filters in the listener, and of their resources. They share a VM.
pub(crate) const POLICIES: &str = "aegisgate";
pub(crate) const ROUTES: &str = "aegisgate_routes";

const VM_ID: &str = "aegisgate";

/// The track of tokens for which no policy is assigned. No policy may have this name.
const DEFAULT_TRACK: &str = "default";

/// All tokens.
const EVERYBODY: u16 = 10_000;

/// The key of placeholders. It reaches the filter through Envoy's environment, because `/config_dump` shows the rest.
const PLACEHOLDER_KEY: &str = "AEGIS_PLACEHOLDER_KEY";

/// The secret that requests are signed with, if they must be.
const REQUEST_HMAC_SECRET: &str = "AEGIS_REQUEST_HMAC_SECRET";

/// A worker whose VM has trapped answers 503 for this long and then starts a fresh one.
const RELOAD_BACKOFF: Duration = Duration { seconds: 0, nanos: 200_000_000 };

/// Name of the filter of a shard, and of its resource.
pub(crate) fn shard_name(number: u8) -> String {
    format!("{ROUTES}_{number}")
}

/// The tokens of `snapshot` that belong into a shard, with their upstreams, and the version of it.
pub(crate) fn shard(
    number: u8,
    snapshot: &Snapshot,
    settings: &RenderSettings,
) -> Result<(String, Any), RenderError> {
    let mut shard = route_shard(number, snapshot, settings)?;
    // Equal on every control plane, except after a refusal: what was refused has to change before it is taken.
    let content = serde_json::to_vec(&shard)?;
    let digest = Sha256::new().chain_update(content).chain_update(settings.attempt.to_le_bytes()).finalize();
    let (head, _) = digest.split_at(8);
    shard.version = hex(head);
    let version = shard.version.clone();
    let config = FilterConfig { shards: vec![shard], ..FilterConfig::default() };
    Ok((version, extension(&shard_name(number), &config, settings)?))
}

/// The routes of a revision: which versions the shards have.
pub(crate) fn routes(
    revision: u64,
    shards: Vec<String>,
    settings: &RenderSettings,
) -> Result<Any, RenderError> {
    let config = FilterConfig { routes: Some(RoutePart { revision, shards }), ..FilterConfig::default() };
    extension(ROUTES, &config, settings)
}

/// The policies of `snapshot` for nodes of `group`, and how many there are.
pub(crate) fn policies(
    snapshot: &Snapshot,
    group: &str,
    compiled: &CompiledPolicies,
    settings: &RenderSettings,
) -> Result<(usize, Any), RenderError> {
    let part = policy_part(snapshot, group, compiled, settings)?;
    let count = part.policies.len();
    let config = FilterConfig { policies: Some(part), ..FilterConfig::default() };
    Ok((count, extension(POLICIES, &config, settings)?))
}

fn extension(name: &str, config: &FilterConfig, settings: &RenderSettings) -> Result<Any, RenderError> {
    let json = serde_json::to_string(config)?;
    let plugin = PluginConfig {
        name: name.to_owned(),
        root_id: name.to_owned(),
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
    Ok(pack_any(TypedExtensionConfig { name: name.to_owned(), typed_config: Some(pack_any(wasm)) }))
}

fn vm(module: &Path) -> VmConfig {
    // Never `remote`: Envoy acknowledges it in an update, does not fetch it, and lets requests pass unfiltered
    // (https://github.com/envoyproxy/envoy/issues/25052).
    let code = DataSource {
        specifier: Some(data_source::Specifier::Filename(module.to_string_lossy().into_owned())),
        ..DataSource::default()
    };
    VmConfig {
        vm_id: VM_ID.to_owned(),
        runtime: "envoy.wasm.runtime.v8".to_owned(),
        code: Some(AsyncDataSource { specifier: Some(async_data_source::Specifier::Local(code)) }),
        environment_variables: Some(EnvironmentVariables {
            host_env_keys: [PLACEHOLDER_KEY, REQUEST_HMAC_SECRET].map(str::to_owned).to_vec(),
            key_values: HashMap::new(),
        }),
        ..VmConfig::default()
    }
}

/// A shard, whose version is not known yet.
fn route_shard(number: u8, snapshot: &Snapshot, render: &RenderSettings) -> Result<RouteShard, RenderError> {
    let tokens: Vec<(&TokenHash, &Route)> =
        snapshot.tokens.iter().filter(|(hash, _)| hash.shard() == number).collect();
    let used: BTreeSet<UpstreamId> = tokens.iter().map(|(_, route)| route.upstream).collect();
    let used: Vec<UpstreamId> = used.into_iter().collect();
    let upstreams = used.iter().map(|id| {
        let index = snapshot.upstreams.binary_search_by_key(id, |upstream| upstream.id);
        let upstream = index.ok().and_then(|index| snapshot.upstreams.get(index));
        let base = &upstream.ok_or(RenderError::UnknownUpstream(*id))?.base;
        Ok(Upstream {
            cluster: cluster::name(*id),
            authority: base.authority().to_owned(),
            path: base.path().to_owned(),
        })
    });
    let tokens = tokens.iter().map(|(hash, route)| {
        let Route { upstream: id, settings, whitelist, internal } = route;
        let index = used.binary_search(id).map_err(|_| RenderError::UnknownUpstream(*id))?;
        let route = TokenRoute {
            upstream: u32::try_from(index).map_err(|_| RenderError::TooManyUpstreams)?,
            track: settings.policy.clone(),
            internal: *internal,
            mode: settings.mode,
            max_body_bytes: settings.max_body_bytes,
            max_messages: settings.max_messages,
            timeout_seconds: settings.timeout_seconds,
            tenant: settings.tenant.clone(),
            allow_keys: allow_keys(whitelist, &render.field_digest),
        };
        Ok(((*hash).clone(), route))
    });
    Ok(RouteShard {
        number,
        version: String::new(),
        upstreams: upstreams.collect::<Result<_, RenderError>>()?,
        tokens: tokens.collect::<Result<_, RenderError>>()?,
        local_ports: render.access.local_ports.as_ref().map(LocalPortRouting::part),
    })
}

// === impl LocalPortRouting ===

impl LocalPortRouting {
    fn part(&self) -> LocalPorts {
        LocalPorts {
            cluster: cluster::local_ports::NAME.to_owned(),
            address: match self.address {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            },
            host: self.host.clone(),
            reserved: self.reserved.clone(),
            internal: self.internal,
        }
    }
}

/// Digests of names that are exempt from redaction. A name of credentials would exempt every credential.
fn allow_keys(names: &WhitelistKeys, digest: &FieldDigest) -> Vec<String> {
    let names = names.as_slice().iter().filter(|name| !names_credential(name));
    names.map(|name| digest.of(name)).collect()
}

fn policy_part(
    snapshot: &Snapshot,
    group: &str,
    compiled: &CompiledPolicies,
    settings: &RenderSettings,
) -> Result<PolicyPart, RenderError> {
    let assigned = snapshot.policies.assigned(group).unwrap_or(DEFAULT_TRACK);
    // What no token is under would only take memory in every worker.
    let used: BTreeSet<&str> = snapshot
        .tokens
        .values()
        .filter_map(|route| route.settings.policy.as_deref())
        .chain([assigned])
        .collect();
    let mut policies: Vec<CompiledPolicy> = Vec::new();
    let mut version = |name: &str, number: u32| {
        let policy = compiled.get(&(name.to_owned(), number));
        let policy = policy.ok_or_else(|| RenderError::UnknownPolicy(name.to_owned(), number))?;
        Ok::<_, RenderError>(Version { policy: position(&mut policies, policy), version: number })
    };
    let mut tracks = BTreeMap::new();
    for (name, rollout) in snapshot.policies.rollouts.iter().filter(|(name, _)| used.contains(name.as_str()))
    {
        let live = version(name, rollout.live)?;
        let trial = match trial(rollout, group) {
            None => None,
            Some((candidate, share)) => {
                let shadow = candidate.stage == Stage::Shadow;
                Some(Trial { version: version(name, candidate.version)?, share, shadow })
            }
        };
        tracks.insert(name.clone(), Track { live, trial });
    }
    if assigned == DEFAULT_TRACK {
        let live = Version { policy: position(&mut policies, &settings.policy), version: 0 };
        tracks.insert(DEFAULT_TRACK.to_owned(), Track { live, trial: None });
    }
    Ok(PolicyPart {
        revision: snapshot.revisions.policies,
        allow_on_headers_stop_iteration: true,
        max_request_body_bytes: settings.max_request_body_bytes,
        loopback_only: settings.access.loopback_only,
        request_hmac: settings.access.request_hmac,
        policies,
        tracks,
        default_track: assigned.to_owned(),
    })
}

/// What is on trial on nodes of `group`, and for which share of the tokens.
fn trial<'a>(rollout: &'a Rollout, group: &str) -> Option<(&'a Candidate, u16)> {
    let candidate = rollout.candidate.as_ref()?;
    match &candidate.stage {
        Stage::Shadow => Some((candidate, EVERYBODY)),
        Stage::Canary { share } => Some((candidate, *share)),
        Stage::Group { group: tried } => (tried == group).then_some((candidate, EVERYBODY)),
    }
}

/// The position of `policy`, which is added if it is not there.
fn position(policies: &mut Vec<CompiledPolicy>, policy: &CompiledPolicy) -> u32 {
    let index = policies.iter().position(|known| known == policy).unwrap_or_else(|| {
        policies.push(policy.clone());
        policies.len() - 1
    });
    // There are fewer policies than memory has bytes.
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
