//! Names and numbers of persons behind a label.

use super::date;

/// Words that stand where a name should: types and states of code, instructions of forms, the labels themselves, and names
/// that machines give themselves.
const NO_NAMES: &str = "String Text Str Varchar Char Integer Number Boolean Object Array Optional Required Null None Nil \
    Undefined True False Unknown Empty Missing Invalid Default Name Names First Last Middle Given Family Full Surname Value \
    Field Input Label Column Placeholder Example Enter Please Your The This That Type Title Select Choose Any Assistant \
    Chatgpt Claude Gemini Gpt Bot Main Window Required Not Available Anonymous Redacted Hidden Test Sample Model Table \
    Data User Customer Client Patient Company Inc Ltd Llc Gmbh Yes No Is Must Should Can Will";

/// The fewest digits of a document's number.
const MIN_DIGITS: usize = 5;

/// Account names of letters alone are at least as long as the shortest of the large services.
const MIN_ACCOUNT: usize = 6;

/// Whether no word of `text` is one of [`NO_NAMES`].
pub(super) fn is_name(text: &[u8]) -> bool {
    let no_name =
        |word: &[u8]| NO_NAMES.split_ascii_whitespace().any(|no| word.eq_ignore_ascii_case(no.as_bytes()));
    let mut words = text.split(|byte| matches!(byte, b' ' | b'-')).filter(|word| !word.is_empty());
    // `DataFrame` is no name, `McDonald` is one.
    let camel = |word: &[u8]| word.windows(2).filter(|pair| is_hump(pair)).count() > 1;
    text.len() >= 2 && !words.any(|word| no_name(word) || camel(word))
}

/// Whether `text` can be the name of an account: as [`is_name`], and no word of code.
pub(super) fn is_account(text: &[u8]) -> bool {
    let word = text.iter().all(u8::is_ascii_lowercase);
    is_name(text) && !text.contains(&b':') && (!word || text.len() >= MIN_ACCOUNT)
}

/// Whether `text` can be the number of a document: at least five digits, no date and no time stamp.
pub(super) fn is_document_number(text: &[u8]) -> bool {
    let digits = super::digits(text);
    let part = |start, length| date::part(digits.clone(), start, length).unwrap_or(u32::MAX);
    let dated = text.len() <= 10
        && (1900..2100).contains(&part(0, 4))
        && date::is_date(part(0, 4), part(4, 2), part(6, 2));
    let epoch = text.iter().all(u8::is_ascii_digit) && date::is_epoch(digits.clone());
    digits.count() >= MIN_DIGITS && !dated && !epoch
}

fn is_hump(pair: &[u8]) -> bool {
    matches!(pair, [small, capital] if small.is_ascii_lowercase() && capital.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_code_hold_no_names() {
        for good in ["Maria Lopez", "John Q. Public", "Jan van Dyk", "José", "McDonald", "Anne-Marie"] {
            assert!(is_name(good.as_bytes()), "{good}");
        }
        assert!(is_account(b"wxid_abc12") && !is_account(b"required") && !is_account(b"none"));
        assert!(
            is_document_number(b"X1234567")
                && is_document_number(b"1.620.304.050")
                && !is_document_number(b"1620304050")
                && !is_document_number(b"2024-05-06")
                && !is_document_number(b"A12")
        );
        for bad in ["String", "Last Name", "First", "Required", "MyFieldName", "Please Enter", ""] {
            assert!(!is_name(bad.as_bytes()), "{bad}");
        }
    }
}
