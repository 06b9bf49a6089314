//! Checks that a regular expression cannot express, one function per [`Validator`].
//!
//! Each is a pure function of the matched bytes: the same text is a match or not, wherever it stands and however it
//! arrived.

mod bank;
mod base64_lines;
mod basic;
mod card;
mod carrier;
mod checksum;
mod coin;
mod date;
mod device;
mod entropy;
mod jwt;
mod keccak;
mod mailbox;
mod mnemonic;
mod national;
mod network;
mod person;
mod phone;
mod secret;
mod stand_in;
mod unicode;

use aegis_policy::Validator;
use national::{americas, asia, europe, pacific};

pub use secret::OWN_RULE;

/// Whether `text` passes `validator`.
pub fn check(validator: Validator, text: &[u8]) -> bool {
    match validator {
        Validator::PaymentCard => card::is_payment_card(text),
        Validator::Jwt => jwt::is_jwt(text),
        Validator::E164 => phone::is_e164(text),
        Validator::Ipv4Host => network::is_ipv4_host(text),
        Validator::Mailbox => mailbox::is_mailbox(text),
        Validator::Ipv4Shape => network::is_ipv4_shape(text),
        Validator::Ipv6Host => network::is_ipv6_host(text),
        Validator::PersonName => person::is_name(text),
        Validator::AccountName => person::is_account(text),
        Validator::DocumentNumber => person::is_document_number(text),
        Validator::Dialable => phone::is_dialable(text),
        Validator::Mac => device::is_mac(text),
        Validator::Imei => device::is_imei(text),
        Validator::Vin => device::is_vin(text),
        Validator::Iban => bank::is_iban(text),
        Validator::Bic => bank::is_bic(text),
        Validator::AbaRouting => bank::is_aba(text),
        Validator::BitcoinAddress => coin::is_bitcoin(text),
        Validator::EthereumAddress => coin::is_ethereum(text),
        Validator::TronAddress => coin::is_tron(text),
        Validator::SolanaAddress => coin::is_solana(text),
        Validator::ExtendedKey => coin::is_extended_key(text),
        Validator::WalletImportKey => coin::is_wallet_import_key(text),
        Validator::SeedPhrase => mnemonic::is_seed_phrase(text),
        Validator::UsSsn => americas::is_ssn(text),
        Validator::UsItin => americas::is_itin(text),
        Validator::UsEin => americas::is_ein(text),
        Validator::UsNpi => americas::is_npi(text),
        Validator::UsDea => americas::is_dea(text),
        Validator::CaSin => americas::is_sin(text),
        Validator::BrCpf => americas::is_cpf(text),
        Validator::BrCnpj => americas::is_cnpj(text),
        Validator::CnResident => asia::is_china_resident(text),
        Validator::CnCreditCode => asia::is_china_credit_code(text),
        Validator::InAadhaar => asia::is_aadhaar(text),
        Validator::SgNric => asia::is_nric(text),
        Validator::KrResident => asia::is_korea_resident(text),
        Validator::KrBusiness => asia::is_korea_business(text),
        Validator::JpMyNumber => asia::is_my_number(text),
        Validator::ThNational => asia::is_thai(text),
        Validator::TrNational => asia::is_turkish(text),
        Validator::ZaNational => asia::is_south_african(text),
        Validator::UkNino => europe::is_nino(text),
        Validator::UkNhs => europe::is_nhs(text),
        Validator::EsDni => europe::is_dni(text),
        Validator::ItCodiceFiscale => europe::is_codice_fiscale(text),
        Validator::ItPartitaIva => europe::is_partita_iva(text),
        Validator::FrNir => europe::is_nir(text),
        Validator::DeSteuerId => europe::is_steuer_id(text),
        Validator::DeVat => europe::is_german_vat(text),
        Validator::DePension => europe::is_german_pension(text),
        Validator::IcaoNumber => europe::is_icao_number(text),
        Validator::PlPesel => europe::is_pesel(text),
        Validator::FiHetu => europe::is_hetu(text),
        Validator::SePersonnummer => europe::is_personnummer(text),
        Validator::SeOrganisation => europe::is_organisationsnummer(text),
        Validator::AuTfn => pacific::is_tfn(text),
        Validator::AuAbn => pacific::is_abn(text),
        Validator::AuAcn => pacific::is_acn(text),
        Validator::AuMedicare => pacific::is_medicare(text),
        Validator::Entropy3 => entropy::bits_per_byte(text) >= 3.0,
        Validator::Credential => secret::is_credential(text),
        Validator::LongCredential => text.len() >= 32 && secret::is_credential(text),
        Validator::Token => secret::is_token(text),
        Validator::RandomToken => secret::is_random(text),
        Validator::LongToken => secret::is_long_token(text),
        Validator::Password => secret::is_password(text),
        Validator::BarePassword => secret::is_bare_password(text),
        Validator::UrlPassword => secret::is_url_password(text),
        Validator::UserPassword => secret::is_user_password(text),
        Validator::BasicAuth => basic::is_basic_auth(text),
        Validator::UnicodeSmuggling => unicode::is_smuggled(text),
        Validator::Base64Lines => base64_lines::is_secret_data(text),
        Validator::CarriesData => carrier::carries_data(text),
    }
}

/// The digits of `text`, as numbers.
fn digits(text: &[u8]) -> impl DoubleEndedIterator<Item = u32> + Clone {
    text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'))
}
