//! What a failed git means, in Go's words.

use plan::Trouble;

use crate::upstream::{
    child::{Output, Passage},
    direct::repo::RepoError,
};

/// What git says if it may not ask for a login, as GIT_TERMINAL_PROMPT=0 tells it.
const NO_PROMPTS: &str = "terminal prompts disabled";

/// What follows when a remote wants a login that we do not have.
///
/// Source: the help text of `loadRefs` in Go's `codehost/git.go`, 1.27.
const NO_LOGIN_HELP: &str = "Confirm the import path was entered correctly.\nIf this is a private repository, see https://go.dev/doc/faq#git_https for additional information.";

/// What it means that git could not speak with `remote`. The gateway saw it better than git, if it saw anything.
///
/// Source: `loadRefs` in Go's `codehost/git.go`, 1.27, which asks the URL itself and takes 404 and 410 for "does not exist". It departs from
/// Go, which forgets that while its work directory is new.
pub(super) fn of_remote(output: &Output, passage: &dyn Passage, remote: &str) -> RepoError {
    let said = told(output, passage, remote);
    match passage.trouble() {
        Some(Trouble::Status(404 | 410, told)) => {
            return RepoError::NotExist(with_rest(format!("fatal: repository '{remote}' not found"), &told));
        }
        Some(Trouble::Status(401 | 403, told)) => return RepoError::Failed(refused(remote, &told)),
        Some(trouble) => return RepoError::Failed(trouble),
        None => (),
    }
    if is_absent(&said) {
        RepoError::NotExist(said)
    } else if said.contains("could not read Username") || said.contains("could not read Password") {
        RepoError::Failed(no_login(remote, ""))
    } else {
        RepoError::Failed(failed(&said, passage.remark(&said)))
    }
}

/// True if git stumbled over what lies on our disk: then the repository is made anew.
pub(super) fn is_damage(output: &Output) -> bool {
    const SIGNS: &[&str] = &[
        "bad object",
        "bad tree object",
        "corrupt",
        "is empty",
        "loose object",
        "unable to read",
        "unable to open object pack",
        "missing blob",
        "missing tree",
        "missing commit",
        "Could not read",
        "could not parse",
        "packfile",
        "invalid sha1 pointer",
        "broken ref",
        ".lock': File exists",
        "shallow file",
        "bad shallow line",
        "not a git repository",
        "bad config",
        "not our ref",
        "unresolved deltas",
        "did not send all necessary objects",
    ];
    let about_us = |line: &&str| !line.contains("Could not read from remote repository");
    let stumbled = || output.stderr.lines().filter(about_us).any(|line| SIGNS.iter().any(|sign| line.contains(sign)));
    // By what a signal ended has left who knows what.
    output.code.is_none() || (output.code != Some(0) && stumbled())
}

/// True if a part of git was ended for writing more than it may (SIGXFSZ).
pub(super) fn is_too_long(output: &Output) -> bool {
    output.stderr.contains("died of signal 25") || output.stderr.contains("File too large")
}

/// What git said of work on what is here.
pub(super) fn of_local(output: &Output) -> Trouble {
    failed(&output.stderr, None)
}

/// The host wants a login, and what the gateway `told` of the one that was sent or missing.
fn refused(remote: &str, told: &str) -> Trouble {
    match told.lines().next() {
        Some(first) if !first.contains(NO_PROMPTS) => Trouble::Vcs(with_rest(format!("fatal: {first}"), told)),
        _ => no_login(remote, told),
    }
}

/// What Go says where nobody is there to type a login.
fn no_login(remote: &str, told: &str) -> Trouble {
    let place: String = remote.split('/').take(3).collect::<Vec<_>>().join("/");
    let first = format!("fatal: could not read Username for '{place}': {NO_PROMPTS}");
    Trouble::Vcs(format!("{}\n{NO_LOGIN_HELP}", with_rest(first, told)))
}

/// `first` in the place of the first line of `told`.
fn with_rest(first: String, told: &str) -> String {
    std::iter::once(first.as_str()).chain(told.lines().skip(1)).collect::<Vec<_>>().join("\n")
}

fn is_absent(said: &str) -> bool {
    said.lines().any(|line| {
        (line.starts_with("fatal: repository '") && line.ends_with("' not found"))
            || (line.starts_with("fatal: remote error: ") && line.contains("epository not found"))
            || line.starts_with("ERROR: Repository not found")
    })
}

