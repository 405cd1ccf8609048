use super::*;

const EVERYTHING: &str = r#"// Deprecated: use x.y/new
// instead.
//
// More.
module "x.y/m" // the end

go 1.23.0
toolchain go1.23.1

godebug default=go1.21
require x.y/a v1.0.0 // indirect
require (
	x.y/b v1.2 // indirect; why
	x.y/c/v2 v2.0.0 // not indirect
	"x.y/d" v2.0.0+incompatible
)
exclude x.y/a v1.0.1
replace x.y/a => ../a
replace (
	x.y/b v1.2.0 => x.y/bb v1.2.1
)

// All of them.
retract (
	v1.0.0 // Broken.
	[v1.1.0, v1.2.0]

	// Leaks.
	v1.3.0

	v1.4.0
)
retract ()
tool x.y/m/cmd/t
ignore ./node_modules
"#;

fn module(path: &str, version: &str) -> ModuleVersion {
    ModuleVersion { path: path.into(), version: version.into() }
}

#[test]
fn every_directive_is_read() {
    let file = parse("go.mod", EVERYTHING.as_bytes()).expect("a go.mod");
    assert_eq!(file.module, Some(Module { path: "x.y/m".into(), deprecated: "use x.y/new\ninstead.".into() }));
    assert_eq!((file.go.as_deref(), file.toolchain.as_deref()), (Some("1.23.0"), Some("go1.23.1")));
    assert_eq!(file.godebug, [("default".into(), "go1.21".into())]);
    let required: Vec<_> = file.require.iter().map(|require| (require.module.clone(), require.indirect)).collect();
    let expected = [
        (module("x.y/a", "v1.0.0"), true),
        (module("x.y/b", "v1.2.0"), true),
        (module("x.y/c/v2", "v2.0.0"), false),
        (module("x.y/d", "v2.0.0+incompatible"), false),
    ];
    assert_eq!(required, expected);
    assert_eq!(file.exclude, [module("x.y/a", "v1.0.1")]);
    assert_eq!(file.replace[0], Replace { old: module("x.y/a", ""), new: module("../a", "") });
    assert_eq!(file.replace[1], Replace { old: module("x.y/b", "v1.2.0"), new: module("x.y/bb", "v1.2.1") });
    let retracted: Vec<_> = file.retract.iter().map(|r| (r.low.as_str(), r.high.as_str(), r.rationale.as_str())).collect();
    // A line that an empty line parts from the one before has comments of its own to Go, though no text in them.
    let expected = [
        ("v1.0.0", "v1.0.0", "Broken."),
        ("v1.1.0", "v1.2.0", "All of them."),
        ("v1.3.0", "v1.3.0", "Leaks."),
        ("v1.4.0", "v1.4.0", ""),
    ];
    assert_eq!(retracted, expected);
    assert_eq!((file.tool, file.ignore), (vec!["x.y/m/cmd/t".to_owned()], vec!["./node_modules".to_owned()]));
}

#[test]
fn a_dependency_has_only_what_counts_for_others() {
    let text = "module x.y/m\ngo v1.23.x\ntoolchain junk\nfuture thing\nfuture (\n\tthing\n)\nreplace junk\nretract [v1\nrequire x.y/a v1.0.0\n";
    let file = parse_lax("go.mod", text.as_bytes()).expect("a go.mod");
    assert_eq!((file.go.as_deref(), file.toolchain, file.require.len(), file.retract.len()), (Some("1.23"), None, 1, 0));
    assert_eq!(parse("go.mod", text.as_bytes()).expect_err("faults").faults.len(), 6);
}

#[test]
fn a_retraction_covers_both_its_ends() {
    let file = parse("go.mod", EVERYTHING.as_bytes()).expect("a go.mod");
    let rationale = |version| file.retraction(version).map(|retract| retract.rationale.as_str());
    assert_eq!(rationale("v1.1.0"), Some("All of them."));
    assert_eq!(rationale("v1.2.0"), Some("All of them."));
    assert_eq!(rationale("v1.2.1-0"), None);
    assert_eq!(rationale("v1.3.0"), Some("Leaks."));
}

