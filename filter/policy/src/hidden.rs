//! Text that must not be shown.

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};
use std::fmt;

/// A text that neither `Debug` nor a parse error shows: a value that its author wrote to have it hidden or left alone.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transparent))]
pub struct HiddenText(String);

struct HiddenVisitor;

// === impl HiddenText ===

impl HiddenText {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> HiddenText {
        HiddenText(text.into())
    }

    /// The text, for whoever compiles it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HiddenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HiddenText(…)")
    }
}

impl Serialize for HiddenText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HiddenText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<HiddenText, D::Error> {
        deserializer.deserialize_any(HiddenVisitor)
    }
}

// === impl HiddenVisitor ===

/// What serde says by itself shows the value ("invalid type: integer `4711`").
const NO_TEXT: &str = "a value is no text; put it in quotes";

impl Visitor<'_> for HiddenVisitor {
    type Value = HiddenText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<HiddenText, E> {
        Ok(HiddenText(text.to_owned()))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<HiddenText, E> {
        Err(E::custom(NO_TEXT))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<HiddenText, E> {
        Err(E::custom(NO_TEXT))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<HiddenText, E> {
        Err(E::custom(NO_TEXT))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<HiddenText, E> {
        Err(E::custom(NO_TEXT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_the_text() {
        assert!(!format!("{:?}", HiddenText::new("hunter2")).contains("hunter2"));
        for json in ["4711", "-4711", "47.11", "true"] {
            let error = serde_json::from_str::<HiddenText>(json).unwrap_err().to_string();
            assert!(error.contains("quotes") && !error.contains("47"), "{error}");
        }
        assert_eq!(serde_json::from_str::<HiddenText>("\"x\"").unwrap().reveal(), "x");
    }
}
