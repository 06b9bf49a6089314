//! Events as lines of JSON in a file, for whatever collects logs.

use aegis_model::Event;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A file that events are added to. When it is full it becomes `<name>.1`, and that is what is kept of the past.
#[derive(Debug, Clone)]
pub(crate) struct EventFile {
    path: PathBuf,
    max_bytes: u64,
}

/// Only who runs the gateway reads what its clients do.
const OWNER_ONLY: u32 = 0o600;

// === impl EventFile ===

impl EventFile {
    /// The file at `path`, which may exist.
    pub(crate) fn new(path: PathBuf, max_bytes: u64) -> EventFile {
        EventFile { path, max_bytes }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds events, all or none of them unless the disk is full. The file is opened each time, so that it may be moved away
    /// by others as well.
    pub(crate) fn add(&self, events: &[Event]) -> io::Result<()> {
        let lines: Vec<String> = events.iter().map(|event| format!("{}\n", event.body)).collect();
        let lines = lines.concat();
        let mut file = self.open()?;
        let size = file.metadata()?.len();
        if size > 0 && size.saturating_add(lines.len() as u64) > self.max_bytes {
            let mut old = self.path.clone().into_os_string();
            old.push(".1");
            fs::rename(&self.path, old)?;
            file = self.open()?;
        }
        file.write_all(lines.as_bytes())
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).mode(OWNER_ONLY).open(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::os::unix::fs::PermissionsExt as _;

    fn event(number: u32) -> Event {
        Event { at: 0, tenant: String::new(), action: "allow".into(), body: json!({ "number": number }) }
    }

    #[test]
    fn lines_are_added_and_a_full_file_makes_room() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.jsonl");
        let file = EventFile::new(path.clone(), 40);
        let old = dir.path().join("events.jsonl.1");
        file.add(&[event(1), event(2)]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"number\":1}\n{\"number\":2}\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, OWNER_ONLY);
        assert!(!old.exists());
        file.add(&[event(3), event(4)]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"number\":3}\n{\"number\":4}\n");
        assert_eq!(fs::read_to_string(&old).unwrap(), "{\"number\":1}\n{\"number\":2}\n");
        // Somebody else moves it away.
        fs::rename(&path, dir.path().join("moved")).unwrap();
        file.add(&[event(5)]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"number\":5}\n");
        fs::remove_dir_all(dir.path()).unwrap();
        assert!(file.add(&[event(6)]).is_err());
    }
}
