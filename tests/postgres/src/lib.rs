//! A real PostgreSQL server for tests, on a free port of the loopback address, gone when the test is.
//!
//! `make tools` fetches the programs; `POSTGRES_BIN` names another folder that has `initdb`, `postgres` and `createdb`.
//! PostgreSQL refuses to run as root: root starts it as `nobody`, from a copy that `nobody` can read.

mod install;

use install::Install;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    install: Install,
    /// Its files, below one folder that belongs to the user that runs it.
    home: TempDir,
    port: u16,
    /// A shell that ends the server when its standard input closes, be it because this process was killed.
    guard: Mutex<Option<Child>>,
    databases: AtomicUsize,
}

const PATIENCE: Duration = Duration::from_mins(1);

/// Runs the server; ends it as soon as nobody holds the other end of standard input.
const GUARD: &str =
    r#"exec 3<&0; "$@" <&- 3<&- & server=$!; cat <&3 >/dev/null; kill -QUIT $server; wait $server"#;

static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

// === impl Postgres ===

impl Postgres {
    /// The server that the tests of this process share. It ends with the last of them.
    pub fn shared() -> Arc<Postgres> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Postgres::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// A server of its own.
    pub fn start() -> Postgres {
        let install = Install::find();
        let home = install.make_home();
        let mut initdb = install.command("initdb");
        initdb.args(["--auth=trust", "--username=aegis", "--encoding=UTF8", "--locale=C", "--pgdata"]);
        let output = initdb.arg(home.path().join("data")).output().expect("initdb");
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        let port = free_port();
        let server =
            Postgres { install, home, port, guard: Mutex::new(None), databases: AtomicUsize::new(0) };
        server.run();
        server
    }

    /// Starts the server again after [`Postgres::kill`].
    pub fn run(&self) {
        let log = std::fs::File::create(self.home.path().join("log")).expect("the server's log");
        let mut command = self.install.shell(GUARD, "postgres");
        command.arg("-D").arg(self.home.path().join("data")).arg("-p").arg(self.port.to_string());
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        let guard = command
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("the server's log"))
            .stderr(log)
            .spawn()
            .expect("a shell");
        *self.guard.lock().unwrap_or_else(PoisonError::into_inner) = Some(guard);
        self.wait_until_it_answers();
    }

    /// Ends the server at once, without a checkpoint: what was not yet on the disk is lost.
    pub fn kill(&self) {
        let guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut guard) = guard {
            drop(guard.stdin.take());
            guard.wait().expect("the server's guard");
        }
    }

    /// The URL of a new database.
    pub fn create_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let output = self.createdb(&name);
        assert!(output.status.success(), "createdb: {}", String::from_utf8_lossy(&output.stderr));
        format!("postgres://aegis@127.0.0.1:{}/{name}", self.port)
    }

    /// The folder in which the server keeps its data.
    pub fn data_dir(&self) -> std::path::PathBuf {
        self.home.path().join("data")
    }

    fn createdb(&self, name: &str) -> std::process::Output {
        let mut command: Command = self.install.command("createdb");
        command.args(["-h", "127.0.0.1", "-U", "aegis", "-p"]).arg(self.port.to_string()).arg(name);
        command.output().expect("createdb")
    }

    fn wait_until_it_answers(&self) {
        let started = Instant::now();
        let ready = self.home.path().join("data/postmaster.pid");
        loop {
            // Its last line is the server's state: https://doxygen.postgresql.org/pidfile_8h.html
            let state = std::fs::read_to_string(&ready).unwrap_or_default();
            let is_ready = state.lines().nth(7).is_some_and(|line| line.trim() == "ready");
            if is_ready && TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            let log = || std::fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
            assert!(started.elapsed() < PATIENCE, "PostgreSQL does not start: {}", log());
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
