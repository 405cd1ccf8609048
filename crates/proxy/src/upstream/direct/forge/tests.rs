use super::*;

fn module(path: &str) -> ModulePath {
    ModulePath::parse(path).expect(path)
}

#[test]
fn a_project_is_looked_for_longest_path_first() {
    let check = |forge, path: &str, projects: &[&str]| assert_eq!(all(forge, &module(path)), projects, "{path}");
    check(Forge::Gitlab, "h.corp/a/b/c/v2", &["h.corp/a/b/c/v2", "h.corp/a/b/c", "h.corp/a/b"]);
    check(Forge::Gitlab, "h.corp/a/b", &["h.corp/a/b"]);
    check(Forge::Gitlab, "h.corp/a", &[]);
    check(Forge::Gitlab, "h.corp", &[]);
    check(Forge::Forgejo, "h.corp/a/b/c/v2", &["h.corp/a/b"]);
    check(Forge::Github, "h.corp/a/b/c/v2", &["h.corp/a/b"]);
    let deep = format!("h.corp{}", "/x".repeat(500));
    let projects = all(Forge::Gitlab, &module(&deep));
    assert_eq!(
        (projects.len(), projects[0].split('/').count()),
        (limits::MAX_PROJECT_ELEMENTS - 1, 1 + limits::MAX_PROJECT_ELEMENTS)
    );
}

#[test]
fn only_what_gitlab_says_to_everyone_is_doubted() {
    let check = |forge, path: &str, root: &str, url: &str, projects: &[&str]| {
        let found = RepoRoot { root: root.into(), source: Source::Vcs(Vcs::Git), url: url.into(), subdir: String::new() };
        assert_eq!(longer_than(forge, &module(path), &found), projects, "{path}");
    };
    let (root, url) = ("h.corp/a/b", "https://h.corp/a/b.git");
    check(Forge::Gitlab, "h.corp/a/b/c/d/v3", root, url, &["h.corp/a/b/c/d", "h.corp/a/b/c"]);
    check(Forge::Gitlab, "h.corp/a/b/v3", root, url, &[]);
    check(Forge::Gitlab, "h.corp/a/b", root, url, &[]);
    check(Forge::Gitlab, "h.corp/a/b/c/d", "h.corp/a/b/c", "https://h.corp/a/b/c.git", &[]);
    check(Forge::Gitlab, "h.corp/a/b/c", root, "https://elsewhere.corp/a/b.git", &[]);
    check(Forge::Forgejo, "h.corp/a/b/c", root, url, &[]);
}

#[test]
fn each_forge_is_asked_at_its_own_address() {
    let check = |forge, project: &str, url: &str| {
        let (repository, asked) = question(forge, project).expect(project);
        assert_eq!((repository.as_str(), asked.as_str()), (format!("https://{project}").as_str(), url));
    };
    check(Forge::Gitlab, "h.corp/a/b/c", "https://h.corp/api/v4/projects/a%2Fb%2Fc");
    check(Forge::Github, "h.corp/a/b", "https://h.corp/api/v3/repos/a/b");
    check(Forge::Forgejo, "h.corp/a/b", "https://h.corp/api/v1/repos/a/b");
}

#[test]
fn a_project_says_where_it_can_be_fetched() {
    let check = |json: &str, urls: Option<&[&str]>| {
        let project: Project = serde_json::from_str(json).expect(json);
        let repository = Url::parse("https://h.corp/a/b").expect("a URL");
        let found = project.is(&repository).then(|| project.urls(&repository));
        let found = found.map(|urls| urls.iter().map(Url::to_string).collect::<Vec<_>>());
        assert_eq!(found, urls.map(|urls| urls.iter().map(|url| (*url).to_owned()).collect()), "{json}");
    };
    check(
        r#"{"path_with_namespace":"A/b","http_url_to_repo":"https://h.corp/a/b.git","ssh_url_to_repo":"git@h.corp:a/b.git","id":1}"#,
        Some(&["https://h.corp/a/b.git", "ssh://git@h.corp/a/b.git", "https://h.corp/a/b.git"]),
    );
    check(
        r#"{"full_name":"a/b","clone_url":null,"ssh_url":"ssh://git@h.corp:2222/a/b.git"}"#,
        Some(&["ssh://git@h.corp:2222/a/b.git", "https://h.corp/a/b.git"]),
    );
    check(
        r#"{"full_name":"a/b","clone_url":"https://evil.test/a/b.git","ssh_url":"https://u:p@h.corp/x"}"#,
        Some(&["https://h.corp/a/b.git"]),
    );
    check(r#"{"full_name":"a/moved"}"#, None);
    check("{}", None);
}
