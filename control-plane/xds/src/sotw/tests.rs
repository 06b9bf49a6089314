use super::*;
use crate::delta::tests::resources;
use crate::session::Part;
use envoy_types::pb::google::rpc::Status;

fn request(kind: Kind, names: &[&str], last: Option<&DiscoveryResponse>) -> DiscoveryRequest {
    DiscoveryRequest {
        type_url: kind.type_url().into(),
        resource_names: names.iter().map(|name| (*name).to_owned()).collect(),
        response_nonce: last.map(|response| response.nonce.clone()).unwrap_or_default(),
        ..DiscoveryRequest::default()
    }
}

const BOTH: [&str; 2] = ["aegisgate", "aegisgate_routes"];

/// How many resources each response has.
fn sizes(responses: &[DiscoveryResponse]) -> Vec<usize> {
    responses.iter().map(|response| response.resources.len()).collect()
}

#[test]
fn a_fresh_envoy_gets_everything_and_then_what_changes() {
    let current = resources(1, &[1, 2]);
    let mut session = SotwSession::default();
    let clusters = session.on_request(&request(Kind::Cluster, &[], None), &current, "");
    assert_eq!(sizes(&clusters.responses), [2]);
    let filters = session.on_request(&request(Kind::Filter, &BOTH, None), &current, "");
    assert_eq!(sizes(&filters.responses), [1, 1]);
    let done = session.on_request(&request(Kind::Filter, &BOTH, Some(&filters.responses[1])), &current, "");
    assert_eq!(done.responses, []);
    assert_eq!(done.verdicts, [Verdict::Acked { part: Part::Routes, resource: BOTH[1].into(), revision: 1 }]);
    // All clusters, and of the filters the routes only.
    assert_eq!(sizes(&session.on_change(&resources(2, &[1, 2, 3]), "")), [3, 1]);
    assert_eq!(session.on_change(&resources(2, &[1, 2, 3]), ""), []);
}

#[test]
fn an_envoy_without_clusters_is_told_so() {
    let mut session = SotwSession::default();
    let reaction = session.on_request(&request(Kind::Cluster, &[], None), &resources(0, &[]), "");
    assert_eq!(sizes(&reaction.responses), [0]);
}

#[test]
fn a_refusal_is_matched_with_the_response_it_belongs_to() {
    let current = resources(1, &[1]);
    let mut session = SotwSession::default();
    let filters = session.on_request(&request(Kind::Filter, &BOTH, None), &current, "").responses;
    let status = Status { code: 13, message: "no".into(), details: Vec::new() };
    let nack =
        DiscoveryRequest { error_detail: Some(status), ..request(Kind::Filter, &BOTH, Some(&filters[0])) };
    let reaction = session.on_request(&nack, &current, "");
    let resource = BOTH[0].to_owned();
    let refused = Verdict::Nacked { part: Part::Policies, resource, revision: 1, message: "no".into() };
    assert_eq!((reaction.verdicts, reaction.responses.len()), (vec![refused], 0));
}

#[test]
fn an_envoy_that_asks_for_more_gets_more() {
    let current = resources(1, &[1]);
    let mut session = SotwSession::default();
    let one = session.on_request(&request(Kind::Filter, &BOTH[..1], None), &current, "").responses;
    assert_eq!(sizes(&one), [1]);
    let both = session.on_request(&request(Kind::Filter, &BOTH, Some(&one[0])), &current, "").responses;
    assert_eq!(sizes(&both), [1]);
    let late = session.on_request(&request(Kind::Filter, &BOTH[..1], Some(&one[0])), &current, "");
    assert_eq!(late.responses, [], "it was on its way when the second response was");
}
