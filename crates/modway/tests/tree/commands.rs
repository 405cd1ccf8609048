//! The command as it is typed.

use crate::typed::{check, modway};

#[test]
fn the_tree_is_of_go_or_of_a_server() {
    let goproxy = [("GOPROXY", "https://user:secret@a.example|off"), ("GOENV", "off"), ("HOME", "/nonexistent")];
    check(&["why", "--tree"], &goproxy, 0, "every module: https://user:xxxxx@a.example|off  (environment GOPROXY)");
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../modway.example.toml");
    check(&["why", "--tree", "--config", example], &goproxy, 0, "every module: mirror|public,direct  (route everything)");
    check(&["why", "--tree", "--config", example, "--format", "mermaid"], &goproxy, 0, "flowchart TD");
    check(&["why", "--tree"], &[("GOPROXY", "nonsense"), ("GOENV", "off")], 1, "invalid proxy URL missing scheme: nonsense");
    check(&["why", "--tree", "--env", "/nonexistent"], &goproxy, 3, "reading /nonexistent");
    check(&["why", "--tree", "--env", "x", "--config", example], &goproxy, 2, "cannot be used with");
    check(&["why", "--env", "x"], &goproxy, 2, "required");
    for format in ["text", "mermaid", "json", "svg"] {
        let printed = modway(&["why", "--tree", "--format", format], &goproxy).stdout;
        assert!(!String::from_utf8_lossy(&printed).contains("secret"), "{format}");
    }
}

#[test]
fn the_tree_is_of_somebody_elses_machine_too() {
    let here = [("GOPROXY", "https://here.example"), ("GOENV", "off"), ("HOME", "/nonexistent")];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let told = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("the folder is ours");
        file.into_os_string().into_string().expect("a plain name")
    };
    let json = told("theirs.json", r#"{"GOPROXY":"https://u:secret@theirs.example|off","GOPRIVATE":"git.corp.example"}"#);
    let tree = ["why", "--tree", "--env", &json];
    check(&tree, &here, 0, &format!("every other module: https://u:xxxxx@theirs.example|off  (GOPROXY in {json})"));
    check(&tree, &here, 0, "git.corp.example: direct");
    check(&[&tree[..], &["git.corp.example/x"]].concat(), &here, 0, "git.corp.example: direct");
    let env = told("container.env", "GOPROXY=\"https://quoted.example\"\n");
    check(&["why", "--tree", "--env", &env], &here, 1, "GOPROXY stands in quotes");
    check(&["why", "--tree", "--env", &env], &here, 1, "It is an environment only");
    check(&["why", "--tree", "--env", &told("bad", "{")], &here, 3, "bad");
}
