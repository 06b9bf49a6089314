//! Keys and the journal.

use crate::backend::{Site, base, me};
use aegis_model::{Access, Actor, AdminKey, Role, Tokens};

pub(crate) async fn keys_have_unique_names(site: Site) {
    let store = site.open().await;
    let key = |name: &str, role, tenant: Option<&str>| AdminKey {
        name: name.into(),
        role,
        tenant: tenant.map(str::to_owned),
        created_at: 5,
    };
    let ops = key("ops", Role::Editor, None);
    assert!(store.add_key(&me(), &ops, &[1; 32]).await.unwrap());
    assert!(!store.add_key(&me(), &key("ops", Role::Admin, None), &[2; 32]).await.unwrap());
    let acme = key("acme", Role::Viewer, Some("acme"));
    assert!(store.add_key(&me(), &acme, &[3; 32]).await.unwrap());
    assert_eq!(store.find_key("ops").await.unwrap(), Some((ops.clone(), [1; 32])));
    assert_eq!(store.list_keys().await.unwrap(), [acme, ops]);
    assert!(store.remove_key(&me(), "ops").await.unwrap());
    assert!(!store.remove_key(&me(), "ops").await.unwrap());
    assert_eq!(store.find_key("ops").await.unwrap(), None);
}

pub(crate) async fn the_journal_says_who_did_what(site: Site) {
    let store = site.open().await;
    let ada = Actor::new("ada");
    let upstream = base("https://up.test/v1");
    store.register(&ada, &upstream, None).await.unwrap();
    store.register(&ada, &upstream, None).await.unwrap();
    let token = store.lookup(&upstream).await.unwrap().unwrap().token;
    store.remove_token(&me(), &token.hash()).await.unwrap();
    let journal = store.journal(i64::MAX, 10).await.unwrap();
    let lines: Vec<_> =
        journal.iter().map(|entry| (entry.actor.as_str(), entry.action.as_str(), entry.revision)).collect();
    assert_eq!(lines, [("tester", "token.remove", 2), ("ada", "token.add", 1)], "newest first");
    assert!(journal.iter().all(|entry| entry.target == token.hash().as_str()));
    assert_eq!(store.journal(journal[0].number, 10).await.unwrap(), journal[1..]);
}
