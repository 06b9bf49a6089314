//! The boundary of a multipart body, from its content type.

/// What separates the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// With the two hyphens that begin every delimiter.
    delimiter: Vec<u8>,
}

/// RFC 2046 §5.1.1.
const MAX_LENGTH: usize = 70;

// === impl Boundary ===

impl Boundary {
    /// The boundary that a `content-type` names, if it names exactly one.
    pub(in crate::redact) fn of_content_type(value: &str) -> Option<Boundary> {
        let (_, mut rest) = value.split_once(';')?;
        let mut boundary = None;
        loop {
            let (name, value, behind) = parameter(rest)?;
            // Of two, the next parser might take the other.
            if name.eq_ignore_ascii_case("boundary") && boundary.replace(value).is_some() {
                return None;
            }
            match behind {
                Some(behind) => rest = behind,
                None => break,
            }
        }
        let boundary = boundary.filter(|boundary| is_boundary(boundary))?;
        Some(Boundary { delimiter: [b"--", boundary.as_bytes()].concat() })
    }

    /// What every delimiter begins with.
    pub(super) fn delimiter(&self) -> &[u8] {
        &self.delimiter
    }
}

/// The name and the value of the parameter at the beginning of `text`, and what stands behind its semicolon.
fn parameter(text: &str) -> Option<(&str, &str, Option<&str>)> {
    let text = text.trim_start();
    let Some((name, rest)) = text.split_once('=') else {
        // An empty parameter, as behind a last semicolon.
        return text.is_empty().then_some(("", "", None));
    };
    let (value, rest) = if let Some(quoted) = rest.strip_prefix('"') {
        // Nothing in a boundary needs a backslash; what has one is refused as a boundary.
        quoted.split_once('"')?
    } else {
        let end = rest.find(';').unwrap_or(rest.len());
        let (value, rest) = rest.split_at_checked(end)?;
        (value.trim_end(), rest)
    };
    match rest.trim_start() {
        "" => Some((name.trim(), value, None)),
        rest => rest.strip_prefix(';').map(|behind| (name.trim(), value, Some(behind))),
    }
}

fn is_boundary(text: &str) -> bool {
    let special = |byte: u8| b"'()+_,-./:=? ".contains(&byte);
    (1..=MAX_LENGTH).contains(&text.len())
        && !text.ends_with(' ')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || special(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boundary(value: &str) -> Option<String> {
        let boundary = Boundary::of_content_type(value)?;
        Some(String::from_utf8(boundary.delimiter).unwrap())
    }

    #[test]
    fn reads_what_clients_write() {
        for (value, delimiter) in [
            ("multipart/form-data; boundary=d1f2", "--d1f2"),
            ("multipart/form-data;boundary=\"a b:c\"", "--a b:c"),
            ("Multipart/Related ; type=\"a;b\" ; Boundary=x ;", "--x"),
            (
                "multipart/form-data; boundary=----WebKitFormBoundaryAb1 ; charset=utf-8",
                "------WebKitFormBoundaryAb1",
            ),
        ] {
            assert_eq!(boundary(value).as_deref(), Some(delimiter), "{value}");
        }
    }

    #[test]
    fn doubt_is_refused() {
        let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
        for value in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"\"",
            "multipart/form-data; boundary=a; boundary=a",
            "multipart/form-data; boundary=a; BOUNDARY=b",
            "multipart/form-data; boundary=\"a",
            "multipart/form-data; boundary=\"a\\\"b\"",
            "multipart/form-data; boundary=\"a\"b",
            "multipart/form-data; boundary=\"a \"",
            "multipart/form-data; boundary=ä",
            &long,
        ] {
            assert_eq!(boundary(value), None, "{value}");
        }
    }
}
