//! The edits that lose nothing, made in the files.
//!
//! Only whole lines are taken out, only where the line still reads as it was judged, and only in files of the project. The new content
//! is complete before the old one goes: a crash leaves the one or the other, and perhaps a file `.go.mod.modway-…` beside it.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::Path,
};

use super::{Edit, Finding};

/// What was changed in one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mended {
    /// The file, as findings name it.
    pub file: String,
    /// The change, as `diff -u` shows it.
    pub diff: String,
}

/// Makes the edits of `findings` that are [inside](Edit::is_inside) of `folder`.
///
/// # Errors
/// What the disk says; files that were done before stay done.
pub fn mend(folder: &Path, findings: &[Finding]) -> io::Result<Vec<Mended>> {
    let mut files: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
    for edit in findings.iter().filter_map(|finding| finding.edit.as_ref()).filter(|edit| edit.is_inside()) {
        files.entry(&edit.file).or_default().push(edit);
    }
    let mut mended = Vec::new();
    for (file, edits) in files {
        let path = folder.join(file);
        let old = fs::read_to_string(&path)?;
        let lines = without(&old, &edits);
        if lines.iter().any(|line| line.goes) {
            replace(&path, &lines.iter().filter(|line| !line.goes).map(|line| line.text).collect::<String>())?;
            mended.push(Mended { file: file.to_owned(), diff: diff(file, &lines) });
        }
    }
    Ok(mended)
}

/// A line of a file, with its end.
struct Line<'t> {
    text: &'t str,
    goes: bool,
}

/// Marks the lines that go: those of the edits, and the second of two empty lines that would meet then.
fn without<'t>(text: &'t str, edits: &[&Edit]) -> Vec<Line<'t>> {
    let mut lines: Vec<Line<'t>> = text.split_inclusive('\n').map(|text| Line { text, goes: false }).collect();
    for edit in edits {
        let Some(line) = edit.line.checked_sub(1).and_then(|at| lines.get_mut(at)) else { continue };
        line.goes = line.text.trim_end_matches(['\n', '\r']) == edit.text.trim_end_matches('\r');
    }
    let is_empty = |line: Option<&Line<'_>>| line.is_none_or(|line| line.text.trim().is_empty());
    for at in 0..lines.len() {
        if lines[at].goes
            && !lines[at].text.trim().is_empty()
            && at > 0
            && is_empty(lines.get(at - 1))
            && is_empty(lines.get(at + 1))
        {
            lines[at - 1].goes = true;
        }
    }
    lines
}

/// Puts new content in the place of a file, at once. A symbolic link stays one: the file it leads to is replaced.
fn replace(path: &Path, content: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let part = folder.join(format!(".{name}.modway-{}", std::process::id()));
    let written = (|| {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&part)?;
        file.set_permissions(fs::metadata(&path)?.permissions())?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, &path)
    })();
    if written.is_err() {
        // It is ours, and worth nothing.
        let _ = fs::remove_file(&part);
    }
    written
}

/// The change as `diff -u` shows it, three lines around each.
fn diff(file: &str, lines: &[Line<'_>]) -> String {
    const AROUND: usize = 3;
    let mut text = format!("--- a/{file}\n+++ b/{file}\n");
    let gone: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].goes).collect();
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for at in gone {
        let (start, end) = (at.saturating_sub(AROUND), (at + AROUND + 1).min(lines.len()));
        match hunks.last_mut() {
            Some(last) if start <= last.1 => last.1 = end,
            _ => hunks.push((start, end)),
        }
    }
    let mut gone_before = 0;
    for (start, end) in hunks {
        let goes = lines[start..end].iter().filter(|line| line.goes).count();
        let (old, new) = (end - start, end - start - goes);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "@@ -{},{old} +{},{new} @@", start + 1, start + 1 - gone_before);
        for line in &lines[start..end] {
            let shown = super::finding::shown(line.text.trim_end_matches(['\n', '\r']));
            let _ = writeln!(text, "{}{shown}", if line.goes { '-' } else { ' ' });
        }
        gone_before += goes;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, edits: &[(usize, &str)], left: &str) {
        let edits: Vec<Edit> =
            edits.iter().map(|(line, text)| Edit { file: "f".into(), line: *line, text: (*text).to_owned() }).collect();
        let lines = without(text, &edits.iter().collect::<Vec<_>>());
        assert_eq!(lines.iter().filter(|line| !line.goes).map(|line| line.text).collect::<String>(), left);
    }

    #[test]
    fn a_line_goes_only_if_it_reads_as_it_was_judged() {
        check("a\nb\nc\n", &[(2, "b")], "a\nc\n");
        check("a\nb\nc\n", &[(2, "x"), (0, "a"), (9, "c")], "a\nb\nc\n");
        check("a\r\nb\r\n", &[(2, "b")], "a\r\n");
        check("a\n\nb\n\nc", &[(3, "b")], "a\n\nc");
        check("a\nb\n\nc", &[(2, "b")], "a\n\nc");
        check("a\nb", &[(2, "b")], "a\n");
    }

    #[test]
    fn a_diff_is_as_diff_shows_it() {
        let text: String = (1..=20).map(|number| format!("{number}\n")).collect();
        let edits: Vec<Edit> = [2, 18].map(|line| Edit { file: "f".into(), line, text: line.to_string() }).into_iter().collect();
        let lines = without(&text, &edits.iter().collect::<Vec<_>>());
        assert_eq!(
            diff("f", &lines),
            "--- a/f\n+++ b/f\n@@ -1,5 +1,4 @@\n 1\n-2\n 3\n 4\n 5\n@@ -15,6 +14,5 @@\n 15\n 16\n 17\n-18\n 19\n 20\n"
        );
    }
}
