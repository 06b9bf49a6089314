//! Routes that settings name, besides those of the store.

use aegis_model::{Route, Snapshot, Upstream, UpstreamBase, UpstreamId};
use aegis_policy::TokenHash;
use std::borrow::Cow;

/// A route that settings name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRoute {
    /// Of the name, which stands where others have a token. Requests without either have the empty one.
    pub hash: TokenHash,
    /// Where its requests go.
    pub upstream: UpstreamBase,
    /// Only those of clients of the internal network.
    pub internal: bool,
}

/// `stored` upstreams and those of `named` routes.
pub(crate) fn upstreams<'a>(stored: &'a [Upstream], named: &[NamedRoute]) -> Cow<'a, [Upstream]> {
    let mut all = Cow::Borrowed(stored);
    for (id, route) in (1..).map(|number| UpstreamId(-number)).zip(named) {
        if all.iter().all(|upstream| upstream.base != route.upstream) {
            // Identities of the store are greater than 0, and upstreams are ordered by them.
            all.to_mut().insert(0, Upstream { id, base: route.upstream.clone() });
        }
    }
    all
}

/// `snapshot` with `named` routes. A token of the same name keeps what was said about it and gets their upstream.
pub(crate) fn with<'a>(snapshot: &'a Snapshot, named: &[NamedRoute]) -> Cow<'a, Snapshot> {
    let mut all = Cow::Borrowed(snapshot);
    if named.is_empty() {
        return all;
    }
    let upstreams = upstreams(&snapshot.upstreams, named);
    let routes = named.iter().filter_map(|route| {
        let upstream = upstreams.iter().find(|upstream| upstream.base == route.upstream)?;
        Some((route, upstream.id))
    });
    let tokens = &mut all.to_mut().tokens;
    for (route, upstream) in routes {
        let token = tokens.entry(route.hash.clone()).or_insert_with(|| Route::to(upstream));
        token.upstream = upstream;
        token.internal = route.internal;
    }
    all.to_mut().upstreams = upstreams.into_owned();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_model::TokenSettings;
    use std::collections::BTreeMap;

    fn named(name: &str, base: &str, internal: bool) -> NamedRoute {
        let upstream = UpstreamBase::parse(base).unwrap();
        NamedRoute { hash: TokenHash::of(name.as_bytes()), upstream, internal }
    }

    #[test]
    fn named_routes_are_added_and_replace_where_a_token_leads() {
        let settings = TokenSettings { max_messages: Some(3), ..TokenSettings::default() };
        let stored = Route { settings: settings.clone(), ..Route::to(UpstreamId(4)) };
        let base = UpstreamBase::parse("https://a.test/v1").unwrap();
        let snapshot = Snapshot {
            upstreams: vec![Upstream { id: UpstreamId(4), base }],
            tokens: BTreeMap::from([(TokenHash::of(b"stored"), stored)]),
            ..Snapshot::default()
        };
        assert!(matches!(with(&snapshot, &[]), Cow::Borrowed(_)));
        let all = with(
            &snapshot,
            &[
                named("one", "http://one:81/v1", true),
                named("same", "https://a.test/v1/", false),
                named("stored", "http://one:81/v1", false),
                named("two", "http://two:82/v1", true),
            ],
        );
        let ids: Vec<i64> = all.upstreams.iter().map(|upstream| upstream.id.0).collect();
        assert_eq!(ids, [-4, -1, 4]);
        assert!(matches!(upstreams(&snapshot.upstreams, &[]), Cow::Borrowed(_)));
        let token = |name: &str| &all.tokens[&TokenHash::of(name.as_bytes())];
        let leads =
            ["one", "same", "stored", "two"].map(|name| (token(name).upstream.0, token(name).internal));
        assert_eq!(leads, [(-1, true), (4, false), (-1, false), (-4, true)]);
        assert_eq!(token("stored").settings, settings);
    }
}