#[test]
fn a_comment_behind_a_string_over_two_lines_belongs_to_the_line_before() {
    let text = "require x.y/a v1.0.0\n\"\\\n\" // indirect\nrequire x.y/b v1.0.0\n\n// alone\n\n\"\\\n\" // indirect\n";
    let file = parse_lax("go.mod", text.as_bytes()).expect("a go.mod");
    assert_eq!(file.require.iter().map(|require| require.indirect).collect::<Vec<_>>(), [true, false]);
}

#[track_caller]
fn check_deprecated(text: &str, deprecated: &str) {
    let module = parse("go.mod", text.as_bytes()).expect(text).module.expect(text);
    assert_eq!(module.deprecated, deprecated);
}

#[test]
fn a_deprecation_is_a_paragraph_of_the_comment() {
    check_deprecated("// More.\n//\n// Deprecated: use y.\nmodule x", "use y.");
    check_deprecated("// More.\n// Deprecated: use y.\nmodule x", "");
    check_deprecated("// Deprecated: use y.\n\nmodule x", "");
    check_deprecated("module x // Deprecated:   use y.", "use y.");
    check_deprecated("// Deprecated: all.\nmodule (\n\tx\n)", "all.");
}

#[track_caller]
fn check_refused(text: &str, words: &str) {
    assert_eq!(parse("go.mod", text.as_bytes()).expect_err(text).to_string(), words);
}

#[test]
fn broken_syntax_is_refused_in_the_words_of_go() {
    check_refused("/* x */", "go.mod:1: mod files must use // comments (not /* */ comments)");
    check_refused("module x/*y", "go.mod:1:9: mod files must use // comments (not /* */ comments)");
    check_refused("module \"x", "go.mod:1:8: unexpected EOF in string");
    check_refused("module \"x\n\"", "go.mod:1:10: unexpected newline in string");
    check_refused("module \"x\\", "go.mod:1:8: unexpected EOF in string");
    check_refused("module \u{1}", "go.mod:1:8: unexpected input character '\\x01'");
    check_refused("require (\n", "go.mod:2: syntax error (unterminated block started at go.mod:1:1)");
    check_refused("require (\n) x", "go.mod:2:4: syntax error (expected newline after closing paren)");
}

#[test]
fn bad_directives_are_all_told_in_the_words_of_go() {
    check_refused("x y\n\nz\n", "go.mod:1: unknown directive: x\ngo.mod:3: unknown directive: z");
    check_refused("x y (\n)\nz (\n)", "go.mod:1: unknown block type: x y\ngo.mod:3: unknown block type: z");
    check_refused("go 1.21\ngo 1.22", "go.mod:2: repeated go statement");
    check_refused("go", "go.mod:1: go directive expects exactly one argument");
    for version in ["1", "01.2", "1.02", "1.2.", "1.2.3.4", "1.2rc", "go1.2", "1.2x", "1.2.03", "v1.2"] {
        check_refused(&format!("go {version}"), &format!("go.mod:1: invalid go version '{version}': must match format 1.23.0"));
    }
    check_refused("toolchain go2", "go.mod:1: invalid toolchain version 'go2': must match format go1.23.0 or default");
    check_refused("module a\nmodule b", "go.mod:2: repeated module statement");
    check_refused("module a b", "go.mod:1: usage: module module/path");
    check_refused("module 'a'", "go.mod:1: invalid quoted string: unquoted string cannot contain quote");
    check_refused("module \"\\q\"", "go.mod:1: invalid quoted string: invalid syntax");
    check_refused("godebug a", "go.mod:1: usage: godebug key=value");
    check_refused("require a", "go.mod:1: usage: require module/path v1.2.3");
    check_refused("require (\n\ta 1\n)", "go.mod:2:2: require a: version \"1\" invalid: must be of the form v1.2.3");
    check_refused("require a/v1 v1.0.0", "go.mod:1: invalid module path");
    check_refused("require a/v2 v1.0.0", "go.mod:1: require a/v2: version \"v1.0.0\" invalid: should be v2, not v1");
    check_refused("exclude a 'v1'", "go.mod:1: exclude a: version \"'v1'\" invalid: unquoted string cannot contain quote");
    let usage =
        "usage: replace module/path [v1.2.3] => other/module v1.4\n\t or replace module/path [v1.2.3] => ../local/directory";
    for arguments in ["", " a", " a =>", " a v1 b =>", " a => b v1 c", " a v1.0.0 => b v1 c"] {
        check_refused(&format!("replace{arguments}"), &format!("go.mod:1: {usage}"));
    }
    check_refused("replace a/v1 => ./b", "go.mod:1: replace a/v1: invalid module path");
    check_refused("replace a v2.0.0 => ./b", "go.mod:1: replace a: version \"v2.0.0\" invalid: should be v0 or v1, not v2");
    check_refused("replace a => b@v1", "go.mod:1: replacement module must match format 'path version', not 'path@version'");
    check_refused(
        "replace a => b",
        "go.mod:1: replacement module without version must be directory path (rooted or starting with . or ..)",
    );
    check_refused("replace a => C:\\b", "go.mod:1: replacement directory appears to be Windows path (on a non-windows system)");
    check_refused("replace a => ./b v1.0.0", "go.mod:1: replacement module directory path \"./b\" cannot have version");
    check_refused("retract", "go.mod:1: expected '[' or version");
    check_refused("retract [", "go.mod:1: expected version after '['");
    check_refused("retract [v1", "go.mod:1: expected ',' after version");
    check_refused("retract [v1,", "go.mod:1: expected version after ','");
    check_refused("retract [v1,v2", "go.mod:1: expected ']' after version");
    check_refused("retract v1 v2", "go.mod:1: unexpected token after version: \"v2\"");
    check_refused("tool", "go.mod:1: tool directive expects exactly one argument");
}

