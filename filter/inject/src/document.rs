//! What people write down about attacks: words by concept, and techniques.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A file of `lexicon`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lexicon {
    /// Its concepts.
    #[serde(default)]
    pub concept: Vec<Concept>,
}

/// What several words mean, whatever the language.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concept {
    /// Its name in techniques and reports.
    pub name: String,
    /// How much it draws attention. A window is looked at for any; a long message needs words of 6 together, which is all that
    /// tells 1 from 2. A text without
    /// is not looked at any further.
    #[serde(default)]
    pub pull: u8,
    /// People who write about attacks use it.
    #[serde(default)]
    pub discussion: bool,
    /// Words and phrases by language. They are whole words, with an `s` behind them or not; `*` at the end lets any
    /// letters follow.
    pub words: BTreeMap<String, Vec<String>>,
}

/// A file of `techniques`: how an attack is made, as a rule if it has a skeleton, and as a grammar to learn from.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TechniqueFile {
    /// The rule.
    #[serde(flatten)]
    pub technique: Technique,
    /// Texts that the rule must find.
    #[serde(default, rename = "match")]
    pub matches: Vec<String>,
    /// Near misses in which it must find nothing.
    #[serde(default, rename = "no_match")]
    pub no_matches: Vec<String>,
    /// Attacks and harmless twins by language.
    #[serde(default)]
    pub grammar: BTreeMap<String, Grammar>,
}

/// How an attack is made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Technique {
    /// Its name, and that of its file.
    pub id: String,
    /// One sentence.
    pub description: String,
    /// Concepts in their order, such as `override prior|all instructions`; one such row is enough. Without any the
    /// technique has no rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<String>,
    /// Bytes of a text as it reads that may stand between two of them.
    #[serde(default = "default_gap")]
    pub gap: u32,
    /// The score, of 100, that a text has at least where the rule finds something.
    #[serde(default)]
    pub floor: u8,
    /// The same in what a user writes, if it means less there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_floor: Option<u8>,
}

/// Templates. `{name}` is one of a list of words, `(a|b|)` one of several.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grammar {
    /// Attacks.
    #[serde(default)]
    pub attack: Vec<String>,
    /// Harmless sentences that use the same words.
    #[serde(default)]
    pub benign: Vec<String>,
}

/// Everything that the detector embeds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Knowledge {
    /// In the order of their numbers.
    pub concepts: Vec<Concept>,
    /// Those with a rule.
    pub techniques: Vec<Technique>,
}

fn default_gap() -> u32 {
    24
}
