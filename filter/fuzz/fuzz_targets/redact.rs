//! Requests and answers: nothing panics, bytes that are no finding stay, and how an answer was cut does not matter.
#![no_main]

use aegis_engine::{
    Caches, Engine, Framing, MasterKey, Protocol, RequestError, ResponseStream, Vault, compile,
    redact_request,
};
use aegis_policy::{Disposition, Override, Policy};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use std::cell::RefCell;

const PROTOCOLS: [Protocol; 2] = [Protocol::ChatCompletions, Protocol::Generic];

/// What the fuzzer need not spell: bytes that are in no UTF-8 text stand for these.
const REQUEST: &[(u8, &str)] = &[
    (0xf5, r#"{"messages":[{"role":"user","content":""#),
    (0xf6, r#"{"messages":[{"tool_calls":[{"function":{"arguments":"{\"a\":"#),
    (0xf7, "joe@corp.example"),
    (0xf8, "+49 30 1234 5678"),
    (0xf9, "5555-5555-5555-4444"),
    (0xfa, "203.0.113.7"),
    (0xfb, r#"\"x\\u0040y\":"#),
    (0xfc, r"\u0040"),
    (0xfd, r"\\n"),
    (0xfe, r#""}]}"#),
    (0xff, r#"}"}}]}]}"#),
];

/// The same for answers; `\0` and what follows becomes a placeholder that the vault knows.
const ANSWER: &[(u8, &str)] = &[
    (0xf5, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\""),
    (
        0xf6,
        "data: {\"choices\":[{\"index\":1,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"",
    ),
    (0xf7, "{\"choices\":[{\"message\":{\"content\":\""),
    (0xf8, "\"}}]}\n\n"),
    (0xf9, "\"}}]}}]}\n\n"),
    (0xfa, "{{AG_"),
    (0xfb, "\0"),
    (0xfc, "\u{1}"),
    (0xfd, "\",\"finish_reason\":\""),
    (0xfe, r"\u007b"),
    (0xff, "&#123;"),
];

struct Gateway {
    engine: Engine,
    caches: RefCell<Caches>,
}

thread_local! {
    static GATEWAY: Gateway = {
        // What is cut out for good leaves no placeholder to check by.
        let mut policy = Policy::default();
        policy.rules.push(Override::everywhere(Some("unicode-smuggling"), Disposition::Redact));
        let key = master_key();
        let engine = Engine::new(&compile(&policy, &key).unwrap(), &key).unwrap();
        let caches = RefCell::new(engine.caches());
        Gateway { engine, caches }
    };
}

fn master_key() -> MasterKey {
    MasterKey::from_hex(&"77".repeat(32)).unwrap()
}

fn vault() -> Vault {
    Vault::new(master_key().tenant(b"fuzz"))
}

/// What stands between the placeholders of `body` that `vault` knows.
fn kept<'a>(body: &'a [u8], vault: &Vault) -> Vec<&'a [u8]> {
    let (mut kept, mut from, mut at) = (Vec::new(), 0, 0);
    while at < body.len() {
        let end = body[at..].windows(2).position(|two| two == b"}}").map(|end| at + end + 2);
        match end {
            Some(end) if body[at..].starts_with(b"{{AG_") && vault.value(&body[at..end]).is_some() => {
                kept.push(&body[from..at]);
                (from, at) = (end, end);
            }
            _ => at += 1,
        }
    }
    kept.push(&body[from..]);
    kept
}

fn request(gateway: &Gateway, protocol: Protocol, body: &[u8]) {
    let mut vault = vault();
    let mut caches = gateway.caches.borrow_mut();
    let redacted = match redact_request(&gateway.engine, &mut caches, protocol, body, &mut vault) {
        Ok(redacted) => redacted,
        Err(RequestError::NotUtf8(_) | RequestError::NotJson(_)) => return,
        Err(RequestError::TooMany) => panic!("not that many"),
        Err(RequestError::TooManyMessages) => return,
        Err(RequestError::Multipart(_)) => panic!("the body is a document"),
        Err(RequestError::Blocked(_)) => panic!("no rule blocks"),
    };
    let Some(changed) = redacted.body else {
        assert!(redacted.findings.is_empty());
        return;
    };
    assert!(serde_json::from_slice::<&RawValue>(&changed).is_ok(), "JSON stays JSON");
    let kept = kept(&changed, &vault);
    assert_eq!(kept.len(), redacted.findings.len() + 1);
    assert!(body.starts_with(kept[0]) && body.ends_with(kept[kept.len() - 1]));
    let mut rest = body;
    for part in kept {
        // A number becomes a string: its quotes are new.
        let part = part.strip_prefix(b"\\\"").unwrap_or(part);
        let part = part.strip_suffix(b"\\\"").unwrap_or(part);
        let at = memchr::memmem::find(rest, part).expect("what is no finding stays, in order");
        rest = &rest[at + part.len()..];
    }
}

fn answer(
    gateway: &Gateway,
    protocol: Protocol,
    framing: Framing,
    vault: &Vault,
    pieces: &[&[u8]],
) -> Vec<u8> {
    let mut caches = gateway.caches.borrow_mut();
    let mut stream = ResponseStream::new(protocol, framing);
    let mut out = Vec::new();
    for piece in pieces {
        stream.push(&gateway.engine, &mut caches, vault, piece, &mut out);
    }
    stream.finish(&gateway.engine, &mut caches, vault, &mut out);
    out
}

fuzz_target!(|input: &[u8]| {
    let Some((head, text)) = input.split_at_checked(2) else { return };
    GATEWAY.with(|gateway| {
        let body = aegis_fuzz::expand(text, REQUEST);
        for protocol in PROTOCOLS {
            request(gateway, protocol, &body);
        }

        let mut vault = vault();
        let known = [("\0", "plain@corp.example"), ("\u{1}", "quoted \" and \\ \n")];
        let mut stream = String::from_utf8_lossy(&aegis_fuzz::expand(text, ANSWER)).into_owned();
        for (mark, value) in known {
            stream = stream.replace(mark, &vault.placeholder("VALUE", value.as_bytes()));
        }
        let input = [head, stream.as_bytes()].concat();
        let Some((stream, cuts)) = aegis_fuzz::cuts(&input) else { return };
        for protocol in PROTOCOLS {
            for framing in [Framing::Json, Framing::Sse] {
                let whole = answer(gateway, protocol, framing, &vault, &[stream]);
                for pieces in &cuts {
                    assert_eq!(
                        String::from_utf8_lossy(&answer(gateway, protocol, framing, &vault, pieces)),
                        String::from_utf8_lossy(&whole)
                    );
                }
            }
        }
    });
});
