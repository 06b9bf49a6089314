//! Messages, Gemini, Cohere and Gemini's interactions.

use super::Event;
use super::openai::interleave;
use super::plant::Planter;
use super::text::{Text, fill, quote, same};

fn named(name: &'static str, rest: &str, parts: &[Text]) -> Event {
    Event { name: Some(name), data: fill(&format!(r#"{{"type":"{name}"{rest}}}"#), parts) }
}

pub(crate) fn messages_stream(planter: &mut Planter) -> Vec<Event> {
    let style = planter.style;
    let head = r#","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"output_tokens":1}}"#;
    let mut events = vec![named("message_start", head, &[]), named("ping", "", &[])];
    for index in 0..=planter.below(4) {
        let (block, delta, text) = match planter.below(4) {
            0 => (
                r#"{"type":"thinking","thinking":"","signature":""}"#,
                r#"{"type":"thinking_delta","thinking":§}"#,
                planter.signed(),
            ),
            1 => (r#"{"type":"text","text":""}"#, r#"{"type":"text_delta","text":§}"#, planter.prose()),
            2 => (
                r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"code_execution","input":{}}"#,
                r#"{"type":"input_json_delta","partial_json":§}"#,
                planter.document(0),
            ),
            _ => (
                r#"{"type":"tool_use","id":"toolu_1","name":"Bash","input":{}}"#,
                r#"{"type":"input_json_delta","partial_json":§}"#,
                planter.document(0),
            ),
        };
        events.push(named(
            "content_block_start",
            &format!(r#","index":{index},"content_block":{block}"#),
            &[],
        ));
        for piece in planter.pieces(&text) {
            let rest = format!(r#","index":{index},"delta":{delta}"#);
            events.push(named("content_block_delta", &rest, &[quote(&piece, style)]));
            if planter.one_in(8) {
                events.push(named("ping", "", &[]));
            }
        }
        if delta.contains("thinking") {
            let rest = format!(r#","index":{index},"delta":{{"type":"signature_delta","signature":§}}"#);
            events.push(named("content_block_delta", &rest, &[quote(&planter.signed(), style)]));
        }
        events.push(named("content_block_stop", &format!(r#","index":{index}"#), &[]));
    }
    let tail = r#","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":9}"#;
    events.push(named("message_delta", tail, &[]));
    events.push(named("message_stop", "", &[]));
    events
}

pub(crate) fn messages_document(planter: &mut Planter) -> Text {
    let style = planter.style;
    let parts = [
        quote(&planter.signed(), style),
        quote(&planter.signed(), style),
        quote(&planter.prose(), style),
        planter.document(0),
        planter.document(0),
        quote(&planter.signed(), style),
    ];
    fill(
        r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":§,"signature":§},{"type":"text","text":§},{"type":"tool_use","id":"toolu_1","name":"Bash","input":§},{"type":"server_tool_use","id":"srvtoolu_1","name":"x","input":§},{"type":"redacted_thinking","data":§}],"stop_reason":"tool_use","usage":{"output_tokens":9}}"#,
        &parts,
    )
}

/// The answers of a Gemini stream.
pub(crate) fn gemini_stream(planter: &mut Planter) -> Vec<Event> {
    let style = planter.style;
    let mut candidates = Vec::new();
    for candidate in 0..=planter.below(2) {
        let part = |part: &str, texts: &[Text]| {
            let whole = format!(
                r#"{{"candidates":[{{"content":{{"parts":[{part}],"role":"model"}},"index":{candidate}}}],"modelVersion":"m","responseId":"r"}}"#
            );
            Event::data(fill(&whole, texts))
        };
        let mut events = Vec::new();
        let text = planter.prose();
        for piece in planter.pieces(&text) {
            events.push(part(r#"{"text":§}"#, &[quote(&piece, style)]));
        }
        for call in 0..planter.below(3) {
            let signed = quote(&planter.signed(), style);
            let arguments = planter.document(0);
            events.push(part(
                r#"{"functionCall":{"name":"f","id":"1","args":§},"thoughtSignature":§}"#,
                &[arguments, signed],
            ));
            let code = vec![same("print("), planter.value(true), same(")")];
            events.push(part(r#"{"executableCode":{"language":"PYTHON","code":§}}"#, &[quote(&code, style)]));
            // The parts of a call's argument say whether more is to come; another call's may be at the same path.
            events.push(part(r#"{"functionCall":{"name":"g","willContinue":true}}"#, &[]));
            let argument = vec![same(format!("say {call} ")), planter.value(true), same(" ok")];
            let pieces = planter.pieces(&argument);
            for (index, piece) in pieces.iter().enumerate() {
                let more = if index + 1 < pieces.len() { r#","willContinue":true"# } else { "" };
                let partial = format!(
                    r#"{{"functionCall":{{"partialArgs":[{{"jsonPath":"$.command","stringValue":§{more}}}],"willContinue":true}}}}"#
                );
                events.push(part(&partial, &[quote(piece, style)]));
            }
            events.push(part(r#"{"functionCall":{}}"#, &[]));
        }
        let last = format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":""}}],"role":"model"}},"finishReason":"STOP","index":{candidate}}}],"usageMetadata":{{"totalTokenCount":1}}}}"#
        );
        events.push(Event::data(vec![same(last)]));
        candidates.push(events);
    }
    interleave(planter, candidates)
}

pub(crate) fn gemini_document(planter: &mut Planter) -> Text {
    let style = planter.style;
    let parts = [quote(&planter.prose(), style), planter.document(0), quote(&planter.signed(), style)];
    fill(
        r#"{"candidates":[{"content":{"parts":[{"text":§},{"functionCall":{"name":"f","args":§},"thoughtSignature":§}],"role":"model"},"finishReason":"STOP"}],"modelVersion":"m"}"#,
        &parts,
    )
}

pub(crate) fn generic_stream(planter: &mut Planter) -> Vec<Event> {
    let style = planter.style;
    let delta = planter.pick(&[
        r#"{"type":"content-delta","index":§,"delta":{"message":{"content":{"text":§}}}}"#,
        r#"{"type":"tool-plan-delta","index":§,"delta":{"message":{"tool_plan":§}}}"#,
        r#"{"event_type":"content.delta","index":§,"delta":{"type":"text","text":§}}"#,
    ]);
    let call = planter.pick(&[
        r#"{"type":"tool-call-delta","index":§,"delta":{"message":{"tool_calls":{"function":{"arguments":§}}}}}"#,
        r#"{"event_type":"content.delta","index":§,"delta":{"type":"arguments_delta","arguments":§}}"#,
    ]);
    let mut events = Vec::new();
    for index in 0..=planter.below(3) {
        let (template, text) =
            if planter.one_in(2) { (delta, planter.prose()) } else { (call, planter.document(0)) };
        for piece in planter.pieces(&text) {
            events.push(Event::data(fill(template, &[vec![same(index.to_string())], quote(&piece, style)])));
        }
    }
    events
}

pub(crate) fn generic_document(planter: &mut Planter) -> Text {
    let style = planter.style;
    let parts = [quote(&planter.prose(), style), quote(&planter.prose(), style)];
    fill(r#"{"any":[{"thing":§}],"n":1.0, "text":§}"#, &parts)
}
