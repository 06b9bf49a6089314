use super::*;
use crate::cli::Cli;
use clap::Parser as _;

fn render(arguments: &[&str]) -> anyhow::Result<Access> {
    let command = ["aegisgate", "up"].iter().chain(arguments);
    let args = Cli::try_parse_from(command)?.into_up().unwrap().serve;
    args.access.render(args.destinations(), &args.own_ports())
}

fn refusal(arguments: &[&str]) -> String {
    format!("{:#}", render(arguments).unwrap_err())
}

#[test]
fn everything_is_off_unless_somebody_asks() {
    assert_eq!(render(&[]).unwrap(), Access::default());
    assert_eq!(render(&["--upstream-base-url", ""]).unwrap(), Access::default());
}

#[test]
fn signatures_have_the_limits_of_the_original() {
    let access = render(&["--enable-request-hmac-auth", "true"]).unwrap();
    assert_eq!(access.request_hmac, Some(RequestHmac { window_seconds: 300, nonce_cache_size: 50_000 }));
    for limit in ["--request-replay-window-seconds=0", "--request-nonce-cache-size=63"] {
        assert!(render(&[limit]).is_err(), "{limit}");
    }
}

#[test]
fn requests_without_a_token_have_an_upstream_if_it_is_one() {
    let access = render(&["--upstream-base-url", "https://a.test/v1/"]).unwrap();
    let upstream = UpstreamBase::parse("https://a.test/v1").unwrap();
    assert_eq!(access.named, [NamedRoute { hash: TokenHash::of(b""), upstream, internal: true }]);
    let error = refusal(&["--upstream-base-url", "a.test/v1"]);
    assert!(error.starts_with("AEGIS_UPSTREAM_BASE_URL: a.test/v1 cannot be"), "{error}");
    for (base, private) in [("http://169.254.169.254/", "true"), ("http://127.0.0.1:9/", "false")] {
        let error = refusal(&["--allow-private-upstreams", private, "--upstream-base-url", base]);
        assert!(error.starts_with("AEGIS_UPSTREAM_BASE_URL: ") && error.contains("may not be"), "{error}");
    }
}

#[test]
fn services_have_names_in_place_of_tokens() {
    let token = "abcdefghijklmnopqrstuvwx";
    let all = format!(" 8317:cli-proxy, ollama:llm:11434,{token}:one:80 ,");
    for (public, internal) in [("false", [true, true, false]), ("true", [false; 3])] {
        let arguments = ["--docker-upstreams", &all, "--allow-public-numeric-tokens", public];
        let named = render(&arguments).unwrap().named;
        let expected = [
            ("8317", "http://cli-proxy:8317/v1"),
            ("ollama", "http://llm:11434/v1"),
            (token, "http://one/v1"),
        ];
        for ((route, (name, base)), internal) in named.iter().zip(expected).zip(internal) {
            assert_eq!(route.hash, TokenHash::of(name.as_bytes()));
            assert_eq!((route.upstream.to_string().as_str(), route.internal), (base, internal));
        }
        assert_eq!(named.len(), 3);
    }
}

#[test]
fn services_that_cannot_be_used_are_refused_with_what_is_wrong() {
    for (entry, wrong) in [
        ("ollama", "token:service"),
        ("ollama:llm", "needs a port"),
        ("80:llm", "needs a port"),
        ("08317:llm", "needs a port"),
        ("a b:llm:80", "a token must have"),
        (":llm:80", "a token must have"),
        ("x__redact:llm:80", "a token must have"),
        ("8317:", "cannot be an upstream"),
        ("8317:llm:x", "cannot be an upstream"),
        ("8317:user@llm", "cannot be an upstream"),
        ("8317:metadata.google.internal", "may not be an upstream"),
        ("8317:a,8317:b", "twice"),
    ] {
        let error = refusal(&["--docker-upstreams", entry]);
        assert!(error.starts_with("AEGIS_DOCKER_UPSTREAMS: ") && error.contains(wrong), "{entry}: {error}");
    }
}

#[test]
fn ports_of_one_host_but_the_gateways_own_are_upstreams() {
    let on = ["--enable-local-port-routing", "true", "--port", "7001", "--envoy-admin-port", "7004"];
    let with = |more: &[&str]| render(&[&on[..], more].concat()).map(|access| access.local_ports.unwrap());
    let usual = with(&[]).unwrap();
    assert_eq!((usual.address, usual.host.as_str()), ("127.0.0.1".parse().unwrap(), "127.0.0.1"));
    assert_eq!((usual.reserved.as_slice(), usual.internal), (&[7001, 18081, 18082, 7004][..], true));
    assert!(!with(&["--allow-public-numeric-tokens", "true"]).unwrap().internal);
    let host = "--local-port-routing-host";
    let named = with(&[host, "localhost"]).unwrap();
    assert!(named.address.is_loopback() && named.host == "localhost");
    assert_eq!(with(&[host, "::1"]).unwrap().host, "[::1]");
    for (host, wrong) in [
        ("a b", "cannot be an upstream"),
        ("169.254.169.254", "may not be an upstream"),
        ("nobody.invalid", "cannot find the address"),
    ] {
        let error = refusal(&[&on[..], &["--local-port-routing-host", host]].concat());
        assert!(error.starts_with("AEGIS_LOCAL_PORT_ROUTING_HOST: ") && error.contains(wrong), "{error}");
    }
    let closed = refusal(&[&on[..], &["--allow-private-upstreams", "false"]].concat());
    assert!(closed.contains("AEGIS_ALLOW_PRIVATE_UPSTREAMS"), "{closed}");
}
