//! Strings that a careless program takes for flags, for other programs, or for more than one word.

use super::shim::CANARY;

/// What is put where: after a hyphen, in front of a colon, behind an equals sign.
const FLAGS: [&str; 24] = [
    "--upload-pack=",
    "--receive-pack=",
    "-u",
    "--exec=",
    "--config=hooks.pre-init=",
    "--config=alias.log=!",
    "--config=extensions.x=",
    "-c core.sshCommand=",
    "-ccore.fsmonitor=",
    "--config-env=core.sshCommand=",
    "-oProxyCommand=",
    "--remotecmd=",
    "--ssh=",
    "--debugger=",
    "--cwd=",
    "-R",
    "--repository=",
    "--output=",
    "-o",
    "--config-dir=",
    "--config-option=config:tunnels:x=",
    "--diff-cmd=",
    "--editor-cmd=",
    "-",
];

/// How such a flag is dressed.
const DRESSES: [(&str, &str); 10] = [
    ("", ""),
    (" ", ""),
    ("\t", ""),
    ("\n", ""),
    ("\r\n", "\r\n"),
    ("\0", ""),
    ("v1.0.0\n", ""),
    ("v1.0.0-", ""),
    ("v1.0.0 ", ""),
    ("\u{1b}[2K", "\u{7}"),
];

/// Strings of other kinds; `@` stands for the canary.
const OTHERS: [&str; 60] = [
    "-",
    "--",
    "---",
    "--help",
    "-h",
    "--version",
    "--end-of-options",
    "-- --upload-pack=@",
    "ext::sh -c @",
    "ext::@%20x",
    "fd::7",
    "file:///etc/passwd",
    "ssh://-oProxyCommand=@/x",
    "ssh://x/-oProxyCommand=@",
    "ssh://-oProxyCommand=@@x/x",
    "-oProxyCommand=@:x",
    "git@-oProxyCommand=@:x",
    "svn+ssh://-oProxyCommand=@/x",
    "svn+@://x/x",
    "git://x/--upload-pack=@",
    "http::http://x/",
    "$(@)",
    "`@`",
    ";@;",
    "|@",
    "||@",
    "&&@",
    "&@&",
    ">@",
    "'@'",
    "\"@\"",
    "'; @; '",
    "' or shell('@') or '",
    "\\'--config=ui.editor=@",
    "\\",
    "\\\\x\\y",
    "%2d%2dupload-pack=@",
    "%252d%252dupload-pack=@",
    "%00--upload-pack=@",
    "%0a--upload-pack=@",
    "%0d%0a--upload-pack=@",
    "%c0%ad%c0%adupload-pack=@",
    "\u{2010}\u{2010}upload-pack=@",
    "\u{2013}upload-pack=@",
    "\u{2014}upload-pack=@",
    "\u{2212}\u{2212}upload-pack=@",
    "\u{ff0d}\u{ff0d}upload-pack=@",
    "\u{ad}--upload-pack=@",
    "\u{200b}--upload-pack=@",
    "\u{feff}--upload-pack=@",
    "\u{202e}--upload-pack=@",
    "refs/heads/../../--upload-pack=@",
    "HEAD --upload-pack=@",
    "HEAD@{--upload-pack=@}",
    ":--upload-pack=@",
    "+--upload-pack=@:--exec=@",
    "^--upload-pack=@",
    "v1.0.0---upload-pack",
    "set:shell('@')",
    "@all --config=x",
];

/// Exactly 300 different strings. Whoever falls for one of them starts the canary.
pub(crate) fn all() -> Vec<String> {
    let program = CANARY;
    let dressed = DRESSES.iter().flat_map(|(before, after)| FLAGS.iter().map(move |flag| (before, flag, after)));
    let mut all: Vec<String> = dressed.map(|(before, flag, after)| format!("{before}{flag}{program}{after}")).collect();
    all.extend(OTHERS.iter().map(|text| text.replace('@', program)));
    // The longest that a command line takes, and then some, in place of two that say nothing new.
    all[239] = format!("--upload-pack={}", "x".repeat(4_000));
    all[238] = format!("{}{program}", "-".repeat(60_000));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 300, "as many as it says");
    all
}

/// `text` as the door takes it in a path, if it takes it at all: capitals as Go writes them, signs with their escapes.
pub(crate) fn in_door_spelling(text: &str) -> Vec<u8> {
    let mut spelled = Vec::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' => spelled.extend([b'!', byte.to_ascii_lowercase()]),
            b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => spelled.push(byte),
            // Raw bytes that would end the line or the target are the next spelling's.
            _ => spelled.extend(format!("%{byte:02X}").bytes()),
        }
    }
    spelled
}

/// `text` as its raw bytes, as far as they do not end the request's line.
pub(crate) fn raw(text: &str) -> Vec<u8> {
    text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n' | b' ')).collect()
}
