//! Chat completions, Responses and completions.

use super::Event;
use super::plant::Planter;
use super::text::{Text, fill, quote, same};

/// Events of several texts, in an order in which a provider may send them: each text's own order stays.
pub(crate) fn interleave(planter: &mut Planter, mut queues: Vec<Vec<Event>>) -> Vec<Event> {
    let mut events = Vec::new();
    for queue in &mut queues {
        queue.reverse();
    }
    while !queues.is_empty() {
        let index = planter.below(queues.len());
        match queues[index].pop() {
            Some(event) => events.push(event),
            None => drop(queues.swap_remove(index)),
        }
    }
    events
}

fn number(value: usize) -> Text {
    vec![same(value.to_string())]
}

fn chunk(choice: usize, delta: &str, text: Text) -> Event {
    let delta = fill(delta, &[text]);
    let head = r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":§,"delta":§,"logprobs":null,"finish_reason":null}]}"#;
    Event::data(fill(head, &[number(choice), delta]))
}

/// Deltas of one text of a choice.
fn deltas(planter: &mut Planter, choice: usize, delta: &str, text: &Text) -> Vec<Event> {
    let style = planter.style;
    planter.pieces(text).iter().map(|piece| chunk(choice, delta, quote(piece, style))).collect()
}

pub(crate) fn chat_stream(planter: &mut Planter) -> Vec<Event> {
    let mut choices = Vec::new();
    for choice in 0..=planter.below(3) {
        let mut events = vec![chunk(choice, r#"{"role":§,"content":""}"#, vec![same("\"assistant\"")])];
        if planter.one_in(2) {
            let delta = planter.pick(&[r#"{"reasoning_content":§}"#, r#"{"content":null,"reasoning":§}"#]);
            let text = planter.prose();
            events.extend(deltas(planter, choice, delta, &text));
        }
        let delta = planter.pick(&[
            r#"{"content":§}"#,
            r#"{"content":§,"reasoning_content":""}"#,
            r#"{"content":null,"refusal":§}"#,
            r#"{"content":[{"type":"text","text":§}]}"#,
            r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":§}]}]}"#,
        ]);
        let text = if planter.one_in(4) { planter.document(0) } else { planter.prose() };
        // Structured output is a document, whose dangers are those of a text.
        let text = if sent_is_document(&text) { harmless(planter) } else { text };
        events.extend(deltas(planter, choice, delta, &text));
        if planter.one_in(3) {
            let arguments = planter.document(0);
            events.extend(deltas(
                planter,
                choice,
                r#"{"function_call":{"name":"f","arguments":§}}"#,
                &arguments,
            ));
        } else {
            events.extend(calls(planter, choice));
        }
        let finish = r#"{"id":"chatcmpl-1","choices":[{"index":§,"delta":{},"finish_reason":"tool_calls"}]}"#;
        events.push(Event::data(fill(finish, &[number(choice)])));
        choices.push(events);
    }
    let mut events = interleave(planter, choices);
    events.push(Event::data(vec![same(r#"{"id":"chatcmpl-1","choices":[],"usage":{"total_tokens":3}}"#)]));
    events.push(Event::data(vec![same("[DONE]")]));
    events
}

fn sent_is_document(text: &Text) -> bool {
    super::text::sent(text).starts_with('{')
}

/// A document without dangers.
fn harmless(planter: &mut Planter) -> Text {
    let dangerous = std::mem::take(&mut planter.dangerous);
    let document = planter.document(0);
    planter.dangerous = dangerous;
    document
}

/// Tool calls of a choice, whose arguments interleave.
fn calls(planter: &mut Planter, choice: usize) -> Vec<Event> {
    let mut calls = Vec::new();
    for call in 0..planter.below(4) {
        let begin = format!(
            r#"{{"tool_calls":[{{"index":{call},"id":"call_{call}","type":"function","function":{{"name":"f","arguments":§}}}}]}}"#
        );
        let mut events = vec![chunk(choice, &begin, vec![same("\"\"")])];
        let delta = planter.pick(&[
            r#"{"tool_calls":[{"index":@,"function":{"arguments":§}}]}"#,
            r#"{"tool_calls":[{"function":{"arguments":§},"index":@}]}"#,
        ]);
        let arguments = planter.document(0);
        events.extend(deltas(planter, choice, &delta.replace('@', &call.to_string()), &arguments));
        calls.push(events);
    }
    interleave(planter, calls)
}

pub(crate) fn chat_document(planter: &mut Planter) -> Text {
    let style = planter.style;
    let mut choices = Text::new();
    for choice in 0..=planter.below(2) {
        let texts = [
            planter.prose(),
            harmless(planter),
            planter.prose(),
            planter.document(0),
            planter.document(0),
            planter.signed(),
        ];
        let texts = texts.map(|text| quote(&text, style));
        let template = format!(
            r#"{}{{"index":{choice},"message":{{"role":"assistant","reasoning_content":§,"content":§,"refusal":§,"tool_calls":[{{"id":"a","type":"function","function":{{"name":"f","arguments":§}}}},{{"id":"b","type":"custom","custom":{{"name":"g","input":§}}}}],"thinking_blocks":[{{"type":"thinking","thinking":§,"signature":"x"}}]}},"finish_reason":"stop"}}"#,
            if choice > 0 { "," } else { "" }
        );
        choices.extend(fill(&template, &texts));
    }
    fill(
        r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[§],"usage":{"total_tokens":1}}"#,
        &[choices],
    )
}

pub(crate) fn completions_stream(planter: &mut Planter) -> Vec<Event> {
    let style = planter.style;
    let mut choices = Vec::new();
    for choice in 0..=planter.below(2) {
        let text = planter.prose();
        let mut events = Vec::new();
        for piece in planter.pieces(&text) {
            let head = r#"{"id":"cmpl-1","object":"text_completion","choices":[{"text":§,"index":§,"logprobs":null,"finish_reason":null}]}"#;
            events.push(Event::data(fill(head, &[quote(&piece, style), number(choice)])));
        }
        let last = r#"{"id":"cmpl-1","choices":[{"text":"","index":§,"finish_reason":"stop"}]}"#;
        events.push(Event::data(fill(last, &[number(choice)])));
        choices.push(events);
    }
    let mut events = interleave(planter, choices);
    events.push(Event::data(vec![same("[DONE]")]));
    events
}

/// What an output item of Responses is made of: how it begins, its deltas, and how it stands in snapshots.
struct Item {
    events: Vec<Event>,
    whole: Text,
}

fn named(name: &'static str, rest: &str, parts: &[Text]) -> Event {
    Event { name: Some(name), data: fill(&format!(r#"{{"type":"{name}",{rest}}}"#), parts) }
}

/// An item with a text in deltas that a closing event and snapshots repeat.
struct Shape {
    delta: &'static str,
    done: &'static str,
    /// What the closing event calls the text, and the index of its part.
    field: &'static str,
    rank: &'static str,
    /// The item, with the text and something that is the provider's own.
    whole: &'static str,
}

const fn shape(
    [delta, done]: [&'static str; 2],
    field: &'static str,
    rank: &'static str,
    whole: &'static str,
) -> Shape {
    Shape { delta, done, field, rank, whole }
}

/// Shapes whose text people read.
const PROSE: [Shape; 3] = [
    shape(
        ["response.output_text.delta", "response.output_text.done"],
        "text",
        r#""content_index":0,"#,
        r#"{"id":§,"type":"message","role":"assistant","content":[{"type":"output_text","annotations":[],"text":§}]}"#,
    ),
    shape(
        ["response.refusal.delta", "response.refusal.done"],
        "refusal",
        r#""content_index":0,"#,
        r#"{"id":§,"type":"message","content":[{"type":"refusal","refusal":§}]}"#,
    ),
    shape(
        ["response.reasoning_summary_text.delta", "response.reasoning_summary_text.done"],
        "text",
        r#""summary_index":0,"#,
        r#"{"type":"reasoning","encrypted_content":§,"summary":[{"type":"summary_text","text":§}]}"#,
    ),
];

/// Shapes whose text is a document.
const CALLS: [Shape; 2] = [
    shape(
        ["response.function_call_arguments.delta", "response.function_call_arguments.done"],
        "arguments",
        "",
        r#"{"id":§,"type":"function_call","call_id":"c","name":"n","arguments":§}"#,
    ),
    shape(
        ["response.mcp_call_arguments.delta", "response.mcp_call_arguments.done"],
        "arguments",
        "",
        r#"{"id":§,"type":"mcp_call","name":"n","arguments":§,"output":null}"#,
    ),
];

/// Shapes whose text is code.
const CODE: [Shape; 4] = [
    shape(
        ["response.custom_tool_call_input.delta", "response.custom_tool_call_input.done"],
        "input",
        "",
        r#"{"call_id":§,"type":"custom_tool_call","name":"exec","input":§}"#,
    ),
    shape(
        ["response.code_interpreter_call_code.delta", "response.code_interpreter_call_code.done"],
        "code",
        "",
        r#"{"id":§,"type":"code_interpreter_call","code":§,"outputs":[]}"#,
    ),
    shape(
        ["response.apply_patch_call_operation_diff.delta", "response.apply_patch_call_operation_diff.done"],
        "diff",
        "",
        r#"{"id":§,"type":"apply_patch_call","operation":{"type":"update_file","path":"a.rs","diff":§}}"#,
    ),
    shape(
        ["response.shell_call_command.delta", "response.shell_call_command.done"],
        "command",
        r#""command_index":0,"#,
        r#"{"id":§,"type":"shell_call","action":{"commands":[§],"timeout_ms":9}}"#,
    ),
];

fn item(planter: &mut Planter, index: usize, shape: &Shape, text: &Text) -> Item {
    let style = planter.style;
    let Shape { delta, done, field, rank, .. } = shape;
    let place =
        format!(r#""item_id":"i{index}","output_index":{index},{rank}"sequence_number":{}"#, 3 * index);
    let whole = fill(shape.whole, &[quote(&planter.signed(), style), quote(text, style)]);
    let added = format!(r#""output_index":{index},"item":{{"id":"i{index}","type":"x"}}"#);
    let mut events = vec![named("response.output_item.added", &added, &[])];
    for piece in planter.pieces(text) {
        let rest = format!(r#"{place},"delta":§,"obfuscation":"x9""#);
        events.push(named(delta, &rest, &[quote(&piece, style)]));
    }
    events.push(named(done, &format!(r#"{place},"{field}":§"#), &[quote(text, style)]));
    events.extend(whole_item(index, whole.clone()).events);
    Item { events, whole }
}

/// An item that comes at once.
fn whole_item(index: usize, whole: Text) -> Item {
    let rest = format!(r#""output_index":{index},"item":§"#);
    Item { events: vec![named("response.output_item.done", &rest, std::slice::from_ref(&whole))], whole }
}

fn any_item(planter: &mut Planter, index: usize) -> Item {
    match planter.below(10) {
        0..3 => {
            let text = planter.prose();
            let shape = planter.below(PROSE.len());
            item(planter, index, &PROSE[shape], &text)
        }
        3..6 => {
            let text = planter.document(0);
            let shape = planter.below(CALLS.len());
            item(planter, index, &CALLS[shape], &text)
        }
        6..9 => {
            let before = planter.pick(&["print(", "\n ", ""]);
            let text = vec![same(before), planter.value(true), same(")")];
            let shape = planter.below(CODE.len());
            item(planter, index, &CODE[shape], &text)
        }
        _ => {
            let action = planter.document(0);
            let whole =
                r#"{"id":"s","type":"local_shell_call","call_id":"c","status":"completed","action":§}"#;
            whole_item(index, fill(whole, &[action]))
        }
    }
}

pub(crate) fn responses_stream(planter: &mut Planter) -> Vec<Event> {
    let head = r#""sequence_number":0,"response":{"id":"resp_1","object":"response","created_at":1,"model":"m","status":"in_progress","output":[]}"#;
    let mut events = vec![named("response.created", head, &[])];
    let items: Vec<Item> = (0..=planter.below(4)).map(|index| any_item(planter, index)).collect();
    let mut output = Text::new();
    for (index, item) in items.iter().enumerate() {
        output.extend((index > 0).then(|| same(",")));
        output.extend(item.whole.iter().cloned());
    }
    let queues: Vec<Vec<Event>> = items.into_iter().map(|item| item.events).collect();
    events.extend(if planter.one_in(3) {
        interleave(planter, queues)
    } else {
        queues.into_iter().flatten().collect()
    });
    let tail =
        r#""sequence_number":99,"response":{"id":"resp_1","status":"completed","model":"m","output":[§]}"#;
    events.push(named("response.completed", tail, &[output]));
    events
}

pub(crate) fn responses_document(planter: &mut Planter) -> Text {
    let mut output = Text::new();
    for index in 0..=planter.below(4) {
        output.extend((index > 0).then(|| same(",")));
        output.extend(any_item(planter, index).whole);
    }
    fill(
        r#"{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"m","output":[§],"usage":null}"#,
        &[output],
    )
}
