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
    /// The address of the database is none.
    #[error("AEGIS_DATABASE_URL must look like postgres://user:password@host:5432/database")]
    Url,
    /// The database could not be opened.
    #[error(
        "{database}: cannot open the database; check that it runs, the disk, and that no other program holds it"
    )]
    Open {
        /// The database file, or what stands for a server.
        database: String,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("{database}: cannot migrate the database; another version of aegisgate may have written it")]
    Migrate {
        /// The database file, or what stands for a server.
        database: String,
        /// What went wrong.
        source: sqlx::migrate::MigrateError,
    },
    /// The database was written under another key.
    #[error(
        "the encryption key does not open this database, and nothing was changed; give the key that it was written \
         with: in AEGIS_ENCRYPTION_KEY, or as encryption.key in AEGIS_DATA_DIR"
    )]
    WrongKey,
    /// The key was replaced while this process ran.
    #[error("the encryption key was replaced; start this process again with the new one")]
    KeyReplaced,
    /// A statement failed.
    #[error(
        "the database did not carry out a statement; check that it runs, free disk space and the disk's health"
    )]
    Sql(#[from] sqlx::Error),
    /// A row does not hold what the schema promises.
    #[error("the database holds {0}; restore it from a backup")]
    Corrupt(&'static str),
}
