//! Checks that a regular expression cannot express, one function per [`Validator`].
//!
//! Each is a pure function of the matched bytes: the same text is a match or not, wherever it stands and however it
//! arrived.

mod basic;
mod card;
mod entropy;
mod jwt;
mod network;
mod phone;
mod secret;
mod stand_in;

use aegis_policy::Validator;

/// Whether `text` passes `validator`.
pub fn check(validator: Validator, text: &[u8]) -> bool {
    match validator {
        Validator::PaymentCard => card::is_payment_card(text),
        Validator::Jwt => jwt::is_jwt(text),
        Validator::E164 => phone::is_e164(text),
        Validator::Ipv4Host => network::is_ipv4_host(text),
        Validator::Entropy3 => entropy::bits_per_byte(text) >= 3.0,
        Validator::Credential => secret::is_credential(text),
        Validator::LongCredential => text.len() >= 32 && secret::is_credential(text),
        Validator::Token => secret::is_token(text),
        Validator::LongToken => secret::is_long_token(text),
        Validator::Password => secret::is_password(text),
        Validator::BarePassword => secret::is_bare_password(text),
        Validator::UrlPassword => secret::is_url_password(text),
        Validator::UserPassword => secret::is_user_password(text),
        Validator::BasicAuth => basic::is_basic_auth(text),
    }
}

/// The digits of `text`, as numbers.
fn digits(text: &[u8]) -> impl DoubleEndedIterator<Item = u32> + Clone {
    text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'))
}
