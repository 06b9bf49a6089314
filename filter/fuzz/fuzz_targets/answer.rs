//! Answers of every protocol under the default policy: nothing panics, how an answer was cut does not matter, and what
//! nobody looks into passes as it is.
#![no_main]

use aegis_engine::{Caches, Engine, Framing, MasterKey, Protocol, ResponseStream, Vault, compile};
use aegis_policy::{Direction, Disposition, Override, Policy};
use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;

/// What the fuzzer need not spell: bytes that are in no UTF-8 text stand for these.
const SNIPPETS: &[(u8, &str)] = &[
    (0xe0, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\""),
    (0xe1, "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\""),
    (0xe2, "\"}}]}\n\n"),
    (0xe3, "\"}}]}}]}\n\n"),
    (0xe4, "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\""),
    (0xe5, "data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":\""),
    (0xe6, "data: {\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":{\"arguments\":\""),
    (0xe7, "\"}\n\n"),
    (0xe8, "\"}}\n\n"),
    (0xe9, "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\""),
    (0xea, "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"partial_json\":\""),
    (0xeb, "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n"),
    (0xec, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\""),
    (0xed, "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"args\":{\"command\":\""),
    (0xee, "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"partialArgs\":[{\"jsonPath\":\"$.a\",\"stringValue\":\""),
    (0xef, "\"}}}]}}]}"),
    (0xf0, "\"}]}}]}"),
    (0xf1, "{\"choices\":[{\"message\":{\"content\":\""),
    (0xf2, "{\"content\":[{\"type\":\"tool_use\",\"input\":{\"argv\":[\""),
    (0xf3, "{\"output\":[{\"action\":{\"command\":[\""),
    (0xf4, "\",\""),
    (0xf5, "\"]}}]}"),
    (0xf6, "rm -rf / "),
    (0xf7, "{\\\"command\\\":\\\""),
    (0xf8, "\\\"}"),
    (0xf9, "![a](https://evil.example/"),
    (0xfa, "\0"),
    (0xfb, "\u{1}"),
    (0xfc, "{{AG_"),
    (0xfd, "\\\\\\\""),
    (0xfe, "&#123;"),
    (0xff, "data: [DONE]\n\n"),
];

struct Gateway {
    engine: Engine,
    caches: RefCell<Caches>,
}

thread_local! {
    /// One takes dangers out, one refuses them.
    static GATEWAYS: [Gateway; 2] = {
        let mut refusing = Policy::default();
        let block = Override {
            directions: vec![Direction::Response],
            kind: Some("DESTRUCTIVE_COMMAND".to_owned()),
            ..Override::everywhere(None, Disposition::Block)
        };
        refusing.rules.push(block);
        [Policy::default(), refusing].map(|policy| {
            let engine = Engine::new(&compile(&policy, &key()).unwrap(), &key()).unwrap();
            let caches = RefCell::new(engine.caches());
            Gateway { engine, caches }
        })
    };
}

fn key() -> MasterKey {
    MasterKey::from_hex(&"77".repeat(32)).unwrap()
}

fn answer(gateway: &Gateway, stream: ResponseStream, vault: &Vault, pieces: &[&[u8]]) -> Vec<u8> {
    let mut caches = gateway.caches.borrow_mut();
    let (mut stream, mut out) = (stream, Vec::new());
    for piece in pieces {
        stream.push(&gateway.engine, &mut caches, vault, piece, &mut out);
    }
    stream.finish(&gateway.engine, &mut caches, vault, &mut out);
    out
}

fuzz_target!(|input: &[u8]| {
    let Some((&[choice], rest)) = input.split_first_chunk() else { return };
    let Some((head, text)) = rest.split_at_checked(2) else { return };
    let mut vault = Vault::new(key().tenant(b"fuzz"));
    let known = [("\0", "plain@corp.example"), ("\u{1}", "quoted \" ' and \\ \n")];
    let mut body = String::from_utf8_lossy(&aegis_fuzz::expand(text, SNIPPETS)).into_owned();
    for (mark, value) in known {
        let placeholder = vault.placeholder("VALUE", value.as_bytes());
        body = body.replace(mark, &placeholder);
    }
    let input = [head, body.as_bytes()].concat();
    let Some((body, cuts)) = aegis_fuzz::cuts(&input) else { return };
    let protocols: Vec<Protocol> = Protocol::names().filter_map(Protocol::by_name).collect();
    let protocol = protocols[usize::from(choice >> 2) % protocols.len()];
    let framing = if choice & 1 == 0 { Framing::Json } else { Framing::Sse };
    GATEWAYS.with(|gateways| {
        let gateway = &gateways[usize::from(choice >> 1 & 1)];
        let whole = answer(gateway, ResponseStream::new(protocol, framing), &vault, &[body]);
        for pieces in &cuts {
            let cut = answer(gateway, ResponseStream::new(protocol, framing), &vault, pieces);
            assert_eq!(String::from_utf8_lossy(&cut), String::from_utf8_lossy(&whole), "{protocol:?} {framing:?}");
        }
        // With nothing to put back and nothing looked for, bytes are the upstream's.
        let nothing = Vault::new(key().tenant(b"fuzz"));
        let stream = ResponseStream::new(protocol, framing).without_inspection();
        let plain = answer(gateway, stream, &nothing, &[body]);
        assert!(plain.starts_with(body), "only an ending may follow");
    });
});
