//! Go's own code as an oracle: questions in batches, answers from the Go tree's packages, through a pipe.
//!
//! The program is `conformance/oracle`, built by `scripts/oracle` on first use. What it can be asked stands there in `main.go`.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use serde_json::Value;

use crate::go::workspace;

/// The name of an operation, then its arguments; arbitrary bytes travel as base64.
pub type Question = Vec<String>;

/// What Go's code says to one question, one value per function that the operation asks.
pub type Answer = Vec<Value>;

/// How long one answer may take before the process is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running oracle. It ends when it is dropped, and starts again by itself should a question kill it.
#[derive(Debug)]
pub struct Oracle {
    process: Process,
    scratch: tempfile::TempDir,
}

impl Oracle {
    /// Starts an oracle, building the program first if need be.
    ///
    /// # Panics
    /// When it cannot be built or started: there is no test without it.
    pub fn start() -> Self {
        let scratch = scratch();
        Self { process: Process::start(&scratch), scratch }
    }

    /// Answers `questions`, in their order.
    ///
    /// A question that ends the process is answered with `{"died": true}`; the others are answered by its successor.
    ///
    /// # Panics
    /// When an answer is no JSON array.
    pub fn ask(&mut self, questions: &[Question]) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(questions.len());
        while answers.len() < questions.len() {
            self.process.ask(&questions[answers.len()..], &mut answers);
            if answers.len() < questions.len() {
                answers.push(vec![serde_json::json!({ "died": true })]);
                self.process = Process::start(&self.scratch);
            }
        }
        answers
    }
}

#[derive(Debug)]
struct Process {
    child: Child,
    questions: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Process {
    fn start(scratch: &tempfile::TempDir) -> Self {
        let mut child = Command::new(program())
            .env("MODWAY_ORACLE_DIR", scratch.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/oracle has just built this program");
        let questions = child.stdin.take().expect("stdin is piped");
        let answers = child.stdout.take().expect("stdout is piped");
        Self {
            child,
            questions: BufWriter::with_capacity(1 << 20, questions),
            answers: BufReader::with_capacity(1 << 20, answers),
        }
    }

    /// Appends answers until all are there or the process has ended.
    ///
    /// Writing happens beside reading: both pipes are smaller than a batch.
    fn ask(&mut self, questions: &[Question], answers: &mut Vec<Answer>) {
        let (writer, reader, child) = (&mut self.questions, &mut self.answers, &mut self.child);
        let (alive, heard) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(move || watch(child, &heard));
            // An error here means that the process has ended, which the reader sees as well.
            scope.spawn(move || questions.iter().try_for_each(|question| put(writer, question)).and_then(|()| writer.flush()));
            let mut line = Vec::new();
            for _ in questions {
                line.clear();
                if reader.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
                    break;
                }
                answers.push(serde_json::from_slice(&line).expect("the oracle answers in JSON arrays"));
                let _ = alive.send(());
            }
            drop(alive);
        });
    }
}

/// Ends a process that has not answered for too long: some of Go's loops do not end on absurd numbers.
fn watch(child: &mut Child, heard: &mpsc::Receiver<()>) {
    loop {
        match heard.recv_timeout(PATIENCE) {
            Ok(()) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
            Err(mpsc::RecvTimeoutError::Timeout) => drop(child.kill()),
        }
    }
}

fn put(writer: &mut impl Write, question: &Question) -> std::io::Result<()> {
    serde_json::to_writer(&mut *writer, question)?;
    writer.write_all(b"\n")
}

impl Drop for Process {
    fn drop(&mut self) {
        // It holds nothing worth keeping; waiting leaves no zombie behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder in memory where there is one: the zip questions write files.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder can be made")
}

fn program() -> &'static str {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let built =
            Command::new(workspace().join("scripts/oracle")).output().expect("scripts/oracle is a bash script of this workspace");
        let program = String::from_utf8_lossy(&built.stdout).trim().to_owned();
        assert!(built.status.success(), "the oracle cannot be built:\n{}", String::from_utf8_lossy(&built.stderr));
        program
    })
}
