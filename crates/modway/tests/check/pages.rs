//! The pages and the code know the same rules, the same flags, and recipes that are good.

use std::{collections::BTreeSet, fs, path::Path};

use modway::check::RULES;

use crate::world::World;

fn page(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    fs::read_to_string(folder.join(name)).expect("the page")
}

/// The headings that are ids of rules, each with its anchor above.
fn sections(page: &str) -> Vec<String> {
    let lines: Vec<&str> = page.lines().collect();
    let heading =
        |at: usize| lines[at].strip_prefix("### `").and_then(|rest| rest.strip_suffix('`')).map(|id| (at, id.to_owned()));
    let headings = (0..lines.len()).filter_map(heading);
    headings
        .map(|(at, id)| {
            assert_eq!(lines[at - 1], format!("<a id=\"{id}\"></a>"), "the anchor of {id}");
            id
        })
        .collect()
}

#[test]
fn every_rule_has_its_section_in_both_languages_and_in_the_same_order() {
    let rules: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    for name in ["check.md", "check.zh-CN.md"] {
        assert_eq!(sections(&page(name)), rules, "{name}");
    }
}

#[test]
fn every_section_says_what_the_code_says() {
    for (name, lang) in [("check.md", modway::lang::Lang::En), ("check.zh-CN.md", modway::lang::Lang::Zh)] {
        let page = page(name);
        for rule in RULES {
            let section = page.split(&format!("### `{}`\n", rule.id)).nth(1).expect("a section");
            let first = section.trim_start().lines().next().unwrap_or_default();
            assert!(first.contains(rule.wants(lang)) && first.contains(rule.severity.word(lang)), "{name}: {}: {first}", rule.id);
        }
    }
}

#[test]
fn the_example_of_a_rules_file_is_one() {
    for name in ["check.md", "check.zh-CN.md"] {
        let page = page(name);
        let toml = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
        let said = World::good().rules(toml).modway(&["--list-rules"]);
        assert_eq!(said.code, 0, "{name}: {said:?}");
        // Every key is shown.
        let schema = World::new().modway(&["--schema"]).json();
        let keys: BTreeSet<&String> = schema["properties"].as_object().expect("keys").keys().collect();
        let missing: Vec<_> = keys.into_iter().filter(|key| !toml.contains(key.as_str())).collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
    }
}

#[test]
fn every_flag_is_explained_in_both_languages() {
    let help = World::new().modway(&["--help"]).stdout;
    let flags: BTreeSet<&str> =
        help.split(|c: char| c.is_whitespace() || c == ',').filter(|word| word.starts_with("--") && word.len() > 2).collect();
    assert!(flags.len() > 10, "{help}");
    for name in ["check.md", "check.zh-CN.md"] {
        let page = page(name);
        let own = |flag: &&&str| !["--help", "--version"].contains(*flag);
        let missing: Vec<_> = flags.iter().filter(own).filter(|flag| !page.contains(*flag)).collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
    }
}

#[test]
fn the_list_of_rules_is_whole_in_both_languages() {
    for lang in ["en", "zh"] {
        let listed = World::new().modway(&["--list-rules", "--lang", lang]).stdout;
        let ids: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(ids, RULES.iter().map(|rule| rule.id).collect::<Vec<_>>());
    }
}
