use super::*;
use crate::RenderSettings;
use aegis_model::{PolicyState, Revisions, Route, Snapshot, Upstream, UpstreamBase, UpstreamId};
use aegis_policy::{CompiledPolicy, TokenHash};
use envoy_types::pb::google::rpc::Status;
use std::collections::HashMap;

fn snapshot(revision: u64, ids: &[i64]) -> Snapshot {
    let base = |id| UpstreamBase::parse(&format!("http://u{id}.test/v1")).unwrap();
    let hash = |id: i64| TokenHash::of(&id.to_le_bytes());
    Snapshot {
        revisions: Revisions { latest: revision, routes: revision, policies: 1 },
        upstreams: ids.iter().map(|id| Upstream { id: UpstreamId(*id), base: base(*id) }).collect(),
        tokens: ids.iter().map(|id| (hash(*id), Route::to(UpstreamId(*id)))).collect(),
        policies: PolicyState::default(),
    }
}

fn settings() -> RenderSettings {
    RenderSettings {
        wasm: "/filter.wasm".into(),
        ca_bundle: "/ca.crt".into(),
        policy: CompiledPolicy::default(),
        max_request_body_bytes: 1,
        destinations: aegis_model::Destinations { private: true },
        withdrawn: BTreeSet::new(),
        attempt: 0,
        access: crate::Access::default(),
        field_digest: crate::FieldDigest::new(|name| format!("digest of {name}")),
    }
}

/// One upstream per identity, each with a token. Policies stay at revision 1.
pub(crate) fn resources(revision: u64, ids: &[i64]) -> ResourceSet {
    ResourceSet::render(&snapshot(revision, ids), &BTreeMap::new(), &settings()).unwrap()
}

const BOTH: [&str; 2] = ["aegisgate", "aegisgate_routes"];

fn request(kind: Kind) -> DeltaDiscoveryRequest {
    DeltaDiscoveryRequest { type_url: kind.type_url().into(), ..DeltaDiscoveryRequest::default() }
}

fn subscribe(kind: Kind, names: &[&str]) -> DeltaDiscoveryRequest {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    DeltaDiscoveryRequest { resource_names_subscribe: names, ..request(kind) }
}

fn ack(response: &DeltaDiscoveryResponse) -> DeltaDiscoveryRequest {
    DeltaDiscoveryRequest {
        type_url: response.type_url.clone(),
        response_nonce: response.nonce.clone(),
        ..DeltaDiscoveryRequest::default()
    }
}

fn nack(response: &DeltaDiscoveryResponse, message: &str) -> DeltaDiscoveryRequest {
    let status = Status { code: 13, message: message.into(), details: Vec::new() };
    DeltaDiscoveryRequest { error_detail: Some(status), ..ack(response) }
}

/// `kind +added -removed` of every response.
fn summary(responses: &[DeltaDiscoveryResponse]) -> Vec<String> {
    let describe = |response: &DeltaDiscoveryResponse| {
        let kind = Kind::from_type_url(&response.type_url).unwrap();
        let added = response.resources.iter().map(|resource| format!(" +{}", resource.name));
        let removed = response.removed_resources.iter().map(|name| format!(" -{name}"));
        format!("{kind:?}{}", added.chain(removed).collect::<String>())
    };
    responses.iter().map(describe).collect()
}

/// A session of an Envoy that has subscribed to everything and got `resources`.
fn connected(resources: &ResourceSet) -> DeltaSession {
    let mut session = DeltaSession::default();
    session.on_request(&request(Kind::Cluster), resources, "");
    session.on_request(&subscribe(Kind::Filter, &BOTH), resources, "");
    session
}

#[test]
fn a_fresh_envoy_gets_everything_it_asks_for() {
    let current = resources(1, &[1, 2]);
    let mut session = DeltaSession::default();
    let clusters = session.on_request(&request(Kind::Cluster), &current, "");
    assert_eq!(summary(&clusters.responses), ["Cluster +upstream-1 +upstream-2"]);
    let filter = session.on_request(&subscribe(Kind::Filter, &BOTH), &current, "");
    assert_eq!(summary(&filter.responses), ["Filter +aegisgate", "Filter +aegisgate_routes"]);
    assert_eq!(filter.responses[0].system_version_info, "1");
    assert_ne!(clusters.responses[0].nonce, filter.responses[0].nonce);
    assert_eq!((clusters.verdicts, filter.verdicts), (vec![], vec![]));
}

