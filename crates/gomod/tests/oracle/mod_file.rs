//! go.mod.

use gomod::modfile::{self, InvalidModFile, ModFile, ModuleVersion};
use serde_json::{Map, Value, json};

use crate::compare::{agree, either, pack, refused, unpack};
use crate::random::Bend as _;

const FILES: &[&str] = &[
    "module example.com/m\n\ngo 1.23.0\n\ntoolchain go1.24.1\n\nrequire (\n\texample.com/a v1.2.3\n\texample.com/b/v2 v2.0.0 // indirect\n)\n",
    "// Deprecated: use example.com/m/v2\n// instead.\nmodule \"example.com/m\" // Deprecated: here\ngo 1.16\n",
    "module m.test/x\nretract v1.0.0 // broken\nretract (\n\t// two\n\t// lines\n\t[v1.1.0, v1.2.0]\n\tv1.3.0\n)\n",
    "module m.test/x\nreplace a.test/x => ../local\nreplace (\n\ta.test/y v1.0.0 => b.test/y v1.2.0\n\t\"a.test/z\" => `./z`\n)\nexclude a.test/x v1.0.0\n",
    "module `raw.test/m`\ntool example.com/cmd/x\nignore ./node_modules\ngodebug default=go1.21\ngodebug (\n\ta=b\n)\n",
    "module gopkg.in/yaml.v2\nrequire gopkg.in/check.v1 v0.0.0-20161208181325-20d25e280405\nrequire a.test/v3 v3.0.0+incompatible\n",
    "module (\n\texample.com/m\n)\r\ngo 1.21rc1 /* no */\r\n",
    "unknown directive\nmodule x.test/m\nblock (\n\tx y\n)\nrequire a.test/b v1\n",
    "module \"bad\\quote\n",
    "module a.test/m; go 1.2\n",
    "go 1.9\nrequire a.test/x master\nrequire a.test/x v1.2\nexclude a.test/y/v2 v1.0.0\nretract [v1.0.0,v0.9.0]\nretract master\n",
    "",
];

const TOKENS: &[&str] = &[
    "\n",
    "\r\n",
    "(",
    ")",
    " (\n",
    "\n)\n",
    "//",
    "// indirect",
    "// Deprecated: x\n",
    "\t",
    " ",
    "\"",
    "`",
    "\\",
    "\\\n",
    "=>",
    "[",
    "]",
    ",",
    "/*",
    "*/",
    "v1.2.3",
    "v2.0.0",
    "v1.0.0+incompatible",
    "module ",
    "go ",
    "go 1.22\n",
    "toolchain ",
    "toolchain default\n",
    "require ",
    "replace ",
    "exclude ",
    "retract ",
    "tool ",
    "ignore ",
    "godebug ",
    "example.com/m",
    "./x",
    "../x",
    "/abs",
    "example.com/m/v2",
    "gopkg.in/x.v1",
    "latest",
    "\u{feff}",
    "é",
    "\0",
    "use ",
    "a=b",
    "1.0",
    "go1.2",
    "none",
];

#[test]
fn go_mod_files_are_read_as_go_does() {
    agree(
        "gomod",
        |random| vec![pack(&random.bent_bytes(FILES, TOKENS))],
        |question| {
            let content = unpack(&question[0]);
            let is_text = str::from_utf8(&content).is_ok();
            let strict = read(modfile::parse("go.mod", &content), is_text);
            vec![strict, read(modfile::parse_lax("go.mod", &content), is_text), json!(modfile::module_path(&content))]
        },
    );
}

const WORKS: &[&str] = &[
    "go 1.23.0\n\ntoolchain go1.24.1\n\nuse (\n\t./a\n\t\"../b\" // the other\n)\n\nreplace a.test/x v1.0.0 => ./x\n",
    "go 1.18\nuse .\nuse ./tools\ngodebug default=go1.21\nreplace (\n\ta.test/y => b.test/y v1.2.0\n)\n",
    "use (\n)\ngo 1.21rc1\ntoolchain (\n\tgo1.22.0\n)\nrequire a.test/x v1.0.0\nuse a b\n",
    "",
];

#[test]
fn go_work_files_are_read_as_go_does() {
    agree(
        "gowork",
        |random| vec![pack(&random.bent_bytes(WORKS, TOKENS))],
        |question| {
            let content = unpack(&question[0]);
            let is_text = str::from_utf8(&content).is_ok();
            let values = modfile::parse_work("go.work", &content).map(|(file, _)| {
                let mut all = Map::new();
                all.extend(file.go.iter().map(|go| ("go".into(), json!(go))));
                all.extend(file.toolchain.iter().map(|name| ("toolchain".into(), json!(name))));
                all.insert("use".into(), list(&file.uses, |folder| json!(folder)));
                all.insert("replace".into(), list(&file.replace, |r| json!([pair(&r.old), pair(&r.new)])));
                all.insert("godebug".into(), list(&file.godebug, |(key, value)| json!([key, value])));
                Value::Object(all)
            });
            vec![if is_text { either(values) } else { refused(values) }]
        },
    );
}

/// Of what is not UTF-8, Go's messages quote the bytes and ours U+FFFD; there only verdict and values count.
fn read(file: Result<ModFile, InvalidModFile>, is_text: bool) -> Value {
    let values = file.map(|file| {
        let mut all = Map::new();
        if let Some(module) = &file.module {
            all.insert("module".into(), json!(module.path));
            all.insert("deprecated".into(), json!(module.deprecated));
        }
        all.extend(file.go.iter().map(|go| ("go".into(), json!(go))));
        all.extend(file.toolchain.iter().map(|name| ("toolchain".into(), json!(name))));
        all.insert("require".into(), list(&file.require, |r| json!([r.module.path, r.module.version, r.indirect])));
        all.insert("exclude".into(), list(&file.exclude, pair));
        all.insert("replace".into(), list(&file.replace, |r| json!([pair(&r.old), pair(&r.new)])));
        all.insert("retract".into(), list(&file.retract, |r| json!([r.low, r.high, r.rationale])));
        all.insert("tool".into(), list(&file.tool, |tool| json!(tool)));
        all.insert("ignore".into(), list(&file.ignore, |ignore| json!(ignore)));
        all.insert("godebug".into(), list(&file.godebug, |(key, value)| json!([key, value])));
        Value::Object(all)
    });
    if is_text { either(values) } else { refused(values) }
}

fn pair(version: &ModuleVersion) -> Value {
    json!([version.path, version.version])
}

/// Go's nil slice is null.
fn list<T>(items: &[T], value: impl Fn(&T) -> Value) -> Value {
    if items.is_empty() { Value::Null } else { items.iter().map(value).collect() }
}
