//! What is counted of exchanges, for the proxy's statistics. The table is fixed: no name depends on what a client sends or
//! a policy says.

use aegis_policy::Disposition;

macro_rules! counters {
    (
        counters { $($(#[$doc:meta])* $counter:ident = $name:literal,)+ }
        refusals { $($refusal:ident = $code:literal,)+ }
    ) => {
        /// A counter. What each means to an operator is in `filter/README.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Counter {
            $($(#[$doc])* $counter,)+
            $(
                #[doc = concat!("The gateway answered itself, with the code `", $code, "`.")]
                $refusal,
            )+
        }

        impl Counter {
            /// All of them. A counter's place is its number: `counter as usize`.
            pub const ALL: &[Counter] = &[$(Counter::$counter,)+ $(Counter::$refusal),+];

            /// Its name in the statistics.
            pub fn name(self) -> &'static str {
                match self {
                    $(Counter::$counter => $name,)+
                    $(Counter::$refusal => concat!("refusals.", $code),)+
                }
            }

            /// Of answers of the gateway's own with `code`.
            pub(crate) fn of_refusal(code: &str) -> Counter {
                match code {
                    $($code => Counter::$refusal,)+
                    _ => Counter::RefusalOther,
                }
            }
        }
    };
}

counters! {
    counters {
        /// Nothing was done to the request.
        RequestAllowed = "requests.allow",
        /// Something in it was reported and stayed.
        RequestMarked = "requests.mark",
        /// Values in it became placeholders.
        RequestRedacted = "requests.redact",
        /// Something was cut out of it.
        RequestSanitized = "requests.sanitize",
        /// The policy refused it.
        RequestBlocked = "requests.block",
        /// It was refused for another reason, which one of the counters of refusals tells.
        RequestRefused = "requests.refuse",
        /// It ended before all of it was there.
        RequestCutOff = "requests.cut_off",

        /// Nothing was done to the answer.
        AnswerAllowed = "answers.allow",
        /// Values were put back into it, and nothing else was done.
        AnswerRestored = "answers.restore",
        /// Something in it was made harmless.
        AnswerDefanged = "answers.defang",
        /// Something in it was replaced.
        AnswerSanitized = "answers.sanitize",
        /// The policy refused it.
        AnswerBlocked = "answers.block",
        /// An error of the gateway's own took its place, or the gateway broke it off.
        AnswerFailed = "answers.fail",
        /// It ended before all of it was there: the upstream or the client hung up.
        AnswerCutOff = "answers.cut_off",

        /// A finding in a request stayed and was reported.
        RequestFindingMarked = "findings.request.mark",
        /// A placeholder took its place.
        RequestFindingRedacted = "findings.request.redact",
        /// It was cut out.
        RequestFindingSanitized = "findings.request.sanitize",
        /// It had the request refused.
        RequestFindingBlocked = "findings.request.block",
        /// A finding in an answer stayed and was reported.
        AnswerFindingMarked = "findings.response.mark",
        /// It was made harmless.
        AnswerFindingDefanged = "findings.response.defang",
        /// It was replaced.
        AnswerFindingSanitized = "findings.response.sanitize",
        /// It had the answer refused.
        AnswerFindingBlocked = "findings.response.block",

        /// A request had prompt injection in it, which stayed and was reported.
        InjectionMarked = "injections.mark",
        /// A placeholder took its place.
        InjectionRedacted = "injections.redact",
        /// It was taken out.
        InjectionSanitized = "injections.sanitize",
        /// It had the request refused.
        InjectionBlocked = "injections.block",

        /// A policy that only watches would have done nothing.
        ShadowAllowed = "shadow.allow",
        /// It would have done something else than to refuse.
        ShadowChanged = "shadow.change",
        /// It would have refused the request or the answer.
        ShadowBlocked = "shadow.block",

        /// The gateway could not do its work, so the exchange was refused or broken off.
        FailedClosed = "fail_closed",
    }
    refusals {
        RefusalInternalError = "gateway_internal_error",
        RefusalStarting = "gateway_starting",
        RefusalSignatureMissing = "hmac_header_missing",
        RefusalSignatureMisconfigured = "hmac_misconfigured",
        RefusalSignatureInvalid = "hmac_signature_invalid",
        RefusalTimestampInvalid = "hmac_timestamp_invalid",
        RefusalTimestampOutOfWindow = "hmac_timestamp_out_of_window",
        RefusalFilterMode = "invalid_filter_mode",
        RefusalJson = "invalid_json",
        RefusalMultipart = "invalid_multipart",
        RefusalPath = "invalid_path",
        RefusalText = "invalid_text",
        RefusalDepth = "json_too_deep",
        RefusalLoopbackOnly = "loopback_only_reject",
        RefusalMessages = "messages_too_many",
        RefusalInternalName = "numeric_token_public_restricted",
        RefusalPassthrough = "passthrough_mode_public_restricted",
        RefusalPort = "port_not_allowed",
        RefusalNonceCache = "replay_cache_unavailable",
        RefusalNonce = "replay_nonce_detected",
        RefusalBlocked = "request_blocked",
        RefusalTooLarge = "request_body_too_large",
        RefusalRequestTimeout = "request_timeout",
        RefusalTooComplex = "request_too_complex",
        RefusalAnswerTooComplex = "response_too_complex",
        RefusalAnswerDepth = "response_too_deep",
        RefusalAnswerTooLarge = "response_too_large",
        RefusalTokenUnknown = "token_not_found",
        RefusalTokenRequired = "token_route_required",
        RefusalUpstreamEncoding = "unreadable_upstream_encoding",
        RefusalContentEncoding = "unsupported_content_encoding",
        RefusalMediaType = "unsupported_media_type",
        RefusalUpstreamForbidden = "upstream_forbidden",
        RefusalUpstreamTimeout = "upstream_timeout",
        RefusalUpstreamUnreachable = "upstream_unreachable",
        RefusalOther = "other",
    }
}

// === impl Counter ===

impl Counter {
    /// Whether it says that the gateway could not do its work.
    pub(crate) fn is_own_failure(self) -> bool {
        matches!(
            self,
            Counter::RefusalInternalError
                | Counter::RefusalStarting
                | Counter::RefusalSignatureMisconfigured
                | Counter::RefusalNonceCache
                | Counter::RefusalUpstreamEncoding
                | Counter::RefusalOther
        )
    }

    /// Of requests to which `action` was done.
    pub(crate) fn of_request(action: Disposition) -> Counter {
        match action {
            Disposition::Allow => Counter::RequestAllowed,
            Disposition::Mark => Counter::RequestMarked,
            // Nothing follows a request, so what a policy would defang is redacted.
            Disposition::Redact | Disposition::Defang => Counter::RequestRedacted,
            Disposition::Sanitize => Counter::RequestSanitized,
            Disposition::Block => Counter::RequestBlocked,
        }
    }

    /// Of answers to which `action` was done; `restored` if values were put back.
    pub(crate) fn of_answer(action: Disposition, restored: bool) -> Counter {
        match action {
            Disposition::Block => Counter::AnswerBlocked,
            Disposition::Sanitize => Counter::AnswerSanitized,
            Disposition::Defang => Counter::AnswerDefanged,
            // Nothing less is looked for in answers.
            Disposition::Redact | Disposition::Mark | Disposition::Allow if restored => {
                Counter::AnswerRestored
            }
            Disposition::Redact | Disposition::Mark | Disposition::Allow => Counter::AnswerAllowed,
        }
    }

    /// Of findings in requests to which `action` was done; none of what stays without a word.
    pub(crate) fn of_request_finding(action: Disposition) -> Option<Counter> {
        match action {
            Disposition::Allow => None,
            Disposition::Mark => Some(Counter::RequestFindingMarked),
            Disposition::Redact | Disposition::Defang => Some(Counter::RequestFindingRedacted),
            Disposition::Sanitize => Some(Counter::RequestFindingSanitized),
            Disposition::Block => Some(Counter::RequestFindingBlocked),
        }
    }

    /// The same of findings in answers.
    pub(crate) fn of_answer_finding(action: Disposition) -> Option<Counter> {
        match action {
            Disposition::Allow => None,
            Disposition::Mark | Disposition::Redact => Some(Counter::AnswerFindingMarked),
            Disposition::Defang => Some(Counter::AnswerFindingDefanged),
            Disposition::Sanitize => Some(Counter::AnswerFindingSanitized),
            Disposition::Block => Some(Counter::AnswerFindingBlocked),
        }
    }

    /// Of requests with prompt injection to which `action` was done.
    pub(crate) fn of_injection(action: Disposition) -> Option<Counter> {
        match action {
            Disposition::Allow => None,
            Disposition::Mark => Some(Counter::InjectionMarked),
            Disposition::Redact | Disposition::Defang => Some(Counter::InjectionRedacted),
            Disposition::Sanitize => Some(Counter::InjectionSanitized),
            Disposition::Block => Some(Counter::InjectionBlocked),
        }
    }

    /// Of exchanges to which a policy that only watches would have done `action`.
    pub(crate) fn of_shadow(action: Disposition) -> Counter {
        match action {
            Disposition::Allow => Counter::ShadowAllowed,
            Disposition::Block => Counter::ShadowBlocked,
            _ => Counter::ShadowChanged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_different_and_fit_every_collector() {
        let names: BTreeSet<&str> = Counter::ALL.iter().map(|counter| counter.name()).collect();
        assert_eq!(names.len(), Counter::ALL.len());
        for (number, counter) in Counter::ALL.iter().enumerate() {
            assert_eq!(*counter as usize, number);
            let plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.');
            assert!(counter.name().bytes().all(plain), "{}", counter.name());
        }
    }

    #[test]
    fn every_name_is_in_the_readme() {
        let readme = include_str!("../../README.md");
        for counter in Counter::ALL {
            let (family, name) = counter.name().rsplit_once('.').unwrap_or((counter.name(), counter.name()));
            let row = readme.lines().find(|line| line.starts_with(&format!("| `{family}")));
            let row = row.unwrap_or_else(|| panic!("no row of {family:?}"));
            assert!(row.contains(&format!("`{name}`")), "{} is not in {row:?}", counter.name());
        }
    }
}
