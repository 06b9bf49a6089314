//! Client paths: `/v1/__gw__/t/<token>[__<mode>]/<rest>`.

/// What a client's path asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// Not a path of the gateway's data plane.
    Elsewhere,
    /// A data plane path without a token.
    NoToken,
    /// A token with a suffix that is no filter mode.
    BadMode,
    /// A request on behalf of a token.
    Token(TokenPath<'a>),
}

/// The parts of a token path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TokenPath<'a> {
    pub(crate) token: &'a str,
    pub(crate) mode: Mode,
    /// What follows the token, without a leading slash, with the query: `chat/completions?x=1`.
    pub(crate) rest: &'a str,
}

/// What the filter does for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Everything that the policy asks for.
    Full,
    /// Redaction and restoration only.
    Redact,
    /// Nothing.
    Passthrough,
}

/// Reads the path of a request.
pub(crate) fn parse(path: &str) -> Route<'_> {
    let (bare, _query) = path.split_once('?').unwrap_or((path, ""));
    let mut segments = bare.split('/').skip(1);
    let Some("v1" | "v2") = segments.next() else { return Route::Elsewhere };
    let Some(rest) = ["/v1/__gw__/t/", "/v2/__gw__/t/"].iter().find_map(|prefix| path.strip_prefix(prefix))
    else {
        return Route::NoToken;
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (name, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (token, mode) = match name.split_once("__") {
        None => (name, Mode::Full),
        Some((token, "redact")) => (token, Mode::Redact),
        Some((token, "passthrough")) => (token, Mode::Passthrough),
        Some(_) => return Route::BadMode,
    };
    if token.is_empty() {
        return Route::NoToken;
    }
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    // Clients append `/v1/…` to a base URL that ends in the token, or do not; both mean the same.
    let rest = rest.strip_prefix("v1/").unwrap_or(rest);
    Route::Token(TokenPath { token, mode, rest })
}

impl TokenPath<'_> {
    /// The path for an upstream whose base path is `base`.
    pub(crate) fn upstream_path(&self, base: &str) -> String {
        let separator = if self.rest.is_empty() || self.rest.starts_with('?') { "" } else { "/" };
        let path = format!("{base}{separator}{}", self.rest);
        if path.starts_with('/') { path } else { format!("/{path}") }
    }

    /// The rest without its query.
    pub(crate) fn bare_rest(&self) -> &str {
        self.rest.split_once('?').map_or(self.rest, |(bare, _)| bare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(path: &str) -> (&str, Mode, &str) {
        match parse(path) {
            Route::Token(TokenPath { token, mode, rest }) => (token, mode, rest),
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn reads_tokens_modes_and_rests() {
        assert_eq!(token("/v1/__gw__/t/TOK/chat/completions"), ("TOK", Mode::Full, "chat/completions"));
        assert_eq!(
            token("/v1/__gw__/t/TOK__redact/messages?beta=true"),
            ("TOK", Mode::Redact, "messages?beta=true")
        );
        assert_eq!(token("/v1/__gw__/t/TOK__passthrough/x"), ("TOK", Mode::Passthrough, "x"));
        assert_eq!(token("/v1/__gw__/t/TOK/v1/models"), ("TOK", Mode::Full, "models"));
        assert_eq!(token("/v1/__gw__/t/TOK"), ("TOK", Mode::Full, ""));
        assert_eq!(token("/v1/__gw__/t/TOK?a=b/c"), ("TOK", Mode::Full, "?a=b/c"));
        for path in
            ["/v1/chat/completions", "/v2", "/v1/__gw__/t/", "/v1/__gw__/t//x", "/v1?x=/v1/__gw__/t/TOK/y"]
        {
            assert_eq!(parse(path), Route::NoToken, "{path}");
        }
        assert_eq!(parse("/v1/__gw__/t/TOK__foo/x"), Route::BadMode);
        for path in ["/", "/health", "/v10/x", "/__gw__/register", ""] {
            assert_eq!(parse(path), Route::Elsewhere, "{path}");
        }
    }

    #[test]
    fn appends_the_rest_to_the_upstreams_base() {
        let path = |path: &str, base: &str| match parse(path) {
            Route::Token(path) => path.upstream_path(base),
            other => panic!("{other:?}"),
        };
        assert_eq!(path("/v1/__gw__/t/T/messages?beta=true", "/v1"), "/v1/messages?beta=true");
        assert_eq!(path("/v1/__gw__/t/T/models", ""), "/models");
        assert_eq!(path("/v1/__gw__/t/T", "/v1"), "/v1");
        assert_eq!(path("/v1/__gw__/t/T?x=1", ""), "/?x=1");
    }
}
