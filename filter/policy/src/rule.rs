//! One detection rule, as written in `filter/rules/*.toml` and in custom rules of a policy document.

use crate::disposition::Disposition;
use crate::limits::MAX_NAME_BYTES;
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable, unique name in lower case with hyphens, such as `openai-api-key`.
    pub id: String,
    /// What a finding is called in placeholders and reports: upper case with underscores, such as `EMAIL`.
    pub kind: String,
    /// The family, such as `secrets.ai`, by which policies select rules. A rule file gives its own to all its rules.
    #[serde(default = "custom_family")]
    pub family: String,
    /// One sentence for people: what this finds.
    pub description: String,
    /// Where the format is specified.
    pub source: String,
    /// What must stand directly in front: part of the match and of its [`cap`](Rule::cap), but only what follows it is
    /// the value that is validated and replaced. Same syntax as `pattern`. Of all ways to match, the longest label
    /// counts, so it must not be able to run into the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What must stand directly behind: part of the match and of its [`cap`](Rule::cap), but not of the value. Same syntax
    /// as `pattern`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// Regular expression in the syntax of the `regex` crate, byte oriented: `\b`, `\d`, `\w`, `\s` and `(?i)` are
    /// ASCII; `(?u:…)` switches to Unicode for negated classes and non-ASCII letters.
    pub pattern: String,
    /// The longest match in bytes, with label and what stands behind. It bounds what a stream may hold back for this rule.
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
    /// What happens to a finding unless a policy says otherwise.
    #[serde(default)]
    pub action: Disposition,
    /// What stands in the place of a finding that is sanitized in an answer. Nothing, if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
    /// What stands in Markdown code, fenced or between backticks, is no finding: there it is shown, and not done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside_code: bool,
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// E-mail address of somebody: not `user@example.com` (RFC 2606), no address of a service.
    Mailbox,
    /// IPv4 address as [`Ipv4Host`](Self::Ipv4Host) that does not look like a version number.
    Ipv4Shape,
    /// IPv6 address of a host or a network (RFC 4291): not loopback, no C++ or Rust path.
    Ipv6Host,
    /// Name of a person: none of the words that stand in forms and code where a name should.
    PersonName,
    /// Number of a document behind a label: at least five digits, no date and no time stamp.
    DocumentNumber,
    /// Name of an account behind a label: none of the words that stand in forms and code where a name should.
    AccountName,
    /// Telephone number behind a label: 7 to 15 digits (ITU-T E.164), no date, no time stamp.
    Dialable,
    /// MAC address that is neither zero nor broadcast (IEEE 802).
    Mac,
    /// IMEI: 15 digits with Luhn's check digit (3GPP TS 23.003 §6.2).
    Imei,
    /// Vehicle identification number with its check digit (49 CFR §565.15).
    Vin,
    /// IBAN: length of the country and MOD 97-10 (ISO 13616-1, ISO/IEC 7064).
    Iban,
    /// Business identifier code with a country that exists (ISO 9362, ISO 3166-1).
    Bic,
    /// ABA routing transit number: prefix and check digit (ANSI X9.100-160).
    AbaRouting,
    /// Bitcoin address: base58check, bech32 (BIP-173) or bech32m (BIP-350).
    BitcoinAddress,
    /// Ethereum address: in mixed case the case is the checksum (EIP-55).
    EthereumAddress,
    /// TRON address: base58check with version 0x41.
    TronAddress,
    /// Solana address: 32 bytes in base 58.
    SolanaAddress,
    /// Extended key of a wallet: base58check of 78 bytes (BIP-32).
    ExtendedKey,
    /// Private key in wallet import format: base58check with version 0x80 or 0xEF (Bitcoin).
    WalletImportKey,
    /// Seed phrase of 12 to 24 words of the English list (BIP-39).
    SeedPhrase,
    /// US social security number that can have been issued (20 CFR §422.103).
    UsSsn,
    /// US individual taxpayer identification number (IRS).
    UsItin,
    /// US employer identification number with an assigned prefix (IRS).
    UsEin,
    /// US national provider identifier: Luhn with 80840 in front (45 CFR §162.406).
    UsNpi,
    /// US DEA registration number with its check digit (21 CFR §1301).
    UsDea,
    /// Canadian social insurance number: Luhn.
    CaSin,
    /// Brazilian CPF: two check digits mod 11 (Receita Federal).
    BrCpf,
    /// Brazilian CNPJ: two check digits mod 11 (Receita Federal).
    BrCnpj,
    /// Chinese resident identity number: date and ISO/IEC 7064 MOD 11-2 (GB 11643).
    CnResident,
    /// Chinese unified social credit code: mod 31 (GB 32100).
    CnCreditCode,
    /// Indian Aadhaar number: Verhoeff's check digit (UIDAI).
    InAadhaar,
    /// Singapore NRIC or FIN: check letter (ICA).
    SgNric,
    /// Korean resident or foreigner registration number: date, and check digit if bare.
    KrResident,
    /// Korean business registration number: check digit (National Tax Service).
    KrBusiness,
    /// Japanese individual number: check digit mod 11 (ordinance 85 of 2014).
    JpMyNumber,
    /// Thai national identification number: check digit mod 11.
    ThNational,
    /// Turkish identity number: two check digits mod 10.
    TrNational,
    /// South African identity number: date and Luhn.
    ZaNational,
    /// British national insurance number with a prefix in use (HMRC NIM39110).
    UkNino,
    /// NHS number: check digit mod 11 (NHS Data Dictionary).
    UkNhs,
    /// Spanish DNI or NIE: check letter mod 23 (Real Decreto 1553/2005).
    EsDni,
    /// Italian codice fiscale: check letter (DM 23/12/1976).
    ItCodiceFiscale,
    /// Italian VAT number: Luhn (DM 23/12/1976).
    ItPartitaIva,
    /// French NIR: key mod 97 (INSEE).
    FrNir,
    /// German tax identification number: repeated digit and ISO/IEC 7064 MOD 11,10 (§ 139b AO).
    DeSteuerId,
    /// German VAT number: ISO/IEC 7064 MOD 11,10 (section 27a of the VAT act).
    DeVat,
    /// German pension insurance number: date and check digit (VKVV § 2).
    DePension,
    /// Document number whose last digit is the 7-3-1 check digit (ICAO Doc 9303-3 §4.9).
    IcaoNumber,
    /// Polish PESEL: date and check digit mod 10.
    PlPesel,
    /// Finnish personal identity code: date and check character mod 31.
    FiHetu,
    /// Swedish personal identity number: date and Luhn (SKV 704).
    SePersonnummer,
    /// Swedish organisation number: Luhn (SKV 709).
    SeOrganisation,
    /// Australian tax file number: mod 11 (ATO).
    AuTfn,
    /// Australian business number: mod 89 (ABR).
    AuAbn,
    /// Australian company number: mod 10 (ASIC).
    AuAcn,
    /// Australian Medicare card number: check digit mod 10.
    AuMedicare,
    /// Text of at least 3 bits of Shannon entropy per character, as random keys have and words do not.
    Entropy3,
    /// Begins as a vendor's credentials do: at least 3 bits of Shannon entropy per character,
    /// and none of the filler that documentation writes instead.
    Credential,
    /// [`Credential`](Validator::Credential) of at least 32 characters, for formats that begin with no literal.
    LongCredential,
    /// Random token behind a label: letters and digits in no order that words, names, versions or code have.
    Token,
    /// [`Token`](Validator::Token), whatever it begins with.
    RandomToken,
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
    /// Invisible characters that spell something or hide in a word (UTS #36 §3), and no flag, emoji or natural text.
    UnicodeSmuggling,
    /// Lines `key: value` with values in base64, one of them of printable text (`data` of a Kubernetes Secret).
    Base64Lines,
    /// Address of an image whose query hands data to its host.
    CarriesData,
}