/// The last that was said, without advice to somebody at a terminal; less of it with a remark, so that the remark is not cut off.
fn failed(said: &str, remark: Option<String>) -> Trouble {
    const ADVICE: [&str; 3] = ["hint:", "Please make sure you have the correct access rights", "and the repository exists."];
    let said = said.lines().filter(|line| !line.is_empty() && !ADVICE.iter().any(|advice| line.starts_with(advice)));
    let mut said: Vec<&str> = said.collect();
    if said.is_empty() {
        said.push("git failed and did not say why");
    }
    let last = said.len().saturating_sub(if remark.is_some() { 2 } else { 6 });
    Trouble::Vcs(said[last..].iter().copied().chain(remark.as_deref()).collect::<Vec<_>>().join("\n"))
}

/// What git said, with the remote as it is known outside, and without the way to it.
fn told(output: &Output, passage: &dyn Passage, remote: &str) -> String {
    let mut said = output.stderr.replace(passage.url(), remote);
    if !passage.proxy().is_empty() {
        said = said.replace(passage.proxy(), "the gateway");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Way(Option<Trouble>);

    impl Passage for Way {
        fn url(&self) -> &str {
            "http://h/x"
        }
        fn proxy(&self) -> &str {
            "http://token@127.0.0.1:1"
        }
        fn ports(&self) -> Vec<u16> {
            Vec::new()
        }
        fn variables(&self) -> Vec<(&'static str, String)> {
            Vec::new()
        }
        fn trouble(&self) -> Option<Trouble> {
            self.0.clone()
        }
    }

    #[track_caller]
    fn check(stderr: &str, way: Option<Trouble>, expected: &RepoError) {
        let output = Output { code: Some(128), stdout: Vec::new(), stderr: stderr.to_owned() };
        assert_eq!(of_remote(&output, &Way(way), "https://h/x"), *expected);
    }

    #[test]
    fn what_the_gateway_saw_goes_before_what_git_says() {
        let tls = Trouble::Tls("unknown authority".into());
        check("fatal: unable to access 'http://h/x/'", Some(tls.clone()), &RepoError::Failed(tls));
        let gone = |more: &str| RepoError::NotExist(format!("fatal: repository 'https://h/x' not found{more}"));
        check("fatal: whatever", Some(Trouble::Status(404, String::new())), &gone(""));
        let told = Trouble::Status(404, "repository 'https://h/x' not found\nthe token of place h was sent".into());
        check("fatal: whatever", Some(told), &gone("\nthe token of place h was sent"));
        check(
            "remote: no\nfatal: repository 'http://h/x' not found",
            None,
            &RepoError::NotExist("remote: no\nfatal: repository 'https://h/x' not found".into()),
        );
    }

    #[test]
    fn a_missing_login_is_told_in_gos_words() {
        let expected = RepoError::Failed(Trouble::Vcs(format!(
            "fatal: could not read Username for 'https://h': terminal prompts disabled\n{NO_LOGIN_HELP}"
        )));
        check("fatal: could not read Username for 'http://h': terminal prompts disabled", None, &expected);
        check("", Some(Trouble::Status(401, String::new())), &expected);
        let told = "could not read Username for 'https://h': terminal prompts disabled\nno place covers it";
        let expected = RepoError::Failed(Trouble::Vcs(format!("fatal: {told}\n{NO_LOGIN_HELP}")));
        check("", Some(Trouble::Status(401, told.into())), &expected);
    }

    #[test]
    fn a_login_that_was_sent_and_refused_is_told_as_such() {
        for told in [
            "Authentication failed for 'https://h/x'\nthe token of place h was sent; is it valid, and has it access?",
            "unable to access 'https://h/x/': The requested URL returned error: 403\nthe token of place h was sent",
        ] {
            let status = if told.ends_with('?') { 401 } else { 403 };
            let expected = RepoError::Failed(Trouble::Vcs(format!("fatal: {told}")));
            check("fatal: whatever", Some(Trouble::Status(status, told.into())), &expected);
        }
    }

    #[test]
    fn a_remote_that_ssh_cannot_reach_is_no_damage_here() {
        let check = |stderr: &str, damage| {
            assert_eq!(is_damage(&Output { code: Some(128), stdout: Vec::new(), stderr: stderr.to_owned() }), damage, "{stderr}");
        };
        check("error: Could not read 1234\nfatal: revision walk setup failed", true);
        check("u@h: Permission denied (publickey).\nfatal: Could not read from remote repository.", false);
    }

    #[test]
    fn the_way_is_never_told() {
        let expected = RepoError::Failed(Trouble::Vcs("fatal: proxy the gateway refused https://h/x".into()));
        check("fatal: proxy http://token@127.0.0.1:1 refused http://h/x", None, &expected);
    }
}
