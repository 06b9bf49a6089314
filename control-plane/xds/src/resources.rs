//! One snapshot as Envoy resources.

use crate::cluster::local_ports;
use crate::{NamedRoute, cluster, filter, named};
use aegis_model::{Destinations, Revisions, Snapshot, Upstream, UpstreamId};
use aegis_policy::{CompiledPolicy, RequestHmac, SHARDS, TokenHash};
use envoy_types::pb::google::protobuf::Any;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// What resources depend on besides the snapshot.
#[derive(Debug, Clone)]
pub struct RenderSettings {
    /// The filter's module, as Envoy finds it. The name should change with the content: Envoy caches by it.
    pub wasm: PathBuf,
    /// Certificate authorities that upstreams are verified against, as Envoy finds the file.
    pub ca_bundle: PathBuf,
    /// What holds where no policy of the snapshot is assigned.
    pub policy: CompiledPolicy,
    /// The largest request body in bytes.
    pub max_request_body_bytes: u32,
    /// Which addresses upstreams may have.
    pub destinations: Destinations,
    /// Upstreams whose names stand for other addresses now: nothing goes there.
    pub withdrawn: BTreeSet<UpstreamId>,
    /// Changes when an Envoy has refused routes: it does not apply bytes that it has refused before.
    pub attempt: u64,
    /// Which requests are taken.
    pub access: Access,
    /// What stands for names of fields.
    pub field_digest: FieldDigest,
}

/// Makes digests of names of fields, with the key that the filter has: `/config_dump` shows what is rendered.
#[derive(Clone)]
pub struct FieldDigest(Arc<dyn Fn(&str) -> String + Send + Sync>);

/// Which requests are taken, besides those with a token of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Only those of clients of the machine itself.
    pub loopback_only: bool,
    /// Requests must be signed.
    pub request_hmac: Option<RequestHmac>,
    /// Names that can stand where others have a token.
    pub named: Vec<NamedRoute>,
    /// Numbers of ports can, too.
    pub local_ports: Option<LocalPortRouting>,
}

/// Where numbers of ports lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPortRouting {
    /// The host's address.
    pub address: IpAddr,
    /// What the `host` header calls it.
    pub host: String,
    /// Ports that are the gateway's own.
    pub reserved: Vec<u16>,
    /// Only for clients of the internal network.
    pub internal: bool,
}

/// The resource types, in the order in which an addition has to arrive: a route to a cluster that does not exist yet
/// is answered with 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Upstream clusters (CDS).
    Cluster,
    /// The filter's configuration (ECDS).
    Filter,
}

/// A named resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Digest of the content: equal versions are equal bytes, whichever process rendered them.
    pub version: String,
    /// The content.
    pub body: Any,
}

/// The policies of a snapshot that act, compiled, by name and version.
pub type CompiledPolicies = BTreeMap<(String, u32), CompiledPolicy>;

/// All resources of one snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceSet {
    /// Of the snapshot.
    pub revisions: Revisions,
    /// How much of everything it has.
    pub counts: Counts,
    clusters: BTreeMap<String, Resource>,
    routes: Resource,
    /// By name. What stays the same is shared with the set before.
    shards: BTreeMap<String, Arc<Shard>>,
    /// Policies by group of nodes.
    policies: BTreeMap<String, Resource>,
    /// Policies of all other nodes.
    common_policies: Resource,
}

/// How much of everything a set of resources has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tokens.
    pub tokens: usize,
    /// Upstreams.
    pub upstreams: usize,
    /// Of the upstreams, those to which nothing goes ([`RenderSettings::withdrawn`]).
    pub withdrawn: usize,
    /// Versions of policies that act on Envoys that belong to no group.
    pub policies: usize,
}

/// Some of the routes.
#[derive(Debug, Clone, PartialEq)]
struct Shard {
    /// What the filter calls its content.
    version: String,
    resource: Resource,
}

/// Why a snapshot cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A token leads to an upstream that the snapshot does not contain.
    #[error("a token leads to upstream {0}, which does not exist; the database is damaged")]
    UnknownUpstream(aegis_model::UpstreamId),
    /// More upstreams than the filter can number.
    #[error("too many upstreams")]
    TooManyUpstreams,
    /// A rollout names a version that was not compiled.
    #[error("version {1} of policy {0} was not compiled")]
    UnknownPolicy(String, u32),
    /// The filter's configuration cannot be written as JSON.
    #[error("the filter configuration cannot be written")]
    Json(#[from] serde_json::Error),
}

// === impl FieldDigest ===

impl FieldDigest {
    /// Digests made by `digest`, whose key nobody else sees.
    pub fn new(digest: impl Fn(&str) -> String + Send + Sync + 'static) -> FieldDigest {
        FieldDigest(Arc::new(digest))
    }

    /// What stands for `name`.
    pub fn of(&self, name: &str) -> String {
        (self.0)(name)
    }
}

impl fmt::Debug for FieldDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FieldDigest(…)")
    }
}

// === impl Access ===

