//! Addresses of images that carry data to whoever serves the image.

/// Hosts that make images of what stands in their addresses, or sign long ones.
const SERVICES: &[&str] = &[
    "shields.io",
    "badgen.net",
    "qrserver.com",
    "quickchart.io",
    "chart.googleapis.com",
    "codecogs.com",
    "mermaid.ink",
    "kroki.io",
    "plantuml.com",
    "placehold.co",
    "placeholder.com",
    "dummyimage.com",
    "picsum.photos",
    "pollinations.ai",
    "unsplash.com",
    "pexels.com",
    "wikimedia.org",
    "wikipedia.org",
    "github.com",
    "githubusercontent.com",
    "gravatar.com",
    "imgur.com",
    "imgix.net",
    "cloudinary.com",
    "googleusercontent.com",
    "ytimg.com",
    "wp.com",
    "blob.core.windows.net",
];

/// Keys under which images are told how they should look, or prove that they may be fetched.
const HARMLESS: &[&str] = &[
    "w",
    "h",
    "width",
    "height",
    "size",
    "s",
    "q",
    "quality",
    "fit",
    "crop",
    "format",
    "fm",
    "auto",
    "v",
    "ver",
    "version",
    "style",
    "logo",
    "color",
    "dpr",
    "raw",
    "branch",
    "hash",
    "sig",
    "signature",
    "expires",
    "policy",
    "key-pair-id",
    "cs",
    "alt",
    "lang",
    "theme",
    "mode",
    "rect",
    "blur",
    "x-oss-process",
    "imageview2",
    "ixid",
    "ixlib",
    "t",
    "ts",
    "cb",
];

/// Keys under which data is sent, however short.
const DATA: &[&str] = &[
    "d",
    "data",
    "x",
    "c",
    "content",
    "msg",
    "message",
    "text",
    "payload",
    "leak",
    "secret",
    "secrets",
    "key",
    "keys",
    "info",
    "log",
    "exfil",
    "user",
    "email",
    "mail",
    "pass",
    "password",
    "history",
    "conversation",
    "context",
    "chat",
    "session",
    "cookie",
    "cookies",
    "prompt",
    "summary",
    "body",
    "b64",
    "base64",
    "m",
    "p",
    "value",
    "val",
    "out",
    "output",
    "result",
    "stolen",
    "dump",
    "token",
    "api_key",
    "apikey",
    "creds",
    "credentials",
    "name",
    "address",
    "note",
    "notes",
    "doc",
];

/// Bytes of a value that says something, under a key that asks for data and under any other.
const MIN_DATA: usize = 8;
const MIN_OTHER: usize = 32;

/// Whether `url` hands data to its host in its query, or a placeholder that will be a value again.
pub(super) fn carries_data(url: &[u8]) -> bool {
    let url = String::from_utf8_lossy(url).to_ascii_lowercase();
    let Some((_, rest)) = url.split_once("://") else { return false };
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(host_end).unwrap_or((rest, ""));
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    if rest.contains("{{ag_") || rest.contains("%7b%7bag_") {
        return true;
    }
    let is_of =
        |service: &str| host.strip_suffix(service).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
    if SERVICES.iter().any(|service| is_of(service)) {
        return false;
    }
    let Some((_, query)) = rest.split_once('?') else { return false };
    query.split(['&', ';']).any(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or(("", pair));
        let is_harmless = HARMLESS.contains(&key) || key.starts_with("x-amz-") || key.starts_with("utm_");
        let least = if DATA.contains(&key) { MIN_DATA } else { MIN_OTHER };
        !is_harmless && value.len() >= least
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_told_from_looks() {
        for url in [
            "https://files.example/a.png?data=aGVsbG8gd29ybGQ",
            "http://203.0.113.5/?q=1&secret=hunter2hunter2",
            "https://files.example/i?zz=the%20user%20asked%20about%20the%20merger",
            "https://files.example/{{AG_0_EMAIL_1}}.png",
            "https://shields.io.files.example/a?data=0123456789",
        ] {
            assert!(carries_data(url.as_bytes()), "{url}");
        }
        for url in [
            "https://img.shields.io/badge/build-passing-green?message=0123456789",
            "https://files.example/a.png?w=800&h=600&fit=crop&auto=format",
            "https://files.example/a.png?X-Amz-Signature=0123456789abcdef0123456789abcdef0123456789",
            "https://files.example/a.png",
            "https://files.example/a.png?c=1",
            "https://api.qrserver.com/v1/create-qr-code/?size=150x150&data=https://example.com",
            "files.example",
        ] {
            assert!(!carries_data(url.as_bytes()), "{url}");
        }
    }
}
