//! Where log lines go: the request log and the events of the server's life share one sink, which SIGHUP opens again.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::config::LogTarget;

/// The log's sink. Cheap to clone.
#[derive(Clone)]
pub(super) struct Diary(Arc<Mutex<Target>>);

enum Target {
    Stderr,
    Stdout,
    Off,
    File(File),
}

impl Diary {
    pub(super) fn open(target: &LogTarget) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(Target::open(target)?))))
    }

    /// Opens `target` in place of what was open: a rotated file is let go of, another one begun. On failure the old one stays.
    pub(super) fn reopen(&self, target: &LogTarget) -> anyhow::Result<()> {
        let opened = Target::open(target)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = opened;
        Ok(())
    }

    /// For the request log.
    pub(super) fn sink(&self) -> Box<dyn Write + Send> {
        Box::new(self.clone())
    }

    /// One event of the server's life.
    pub(super) fn note(&self, level: &str, message: &str) {
        self.told(level, message, json!({}));
    }

    /// One event with fields of its own.
    pub(super) fn told(&self, level: &str, message: &str, fields: Value) {
        let mut line = json!({ "time": format!("{:.3}", Timestamp::now()), "level": level, "message": message });
        if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
            line.extend(fields);
        }
        // A log that cannot be written has no place to say so; the server goes on.
        let _ = self.clone().write_all(format!("{line}\n").as_bytes());
    }
}

impl Write for Diary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    /// All of `bytes`, so that lines of the two writers are never mixed.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Target::Stderr => io::stderr().write_all(bytes),
            Target::Stdout => io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()),
            Target::Off => Ok(()),
            Target::File(file) => file.write_all(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Target {
    fn open(target: &LogTarget) -> anyhow::Result<Self> {
        Ok(match target {
            LogTarget::Stderr => Self::Stderr,
            LogTarget::Stdout => Self::Stdout,
            LogTarget::Off => Self::Off,
            LogTarget::File(path) => Self::File(append(path).with_context(|| format!("opening the log {}", path.display()))?),
        })
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
