//! Several Envoys under several control planes that share a PostgreSQL, each a process of its own.

use crate::client::Request;
use crate::envoy::Launch;
use crate::gateway::{Gateway, Options, START, Site, chat_path};
use crate::process::Process;
use crate::wait::{eventually, holds_within};
use aegis_postgres::Postgres;
use std::time::Duration;

/// Several Envoys under several control planes.
#[derive(Debug)]
pub struct Fleet {
    /// The control planes.
    pub planes: Vec<Plane>,
    /// The Envoys.
    pub nodes: Vec<Node>,
    /// Their database. Behind those who use it.
    pub postgres: Postgres,
}

/// A control plane.
#[derive(Debug)]
pub struct Plane {
    process: Option<Process>,
    /// Its ports and its key.
    pub site: Site,
}

/// An Envoy.
#[derive(Debug)]
pub struct Node {
    process: Option<Process>,
    launch: Launch,
    /// Its ports.
    pub site: Site,
}

// === impl Fleet ===

impl Fleet {
    /// So many control planes, and an Envoy for each entry: which control plane it is under. All of them run.
    #[track_caller]
    pub fn start(planes: usize, nodes: &[usize]) -> Fleet {
        let postgres = Postgres::start();
        let database = postgres.create_database();
        let shared = [
            ("AEGIS_DATABASE_URL", database),
            ("AEGIS_ENCRYPTION_KEY", "e1".repeat(32)),
            ("AEGIS_PLACEHOLDER_KEY", "f2".repeat(32)),
        ];
        let mut planes: Vec<Plane> = (0..planes).map(|_| Plane::new(&shared)).collect();
        planes.iter_mut().for_each(Plane::start);
        let mut nodes: Vec<Node> = nodes
            .iter()
            .enumerate()
            .map(|(number, plane)| Node::new(number, &planes[*plane].site, &shared[2..]))
            .collect();
        nodes.iter_mut().for_each(Node::start);
        Fleet { planes, nodes, postgres }
    }

    /// Waits until every Envoy runs what is current.
    #[track_caller]
    pub fn wait_until_current(&self) {
        eventually("every Envoy runs the current revision", START, || {
            let connected: usize = self.planes.iter().filter_map(|plane| plane.site.up_to_date()).sum();
            connected == self.nodes.len()
        });
    }
}

// === impl Plane ===

impl Plane {
    fn new(environment: &[(&'static str, String)]) -> Plane {
        let options = Options { environment: environment.to_vec(), ..Options::default() };
        Plane { process: None, site: Site::new(options) }
    }

    /// Starts it and waits until it answers.
    #[track_caller]
    pub fn start(&mut self) {
        let mut process = self.site.spawn(&["serve"]);
        let mut healthy = false;
        holds_within(START, || {
            let answer = Request::get("/health").try_send(self.site.admin_port);
            healthy = answer.is_ok_and(|answer| answer.status == 200);
            healthy || process.exit_within(Duration::ZERO).is_some()
        });
        assert!(healthy, "the control plane did not start: {}", process.output());
        self.process = Some(process);
    }

    /// `kill -9`.
    #[track_caller]
    pub fn crash(&mut self) {
        self.process.take().expect("it runs").crash();
    }

    /// Makes a token and returns it.
    #[track_caller]
    pub fn token(&self, base: &str) -> String {
        let body = serde_json::json!({ "upstream_base": base }).to_string();
        self.site.json("POST", "tokens", &body)["token"].as_str().expect("a token").to_owned()
    }
}

// === impl Node ===

impl Node {
    /// An Envoy as `aegisgate up` starts it, which a first run shows, but under another control plane.
    #[track_caller]
    fn new(number: usize, plane: &Site, environment: &[(&'static str, String)]) -> Node {
        let mut environment = environment.to_vec();
        environment.push(("AEGIS_NODE_ID", format!("node-{number}")));
        environment.push(("AEGIS_NODE_GROUP", format!("group-{number}")));
        let up = Gateway::with(Options { environment, ..Options::default() });
        let launch = Launch::of(&up);
        let site = up.stop();
        let bootstrap = site.data_dir().join("envoy.yaml");
        let mut text = std::fs::read_to_string(&bootstrap).unwrap();
        for (own, other) in [(site.admin_port, plane.admin_port), (site.xds_port, plane.xds_port)] {
            text = text.replace(&format!("port_value: {own} "), &format!("port_value: {other} "));
        }
        std::fs::write(&bootstrap, text).unwrap();
        Node { process: None, launch, site }
    }

    /// Starts it without waiting for anything.
    pub fn start(&mut self) {
        self.process = Some(self.launch.start(&self.site));
    }

    /// `kill -9`.
    #[track_caller]
    pub fn crash(&mut self) {
        self.process.take().expect("it runs").crash();
    }

    /// Whether a token works there. Nothing reaches the upstream.
    pub fn knows(&self, token: &str) -> bool {
        let probe = Request::post(chat_path(token), "{");
        probe.try_send(self.site.port).is_ok_and(|answer| answer.status == 400)
    }
}
