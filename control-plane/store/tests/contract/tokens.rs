//! Tokens and upstreams.

use crate::backend::{Site, base, me};
use aegis_model::{
    NewToken, Registered, Registration, Route, Snapshot, Store, Token, TokenChange, TokenPage, TokenSettings,
    Tokens, WhitelistKeys,
};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;

async fn register_new(store: &impl Store, text: &str) -> Registration {
    match store.register(&me(), &base(text), None).await.unwrap() {
        Registered::New(registration) => registration,
        Registered::Existing(known) => panic!("{} is known", known.upstream),
    }
}

fn new_token(text: &str, tenant: Option<&str>) -> NewToken {
    let settings = TokenSettings { tenant: tenant.map(str::to_owned), ..TokenSettings::default() };
    NewToken { upstream: base(text), whitelist: WhitelistKeys::default(), settings }
}

pub(crate) async fn one_upstream_has_one_token(site: Site) {
    let store = site.open().await;
    let first = register_new(&store, "https://up.test/v1/").await;
    let second = store.register(&me(), &base("https://UP.test/v1"), None).await.unwrap();
    assert_eq!(second, Registered::Existing(first.clone()));
    let other = register_new(&store, "https://up.test/v2").await;
    assert_ne!(first.token, other.token);
    assert_eq!(store.lookup(&base("https://up.test/v1")).await.unwrap(), Some(first.clone()));
    assert_eq!(store.find_token(&first.token.hash()).await.unwrap(), Some(first));
    assert_eq!(store.lookup(&base("https://never.test/v1")).await.unwrap(), None);
}

pub(crate) async fn a_whitelist_is_replaced_only_when_given(site: Site) {
    let store = site.open().await;
    let mut lists = Vec::new();
    for list in [Some(json!(["A"])), Some(json!("b, c")), None] {
        let keys = list.as_ref().map(WhitelistKeys::from_json);
        let (Registered::New(registration) | Registered::Existing(registration)) =
            store.register(&me(), &base("https://up.test/v1"), keys.as_ref()).await.unwrap();
        lists.push(registration.whitelist.as_slice().to_vec());
    }
    assert_eq!(lists, [vec!["a"], vec!["b", "c"], vec!["b", "c"]]);
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!(snapshot.tokens.into_values().next().unwrap().whitelist.as_slice(), ["b", "c"]);
}

pub(crate) async fn the_snapshot_follows_every_change_of_a_route(site: Site) {
    let store = site.open().await;
    assert_eq!(store.snapshot().await.unwrap(), Snapshot::default());

    let first = register_new(&store, "https://a.test/v1").await;
    let second = register_new(&store, "https://b.test/v1").await;
    let both = store.snapshot().await.unwrap();
    assert_eq!((both.revisions.routes, both.revisions.policies), (2, 0));
    assert_eq!((both.upstreams.len(), both.tokens.len()), (2, 2));
    let Route { upstream: id, .. } = both.tokens[&first.token.hash()];
    assert_eq!(both.upstreams.iter().find(|upstream| upstream.id == id).unwrap().base, first.upstream);

    assert!(store.remove_token(&me(), &first.token.hash()).await.unwrap());
    assert!(!store.remove_token(&me(), &first.token.hash()).await.unwrap());
    let one = store.snapshot().await.unwrap();
    assert_eq!((one.revisions.routes, one.upstreams.len()), (3, 1));
    assert_eq!(one.tokens.keys().collect::<Vec<_>>(), [&second.token.hash()]);

    let again = register_new(&store, "https://a.test/v1").await;
    let snapshot = store.snapshot().await.unwrap();
    assert!(again.token != first.token, "a removed token must not come back to life");
    let new_id = snapshot.tokens[&again.token.hash()].upstream;
    assert!(new_id != id, "an identity names an Envoy cluster and must not be reused");

    let revisions = store.bump_revisions().await.unwrap();
    assert_eq!((revisions.latest, revisions.routes, revisions.policies), (5, 5, 5));
    assert_eq!(store.snapshot().await.unwrap(), Snapshot { revisions, ..snapshot });
}

