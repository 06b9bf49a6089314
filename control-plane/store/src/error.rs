//! Why the store could not answer.

use std::path::PathBuf;

/// Why the store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database file could not be created or made private.
    #[error("{}: cannot create the database file with mode 0600; check that AEGIS_DATA_DIR is writable", path.display())]
    File {
        /// The database file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The database could not be opened.
    #[error("{}: cannot open the database; check the disk and that no other program holds it", path.display())]
    Open {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("{}: cannot migrate the database; a newer aegisgate may have written it", path.display())]
    Migrate {
        /// The database file.
        path: PathBuf,
        /// What went wrong.
        source: sqlx::migrate::MigrateError,
    },
    /// A statement failed.
    #[error("the database did not carry out a statement; check free disk space and the disk's health")]
    Sql(#[from] sqlx::Error),
    /// A row does not hold what the schema promises.
    #[error("the database holds {0}; restore it from a backup")]
    Corrupt(&'static str),
}
