//! Where the Go installation is whose go.env counts. Nothing is run to find it.

use std::path::{Path, PathBuf};

use crate::config::Environment;

/// The folder of the Go installation that `go` in the PATH belongs to; `None` if there is none.
///
/// Source: `findGOROOT` of Go 1.27's `cmd/go/internal/cfg`: $GOROOT first, else the folder above the command, symbolic links followed.
pub fn goroot(environment: &Environment) -> Option<PathBuf> {
    if let Some(goroot) = environment.get("GOROOT") {
        return Some(PathBuf::from(goroot));
    }
    let folders = std::env::split_paths(environment.get("PATH")?).filter(|folder| folder.is_absolute());
    let command = folders.map(|folder| folder.join("go")).find(|file| file.is_file())?;
    [command.clone(), std::fs::canonicalize(&command).unwrap_or(command)].iter().find_map(|file| above(file))
}

/// The installation that a command belongs to, from `bin/go` or from `bin/GOOS_GOARCH/go`.
fn above(command: &Path) -> Option<PathBuf> {
    command.ancestors().skip(2).take(2).find(|folder| folder.join("go.env").is_file()).map(Path::to_path_buf)
}
