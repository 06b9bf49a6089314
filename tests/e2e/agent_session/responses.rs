//! A session in the shapes that Codex gives OpenAI Responses.

use crate::text::{bait, base64, encrypted, over_quoted, prose, quoted, uuid};
use aegis_tests::secrets::lookalike;

/// How many tools are on offer, half of them at the top and half in an item.
const TOOLS: u64 = 18;

/// The request after `count` items of conversation: the first has `given`, each other one of `values`.
pub(crate) fn request(given: &str, values: &[String], count: usize) -> String {
    let tools: Vec<String> = (0..TOOLS).map(tool).collect();
    let (above, within) = tools.split_at(tools.len() / 2);
    let mut items = vec![additional_tools(within)];
    items.extend((0..4).map(developer));
    items.push(item(given, 0));
    items.extend((1..count).map(|index| item(&values[index % values.len()], index as u64)));
    format!(
        r#"{{"model":"test","stream":true,"instructions":{},"input":[{}],"tools":[{}],"tool_choice":"auto","parallel_tool_calls":false,"reasoning":{{"effort":"low","context":"all_turns"}}, "store" : false,"include":["reasoning.encrypted_content"],"prompt_cache_key":"{}","text":{{"verbosity":"low"}},"client_metadata":{{"x-codex-turn-metadata":{},"thread_id":"{}"}}}}"#,
        quoted(&format!("{}\n{}", prose(1, 900), bait(1))),
        items.join(","),
        above.join(","),
        uuid(1),
        quoted(&turn_metadata()),
        uuid(2),
    )
}

/// What the agent says about the turn, in the body and in a header.
pub(crate) fn turn_metadata() -> String {
    let id = |seed| uuid(seed);
    format!(
        r#"{{"installation_id":"{}","session_id":"{}","thread_id":"{}","agent_name":"/root","turn_id":"{}","window_id":"{}:0","context_window_id":"{}","request_kind":"turn","history_initialization":"new","root_turn_id":"{}","thread_source":"user","turn_trigger":"exec","sandbox":"none","sandbox_mode":"danger-full-access","turn_started_at_unix_ms":1795621384952,"model":"test","reasoning_effort":"low"}}"#,
        id(1),
        id(2),
        id(2),
        id(3),
        id(2),
        id(4),
        id(3),
    )
}

fn tool(index: u64) -> String {
    let description = quoted(&format!("{}\n{}", prose(100 + index, 200), bait(100 + index)));
    if index.is_multiple_of(3) {
        let grammar = over_quoted("start: begin hunk+ end\nbegin: \"*** Begin Patch\" LF\n");
        format!(
            r#"{{"type":"custom","name":"tool_{index}","description":{description},"format":{{"type":"grammar","syntax":"lark","definition":{grammar}}}}}"#
        )
    } else {
        format!(
            r#"{{"type":"function","name":"tool_{index}","description":{description},"strict":false,"parameters":{{"type":"object","properties":{{"cmd":{{"type":"string","description":{}}}}},"required":["cmd"],"additionalProperties":false}}}}"#,
            quoted(&prose(200 + index, 12)),
        )
    }
}

fn additional_tools(tools: &[String]) -> String {
    format!(
        r#"{{"type":"additional_tools","id":"at_{}","role":"developer","tools":[{{"type":"namespace","name":"functions","description":"","tools":[{}]}}]}}"#,
        uuid(10),
        tools.join(","),
    )
}

fn developer(index: u64) -> String {
    let text = quoted(&format!("<rules>\n{}\n{}\n</rules>", prose(300 + index, 250), bait(300 + index)));
    let id = uuid(20 + index);
    format!(
        r#"{{"type":"message","id":"msg_{id}","role":"developer","content":[{{"type":"input_text","text":{text}}}]}}"#
    )
}

fn item(value: &str, seed: u64) -> String {
    let (id, call) = (uuid(1000 + seed), lookalike("call_{alnum:24}", seed / 2));
    let text = format!("{} <<<{value}>>> {}", prose(400 + seed, 25), bait(400 + seed));
    match seed % 8 {
        0 => format!(
            r#"{{"type":"message","id":"msg_{id}","role":"user","content":[{{"type":"input_text","text":{}}},{{"type":"input_image","image_url":"data:image/png;base64,{}"}}]}}"#,
            quoted(&text),
            base64(seed),
        ),
        // What the model thought about the value is sealed; the summary is not.
        1 => format!(
            r#"{{"type":"reasoning","id":"rs_{}","summary":[{{"type":"summary_text","text":{}}}],"encrypted_content":"{}"}}"#,
            lookalike("{hex:48}", seed),
            quoted(&text),
            encrypted(seed),
        ),
        2 | 6 => {
            let arguments = format!(r#"{{"cmd": {}, "timeout_ms":1e4}}"#, quoted(&text));
            format!(
                r#"{{"type":"function_call","status":"completed","id":"fc_{}","name":"tool_1","arguments":{},"call_id":"{call}"}}"#,
                lookalike("{hex:48}", seed),
                quoted(&arguments),
            )
        }
        3 | 7 => format!(
            r#"{{"type":"function_call_output","id":"fco_{id}","call_id":"{call}","output":{}}}"#,
            over_quoted(&format!("Chunk ID: 225791\nOutput:\n{text}")),
        ),
        4 => format!(
            r#"{{"type":"custom_tool_call","id":"ctc_{}","status":"completed","call_id":"{call}","name":"tool_0","input":{}}}"#,
            lookalike("{hex:48}", seed),
            quoted(&text),
        ),
        _ => format!(
            r#"{{"type":"custom_tool_call_output","id":"ctco_{id}","call_id":"{call}","output":[{{"type":"input_text","text":"Script completed\n"}},{{"type":"input_text","text":{}}}]}}"#,
            quoted(&text),
        ),
    }
}
