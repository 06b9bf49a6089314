//! Reading what has changed since the last time.

use crate::backend::{Site, base, me};
use aegis_model::{
    NewToken, Policies, Rollout, Scope, Snapshot, Store, TokenChange, TokenSettings, Tokens, WhitelistKeys,
};
use aegis_policy::TokenHash;
use aegis_store::{Changed, Follower, SqlStore};

fn new_token(number: usize) -> NewToken {
    NewToken {
        upstream: base(&format!("https://u{}.test/v1", number % 3)),
        whitelist: WhitelistKeys::default(),
        settings: TokenSettings::default(),
    }
}

/// What `follower` says has changed; what it has then is what the store has.
async fn follow(follower: &mut Follower, store: &SqlStore) -> Changed {
    let changed = follower.follow().await.unwrap();
    assert_eq!(*follower.snapshot(), store.snapshot().await.unwrap());
    changed
}

pub(crate) async fn a_follower_has_what_the_snapshot_has_after_every_change(site: Site) {
    let store = site.open().await;
    let mut follower = Follower::new(store.clone());
    let tokens = |hashes: &[&TokenHash]| Changed::Tokens(hashes.iter().map(|hash| (*hash).clone()).collect());
    assert_eq!(follow(&mut follower, &store).await, Changed::Everything);
    assert_eq!(*follower.snapshot(), Snapshot::default());
    assert_eq!(follow(&mut follower, &store).await, Changed::nothing());

    // One, many at once, and some that are gone again before anybody looked.
    let added = store.add_tokens(&me(), &[new_token(0)]).await.unwrap();
    let first = added[0].token.hash();
    assert_eq!(follow(&mut follower, &store).await, tokens(&[&first]));
    let many: Vec<NewToken> = (0..50).map(new_token).collect();
    let many = store.add_tokens(&me(), &many).await.unwrap();
    let many: Vec<TokenHash> = many.iter().map(|added| added.token.hash()).collect();
    store.remove_token(&me(), &many[0]).await.unwrap();
    let changed = follow(&mut follower, &store).await;
    assert_eq!(changed, tokens(&many.iter().collect::<Vec<_>>()));

    let settings = TokenSettings { max_messages: Some(3), ..TokenSettings::default() };
    let elsewhere = TokenChange {
        upstream: Some(base("https://elsewhere.test/v1")),
        settings: Some(settings),
        ..TokenChange::default()
    };
    store.change_token(&me(), &first, &elsewhere).await.unwrap().unwrap();
    let keys = WhitelistKeys::from_json(&serde_json::json!(["a"]));
    store.register(&me(), &base("https://u1.test/v1"), Some(&keys)).await.unwrap();
    let Changed::Tokens(changed) = follow(&mut follower, &store).await else { panic!() };
    assert!(changed.len() == 2 && changed.contains(&first));
    store.remove_token(&me(), &first).await.unwrap();
    assert_eq!(follow(&mut follower, &store).await, tokens(&[&first]));

    // What is not about tokens.
    store.add_version(&me(), "desk", r#"{"version":1,"name":"desk"}"#).await.unwrap();
    let rollout = Rollout::only(1);
    store.roll_out(&me(), "desk", Some(&rollout), None, "").await.unwrap();
    store.assign(&me(), &Scope::Global, Some("desk")).await.unwrap();
    store.bump_revisions().await.unwrap();
    assert_eq!(follow(&mut follower, &store).await, Changed::nothing());
    assert_eq!(follower.snapshot().policies.rollouts.len(), 1);

    // So many that reading everything is faster.
    for _ in 0..1001 {
        store.assign(&me(), &Scope::Global, Some("desk")).await.unwrap();
    }
    store.remove_token(&me(), &many[1]).await.unwrap();
    assert_eq!(follow(&mut follower, &store).await, Changed::Everything);
}
