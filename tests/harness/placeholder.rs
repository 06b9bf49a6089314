//! Recognising placeholders: `{{AG_<TAG>_<KIND>_<n>}}`, or with the rest of a sealed value for `<n>`.

/// Every placeholder in `text`, in order.
pub fn all_in(text: &str) -> Vec<String> {
    let candidates = text.split("{{AG_").skip(1).filter_map(|rest| rest.split_once("}}"));
    candidates
        .filter(|(inside, _)| is_name(inside))
        .map(|(inside, _)| format!("{{{{AG_{inside}}}}}"))
        .collect()
}

/// The different placeholders in `text`, sorted.
pub fn distinct_in(text: &str) -> Vec<String> {
    let mut found = all_in(text);
    found.sort();
    found.dedup();
    found
}

/// Whether this is `[A-Z2-7]+_[A-Z0-9_]+_([0-9]+|[A-Z2-7]{20,})`.
fn is_name(inside: &str) -> bool {
    let all = |text: &str, allowed: fn(u8) -> bool| !text.is_empty() && text.bytes().all(allowed);
    let Some((tag, rest)) = inside.split_once('_') else { return false };
    let Some((kind, number)) = rest.rsplit_once('_') else { return false };
    let is_base32 = |byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
    all(tag, is_base32)
        && all(kind, |byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
        && (all(number, |byte| byte.is_ascii_digit()) || (number.len() >= 20 && all(number, is_base32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_form_counts() {
        let text =
            "{{AG_AB27_EMAIL_1}}{{AG_AB27_IP_V4_12}} {{AG_AB27_EMAIL_1}} {{AG_ab_EMAIL_1}} {{AG_A1_EMAIL_1}}
            {{AG_AB_EMAIL_}} {{AG_AB_1}} {{AB}} {{AG_AB_EMAIL_1} }";
        assert_eq!(all_in(text), ["{{AG_AB27_EMAIL_1}}", "{{AG_AB27_IP_V4_12}}", "{{AG_AB27_EMAIL_1}}"]);
        assert_eq!(distinct_in(text).len(), 2);
        assert_eq!(all_in("{{{AG_AB27_EMAIL_1}}}"), ["{{AG_AB27_EMAIL_1}}"]);
    }
}
