//! Programs that run the command in their words: `sudo`, `env`, `xargs`, `find -exec`, `docker exec` …

use crate::command::Command;
use crate::limits::MAX_DEPTH;

/// How the words of a wrapper lead to its command.
struct Wrapper {
    name: &'static str,
    /// The word behind which it looks, such as `exec` of `docker exec`.
    verb: Option<&'static str>,
    /// Options that take the next word.
    options: &'static [&'static str],
    /// Words that are its own, such as the time of `timeout`.
    operands: usize,
}

const fn plain(name: &'static str, options: &'static [&'static str], operands: usize) -> Wrapper {
    Wrapper { name, verb: None, options, operands }
}

const fn verb(
    name: &'static str,
    verb: &'static str,
    options: &'static [&'static str],
    operands: usize,
) -> Wrapper {
    Wrapper { name, verb: Some(verb), options, operands }
}

const CONTAINER: &[&str] = &[
    "-e",
    "--env",
    "-u",
    "--user",
    "-w",
    "--workdir",
    "-v",
    "--volume",
    "-p",
    "--publish",
    "--name",
    "--network",
    "--net",
    "--entrypoint",
    "-h",
    "--hostname",
    "--mount",
    "-l",
    "--label",
    "--env-file",
    "-m",
    "--memory",
    "--cpus",
    "--platform",
    "-n",
    "--namespace",
    "-c",
    "--container",
    "--pid",
    "--ipc",
    "--cap-add",
    "--cap-drop",
    "--security-opt",
    "--device",
    "--add-host",
    "--restart",
];

#[rustfmt::skip]
const WRAPPERS: &[Wrapper] = &[
    plain("sudo", &["-u", "-g", "-h", "-p", "-C", "-r", "-t", "-U", "-D", "-T", "--user", "--group", "--prompt"], 0),
    plain("doas", &["-u", "-C"], 0),
    plain("pkexec", &["--user"], 0),
    plain("env", &["-u", "-C", "--unset", "--chdir"], 0),
    plain("nohup", &[], 0),
    plain("setsid", &[], 0),
    plain("time", &["-f", "-o"], 0),
    plain("nice", &["-n"], 0),
    plain("ionice", &["-c", "-n", "-p"], 0),
    plain("timeout", &["-s", "-k", "--signal", "--kill-after"], 1),
    plain("stdbuf", &["-i", "-o", "-e"], 0),
    plain("xargs", &["-I", "-n", "-P", "-L", "-d", "-E", "-s", "-a", "--max-args", "--max-procs", "--delimiter"], 0),
    plain("parallel", &["-j", "--jobs", "-a", "--arg-file", "-S"], 0),
    plain("exec", &["-a"], 0),
    plain("command", &[], 0),
    plain("builtin", &[], 0),
    plain("busybox", &[], 0),
    plain("toybox", &[], 0),
    plain("chroot", &[], 1),
    plain("unshare", &[], 0),
    plain("nsenter", &["-t", "-S", "-G"], 0),
    plain("strace", &["-e", "-o", "-p", "-s", "-u"], 0),
    plain("ltrace", &["-e", "-o", "-p", "-s", "-u"], 0),
    plain("watch", &["-n", "-d", "--interval"], 0),
    plain("taskset", &[], 1),
    plain("chrt", &[], 1),
    plain("flock", &["-w"], 1),
    plain("runuser", &["-u"], 0),
    plain("setpriv", &[], 0),
    plain("unbuffer", &[], 0),
    plain("rlwrap", &[], 0),
    plain("proxychains", &["-f"], 0),
    plain("proxychains4", &["-f"], 0),
    plain("torsocks", &[], 0),
    plain("caffeinate", &["-t", "-w"], 0),
    plain("start", &[], 0),
    plain("sshpass", &["-p", "-f", "-e"], 0),
    verb("docker", "exec", CONTAINER, 1),
    verb("docker", "run", CONTAINER, 1),
    verb("podman", "exec", CONTAINER, 1),
    verb("podman", "run", CONTAINER, 1),
    verb("nerdctl", "exec", CONTAINER, 1),
    verb("nerdctl", "run", CONTAINER, 1),
    verb("kubectl", "exec", CONTAINER, 1),
    verb("kubectl", "run", CONTAINER, 1),
    verb("find", "-exec", &[], 0),
    verb("find", "-execdir", &[], 0),
    verb("find", "-ok", &[], 0),
    verb("fd", "-x", &[], 0),
    verb("fd", "-X", &[], 0),
];

/// The command that `command` runs, the one that this runs, and so on.
pub(crate) fn wrapped(command: &Command) -> Vec<Command> {
    let mut commands = Vec::new();
    while commands.len() < MAX_DEPTH
        && let Some(next) = next(commands.last().unwrap_or(command))
    {
        commands.push(next);
    }
    commands
}

/// The command that `command` runs.
fn next(command: &Command) -> Option<Command> {
    let program = command.program();
    WRAPPERS
        .iter()
        .filter(|wrapper| wrapper.name.as_bytes() == program)
        .find_map(|wrapper| wrapper.find(command))
}

// === impl Wrapper ===

impl Wrapper {
    fn find(&self, command: &Command) -> Option<Command> {
        let mut at = 1;
        if let Some(verb) = self.verb {
            at += 1 + command.arguments().iter().position(|word| word.text == verb.as_bytes())?;
        }
        let mut operands = self.operands;
        while let Some(word) = command.words.get(at) {
            let text = word.text.as_slice();
            let is_option = text.len() > 1 && text.starts_with(b"-");
            let is_setting = matches!(self.name, "env" | "sudo") && !is_option && text.contains(&b'=');
            if text == b"--" {
                at += 1;
                break;
            } else if self.options.iter().any(|option| option.as_bytes() == text) {
                at += 2;
            } else if is_option || is_setting {
                at += 1;
            } else if operands > 0 {
                operands -= 1;
                at += 1;
            } else {
                break;
            }
        }
        let mut inner = command.behind(at);
        if self.name == "find" {
            let end = inner.words.iter().position(|word| matches!(word.text.as_slice(), b";" | b"+"));
            inner.words.truncate(end.unwrap_or(inner.words.len()));
        }
        (!inner.words.is_empty()).then_some(inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Word;

    #[test]
    fn wrappers_lead_to_what_they_run() {
        for (line, program) in [
            ("sudo -u root -E A=b rm x", "rm"),
            ("env -i PATH=/bin FOO=bar sh x", "sh"),
            ("timeout -s KILL 5 nc x", "nc"),
            ("xargs -0 -I {} rm {}", "rm"),
            ("nohup setsid nice -n 5 time bash", "bash"),
            ("docker exec -it -u root web sh", "sh"),
            ("docker run --rm -v a:b alpine rm x", "rm"),
            ("kubectl exec -it pod -n ns -- bash", "bash"),
            ("find / -name x -exec rm {} ;", "rm"),
            ("find / -exec ; rm", "find"),
            ("chroot /mnt bash", "bash"),
            ("ls -l", "ls"),
        ] {
            let words = line.split(' ').map(|word| Word::plain(word.as_bytes())).collect();
            let command = Command { words, ..Command::default() };
            let last = wrapped(&command).pop().unwrap_or(command);
            assert_eq!(last.program(), program.as_bytes(), "{line}");
        }
    }
}