#[track_caller]
fn check_module_path(text: &str, path: &str) {
    assert_eq!(module_path(text.as_bytes()), path, "{text}");
}

#[test]
fn the_module_path_is_found_in_a_file_that_is_otherwise_junk() {
    check_module_path("module \"rsc.io/vgotest\"", "rsc.io/vgotest");
    check_module_path("module `rsc.io/vgotest`", "rsc.io/vgotest");
    check_module_path("((\n\tmodule\trsc.io/vgotest // x\n", "rsc.io/vgotest");
    check_module_path("modulex\nmodule\nmodule x.y\nmodule z", "x.y");
    check_module_path("module \"x\ny\"", "");
    check_module_path("module \"a\\x62\\u0063\\U00000064\\145\"", "abcde");
    check_module_path("module \"a\"b", "");
    check_module_path("// module x", "");
    check_module_path("", "");
}

#[test]
fn a_module_without_go_mod_gets_one() {
    let path = ModulePath::parse("x.y/Z").expect("a path");
    assert_eq!(synthetic(&path), "module x.y/Z\n");
    assert_eq!(module_path(synthetic(&path).as_bytes()), "x.y/Z");
}

#[test]
fn directives_know_their_lines() {
    let text = "module a.test/m\n\ngo 1.23\ntoolchain go1.24.0\nrequire (\n\tb.test/x v1.0.0\n\t// c\n\tc.test/x v1.0.0\n)\nreplace b.test/x => ./b\nexclude c.test/x v1.1.0\n";
    let (_, lines) = parse_with_lines("go.mod", text.as_bytes()).unwrap();
    let Lines { module, go, toolchain, require, exclude, replace, uses } = lines;
    assert_eq!((module, go, toolchain), (Some(1), Some(3), Some(4)));
    assert_eq!((require, exclude, replace, uses), (vec![6, 8], vec![11], vec![10], vec![]));
}

#[test]
fn a_work_file_is_read_with_its_lines() {
    let text = "go 1.23\nuse (\n\t./a\n\t../b\n)\nreplace a.test/x => ./x\nuse .\n";
    let (work, lines) = parse_work("go.work", text.as_bytes()).unwrap();
    assert_eq!((work.uses, lines.uses), (["./a", "../b", "."].map(str::to_owned).into(), vec![3, 4, 7]));
    assert_eq!((work.replace.first().map(Replace::is_local), lines.replace), (Some(true), vec![6]));
    let refused = parse_work("go.work", b"use a b\nrequire (\n)\ngo x\n").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "go.work:1: usage: use local/dir\ngo.work:2: unknown block type: require\ngo.work:4: invalid go version 'x': must match format 1.23.0"
    );
}
