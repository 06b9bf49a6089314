use super::*;
use crate::CompiledPolicy;
use std::collections::BTreeMap;

fn config() -> FilterConfig {
    FilterConfig {
        routes: Some(RoutePart { revision: 7, shards: vec!["1".into(); SHARDS.into()] }),
        shards: vec![RouteShard {
            number: TokenHash::of(b"demo").shard(),
            version: "1".into(),
            upstreams: vec![Upstream {
                cluster: "upstream-1".into(),
                authority: "api.example.com".into(),
                path: "/v1".into(),
            }],
            tokens: BTreeMap::from([(TokenHash::of(b"demo"), TokenRoute::default())]),
            local_ports: None,
        }],
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
    for part in [
        FilterConfig { routes: None, shards: Vec::new(), ..config() },
        FilterConfig { routes: None, policies: None, ..config() },
        FilterConfig { shards: Vec::new(), policies: None, ..config() },
    ] {
        assert_eq!(FilterConfig::from_json(&serde_json::to_vec(&part).unwrap()).unwrap(), part);
    }
    assert!(matches!(FilterConfig::from_json(b"{}"), Err(FilterConfigError::Empty)));
}

#[test]
fn refuses_unknown_keys_and_what_leads_nowhere() {
    let error = FilterConfig::from_json(br#"{"colour":1}"#);
    assert!(error.unwrap_err().to_string().contains("colour"));
    let mut dangling = config();
    let route = dangling.shards[0].tokens.values_mut().next().unwrap();
    route.upstream = 1;
    assert!(matches!(dangling.validate(), Err(FilterConfigError::UnknownUpstream { upstream: 1, .. })));
    let mut relative = config();
    relative.shards[0].upstreams[0].path = "v1".into();
    assert!(matches!(relative.validate(), Err(FilterConfigError::BadUpstream(0))));
    let mut few = config();
    few.routes.as_mut().unwrap().shards.pop();
    assert!(matches!(few.validate(), Err(FilterConfigError::ShardCount(15))));
    for number in [config().shards[0].number ^ 1, SHARDS] {
        let mut misplaced = config();
        misplaced.shards[0].number = number;
        assert!(matches!(misplaced.validate(), Err(FilterConfigError::BadShard(_))));
    }
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

#[test]
fn shards_and_shares_are_even() {
    let hashes: Vec<TokenHash> = (0..20_000_u32).map(|number| TokenHash::of(&number.to_le_bytes())).collect();
    for shard in 0..SHARDS {
        let count = hashes.iter().filter(|hash| hash.shard() == shard).count();
        assert!((1_125..=1_375).contains(&count), "{count} of 20,000 tokens in shard {shard}");
    }
    // A canary of 10 % is one of 9 to 11.
    let canary = hashes.iter().filter(|hash| hash.share() < 1_000).count();
    assert!((1_800..=2_200).contains(&canary), "{canary} of 20,000 tokens below a share of 10 %");
}
