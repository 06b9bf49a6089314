use super::*;
use crate::Side;
use crate::fake_host::FakeHost;

const NOW: u64 = 1_700_000_000;

fn signatures(nonce_cache_size: u32) -> Signatures {
    Signatures::new(RequestHmac { window_seconds: 300, nonce_cache_size }, Some("s3cret"))
}

/// A host with a request that is signed like this, at the time that is signed.
fn signed(method: &str, path: &str, content_type: &str, signature: &str) -> FakeHost {
    let mut host = FakeHost::request(method, path)
        .with_header(Side::Request, "content-type", content_type)
        .with_header(Side::Request, TIMESTAMP_HEADER, &NOW.to_string())
        .with_header(Side::Request, NONCE_HEADER, "nonce-1")
        .with_header(Side::Request, SIGNATURE_HEADER, signature);
    host.now = NOW;
    host.shared.borrow_mut().extend(nonce_keys().map(|key| (key, (Vec::new(), 1))));
    host
}

fn check(host: &mut FakeHost, body: &[u8]) -> Result<(), SignatureError> {
    let signatures = signatures(50_000);
    let signed = signatures.read(&host.headers(Side::Request), host.now())?;
    signatures.verify(host, signed, body)
}

#[test]
fn signatures_of_the_original_fit() {
    let post = "891ef03515de4fa3e1eb9b4a43be1aabe8cb3bc3b75d85738068411ab68bf4b8";
    let get = "1e0786191fc900f1b758d635261ca5377ae6597906abb8bb98e0d3c252f38a62";
    let chat = "/v1/chat/completions";
    for (method, path, content_type, signature, body) in [
        ("POST", chat, "application/json", post.to_owned(), r#"{"a":1}"#),
        ("POST", chat, "Application/JSON", format!("sha256={post}"), r#"{"a":1}"#),
        ("POST", chat, "application/json", post.to_uppercase(), r#"{"a":1}"#),
        ("get", "/v1/x?a=b", "", get.to_owned(), ""),
    ] {
        let mut host = signed(method, path, content_type, &signature);
        assert_eq!(check(&mut host, body.as_bytes()), Ok(()), "{method} {path} {content_type}");
    }
    // Each part of it counts.
    for (method, path, content_type, body) in [
        ("PUT", chat, "application/json", r#"{"a":1}"#),
        ("POST", "/v1/chat/completions?", "application/xml", r#"{"a":1}"#),
        ("POST", "/v1/chat/completions?a", "application/json", r#"{"a":1}"#),
        ("POST", "/v1/completions", "application/json", r#"{"a":1}"#),
        ("POST", chat, "application/json", r#"{"a":2}"#),
        ("POST", chat, "application/json", ""),
    ] {
        let mut host = signed(method, path, content_type, post);
        assert_eq!(check(&mut host, body.as_bytes()), Err(SignatureError::Signature), "{method} {path}");
    }
}

#[test]
fn what_is_no_signature_is_refused() {
    let post = "891ef03515de4fa3e1eb9b4a43be1aabe8cb3bc3b75d85738068411ab68bf4b8";
    for signature in
        ["x", "891e", post.trim_start_matches("89"), &format!("{post}00"), &format!("sha1={post}"), "sha256="]
    {
        let mut host = signed("POST", "/v1/chat/completions", "application/json", signature);
        assert_eq!(check(&mut host, br#"{"a":1}"#), Err(SignatureError::Signature), "{signature}");
    }
    for time in ["-1", "1e9", "1700000000.0", " 1700000000", "99999999999999999999"] {
        let mut host = signed("POST", "/", "", post);
        host.set_header(Side::Request, TIMESTAMP_HEADER, Some(time.as_bytes()));
        assert_eq!(check(&mut host, b""), Err(SignatureError::Timestamp), "{time}");
    }
    for header in [TIMESTAMP_HEADER, NONCE_HEADER, SIGNATURE_HEADER] {
        for value in [None, Some(&b""[..])] {
            let mut host = signed("POST", "/", "", post);
            host.set_header(Side::Request, header, value);
            assert_eq!(check(&mut host, b""), Err(SignatureError::Missing), "{header}");
        }
    }
}

#[test]
fn a_nonce_counts_once_until_its_time_is_over() {
    let (nonces, mut host) = (Nonces::new(6400), signed("GET", "/", "", "x"));
    let mut use_at =
        |now: u64, nonce: &str| nonces.remember(&mut host, &Nonce::of(nonce.as_bytes()), now, now + 300);
    assert_eq!(use_at(NOW, "one"), Ok(()));
    assert_eq!(use_at(NOW + 1, "one"), Err(SignatureError::Replayed));
    assert_eq!(use_at(NOW + 1, "two"), Ok(()));
    assert_eq!(use_at(NOW + 300, "one"), Err(SignatureError::Replayed));
    assert_eq!(use_at(NOW + 301, "one"), Ok(()));
}

#[test]
fn a_full_memory_refuses_and_forgets_nothing() {
    let (nonces, mut host) = (Nonces::new(640), signed("GET", "/", "", "x"));
    let mut refused = 0;
    for number in 0..1000_u32 {
        let nonce = Nonce::of(&number.to_le_bytes());
        match nonces.remember(&mut host, &nonce, NOW, NOW + 300) {
            Err(SignatureError::Unavailable) => refused += 1,
            outcome => assert_eq!(outcome, Ok(())),
        }
    }
    let bytes: usize = host.shared.borrow().values().map(|(part, _)| part.len()).sum();
    assert_eq!(bytes, (1000 - refused) * 16);
    assert!((360..=480).contains(&refused), "{refused} of 1000 did not fit");
    assert_eq!(
        nonces.remember(&mut host, &Nonce::of(&0_u32.to_le_bytes()), NOW, NOW + 300),
        Err(SignatureError::Replayed)
    );
    for number in 0..150_u32 {
        let nonce = Nonce::of(&number.to_be_bytes());
        assert_eq!(nonces.remember(&mut host, &nonce, NOW + 301, NOW + 601), Ok(()), "the old ones are gone");
    }
}

#[test]
fn what_is_not_remembered_does_not_count() {
    let nonces = Nonces::new(6400);
    let mut host = signed("GET", "/", "", "x");
    host.contended = 3;
    assert_eq!(nonces.remember(&mut host, &Nonce::of(b"one"), NOW, NOW), Ok(()), "it is tried again");
    host.contended = usize::MAX;
    assert_eq!(nonces.remember(&mut host, &Nonce::of(b"two"), NOW, NOW), Err(SignatureError::Unavailable));
    host.contended = 0;
    assert_eq!(nonces.remember(&mut host, &Nonce::of(b"two"), NOW, NOW), Ok(()));
    host.shared.borrow_mut().clear();
    assert_eq!(nonces.remember(&mut host, &Nonce::of(b"three"), NOW, NOW), Err(SignatureError::Unavailable));
}
