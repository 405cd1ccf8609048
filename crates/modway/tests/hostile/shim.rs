//! Stand-ins of the tools: they tell the test how they were started, and do what it says.
//!
//! A stand-in is a program of its own and no script, because it must tell every byte; and it tells over a socket and not in a file, because
//! children may be confined so that they can write nowhere.

use std::{
    ffi::OsString,
    fs,
    io::{Read as _, Write as _},
    os::unix::{
        ffi::OsStringExt as _,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tempfile::TempDir;

use super::modway::path;

/// What stands in for a tool: tells argv and environment, NUL-separated, then becomes the real tool or says what it was told.
const SOURCE: &str = r#"
use std::{env, io::{Read, Write}, os::unix::{ffi::OsStrExt, net::UnixStream, process::CommandExt}, path::Path, process};
fn main() {
    let words: Vec<_> = env::args_os().collect();
    // Whoever was found by a shell knows only its name.
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = vec![Path::new(&words[0]).with_file_name("wire")];
    places.extend(env::split_paths(&path).map(|folder| folder.join("wire")));
    let mut wire = places.iter().find_map(|place| UnixStream::connect(place).ok()).expect("a test listens");
    let mut told = format!("{}\0", words.len()).into_bytes();
    for word in &words { told.extend(word.as_bytes()); told.push(0); }
    for (name, value) in env::vars_os() { told.extend(name.as_bytes()); told.push(b'='); told.extend(value.as_bytes()); told.push(0); }
    wire.write_all(&told).expect("it listens still");
    wire.shutdown(std::net::Shutdown::Write).expect("open");
    let mut said = Vec::new();
    wire.read_to_end(&mut said).expect("an answer");
    let (first, rest) = (said[0], &said[1..]);
    if first == b'x' {
        let mut parts = rest.split(|byte| *byte == 0).map(std::ffi::OsStr::from_bytes);
        let real = Path::new(parts.next().expect("a program"));
        let others: Vec<_> = parts.collect();
        let error = if others.is_empty() { process::Command::new(real).args(&words[1..]).exec() } else { process::Command::new(real).args(others).exec() };
        panic!("{error}");
    }
    let end = rest.iter().position(|byte| *byte == 0).expect("three parts");
    if end > 0 { std::fs::write(Path::new(std::ffi::OsStr::from_bytes(&rest[..end])), "").expect("its own folder"); }
    let out = if first == 0 { std::io::stdout().write_all(&rest[end + 1..]) } else { std::io::stderr().write_all(&rest[end + 1..]) };
    drop(out);
    process::exit(i32::from(first));
}
"#;

/// One start of a tool.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) tool: String,
    /// Without the program's own name.
    pub(crate) words: Vec<Vec<u8>>,
    /// `NAME=value`.
    pub(crate) environment: Vec<Vec<u8>>,
}

/// What a stand-in does.
pub(crate) enum Do {
    /// It becomes the tool.
    Real,
    /// It becomes this program, with these words.
    Become(&'static str, Vec<String>),
    /// It prints this and ends well.
    Say(String),
    /// It makes this empty file where it runs, and ends well.
    Make(&'static str),
    /// It complains.
    Fail(&'static str),
}

/// A program that no tool starts by itself; it tells of its start like the others.
pub(crate) const CANARY: &str = "canary-bird";

/// Stand-ins for git, hg, svn, fossil and ssh, and what they told.
pub(crate) struct Tools {
    folder: TempDir,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Tools {
    /// Makes them; `act` says what each start does.
    pub(crate) fn new(act: impl Fn(&Call) -> Do + Send + Sync + 'static) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for tool in ["git", "hg", "svn", "fossil", "ssh", CANARY] {
            fs::copy(program(), folder.path().join(tool)).expect("the folder is ours");
        }
        let listener = UnixListener::bind(folder.path().join("wire")).expect("a socket");
        let (calls, act) = (Arc::new(Mutex::new(Vec::new())), Arc::new(act));
        let noted = Arc::clone(&calls);
        std::thread::spawn(move || {
            for wire in listener.incoming().map_while(Result::ok) {
                let (noted, act) = (Arc::clone(&noted), Arc::clone(&act));
                // One that was ended in the middle is of no interest.
                std::thread::spawn(move || attend(wire, &noted, &*act));
            }
        });
        Self { folder, calls }
    }

    /// Stand-ins that are the tools, and tell of it.
    pub(crate) fn real() -> Self {
        Self::new(|_| Do::Real)
    }

    /// The value of `direct.path`: the stand-ins, and the tools' own parts behind them.
    pub(crate) fn path(&self) -> String {
        format!("{}:{}", self.folder.path().display(), path())
    }

    /// True if a program of a stranger's ran.
    pub(crate) fn sang(&self) -> bool {
        self.calls().iter().any(|call| call.tool == CANARY)
    }

    /// The folder of the stand-ins, which every child may read.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// All starts until now.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Call {
    /// The words as text; what is not text is marked.
    pub(crate) fn text(&self) -> Vec<String> {
        self.words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    /// True if one of the words is `word`.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word.as_bytes())
    }
}

fn attend(mut wire: UnixStream, noted: &Mutex<Vec<Call>>, act: &dyn Fn(&Call) -> Do) -> std::io::Result<()> {
    let mut told = Vec::new();
    wire.read_to_end(&mut told)?;
    let Some(call) = read(&told) else { return Ok(()) };
    noted.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone());
    wire.write_all(&match if call.tool == CANARY { Do::Fail("") } else { act(&call) } {
        Do::Real => [b"x", real(&call.tool).into_os_string().into_vec().as_slice()].concat(),
        Do::Become(tool, words) => {
            let words = words.iter().flat_map(|word| [b"\0", word.as_bytes()].concat());
            [b"x", real(tool).into_os_string().into_vec().as_slice()].concat().into_iter().chain(words).collect()
        }
        Do::Say(text) => [b"\0\0", text.as_bytes()].concat(),
        Do::Make(file) => [b"\0", file.as_bytes(), b"\0"].concat(),
        Do::Fail(text) => [b"\x80\0", text.as_bytes()].concat(),
    })
}

fn read(told: &[u8]) -> Option<Call> {
    let mut parts = told.strip_suffix(b"\0")?.split(|byte| *byte == 0).map(<[u8]>::to_vec);
    let count: usize = String::from_utf8(parts.next()?).ok()?.parse().ok()?;
    let own = PathBuf::from(OsString::from_vec(parts.next()?));
    let words = parts.by_ref().take(count - 1).collect();
    Some(Call { tool: own.file_name()?.to_string_lossy().into_owned(), words, environment: parts.collect() })
}

/// The tool itself.
fn real(tool: &str) -> PathBuf {
    let path = path();
    std::env::split_paths(&path).map(|folder| folder.join(tool)).find(|file| file.exists()).unwrap_or_else(|| tool.into())
}

/// The stand-in, built once.
fn program() -> &'static Path {
    static BUILT: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let build = || {
        let folder = TempDir::new().expect("a temporary folder");
        let (source, program) = (folder.path().join("shim.rs"), folder.path().join("shim"));
        fs::write(&source, SOURCE).expect("the folder is ours");
        let beside = Path::new(env!("CARGO")).with_file_name("rustc");
        let compiler = if beside.exists() { beside } else { "rustc".into() };
        let built = Command::new(compiler).args(["--edition=2021", "-Copt-level=1", "-o"]).arg(&program).arg(&source).output();
        let built = built.expect("whoever built this test has rustc");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        (folder, program)
    };
    &BUILT.get_or_init(build).1
}
