//! Files that appear complete or not at all.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::NamedTempFile;

/// For secrets and what may quote them.
pub(crate) const OWNER_ONLY: u32 = 0o600;
/// For what every user may read.
pub(crate) const READABLE: u32 = 0o644;

/// Writes `content` to `path` in one step, replacing what was there.
pub(crate) fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    write_beside(path, content, mode)?.persist(path)?;
    Ok(())
}

/// Writes `content` to `path` in one step; fails with [`io::ErrorKind::AlreadyExists`] if there is a file.
pub(crate) fn create(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    write_beside(path, content, mode)?.persist_noclobber(path)?;
    Ok(())
}

fn write_beside(path: &Path, content: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(content)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    Ok(file)
}
