//! The REST API and the command line as an operator uses them, with the gateway key.

use crate::client::{Answer, Request};
use crate::gateway::{START, Site};
use crate::wait::eventually;
use serde_json::Value;

impl Site {
    /// Calls `/__gw__/api/<path>`.
    pub fn call(&self, method: &str, path: &str, body: &str) -> std::io::Result<Answer> {
        let request = Request::new(method, format!("/__gw__/api/{path}"), body);
        let request = request.header("authorization", &format!("Bearer {}", self.key));
        request.header("content-type", "application/yaml").try_send(self.admin_port)
    }

    /// The answer of a call that must succeed.
    #[track_caller]
    pub fn json(&self, method: &str, path: &str, body: &str) -> Value {
        let answer = self.call(method, path, body).unwrap();
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text());
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// What `aegisgate <arguments>` prints about this control plane; it must succeed or fail as expected.
    #[track_caller]
    pub fn run(&self, arguments: &[&str], succeeds: bool) -> String {
        let server = format!("http://127.0.0.1:{}", self.admin_port);
        let output = self.command(arguments).env("AEGIS_SERVER", server).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.success(), succeeds, "{arguments:?}: {text}");
        text
    }

    /// How many of the Envoys under this control plane run what is current; `None` if one does not.
    pub fn up_to_date(&self) -> Option<usize> {
        let fleet = self.call("GET", "nodes", "").ok()?.json();
        let nodes = fleet["nodes"].as_object()?;
        nodes.values().all(|node| node["up_to_date"] == true).then_some(nodes.len())
    }

    /// Waits until the one Envoy here runs what is current.
    #[track_caller]
    pub fn wait_until_current(&self) {
        eventually("the Envoy runs what is current", START, || self.up_to_date() == Some(1));
    }
}
