//! Running the command, as every child is run: bounded, and with nothing of our environment.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use plan::Trouble;

use crate::{
    limits,
    metrics::Metrics,
    upstream::child::{Bounds, Children, Command},
};

/// Runs the commands of all places. Cheap to clone.
#[derive(Clone)]
pub(in crate::egress) struct Runner(Arc<Inner>);

struct Inner {
    path: String,
    folder: PathBuf,
    /// Made when the first helper is needed: most have none, and making them makes a folder.
    children: OnceLock<Children>,
}

impl Runner {
    /// Programs are looked for in `path`; `folder` holds their empty home.
    pub(in crate::egress) fn new(path: &str, folder: &std::path::Path) -> Self {
        Self(Arc::new(Inner { path: path.to_owned(), folder: folder.to_owned(), children: OnceLock::new() }))
    }

    /// What the command writes when it is run with `url` as its last argument and reads `input`.
    ///
    /// # Errors
    /// [`Trouble::Refused`] if it cannot be run or fails. What it complains about is not repeated: it may be a secret.
    pub(super) async fn run(&self, words: &[String], url: Option<&str>, input: &str) -> Result<String, Trouble> {
        let failed = |cause: &str| Trouble::Refused(format!("could not run command {}: {cause}", words[0]));
        let children = self.children().map_err(|cause| failed(&cause.to_string()))?;
        let words: Vec<String> = words.iter().cloned().chain(url.map(str::to_owned)).collect();
        let bounds = Bounds {
            wall: limits::HELPER_TIME,
            stdout_bytes: limits::MAX_LOGIN_ANSWER_BYTES,
            file_bytes: limits::MAX_LOGIN_ANSWER_BYTES,
        };
        let command = Command::operators(&words, &self.0.folder, bounds).stdin(input.as_bytes().to_vec());
        let output = children.run(command).await.map_err(|trouble| failed(&trouble.to_string()))?;
        match output.code {
            Some(0) => String::from_utf8(output.stdout).map_err(|_| failed("its output is not UTF-8")),
            Some(code) => Err(failed(&format!("exit status {code}"))),
            None => Err(failed("a signal ended it")),
        }
    }

    fn children(&self) -> std::io::Result<&Children> {
        if let Some(children) = self.0.children.get() {
            return Ok(children);
        }
        std::fs::create_dir_all(&self.0.folder)?;
        let made = Children::new(&self.0.path, &self.0.folder, limits::MAX_HELPERS, Metrics::default())?;
        Ok(self.0.children.get_or_init(|| made))
    }
}
