//! Client paths: `/v1/__gw__/t/<token>[__<mode>]/<rest>`.

use aegis_policy::FilterMode;

/// What a client's path asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// Not a path of the gateway's data plane.
    Elsewhere,
    /// A data plane path without a token, where one is needed.
    NoToken,
    /// A token with a suffix that is no filter mode.
    BadMode,
    /// A request on behalf of a token, or of the empty one: a path as the upstream's own.
    Token(TokenPath<'a>),
}

/// The parts of a token path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TokenPath<'a> {
    pub(crate) token: &'a str,
    pub(crate) mode: FilterMode,
    /// What the client appended to its base URL, with the query: `/chat/completions?x=1`, `/`, nothing.
    pub(crate) rest: &'a str,
}

/// Reads the path of a request.
pub(crate) fn parse(path: &str) -> Route<'_> {
    let (bare, _query) = path.split_once('?').unwrap_or((path, ""));
    let mut segments = bare.split('/').skip(1);
    let version = segments.next();
    let Some("v1" | "v2") = version else { return Route::Elsewhere };
    if version == Some("v1") && segments.next() != Some("__gw__") {
        return Route::Token(TokenPath { token: "", mode: FilterMode::Full, rest: path });
    }
    let Some(rest) = ["/v1/__gw__/t/", "/v2/__gw__/t/"].iter().find_map(|prefix| path.strip_prefix(prefix))
    else {
        return Route::NoToken;
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (name, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (token, mode) = match name.split_once("__") {
        None => (name, FilterMode::Full),
        Some((token, "redact")) => (token, FilterMode::Redact),
        Some((token, "passthrough")) => (token, FilterMode::Passthrough),
        Some(_) => return Route::BadMode,
    };
    if token.is_empty() {
        return Route::NoToken;
    }
    Route::Token(TokenPath { token, mode, rest })
}

impl TokenPath<'_> {
    /// The path for an upstream whose base path is `base`: what a client appends to its base URL goes behind the base URL
    /// that was registered. Some clients append their API's version and some expect it in the base URL, so behind a base
    /// with a version that version is not repeated, nor is the `v1` of clients that know no other.
    pub(crate) fn upstream_path(&self, base: &str) -> String {
        let version = base.rsplit('/').next().filter(|segment| is_version(segment));
        let rest =
            version.and_then(|version| self.behind(version).or(self.behind("v1"))).unwrap_or(self.rest);
        let path = format!("{base}{rest}");
        if path.starts_with('/') { path } else { format!("/{path}") }
    }

    /// What follows the first segment of the rest, if that is `segment`.
    fn behind(&self, segment: &str) -> Option<&str> {
        let behind = self.rest.strip_prefix('/')?.strip_prefix(segment)?;
        (behind.is_empty() || behind.starts_with(['/', '?'])).then_some(behind)
    }

    /// The rest without its query.
    pub(crate) fn bare_rest(&self) -> &str {
        self.rest.split_once('?').map_or(self.rest, |(bare, _)| bare)
    }

    /// Whether a segment of the rest leads upwards for a server that reads `%2e` or `%2f` as what they stand for. Envoy
    /// has resolved those that are written plainly.
    pub(crate) fn climbs(&self) -> bool {
        let rest = self.bare_rest();
        if !rest.contains(['.', '%', '\\']) {
            return false;
        }
        let rest = rest.to_ascii_lowercase();
        let plain = rest.replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").replace('\\', "/");
        plain.split('/').any(|segment| segment == ".." || segment == ".")
    }
}

