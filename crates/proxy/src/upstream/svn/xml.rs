//! What is read of Subversion's XML: documents of a known shape, in which the tool itself has escaped what strangers wrote.

/// An entry of `svn list --xml`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// False for a directory.
    pub(super) is_file: bool,
    /// Relative to the listed directory, with slashes.
    pub(super) name: String,
    /// As the repository holds it, before conversions.
    pub(super) size_bytes: u64,
}

/// The revision and the date of `svn log --xml`'s first entry.
pub(super) fn logentry(document: &[u8]) -> Option<(u64, String)> {
    let document = str::from_utf8(document).ok()?;
    let (_, entry) = document.split_once("<logentry")?;
    let revision = attribute(entry, "revision")?.parse().ok()?;
    Some((revision, element(entry, "date")?))
}

/// The entries of `svn list --xml`. A document without any is a list of none.
pub(super) fn entries(document: &[u8]) -> Option<Vec<Entry>> {
    let document = str::from_utf8(document).ok()?;
    document.split("<entry").skip(1).map(entry).collect()
}

fn entry(text: &str) -> Option<Entry> {
    let is_file = attribute(text, "kind")? == "file";
    let size_bytes = if is_file { element(text, "size")?.parse().ok()? } else { 0 };
    Some(Entry { is_file, name: element(text, "name")?, size_bytes })
}

/// The value of `name="…"` in the opening tag that `text` begins in.
fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (tag, _) = text.split_once('>')?;
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// The text of the first `<name>`.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (content, _) = rest.split_once(&format!("</{name}>"))?;
    unescaped(content)
}

/// What Subversion escapes is put back: `&`, `<`, `>`, and the carriage return.
fn unescaped(text: &str) -> Option<String> {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('&') {
        let (name, after) = after.split_once(';')?;
        plain.push_str(before);
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#13" => '\r',
            _ => return None,
        });
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_entry_gives_its_revision_and_date() {
        let log = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<log>\n<logentry\n   revision=\"17\">\n<author>&lt;date&gt;1&lt;/date&gt;</author>\n<date>2026-11-23T09:42:13.218823Z</date>\n<msg>x</msg>\n</logentry>\n</log>\n";
        assert_eq!(logentry(log), Some((17, "2026-11-23T09:42:13.218823Z".to_owned())));
        assert_eq!(logentry(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<log>\n</log>\n"), None);
    }

    #[test]
    fn names_come_back_as_the_repository_has_them() {
        let list = b"<list\n   path=\"http://h/\">\n<entry\n   kind=\"file\">\n<name>a&amp;b &lt;c&gt;</name>\n<size>10</size>\n</entry>\n<entry\n   kind=\"dir\">\n<name>sub</name>\n</entry>\n</list>\n";
        let file = Entry { is_file: true, name: "a&b <c>".to_owned(), size_bytes: 10 };
        let folder = Entry { is_file: false, name: "sub".to_owned(), size_bytes: 0 };
        assert_eq!(entries(list), Some(vec![file, folder]));
        assert_eq!(entries(b""), Some(vec![]));
        assert_eq!(entries(b"<entry\n   kind=\"file\">\n<name>a&nbsp;</name>\n<size>1</size>"), None);
        assert_eq!(entries(b"<entry\n   kind=\"file\">\n<name>cut"), None);
    }
}
