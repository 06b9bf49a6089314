//! Events.

use crate::backend::Site;
use aegis_model::{Event, EventQuery, Events};
use serde_json::json;

pub(crate) async fn events_are_found_and_pruned(site: Site) {
    let store = site.open().await;
    let event = |at, tenant: &str, action: &str| Event {
        at,
        tenant: tenant.into(),
        action: action.into(),
        body: json!({ "at": at }),
    };
    let all = [event(1, "a", "allow"), event(2, "b", "block"), event(3, "a", "block")];
    store.add_events(&all).await.unwrap();
    store.add_events(&[]).await.unwrap();
    let found = |query: EventQuery<'static>| {
        let store = store.clone();
        async move {
            let found = store.events(EventQuery { limit: 10, ..query }).await.unwrap();
            found.into_iter().map(|(_, event)| event.at).collect::<Vec<_>>()
        }
    };
    assert_eq!(found(EventQuery::default()).await, [1, 2, 3]);
    assert_eq!(found(EventQuery { tenant: Some("a"), ..EventQuery::default() }).await, [1, 3]);
    assert_eq!(found(EventQuery { action: Some("block"), since: 3, ..EventQuery::default() }).await, [3]);
    let numbered = store.events(EventQuery { limit: 1, ..EventQuery::default() }).await.unwrap();
    assert_eq!(numbered[0].1, all[0]);
    assert_eq!(found(EventQuery { after: numbered[0].0, ..EventQuery::default() }).await, [2, 3]);
    assert_eq!(store.prune_events(3).await.unwrap(), 2);
    assert_eq!(found(EventQuery::default()).await, [3]);
}
