//! `aegisgate key …`

use super::Server;
use crate::json::at;
use crate::keys;
use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;

/// `aegisgate key …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key for the API. It is shown once.
    Add(AddArgs),
    /// Remove a key.
    Remove(RemoveArgs),
    /// List keys.
    List(ListArgs),
    /// Seal everything in the database again under a new key.
    Rotate(RotateArgs),
}

/// `aegisgate key add`
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    server: Server,
    /// What the journal calls its owner.
    name: String,
    /// viewer, editor or admin.
    role: String,
    /// The tenant whose tokens it is limited to.
    #[arg(long)]
    tenant: Option<String>,
}

/// `aegisgate key remove`
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    server: Server,
    /// The key's name.
    name: String,
}

/// `aegisgate key list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    server: Server,
}

/// `aegisgate key rotate`
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// Directory of the database and the key.
    #[arg(long, env = "AEGIS_DATA_DIR", default_value = "data")]
    data_dir: PathBuf,
}

// === impl KeyCommand ===

impl KeyCommand {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            KeyCommand::Add(AddArgs { server, name, role, tenant }) => {
                let body = json!({ "name": name, "role": role, "tenant": tenant });
                let answer = server.send(Method::POST, "keys", Some(&body)).await?;
                println!("{}", at(&answer, &["key"]).as_str().unwrap_or_default());
            }
            KeyCommand::Remove(RemoveArgs { server, name }) => {
                server.send(Method::DELETE, &format!("keys/{name}"), None).await?;
            }
            KeyCommand::List(ListArgs { server }) => {
                let answer = server.send(Method::GET, "keys", None).await?;
                answer.as_array().into_iter().flatten().for_each(|key: &Value| println!("{key}"));
            }
            KeyCommand::Rotate(RotateArgs { data_dir }) => keys::replace_encryption(&data_dir).await?,
        }
        Ok(())
    }
}
