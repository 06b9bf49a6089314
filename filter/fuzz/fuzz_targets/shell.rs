//! Command lines: nothing panics, everything stands in the text, what is read grows with the text, and a quoted command is
//! read back.
#![no_main]

use libfuzzer_sys::fuzz_target;

/// What the fuzzer need not spell: bytes that are in no UTF-8 text stand for these.
const SNIPPETS: &[(u8, &str)] = &[
    (0xf5, "$(echo "),
    (0xf6, "sh -c '"),
    (0xf7, "<<EOF\n"),
    (0xf8, "\nEOF\n"),
    (0xf9, " | base64 -d | sh"),
    (0xfa, "a=$a$a;"),
    (0xfb, "sudo -u x "),
    (0xfc, "find / -exec "),
    (0xfd, "{a,b}"),
    (0xfe, "curl -o f h; sh f;"),
    (0xff, "${IFS}"),
];

fuzz_target!(|input: &[u8]| {
    let text = aegis_fuzz::expand(input, SNIPPETS);
    let (mut pipelines, mut bytes) = (0, 0);
    aegis_shell::read(&text, |commands, span| {
        assert!(!commands.is_empty() && span.start <= span.end && span.end <= text.len());
        pipelines += 1;
        bytes +=
            commands.iter().flat_map(|command| &command.words).map(|word| word.text.len()).sum::<usize>();
    });
    // Each byte is read once where it stands, and a fixed number of times in what is nested; groups are seen at each of
    // their levels, with the first commands of each.
    assert!(pipelines <= 100 * (text.len() + 1000), "{pipelines} pipelines in {} bytes", text.len());
    assert!(bytes <= 2000 * (text.len() + 16_384), "{bytes} bytes of words in {} bytes", text.len());
    if let Ok(text) = std::str::from_utf8(input)
        && !text.is_empty()
    {
        let line = aegis_shell::quote(["printf", text]);
        let mut first = None;
        aegis_shell::read(line.as_bytes(), |commands, _| {
            first.get_or_insert(commands[0].words.get(1).map(|word| word.text.clone()));
        });
        assert_eq!(first, Some(Some(text.as_bytes().to_vec())));
    }
});
