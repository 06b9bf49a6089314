//! The database file: private from its first byte.

use crate::StoreError;
use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

const OWNER_ONLY: u32 = 0o600;

/// Makes sure that `path` exists with mode 0600. SQLite gives its `-wal` and `-shm` files the mode of the database
/// (<https://www.sqlite.org/src/file/src/os_unix.c>, `findCreateFileMode`).
pub(crate) fn ensure_private(path: &Path) -> Result<(), StoreError> {
    let result = create(path).and_then(|()| fs::set_permissions(path, Permissions::from_mode(OWNER_ONLY)));
    result.map_err(|source| StoreError::File { path: path.to_owned(), source })
}

fn create(path: &Path) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).mode(OWNER_ONLY).open(path).map(drop)
}
