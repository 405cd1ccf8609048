use modway::{
    config::{Config, Disk, EXAMPLE, Environment, Files, Source},
    lang::Lang,
    machine::Machine,
    render::terminal::Terminal,
    tree::{Format, Tree},
};

use super::kept;

/// The chain of three hops in the example configuration.
pub(crate) fn example() -> Config {
    let source = Source { file: Some(("modway.example.toml".to_owned(), EXAMPLE.to_owned())), ..Source::default() };
    Config::load(&source, &Environment::of(&[("HOME", "/home/u")]), &Nothing).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

struct Nothing;

impl Files for Nothing {
    fn read(&self, _: &std::path::Path) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

fn of_go(vars: &[(&str, &str)], lang: Lang) -> String {
    let machine = Machine::here(&Environment::of(vars), &Nothing, None);
    match Tree::of_go(&machine, lang) {
        Ok(tree) => tree.write(Format::Text, lang, Terminal::PLAIN),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_example_configuration_is_the_chain_of_the_documents() {
    let tree = Tree::of_server(&example().proxy);
    let write = |format, lang| tree.write(format, lang, Terminal::PLAIN);
    let mut files = vec![("crates/modway/tests/tree/example.json".to_owned(), write(Format::Json, Lang::En))];
    for (lang, name) in [(Lang::En, ""), (Lang::Zh, ".zh-CN")] {
        files.push((format!("crates/modway/tests/tree/example{name}.txt"), write(Format::Text, lang)));
        files.push((format!("docs/pictures/tree{name}.svg"), write(Format::Svg, lang)));
        let page = format!("docs/tree{name}.md");
        let text = kept::read(&page);
        let text = fenced(&fenced(&text, "mermaid", &write(Format::Mermaid, lang)), "text", &write(Format::Text, lang));
        files.push((page, text));
    }
    kept::check(&files);
}

/// `page` with `made` in its only block of this kind.
fn fenced(page: &str, kind: &str, made: &str) -> String {
    let (before, rest) = page.split_once(&format!("```{kind}\n")).expect("the block begins");
    let (_, after) = rest.split_once("```\n").expect("the block ends");
    format!("{before}```{kind}\n{made}```\n{after}")
}

#[test]
fn the_go_commands_settings_have_a_tree_of_their_own() {
    let vars = [
        ("GOPROXY", "https://user:secret@mirror.example.com|https://proxy.example.org,direct"),
        ("GOPRIVATE", "git.corp.example.com,*.internal.example.com"),
    ];
    let files = [(Lang::En, ""), (Lang::Zh, ".zh-CN")];
    kept::check(&files.map(|(lang, name)| (format!("crates/modway/tests/tree/go{name}.txt"), of_go(&vars, lang))));
}

#[track_caller]
fn check_part(goproxy: &str, part: &str) {
    let text = of_go(&[("GOPROXY", goproxy)], Lang::En);
    assert!(text.contains(part), "{part} is not in\n{text}");
}

#[test]
fn what_follows_a_failure_hangs_on_what_stands_behind_the_entry() {
    check_part("https://a.test,direct", "404, 410                         → asks 2 direct");
    check_part("https://a.test,off", "always                           → stops: disabled by GOPROXY=off");
    check_part("https://a.test", "404, 410                         → stops: does not exist");
    // With no version control behind, a failure before is what is shown.
    check_part("https://a.test|https://b.test", "→ stops: does not exist, or the error of an entry before, if one failed");
    check_part("https://a.test,https://b.test", "404, 410                         → stops: does not exist\n");
    // Version control has the final say.
    check_part("https://a.test|direct", "no such repository or version    → stops: does not exist\n");
    check_part("nonsense", "invalid proxy URL missing scheme: nonsense (environment GOPROXY)");
}

#[test]
fn a_module_has_the_chain_that_serves_it() {
    let vars = [("GOPROXY", "https://a.test"), ("GOPRIVATE", "git.corp.test")];
    let machine = Machine::here(&Environment::of(&vars), &Disk, None);
    let tree = |module| Tree::of_go(&machine, Lang::En).expect("a list").serving(module);
    assert_eq!(tree("git.corp.test/x").chains.iter().map(|chain| chain.list.as_str()).collect::<Vec<_>>(), ["direct"]);
    assert_eq!(tree("example.test/x").chains.iter().map(|chain| chain.list.as_str()).collect::<Vec<_>>(), ["https://a.test"]);
}