/// Whether `id` can name a rule.
pub fn is_id(id: &str) -> bool {
    let byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !id.is_empty() && id.len() <= MAX_NAME_BYTES && id.bytes().all(byte)
}

/// Whether `kind` can name findings: it is part of every placeholder.
pub fn is_kind(kind: &str) -> bool {
    let byte = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !kind.is_empty() && kind.len() <= MAX_NAME_BYTES && kind.bytes().all(byte)
}

// === impl RuleFile ===

impl RuleFile {
    /// The rules, each with the family of the file.
    pub fn into_rules(self) -> Vec<Rule> {
        let mut rules = self.rules;
        for rule in &mut rules {
            rule.family.clone_from(&self.family);
        }
        rules
    }
}

// === impl Rule ===

impl Rule {
    /// Whether the rule is in `family` or in a family below it.
    pub fn is_in_family(&self, family: &str) -> bool {
        let below = self.family.strip_prefix(family);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Forgets what only people read: once checked, it takes room in every worker.
    pub fn drop_notes(&mut self) {
        self.description.clear();
        self.source.clear();
        self.matches.clear();
        self.no_matches.clear();
    }
}

fn custom_family() -> String {
    "custom".to_owned()
}

pub(crate) fn both_directions() -> Vec<Direction> {
    vec![Direction::Request, Direction::Response]
}

pub(crate) fn all_slots() -> Vec<Slot> {
    Slot::ALL.to_vec()
}
