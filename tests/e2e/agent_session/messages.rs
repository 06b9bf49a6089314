//! A session in the shapes that Claude Code gives Anthropic Messages.

use crate::text::{bait, base64, over_quoted, prose, quoted, uuid};
use aegis_tests::secrets::lookalike;

/// How many tools are on offer.
const TOOLS: u64 = 25;

/// The request after `count` messages: the first has `given`, each other one of `values`.
pub(crate) fn request(given: &str, values: &[String], count: usize) -> String {
    let messages: Vec<String> =
        (0..count).map(|index| message(given, values, index, index + 1 == count)).collect();
    let tools: Vec<String> = (0..TOOLS).map(tool).collect();
    let user = format!(
        r#"{{"device_id":"{}","account_uuid":"","session_id":"{}"}}"#,
        lookalike("{hex:64}", 1),
        uuid(1)
    );
    // The keys in the agent's order; numbers and white space in spellings that a parser would not keep.
    format!(
        r#"{{"model":"test","messages":[{}],"system":[{}],"tools":[{}],"metadata":{{"user_id":{}}},"max_tokens":64000,"thinking":{{"type":"adaptive"}},"context_management":{{"edits":[{{"type":"clear_thinking_20251015","keep":"all"}}]}}, "temperature" : 1.0 ,"top_p":9e-1,"output_config":{{"effort":"medium"}},"stream":true}}"#,
        messages.join(","),
        system(),
        tools.join(","),
        quoted(&user),
    )
}

fn system() -> String {
    let mark = r#""cache_control":{"type":"ephemeral"}"#;
    let billing = "x-anthropic-billing-header: cc_version=2.1.332.77b; cc_entrypoint=sdk-cli;";
    format!(
        r#"{{"type":"text","text":{}}},{{"type":"text","text":{},{mark}}},{{"type":"text","text":{},{mark}}}"#,
        quoted(billing),
        quoted(&prose(1, 20)),
        quoted(&format!("{}\n{}", prose(2, 900), bait(2))),
    )
}

fn tool(index: u64) -> String {
    let description = format!("{}\n{}", prose(100 + index, 380), bait(100 + index));
    format!(
        r#"{{"name":"Tool{index}","description":{},"input_schema":{{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{{"file_path":{{"description":{},"type":"string"}},"limit":{{"type":"integer","exclusiveMinimum":0,"maximum":9007199254740991}}}},"required":["file_path"],"additionalProperties":false}}}}"#,
        quoted(&description),
        over_quoted(&prose(200 + index, 12)),
    )
}

fn message(given: &str, values: &[String], index: usize, last: bool) -> String {
    let seed = index as u64;
    let value = &values[index % values.len()];
    let mark = if last { r#","cache_control":{"type":"ephemeral"}"# } else { "" };
    match index {
        0 => {
            let reminder = format!("<system-reminder>\n{}\n</system-reminder>\n", bait(0));
            let text = format!("{} <<<{given}>>> {}", prose(3, 30), prose(4, 5));
            format!(
                r#"{{"role":"user","content":[{{"type":"text","text":{}}},{{"type":"text","text":{}{mark}}}]}}"#,
                quoted(&reminder),
                quoted(&text),
            )
        }
        1 => {
            let text = format!("# Environment\n - owner: {value}\n{}", prose(5, 300));
            format!(
                r#"{{"role":"system","content":{},"output_config":{{"effort":"medium"}}}}"#,
                quoted(&text)
            )
        }
        _ if index % 2 == 1 => assistant(value, seed),
        _ => result(value, seed, mark),
    }
}

/// What the model said before: signed thoughts about somebody whom it made up, and a tool call.
fn assistant(value: &str, seed: u64) -> String {
    let somebody = lookalike("{lower:6}@{lower:9}.org", 7000 + seed);
    let thinking = format!("{} {somebody} {}", prose(300 + seed, 20), bait(300 + seed));
    let thought = if seed % 7 == 5 {
        format!(r#"{{"type":"redacted_thinking","data":"{}"}}"#, base64(seed))
    } else {
        format!(r#"{{"type":"thinking","thinking":{},"signature":"{}"}}"#, quoted(&thinking), base64(seed))
    };
    let text = quoted(&format!("{} ({value})", prose(400 + seed, 12)));
    let (path, content) = (r#""\/work\/src\/café.rs""#, quoted(&format!("a = \"{value}\"\n")));
    format!(
        r#"{{"role":"assistant","content":[{thought},{{"type":"text","text":{text}}},{{"type":"tool_use","id":"{}","name":"Tool3","input":{{"file_path":{path},"content": {content},"limit":1e3}}}}]}}"#,
        call(seed),
    )
}

/// What the tool answered: text, or blocks with an image.
fn result(value: &str, seed: u64, mark: &str) -> String {
    let output = format!("{}\n1\t{value}\n{}", prose(500 + seed, 40), bait(500 + seed));
    let content = if seed.is_multiple_of(3) {
        format!(
            r#"[{{"type":"text","text":{}}},{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{}"}}}}]"#,
            over_quoted(&output),
            base64(600 + seed),
        )
    } else {
        quoted(&output)
    };
    format!(
        r#"{{"role":"user","content":[{{"tool_use_id":"{}","type":"tool_result","content":{content},"is_error":false{mark}}}]}}"#,
        call(seed - 1),
    )
}

fn call(seed: u64) -> String {
    lookalike("toolu_01{alnum:22}", seed)
}