#[test]
fn an_empty_answer_ends_the_wait_of_an_envoy_without_clusters() {
    let mut session = DeltaSession::default();
    let reaction = session.on_request(&request(Kind::Cluster), &resources(0, &[]), "");
    assert_eq!(summary(&reaction.responses), ["Cluster"]);
    let again = session.on_request(&ack(&reaction.responses[0]), &resources(0, &[]), "");
    assert_eq!(again.responses, []);
}

#[test]
fn clusters_come_before_the_filter_and_go_after_it() {
    let mut session = connected(&resources(1, &[1, 2]));
    let responses = session.on_change(&resources(2, &[2, 3]), "");
    assert_eq!(
        summary(&responses),
        ["Cluster +upstream-3", "Filter +aegisgate_routes", "Cluster -upstream-1"]
    );
    assert_eq!(session.on_change(&resources(2, &[2, 3]), ""), []);
}

#[test]
fn a_change_reaches_only_what_was_subscribed() {
    let mut session = DeltaSession::default();
    session.on_request(&subscribe(Kind::Filter, &BOTH), &resources(1, &[1]), "");
    assert_eq!(summary(&session.on_change(&resources(2, &[1, 2]), "")), ["Filter +aegisgate_routes"]);
}

#[test]
fn a_reconnecting_envoy_gets_only_what_changed() {
    let old = resources(1, &[1, 2]);
    let versions = |kind| -> HashMap<String, String> {
        let resources = old.of_kind(kind, "").into_iter();
        resources.map(|(name, resource)| (name.to_owned(), resource.version.clone())).collect()
    };
    let reconnect = |current: &ResourceSet| {
        let mut session = DeltaSession::default();
        let clusters = DeltaDiscoveryRequest {
            initial_resource_versions: versions(Kind::Cluster),
            ..request(Kind::Cluster)
        };
        let filter = DeltaDiscoveryRequest {
            initial_resource_versions: versions(Kind::Filter),
            ..subscribe(Kind::Filter, &BOTH)
        };
        [session.on_request(&clusters, current, ""), session.on_request(&filter, current, "")]
    };

    let [clusters, filter] = reconnect(&old);
    assert_eq!(summary(&clusters.responses), ["Cluster"]);
    let acked = |part| Verdict::Acked { part, resource: String::new(), revision: 1 };
    assert_eq!(clusters.verdicts, [acked(Part::Clusters)]);
    assert_eq!(summary(&filter.responses), [""; 0]);
    assert_eq!(filter.verdicts, [Part::Policies, Part::Routes].map(acked));

    let [clusters, filter] = reconnect(&resources(2, &[2, 3]));
    assert_eq!(summary(&clusters.responses), ["Cluster +upstream-3 -upstream-1"]);
    assert_eq!(summary(&filter.responses), ["Filter +aegisgate_routes"]);
}

#[test]
fn one_token_more_sends_its_shard_and_an_update_is_the_same_as_rendering_everything() {
    let names: Vec<String> =
        resources(1, &[1]).of_kind(Kind::Filter, "").into_keys().map(str::to_owned).collect();
    assert_eq!(names.len(), 2 + usize::from(aegis_policy::SHARDS));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let ids: Vec<i64> = (1..=100).collect();
    let mut session = DeltaSession::default();
    let first = session.on_request(&subscribe(Kind::Filter, &names), &resources(1, &ids[..99]), "");
    assert_eq!(first.responses.len(), names.len());
    let added = TokenHash::of(&100_i64.to_le_bytes());
    let updated = resources(1, &ids[..99])
        .update(&[added.clone()].into(), &snapshot(2, &ids), &BTreeMap::new(), &settings())
        .unwrap();
    assert_eq!(updated, resources(2, &ids));
    let shard = format!("Filter +aegisgate_routes_{}", added.shard());
    assert_eq!(summary(&session.on_change(&updated, "")), ["Filter +aegisgate_routes", &shard]);
}

