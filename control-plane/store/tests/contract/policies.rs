//! Policies.

use crate::backend::{Site, me};
use aegis_model::{Actor, Bounds, Candidate, Policies, Rollout, Scope, Stage, Store};

fn live(version: u32) -> Rollout {
    Rollout::only(version)
}

pub(crate) async fn versions_never_change(site: Site) {
    let store = site.open().await;
    let first = store.add_version(&me(), "desk", "{\"a\":1}").await.unwrap();
    let same = store.add_version(&Actor::new("other"), "desk", "{\"a\":1}").await.unwrap();
    let second = store.add_version(&me(), "desk", "{\"a\":2}").await.unwrap();
    let elsewhere = store.add_version(&me(), "lab", "{\"a\":1}").await.unwrap();
    assert_eq!((first.version, same.version, second.version, elsewhere.version), (1, 1, 2, 1));
    assert_eq!(same.author, me());
    assert_eq!(store.versions(Some("desk")).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(store.versions(None).await.unwrap(), [first, second, elsewhere]);
    assert_eq!(store.document("desk", 1).await.unwrap().unwrap(), "{\"a\":1}");
    assert_eq!(store.document("desk", 3).await.unwrap(), None);
    assert_eq!(store.revisions().await.unwrap().latest, 0, "nothing acts yet");
}

pub(crate) async fn a_rollout_can_be_replaced_only_as_expected(site: Site) {
    let store = site.open().await;
    for text in ["1", "2", "3"] {
        store.add_version(&me(), "desk", text).await.unwrap();
    }
    assert!(store.roll_out(&me(), "desk", Some(&live(1)), None, "").await.unwrap());
    assert!(!store.roll_out(&me(), "desk", Some(&live(3)), Some(&live(2)), "").await.unwrap());
    assert_eq!(store.policy_state().await.unwrap().rollouts["desk"], live(1));
    assert!(store.roll_out(&me(), "desk", Some(&live(3)), Some(&live(1)), "why").await.unwrap());
    assert_eq!(store.policy_state().await.unwrap().rollouts["desk"], live(3));
    assert!(store.roll_out(&me(), "desk", None, None, "").await.unwrap());
    assert!(store.policy_state().await.unwrap().rollouts.is_empty());
}

pub(crate) async fn the_snapshot_has_what_acts(site: Site) {
    let store = site.open().await;
    for text in ["1", "2", "3"] {
        store.add_version(&me(), "desk", text).await.unwrap();
    }
    let stage = Stage::Canary { share: 1000 };
    let candidate = Some(Candidate { version: 3, stage, bounds: Bounds::default() });
    let rollout = Rollout { candidate, previous: Some(1), ..live(2) };
    store.roll_out(&me(), "desk", Some(&rollout), None, "").await.unwrap();
    let group = Scope::Group("eu".into());
    store.assign(&me(), &Scope::Global, Some("desk")).await.unwrap();
    store.assign(&me(), &group, Some("desk")).await.unwrap();
    store.assign(&me(), &group, None).await.unwrap();
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!((snapshot.revisions.policies, snapshot.revisions.routes), (4, 0));
    assert_eq!(snapshot.policies.rollouts["desk"], rollout);
    assert_eq!(
        snapshot.policies.assignments.into_iter().collect::<Vec<_>>(),
        [(Scope::Global, "desk".into())]
    );
    let documents: Vec<_> = snapshot.policies.documents.into_iter().collect();
    assert_eq!(documents, [(("desk".into(), 2), "2".into()), (("desk".into(), 3), "3".into())]);
}