pub(crate) async fn everything_survives_a_restart(site: Site) {
    let store = site.open().await;
    let registration = register_new(&store, "https://up.test/v1").await;
    if site.is_sqlite() {
        let modes: Vec<u32> = std::fs::read_dir(site.files())
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().permissions().mode() & 0o777)
            .collect();
        assert_eq!(modes, [0o600; 3], "database, -wal and -shm");
    }
    let before = store.snapshot().await.unwrap();
    store.close().await;

    let store = site.open().await;
    assert_eq!(store.snapshot().await.unwrap(), before);
    assert_eq!(store.lookup(&base("https://up.test/v1")).await.unwrap(), Some(registration));
    assert_eq!(store.revisions().await.unwrap(), before.revisions);
}

pub(crate) async fn concurrent_registrations_of_one_upstream_agree(site: Site) {
    let store = site.open().await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(
                async move { store.register(&me(), &base("https://up.test/v1"), None).await.unwrap() },
            )
        })
        .collect();
    let mut new = 0;
    let mut tokens: Vec<Token> = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Registered::New(registration) => {
                new += 1;
                tokens.push(registration.token);
            }
            Registered::Existing(registration) => tokens.push(registration.token),
        }
    }
    tokens.dedup();
    assert_eq!((new, tokens.len()), (1, 1));
}

pub(crate) async fn many_tokens_are_added_at_once_or_not_at_all(site: Site) {
    let store = site.open().await;
    let tokens: Vec<NewToken> =
        (0..1234).map(|number| new_token(&format!("https://u{}.test/v1", number % 7), None)).collect();
    let added = store.add_tokens(&me(), &tokens).await.unwrap();
    assert_eq!(added.len(), tokens.len());
    assert!(added.windows(2).all(|pair| pair[0].number < pair[1].number));
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!((snapshot.tokens.len(), snapshot.upstreams.len(), snapshot.revisions.routes), (1234, 7, 1));
    for registration in added.iter().step_by(100) {
        let found = store.find_token(&registration.token.hash()).await.unwrap();
        assert_eq!(found.as_ref(), Some(registration));
    }
}

pub(crate) async fn a_token_can_be_changed(site: Site) {
    let store = site.open().await;
    let first = register_new(&store, "https://a.test/v1").await;
    let hash = first.token.hash();
    let settings =
        TokenSettings { max_messages: Some(3), tenant: Some("acme".into()), ..TokenSettings::default() };
    let change = TokenChange {
        upstream: Some(base("https://b.test/v1")),
        settings: Some(settings.clone()),
        ..TokenChange::default()
    };
    let changed = store.change_token(&me(), &hash, &change).await.unwrap().unwrap();
    assert_eq!(
        changed,
        Registration { upstream: base("https://b.test/v1"), settings: settings.clone(), ..first }
    );
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!(snapshot.upstreams.len(), 1);
    assert_eq!(snapshot.tokens[&hash].settings, settings);
    let unknown = Token::parse("abcdefghijklmnopqrstuvwx").unwrap().hash();
    let revision = snapshot.revisions;
    assert_eq!(store.change_token(&me(), &unknown, &change).await.unwrap(), None);
    assert_eq!(store.revisions().await.unwrap(), revision);
}

pub(crate) async fn pages_are_complete_and_of_one_tenant(site: Site) {
    let store = site.open().await;
    let tokens: Vec<NewToken> =
        (0..10).map(|number| new_token("https://a.test/v1", (number % 2 == 0).then_some("acme"))).collect();
    let added = store.add_tokens(&me(), &tokens).await.unwrap();
    for (tenant, expected) in [(None, 10), (Some("acme"), 5), (Some("nobody"), 0)] {
        let mut found = Vec::new();
        loop {
            let after = found.last().map_or(0, |registration: &Registration| registration.number);
            let page = store.list_tokens(TokenPage { after, limit: 3, tenant }).await.unwrap();
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        assert_eq!(found.len(), expected, "{tenant:?}");
        assert!(found.iter().all(|registration| added.contains(registration)));
    }
}
