//! `aegisgate token …`

use super::Server;
use crate::json::at;
use aegis_model::Token;
use anyhow::Context as _;
use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

/// `aegisgate token …`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for an upstream.
    Register(RegisterArgs),
    /// Show what belongs to a token.
    Lookup(OneArgs),
    /// Remove a token.
    Remove(OneArgs),
    /// List tokens.
    List(ListArgs),
}

/// `aegisgate token register`
#[derive(Debug, Args)]
pub(crate) struct RegisterArgs {
    #[command(flatten)]
    server: Server,
    /// The upstream, such as `https://api.openai.com/v1`.
    upstream_base: String,
    /// The policy of its requests.
    #[arg(long)]
    policy: Option<String>,
    /// What the filter does at most: full, redact or passthrough.
    #[arg(long)]
    mode: Option<String>,
    /// Whose token it is.
    #[arg(long)]
    tenant: Option<String>,
    /// The largest request body in bytes.
    #[arg(long)]
    max_body_bytes: Option<u32>,
    /// The most messages of one request.
    #[arg(long)]
    max_messages: Option<u32>,
    /// Seconds that a request and its answer may take.
    #[arg(long)]
    timeout_seconds: Option<u32>,
    /// Field names exempt from redaction, separated by commas.
    #[arg(long, value_delimiter = ',')]
    whitelist_key: Vec<String>,
}

/// A command about one token.
#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    #[command(flatten)]
    server: Server,
    /// The token, or its id.
    token: String,
}

/// `aegisgate token list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    server: Server,
    /// Only those of this tenant.
    #[arg(long)]
    tenant: Option<String>,
}

const PAGE: usize = 1000;

// === impl TokenCommand ===

impl TokenCommand {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            TokenCommand::Register(args) => args.run().await,
            TokenCommand::Lookup(args) => {
                print(&args.server.send(Method::GET, &args.path(), None).await?);
                Ok(())
            }
            TokenCommand::Remove(args) => {
                args.server.send(Method::DELETE, &args.path(), None).await?;
                Ok(())
            }
            TokenCommand::List(args) => args.run().await,
        }
    }
}

// === impl RegisterArgs ===

impl RegisterArgs {
    async fn run(self) -> anyhow::Result<()> {
        let members = [
            ("upstream_base", Some(Value::from(self.upstream_base))),
            ("policy", self.policy.map(Value::from)),
            ("mode", self.mode.map(Value::from)),
            ("tenant", self.tenant.map(Value::from)),
            ("max_body_bytes", self.max_body_bytes.map(Value::from)),
            ("max_messages", self.max_messages.map(Value::from)),
            ("timeout_seconds", self.timeout_seconds.map(Value::from)),
            ("whitelist_key", Some(json!(self.whitelist_key))),
        ];
        let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let body = Value::Object(given.collect::<Map<_, _>>());
        print(&self.server.send(Method::POST, "tokens", Some(&body)).await?);
        Ok(())
    }
}

// === impl OneArgs ===

impl OneArgs {
    /// A token does not leave this process: its hash does.
    fn path(&self) -> String {
        let id = Token::parse(&self.token).map(|token| token.hash().as_str().to_owned());
        format!("tokens/{}", id.as_ref().unwrap_or(&self.token))
    }
}

// === impl ListArgs ===

impl ListArgs {
    async fn run(self) -> anyhow::Result<()> {
        let tenant = self.tenant.map(|tenant| format!("&tenant={tenant}")).unwrap_or_default();
        let mut after = 0;
        loop {
            let path = format!("tokens?limit={PAGE}&after={after}{tenant}");
            let page = self.server.send(Method::GET, &path, None).await?;
            let page = page.as_array().context("the server's answer is no list")?;
            page.iter().for_each(print);
            let Some(last) = page.last().filter(|_| page.len() == PAGE) else { return Ok(()) };
            after = at(last, &["number"]).as_i64().context("a token without a number")?;
        }
    }
}

/// One line of JSON.
fn print(value: &Value) {
    println!("{value}");
}