#[test]
fn an_answer_is_matched_with_the_response_it_belongs_to() {
    let mut session = connected(&resources(1, &[1]));
    let second = session.on_change(&resources(2, &[1]), "").remove(0);
    let third = session.on_change(&resources(3, &[1]), "").remove(0);
    let current = resources(3, &[1]);

    let refused = session.on_request(&nack(&second, "Invalid path: /filter.wasm"), &current, "");
    let message = "Invalid path: /filter.wasm".to_owned();
    assert_eq!(
        refused.verdicts,
        [Verdict::Nacked { part: Part::Routes, resource: BOTH[1].into(), revision: 2, message }]
    );
    assert_eq!(refused.responses, [], "the same bytes again would be acknowledged and not applied");
    let accepted = session.on_request(&ack(&third), &current, "");
    assert_eq!(
        accepted.verdicts,
        [Verdict::Acked { part: Part::Routes, resource: BOTH[1].into(), revision: 3 }]
    );
    assert_eq!(session.on_request(&ack(&third), &current, "").verdicts, [], "a nonce counts once");
}

#[test]
fn a_new_revision_makes_a_refused_configuration_new() {
    let version =
        |revision| resources(revision, &[1]).of_kind(Kind::Filter, "")["aegisgate_routes"].version.clone();
    assert_eq!(version(1), version(1));
    assert_ne!(version(1), version(2));
    let cluster =
        |revision| resources(revision, &[1]).of_kind(Kind::Cluster, "")["upstream-1"].version.clone();
    assert_eq!(cluster(1), cluster(2), "an unchanged cluster must not be sent again");
    let policies =
        |revision| resources(revision, &[1]).of_kind(Kind::Filter, "")["aegisgate"].version.clone();
    assert_eq!(policies(1), policies(2), "nor rules because of a token");
}

#[test]
fn the_filter_is_never_reported_as_removed() {
    let mut session = DeltaSession::default();
    let unknown = session.on_request(&subscribe(Kind::Filter, &["other"]), &resources(1, &[]), "");
    assert_eq!(unknown.responses, []);
    let missing = session.on_request(&subscribe(Kind::Cluster, &["upstream-9"]), &resources(1, &[]), "");
    assert_eq!(summary(&missing.responses), ["Cluster -upstream-9"]);
    assert_eq!(session.on_change(&resources(2, &[]), ""), [], "it was told once");
    assert_eq!(summary(&session.on_change(&resources(3, &[9]), "")), ["Cluster +upstream-9"]);
}

#[test]
fn subscriptions_can_change() {
    let current = resources(1, &[1, 2]);
    let mut session = DeltaSession::default();
    let one = session.on_request(&subscribe(Kind::Cluster, &["upstream-1"]), &current, "");
    assert_eq!(summary(&one.responses), ["Cluster +upstream-1"]);
    let again = session.on_request(&subscribe(Kind::Cluster, &["upstream-1"]), &current, "");
    assert_eq!(summary(&again.responses), ["Cluster +upstream-1"], "asking again gets it again");
    let all = session.on_request(&subscribe(Kind::Cluster, &["*"]), &current, "");
    assert_eq!(summary(&all.responses), ["Cluster +upstream-2"]);
    let none = DeltaDiscoveryRequest {
        resource_names_unsubscribe: vec!["*".into(), "upstream-1".into()],
        ..request(Kind::Cluster)
    };
    assert_eq!(session.on_request(&none, &current, "").responses, []);
    assert_eq!(session.on_change(&resources(2, &[1, 2, 3]), ""), []);
}

#[test]
fn other_types_are_ignored() {
    let secret = DeltaDiscoveryRequest {
        type_url: "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret".into(),
        ..DeltaDiscoveryRequest::default()
    };
    assert_eq!(DeltaSession::default().on_request(&secret, &resources(1, &[1]), ""), Reaction::default());
}
