use gomod::module::Rev;
use plan::Trouble;

use crate::{
    fake::{Fake, module, refusal, shown},
    list::runtime,
};

/// Asks for a revision of a repository in which one method fails.
#[track_caller]
fn check(method: &'static str, rev: &str, want: &str) {
    let go_mod = [("go.mod", "module example.com/m\n")];
    let repo = Fake::default().commit("v1.0.0", &go_mod).commit("", &go_mod).branch("main", 2);
    let repo = repo.fails(method, Trouble::Connect("refused".to_owned()));
    let rev = Rev::parse(rev).expect("a revision");
    assert_eq!(shown(runtime().block_on(module(repo, "example.com/m").resolve(&rev))), want);
}

#[test]
fn trouble_is_never_taken_for_an_answer() {
    let trouble = "trouble: cannot connect: refused";
    check("stat", "v1.0.0", trouble);
    check("stat", "v9.0.0", trouble);
    check("read_file", "v1.0.0", trouble);
    check("read_file", "main", trouble);
    check("read_file", "latest", trouble);
    check("tags", "main", trouble);
    check("tags", "latest", trouble);
    check("tags", "v1", trouble);
    check("recent_tag", "main", trouble);
    // The version whose go.mod would say what is retracted.
    check("stat v1.0.0", "main", trouble);
    check("tags", "v1.0.1-0.20200101000001-000000000002", trouble);
    check("descends_from", "v1.0.1-0.20200101000001-000000000002", trouble);
}

#[test]
fn what_is_not_needed_may_fail() {
    check("tags", "v1.0.0", "v1.0.0 at 1");
    check("recent_tag", "v1.0.0", "v1.0.0 at 1");
    check("latest", "main", "v1.0.1-0.20200101000001-000000000002 at 2");
    check("archive", "main", "v1.0.1-0.20200101000001-000000000002 at 2");
    check("tags", "v0.0.0-20200101000001-000000000002", "v0.0.0-20200101000001-000000000002 at 2");
}

#[test]
fn a_tools_own_words_come_with_the_subject() {
    let repo = Fake::default().fails("stat", Trouble::Vcs("git fetch: exit status 128".to_owned()));
    let end = runtime().block_on(module(repo, "example.com/m").stat("v1.0.0"));
    assert_eq!(shown(end), "trouble: example.com/m@v1.0.0: invalid version: git fetch: exit status 128");
    let repo = Fake::default().fails("tags", Trouble::Vcs("git ls-remote: exit status 128".to_owned()));
    let end = runtime().block_on(module(repo, "example.com/m").versions(""));
    assert_eq!(end.map_err(|why| refusal(&why)), Err("trouble: module example.com/m: git ls-remote: exit status 128".to_owned()));
}
