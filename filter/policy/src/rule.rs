//! One detection rule, as written in `filter/rules/*.toml` and in custom rules of a policy document.

use crate::slot::{Direction, Slot};
use serde::{Deserialize, Serialize};

/// A file of rules of one family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The family of every rule in this file, such as `pii` or `secrets.ai`.
    pub family: String,
    /// The rules; order decides ties (same start, same end: the earlier rule wins).
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
}

/// What to find, where, and how to be sure that it is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable, unique name in lower case with hyphens, such as `openai-api-key`.
    pub id: String,
    /// What a finding is called in placeholders and reports: upper case with underscores, such as `EMAIL`.
    pub kind: String,
    /// One sentence for people: what this finds.
    pub description: String,
    /// Where the format is specified.
    pub source: String,
    /// What must stand directly in front: part of the match and of its [`cap`](Rule::cap), but only what follows it is
    /// the value that is validated and replaced. Same syntax as `pattern`. Of all ways to match, the longest label
    /// counts, so it must not be able to run into the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Regular expression in the syntax of the `regex` crate, byte oriented: `\b`, `\d`, `\w`, `\s` and `(?i)` are
    /// ASCII; `(?u:…)` switches to Unicode for negated classes and non-ASCII letters.
    pub pattern: String,
    /// The longest match in bytes, label included. It bounds what a stream may hold back for this rule.
    pub cap: u32,
    /// A check on the value that the pattern cannot express.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validator: Option<Validator>,
    /// Directions in which the rule acts.
    #[serde(default = "both_directions")]
    pub directions: Vec<Direction>,
    /// Slots in which the rule acts.
    #[serde(default = "all_slots")]
    pub slots: Vec<Slot>,
    /// How bad a leak of this is.
    pub severity: Severity,
    /// How sure a finding is.
    #[serde(default)]
    pub confidence: Confidence,
    /// Texts in which the rule must find something. May hold [templates](crate::example::expand).
    #[serde(rename = "match")]
    pub matches: Vec<String>,
    /// Near misses in which the rule must find nothing.
    #[serde(rename = "no_match")]
    pub no_matches: Vec<String>,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The shape alone, which ordinary text has as well: acts in strict policies only.
    Low,
    /// A shape with context.
    Medium,
    /// A distinctive prefix, a checksum, or a label with a fitting value.
    #[default]
    High,
}

/// How bad a leak is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A nuisance: identifies a host or a version.
    Low,
    /// Personal data that is widely known.
    Medium,
    /// Personal data that is protected by law, or a credential of limited reach.
    High,
    /// A credential that opens something by itself.
    Critical,
}

/// Checks that a regular expression cannot express. Each is a pure function of the matched bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validator {
    /// Payment card number: Luhn check digit (ISO/IEC 7812-1) and a known issuer range.
    PaymentCard,
    /// JSON Web Token: the header segment decodes to a JSON object with `alg` (RFC 7519).
    Jwt,
    /// Telephone number in international form: 8 to 15 digits after `+` (ITU-T E.164).
    E164,
    /// IPv4 address that identifies a host: not loopback, unspecified, broadcast or a netmask.
    Ipv4Host,
    /// Text of at least 3 bits of Shannon entropy per character, as random keys have and words do not.
    Entropy3,
    /// Begins as a vendor's credentials do: at least 3 bits of Shannon entropy per character,
    /// and none of the filler that documentation writes instead.
    Credential,
    /// [`Credential`](Validator::Credential) of at least 32 characters, for formats that begin with no literal.
    LongCredential,
    /// Random token behind a label: letters and digits in no order that words, names, versions or code have.
    Token,
    /// [`Token`](Validator::Token) of high entropy and no UUID (RFC 9562), for labels that stand in front of other things.
    LongToken,
    /// Password in quotes behind a label: no placeholder, template, code, type name or instruction.
    Password,
    /// [`Password`](Validator::Password) without quotes: also not letters alone.
    BarePassword,
    /// The password in `user:password@` of a URL (RFC 3986 §3.2.1): no port and no placeholder.
    UrlPassword,
    /// `user:password` as curl's `-u` takes it.
    UserPassword,
    /// Basic credentials: base64 of `user:password` (RFC 7617 §2).
    BasicAuth,
}

fn both_directions() -> Vec<Direction> {
    vec![Direction::Request, Direction::Response]
}

fn all_slots() -> Vec<Slot> {
    Slot::ALL.to_vec()
}
