use super::*;
use crate::cli::Cli;
use clap::Parser as _;

fn render(arguments: &[&str]) -> anyhow::Result<Access> {
    let command = ["aegisgate", "up"].iter().chain(arguments);
    let args = Cli::try_parse_from(command)?.into_up().unwrap().serve;
    args.access.render(args.destinations())
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