impl Access {
    /// `stored` upstreams and those that [`Access::named`] leads to.
    pub fn upstreams<'a>(&self, stored: &'a [Upstream]) -> Cow<'a, [Upstream]> {
        named::upstreams(stored, &self.named)
    }
}

// === impl Kind ===

impl Kind {
    /// Every kind, in the order in which additions are sent.
    pub const ALL: [Kind; 2] = [Kind::Cluster, Kind::Filter];

    /// The type URL in discovery requests.
    pub fn type_url(self) -> &'static str {
        match self {
            Kind::Cluster => "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            Kind::Filter => "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        }
    }

    /// The kind with this type URL.
    pub fn from_type_url(type_url: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.type_url() == type_url)
    }
}

// === impl Resource ===

impl Resource {
    pub(crate) fn new(body: Any) -> Resource {
        let digest = Sha256::digest(&body.value);
        let (head, _) = digest.split_at(16);
        Resource { version: hex(head), body }
    }
}

/// `bytes` in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

// === impl ResourceSet ===

impl ResourceSet {
    /// Renders `snapshot`, whose policies are `compiled`.
    pub fn render(
        snapshot: &Snapshot,
        compiled: &CompiledPolicies,
        settings: &RenderSettings,
    ) -> Result<ResourceSet, RenderError> {
        ResourceSet::render_shards(snapshot, compiled, settings, (0..SHARDS).collect(), BTreeMap::new())
    }

    /// The same as [`ResourceSet::render`] with the same settings, if only these tokens differ from what this set was
    /// rendered from.
    pub fn update(
        &self,
        changed: &BTreeSet<TokenHash>,
        snapshot: &Snapshot,
        compiled: &CompiledPolicies,
        settings: &RenderSettings,
    ) -> Result<ResourceSet, RenderError> {
        // Where routes of settings lead depends on the upstreams of all others.
        let named = settings.access.named.iter().map(|route| &route.hash);
        let numbers = changed.iter().chain(named).map(TokenHash::shard).collect();
        ResourceSet::render_shards(snapshot, compiled, settings, numbers, self.shards.clone())
    }

    /// Renders `snapshot`, but of the shards only those with these numbers.
    fn render_shards(
        snapshot: &Snapshot,
        compiled: &CompiledPolicies,
        settings: &RenderSettings,
        numbers: BTreeSet<u8>,
        mut shards: BTreeMap<String, Arc<Shard>>,
    ) -> Result<ResourceSet, RenderError> {
        let all = named::with(snapshot, &settings.access.named);
        let snapshot = &*all;
        for number in numbers {
            let (version, body) = filter::shard(number, snapshot, settings)?;
            let shard = Shard { version, resource: Resource::new(body) };
            shards.insert(filter::shard_name(number), Arc::new(shard));
        }
        let versions = (0..SHARDS).filter_map(|number| shards.get(&filter::shard_name(number)));
        let versions = versions.map(|shard| shard.version.clone()).collect();
        let upstreams =
            snapshot.upstreams.iter().filter(|upstream| !settings.withdrawn.contains(&upstream.id));
        let clusters = upstreams
            .map(|upstream| (cluster::name(upstream.id), Resource::new(cluster::render(upstream, settings))));
        let ports = settings.access.local_ports.as_ref();
        let ports = ports.map(|_| (local_ports::NAME.to_owned(), Resource::new(local_ports::render())));
        let policies = |group: &str| {
            let (count, body) = filter::policies(snapshot, group, compiled, settings)?;
            Ok::<_, RenderError>((count, Resource::new(body)))
        };
        let groups = snapshot.policies.groups();
        let (common, common_policies) = policies("")?;
        let known = |id: &&UpstreamId| snapshot.upstreams.iter().any(|upstream| upstream.id == **id);
        Ok(ResourceSet {
            revisions: snapshot.revisions,
            counts: Counts {
                tokens: snapshot.tokens.len(),
                upstreams: snapshot.upstreams.len(),
                withdrawn: settings.withdrawn.iter().filter(known).count(),
                policies: common,
            },
            clusters: clusters.chain(ports).collect(),
            routes: Resource::new(filter::routes(snapshot.revisions.routes, versions, settings)?),
            shards,
            policies: groups
                .iter()
                .map(|group| Ok(((*group).to_owned(), policies(group)?.1)))
                .collect::<Result<_, RenderError>>()?,
            common_policies,
        })
    }

    /// The resources of one kind by name, for a node of `group`, in the order in which they should arrive.
    pub fn of_kind(&self, kind: Kind, group: &str) -> BTreeMap<&str, &Resource> {
        match kind {
            Kind::Cluster => self.clusters.iter().map(|(name, resource)| (name.as_str(), resource)).collect(),
            Kind::Filter => {
                let policies = self.policies.get(group).unwrap_or(&self.common_policies);
                let shards = self.shards.iter().map(|(name, shard)| (name.as_str(), &shard.resource));
                shards.chain([(filter::POLICIES, policies), (filter::ROUTES, &self.routes)]).collect()
            }
        }
    }
}