/// `v1`, `v1beta`: the version of an API.
fn is_version(segment: &str) -> bool {
    let mut bytes = segment.bytes();
    bytes.next() == Some(b'v')
        && bytes.next().is_some_and(|byte| byte.is_ascii_digit())
        && bytes.all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(path: &str) -> (&str, FilterMode, &str) {
        match parse(path) {
            Route::Token(TokenPath { token, mode, rest }) => (token, mode, rest),
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn reads_tokens_modes_and_rests() {
        assert_eq!(
            token("/v1/__gw__/t/TOK/chat/completions"),
            ("TOK", FilterMode::Full, "/chat/completions")
        );
        assert_eq!(
            token("/v2/__gw__/t/TOK__redact/messages?beta=true"),
            ("TOK", FilterMode::Redact, "/messages?beta=true")
        );
        assert_eq!(token("/v1/__gw__/t/TOK__passthrough/x"), ("TOK", FilterMode::Passthrough, "/x"));
        assert_eq!(token("/v1/__gw__/t/TOK/v1/models"), ("TOK", FilterMode::Full, "/v1/models"));
        assert_eq!(token("/v1/__gw__/t/TOK"), ("TOK", FilterMode::Full, ""));
        assert_eq!(token("/v1/__gw__/t/TOK?a=b/c"), ("TOK", FilterMode::Full, "?a=b/c"));
        for path in ["/v2", "/v2/chat/completions", "/v1/__gw__", "/v1/__gw__/t/", "/v1/__gw__/t//x"] {
            assert_eq!(parse(path), Route::NoToken, "{path}");
        }
        for path in ["/v1/chat/completions?x", "/v1", "/v1?x=/v1/__gw__/t/TOK/y", "/v1/__gw__x"] {
            assert_eq!(token(path), ("", FilterMode::Full, path));
        }
        assert_eq!(parse("/v1/__gw__/t/TOK__foo/x"), Route::BadMode);
        for path in ["/", "/health", "/v10/x", "/__gw__/register", ""] {
            assert_eq!(parse(path), Route::Elsewhere, "{path}");
        }
    }

    fn at(path: &str) -> TokenPath<'_> {
        match parse(path) {
            Route::Token(path) => path,
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn appends_the_rest_to_the_upstreams_base() {
        let cases = [
            // OpenAI: the base URL has the version.
            ("/chat/completions", "/v1", "/v1/chat/completions"),
            ("/chat/completions", "/api/v1", "/api/v1/chat/completions"),
            ("/chat/completions", "", "/chat/completions"),
            // Anthropic and Gemini: the client has it.
            ("/v1/messages?beta=true", "", "/v1/messages?beta=true"),
            ("/v1/messages?beta=true", "/v1", "/v1/messages?beta=true"),
            ("/v1/messages", "/anthropic", "/anthropic/v1/messages"),
            ("/v1beta/models/m:generateContent", "", "/v1beta/models/m:generateContent"),
            ("/v1beta/models/m:generateContent", "/v1beta", "/v1beta/models/m:generateContent"),
            ("/v1beta/models/m", "/v1", "/v1/v1beta/models/m"),
            ("/v2/chat", "/v2", "/v2/chat"),
            ("/v1/chat/completions", "/api/v3", "/api/v3/chat/completions"),
            ("/v2/chat", "/v1", "/v1/v2/chat"),
            ("/v1/v1/x", "/v1", "/v1/v1/x"),
            ("/v10/x", "/v1", "/v1/v10/x"),
            // No version.
            ("/openai/x", "/openai", "/openai/openai/x"),
            // Claude Code asks for its base URL first.
            ("", "/v1", "/v1"),
            ("", "", "/"),
            ("/", "/v1", "/v1/"),
            ("/", "", "/"),
            ("/v1", "/v1", "/v1"),
            ("?x=1", "", "/?x=1"),
            ("?x=1", "/v1", "/v1?x=1"),
            ("/v1?x=1", "/v1", "/v1?x=1"),
        ];
        for (rest, base, expected) in cases {
            let path = format!("/v1/__gw__/t/T{rest}");
            assert_eq!(at(&path).upstream_path(base), expected, "{rest} at {base}");
        }
    }

    #[test]
    fn notices_what_leads_upwards() {
        for rest in ["/%2e%2E/x", "/a%2F..%2fx", "/..%5cx", "/a/.%2e", "/%2e/x"] {
            assert!(at(&format!("/v1/__gw__/t/T{rest}")).climbs(), "{rest}");
        }
        for rest in ["", "/models/meta%2Fllama", "/files/a..b", "/x?y=/../z", "/...", "/a%252e%252e/x"] {
            assert!(!at(&format!("/v1/__gw__/t/T{rest}")).climbs(), "{rest}");
        }
    }
}
