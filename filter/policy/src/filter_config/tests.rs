use super::*;
use crate::CompiledPolicy;
use std::collections::BTreeMap;

fn config() -> FilterConfig {
    FilterConfig {
        routes: Some(RoutePart {
            revision: 7,
            upstreams: vec![Upstream {
                cluster: "upstream-1".into(),
                authority: "api.example.com".into(),
                path: "/v1".into(),
            }],
            tokens: BTreeMap::from([(TokenHash::of(b"demo"), TokenRoute::default())]),
            local_ports: None,
        }),
        policies: Some(PolicyPart::single(3, CompiledPolicy::default())),
    }
}

#[test]
fn survives_a_round_trip_without_the_token() {
    let json = serde_json::to_vec(&config()).unwrap();
    assert_eq!(FilterConfig::from_json(&json).unwrap(), config());
    assert!(!String::from_utf8(json).unwrap().contains("demo"));
}

#[test]
fn each_part_can_come_alone() {
    for part in [FilterConfig { routes: None, ..config() }, FilterConfig { policies: None, ..config() }] {
        assert_eq!(FilterConfig::from_json(&serde_json::to_vec(&part).unwrap()).unwrap(), part);
    }
    assert!(matches!(FilterConfig::from_json(b"{}"), Err(FilterConfigError::Empty)));
}

#[test]
fn refuses_unknown_keys_and_what_leads_nowhere() {
    let error = FilterConfig::from_json(br#"{"colour":1}"#);
    assert!(error.unwrap_err().to_string().contains("colour"));
    let mut dangling = config();
    let routes = dangling.routes.as_mut().unwrap();
    routes.tokens.insert(TokenHash::of(b"x"), TokenRoute { upstream: 1, ..TokenRoute::default() });
    assert!(matches!(dangling.validate(), Err(FilterConfigError::UnknownUpstream { upstream: 1, .. })));
    let mut relative = config();
    relative.routes.as_mut().unwrap().upstreams[0].path = "v1".into();
    assert!(matches!(relative.validate(), Err(FilterConfigError::BadUpstream(0))));
    let mut nobody = config();
    nobody.policies.as_mut().unwrap().default_track = "other".into();
    assert!(matches!(nobody.validate(), Err(FilterConfigError::UnknownTrack(name)) if name == "other"));
    let mut missing = config();
    missing.policies.as_mut().unwrap().policies.clear();
    assert!(matches!(missing.validate(), Err(FilterConfigError::UnknownPolicy { index: 0, .. })));
}

#[test]
fn ports_are_numbers_as_people_write_them() {
    for (token, port) in [("1024", Some(1024)), ("11434", Some(11434)), ("65535", Some(65535))] {
        assert_eq!(LocalPorts::port(token), port);
    }
    for token in ["", "1023", "65536", "08080", "+8080", "8080 ", "-1", "8e3", "１１４３４"] {
        assert_eq!(LocalPorts::port(token), None, "{token}");
    }
}

#[test]
fn a_token_hash_is_22_base64url_characters() {
    let hash = TokenHash::of(b"AbCdEfGhIjKlMnOpQrStUvWx");
    assert_eq!(TokenHash::parse(hash.as_str()), Some(hash.clone()));
    assert_ne!(hash, TokenHash::of(b"AbCdEfGhIjKlMnOpQrStUvWy"));
    for text in ["", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA+"] {
        assert_eq!(TokenHash::parse(text), None, "{text}");
    }
}

#[test]
fn a_tenth_of_the_tokens_is_a_tenth() {
    let tokens = (0..20_000_u32).map(|number| TokenHash::of(&number.to_le_bytes()));
    let inside = tokens.filter(|hash| hash.share() < 1000).count();
    assert!((1900..=2100).contains(&inside), "{inside} of 20000");
}
