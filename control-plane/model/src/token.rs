//! The secret in a client's base URL.

use aegis_policy::TokenHash;
use rand::distr::Alphanumeric;
use rand::{CryptoRng, RngExt as _};
use std::fmt;

/// 24 random characters `[A-Za-z0-9]` (142 bits) that select an upstream and prove that the client may use it.
///
/// A token is a credential: [`fmt::Debug`] does not show it and there is no `Display`. [`Token::reveal`] gives the
/// text where it has to be written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(String);

/// A text that is not a token. It does not carry the text, which may be a mistyped credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token: expected {} characters A-Z, a-z or 0-9", Token::LENGTH)]
pub struct InvalidToken;

// === impl Token ===

impl Token {
    /// Number of characters.
    pub const LENGTH: usize = 24;

    /// A new random token.
    pub fn generate(rng: &mut impl CryptoRng) -> Token {
        Token((0..Token::LENGTH).map(|_| char::from(rng.sample(Alphanumeric))).collect())
    }

    /// Reads a token.
    pub fn parse(text: &str) -> Result<Token, InvalidToken> {
        let well_formed =
            text.len() == Token::LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if well_formed { Ok(Token(text.to_owned())) } else { Err(InvalidToken) }
    }

    /// What the token is called where it must not be known.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.as_bytes())
    }

    /// The token itself. Never log it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[test]
    fn generated_tokens_are_well_formed_and_differ() {
        let mut rng = StdRng::seed_from_u64(1);
        let token = Token::generate(&mut rng);
        assert_eq!(Token::parse(token.reveal()), Ok(token.clone()));
        assert_ne!(token, Token::generate(&mut rng));
    }

    #[test]
    fn refuses_everything_else() {
        for text in ["", "short", "0123456789012345678901234", "01234567890123456789012!", "０１２３４５６７"]
        {
            assert_eq!(Token::parse(text), Err(InvalidToken), "{text}");
        }
    }

    #[test]
    fn debug_hides_the_value() {
        let token = Token::parse("abcdefghijklmnopqrstuvwx").unwrap();
        assert_eq!(format!("{token:?}"), "Token(..)");
    }
}
