//! Which Envoy to run.

use anyhow::{Context as _, bail, ensure};
use std::env;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// `given`, or `envoy` on the `PATH`, or the one that `make` has fetched.
pub(super) async fn envoy(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let candidates = match given {
        Some(path) => vec![path.to_owned()],
        None => usual_places(),
    };
    let Some(found) = candidates.iter().find(|path| path.is_file()) else {
        let tried = candidates.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        bail!("no Envoy at {tried}; run `make tools` to fetch one, or set ENVOY_BIN to its path");
    };
    let version = version(found).await.with_context(|| {
        format!("{} does not run as Envoy on this machine; set ENVOY_BIN to one that does", found.display())
    })?;
    tracing::info!(path = %found.display(), version, "using Envoy");
    Ok(found.clone())
}

async fn version(binary: &Path) -> anyhow::Result<String> {
    let output = Command::new(binary).arg("--version").kill_on_drop(true).output().await?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success() && text.contains("version:"), "`--version` ended with {}", output.status);
    // …/envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL
    Ok(text
        .split('/')
        .find(|part| part.starts_with(|c: char| c.is_ascii_digit()) && part.contains('.'))
        .unwrap_or("unknown")
        .to_owned())
}

fn usual_places() -> Vec<PathBuf> {
    let on_path =
        env::var_os("PATH").into_iter().flat_map(|path| env::split_paths(&path).collect::<Vec<_>>());
    let beside = env::current_exe().ok().and_then(|exe| Some(exe.parent()?.parent()?.join(".tools/envoy")));
    let fetched = [PathBuf::from(".tools/envoy")].into_iter().chain(beside);
    on_path.map(|dir| dir.join("envoy")).filter(|path| path.is_file()).chain(fetched).collect()
}
