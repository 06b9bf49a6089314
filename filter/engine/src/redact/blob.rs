//! Media in base64 inside a document: no text, and often megabytes of it.

/// Characters of the shortest run that is taken for media where a schema expects media. What is shorter is read.
const MIN_MEDIA: usize = 256;

/// How files of media begin, in base64: PNG, JPEG, GIF, WebP and WAV, PDF, ZIP and office documents, MP3, Ogg, MP4.
const MAGIC: [&[u8]; 9] =
    [b"iVBORw0KGgo", b"/9j/", b"R0lGOD", b"UklGR", b"JVBERi0", b"UEsDB", b"SUQz", b"T2dnUw", b"AAAAIGZ0eX"];

/// Whether `raw`, which stands where media is expected, is media.
pub(super) fn is_expected_media(raw: &[u8]) -> bool {
    raw.len() >= MIN_MEDIA && is_base64(raw)
}

/// Whether `raw` is a file of media, wherever it stands: it begins like one, or is a data URI (RFC 2397), and base64 is
/// all that it holds.
pub(super) fn is_media(raw: &[u8]) -> bool {
    let begins = MAGIC.iter().any(|magic| raw.starts_with(magic));
    (begins && raw.len() >= MIN_MEDIA && is_base64(raw)) || is_data_uri(raw)
}

fn is_data_uri(raw: &[u8]) -> bool {
    let head = raw.get(..raw.len().min(128)).unwrap_or_default();
    let Some(at) = raw.strip_prefix(b"data:").and_then(|_| memchr::memmem::find(head, b";base64,")) else {
        return false;
    };
    let head_is_plain = head.get(..at).unwrap_or_default().iter().all(|byte| !byte.is_ascii_whitespace());
    head_is_plain && is_base64(raw.get(at + ";base64,".len()..).unwrap_or_default())
}

/// A slash may be written as `\/`.
fn is_base64(raw: &[u8]) -> bool {
    raw.iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'\\'))
}
