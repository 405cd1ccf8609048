//! Logs without an error of the go command: nothing is found in them.

use super::{codes, found, noise::OTHERS};

#[track_caller]
fn check(log: &str) {
    let findings = found(log.as_bytes());
    assert!(findings.is_empty(), "{:?} in:\n{log}", findings.iter().map(|finding| &finding.text).collect::<Vec<_>>());
}

#[test]
fn what_other_tools_say_is_not_the_go_commands() {
    OTHERS.iter().for_each(|line| check(line));
    check(&OTHERS.join("\n"));
}

#[test]
fn builds_that_succeed_have_no_errors() {
    check("go: downloading golang.org/x/mod v0.20.0\ngo: extracting golang.org/x/mod v0.20.0\nok  \ta.test/b\t0.1s\nPASS\n");
    check("go: creating new go.mod: module a.test/b\ngo: to add module requirements and sums:\n\tgo mod tidy\n");
    check("go: upgraded golang.org/x/mod v0.19.0 => v0.20.0\ngo: downloading go1.27.3 (linux/amd64)\n");
    check(
        "go: warning: a.test/b@v1.0.0: retracted by module author: unknown revision in its go.mod\ngo: to switch to the latest unretracted version, run:\n\tgo get a.test/b@latest\n",
    );
    check("go: no module dependencies to download\nall modules verified\n");
    check(
        "# get https://proxy.test/m/@v/v1.info\n# get https://proxy.test/m/@v/v1.info: 404 Not Found (0.120s)\n0.012s # cd /x; git ls-remote -q https://a.test/b\n",
    );
}

#[test]
fn compiler_errors_and_failed_tests_are_somebody_elses() {
    check("# a.test/b\n./main.go:12:2: undefined: unknown revision\nmain.go:3:8: \"fmt\" imported and not used\n");
    check(
        "main.go:12:9: cannot use \"module lookup disabled by GOPROXY=off\" (untyped string constant) as int value in return statement\n",
    );
    check(
        "--- FAIL: TestX (0.00s)\n    x_test.go:12: go: module lookup disabled by GOPROXY=off\n    x_test.go:13: reading https://p.test/m/@v/list: 404 Not Found\nFAIL\ta.test/b\t0.1s\n",
    );
    check("vet: ./main.go:12:2: fmt.Printf format %d has arg x of wrong type\n");
    check("panic: verifying failed\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:12 +0x1d\nexit status 2\n");
}

#[test]
fn settings_that_begin_with_go_are_no_messages() {
    check("language: go\ngo: 1.27\ngo: stable\nmatrix:\n  go: [\"1.26\", \"1.27\"]\n  go: 1.x\n");
    check("Languages:\n  go: 92% of the code\n  rust: 8%\n");
    check("bash: go: command not found\n/bin/sh: 1: go: not found\nmake: go: No such file or directory\n");
}

#[test]
fn prose_that_mentions_phrases_is_prose() {
    check("If you see `go: module lookup disabled by GOPROXY=off`, set GOPROXY.\n");
    check("The message \"missing go.sum entry\" means that go.sum lacks a line.\n");
    check("- `unrecognized import path`: the page was not found\n* checksum mismatch: never just delete go.sum\n");
    check("When a proxy says 404 Not Found, go get prints: reading https://proxy/...: 404 Not Found\n");
    for page in
        ["errors.md", "errors.zh-CN.md", "beliefs.md", "beliefs.zh-CN.md", "reasons.md", "operations.md", "configuration.md"]
    {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
        check(&std::fs::read_to_string(path).unwrap_or_default());
    }
}

#[test]
fn git_and_docker_by_themselves_are_not_go() {
    check("Cloning into 'x'...\nfatal: could not read Username for 'https://github.com': terminal prompts disabled\n");
    check("git@a.test: Permission denied (publickey).\nfatal: Could not read from remote repository.\n");
    check(
        "failed to solve: a.test/image:latest: failed to do request: Head \"https://a.test/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority\n",
    );
}

#[test]
fn what_is_the_go_commands_and_not_in_the_catalogue_is_said_to_be_unknown() {
    assert_eq!(codes(&found(b"go: error in module a.test/b: it is Tuesday\n")), ["unknown"].into());
    assert_eq!(codes(&found("go: a.test/b@v1.0.0: 星期二\n".as_bytes())), ["unknown"].into());
}

#[test]
fn what_a_server_says_is_not_what_the_go_command_says() {
    let log = "go: a.test/b@v1.0.0: reading https://p.test/a.test/b/@v/v1.0.0.info: 500 Internal Server Error\n\tserver response:\n\tunknown revision v1.0.0\n\tmodule lookup disabled by GOPROXY=off\n";
    assert_eq!(codes(&found(log.as_bytes())), ["proxy-trouble"].into());
}
