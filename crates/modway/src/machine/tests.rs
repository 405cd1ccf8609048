use std::{collections::BTreeMap, io};

use super::*;

struct Texts(BTreeMap<PathBuf, &'static str>);

impl Files for Texts {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).map(|text| text.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[track_caller]
fn check_here(vars: &[(&str, &str)], variable: &str, value: &str, origin: &str) {
    let texts = [
        ("/home/u/.config/go/env", "GOPRIVATE=user.test\nGOPROXY=https://user.test"),
        ("/go/go.env", "GOPROXY=direct\nGOSUMDB=off"),
    ];
    let files = Texts(texts.into_iter().map(|(path, text)| (PathBuf::from(path), text)).collect());
    let machine = Machine::here(&Environment::of(vars), &files, Some("/go".into()));
    let found = machine.setting(variable);
    assert_eq!((found.value.as_str(), found.origin(Lang::En).as_str()), (value, origin));
}

#[test]
fn every_value_names_the_layer_it_comes_from() {
    let home = ("HOME", "/home/u");
    check_here(&[home, ("GOPROXY", "off")], "GOPROXY", "off", "environment GOPROXY");
    check_here(&[home, ("GOPROXY", "")], "GOPROXY", "https://user.test", "GOPROXY in /home/u/.config/go/env");
    check_here(&[home, ("GOENV", "off")], "GOPROXY", "direct", "GOPROXY in /go/go.env");
    check_here(&[home], "GOSUMDB", "off", "GOSUMDB in /go/go.env");
    check_here(&[home], "GOAUTH", "netrc", "Go's default for GOAUTH");
}

#[test]
fn goprivate_speaks_for_the_other_two_with_its_own_layer() {
    let machine = Machine::told("box.env", "GOPRIVATE=a.test\nGONOSUMDB=none\n").expect("told");
    assert_eq!(machine.gonoproxy().1.origin(Lang::En), "GOPRIVATE in box.env");
    assert_eq!(machine.gonosumdb().1.origin(Lang::Zh), "box.env 中的 GONOSUMDB");
}

#[track_caller]
fn check_told(text: &str, goproxy: &str, layer: &str, notes: &[Note]) {
    let machine = Machine::told("F", text).expect("told");
    let found = machine.setting("GOPROXY");
    assert_eq!((found.value.as_str(), found.layer.name()), (goproxy, layer));
    assert_eq!(machine.notes(), notes);
    assert!(machine.netrc().is_none() && machine.user_file().is_none());
}

#[test]
fn another_machine_is_told_by_go_env_or_by_its_environment() {
    let default = goenv::defaults::GOPROXY;
    check_told("{\"GOPROXY\": \"off\", \"GOFLAGS\": \"\"}", "off", "env-file", &[]);
    check_told("{\"GOFLAGS\": \"\"}", default, "default", &[]);
    check_told("# a container\n\nexport GOPROXY=direct\nPATH=/bin\n", "direct", "env-file", &[]);
    check_told("GOPROXY=a.test # not a comment", "a.test # not a comment", "env-file", &[]);
    check_told("GOPROXY=\"a.test\"", "\"a.test\"", "env-file", &[Note::Quoted("GOPROXY".into())]);
    check_told("GOPROXY\nGOSUMDB=off", default, "default", &[Note::Inherited("GOPROXY".into())]);
    let page = "# A page\nIt says what to set.\n\n    GOPROXY=off\n\nand why that is so.\n";
    assert!(Machine::told("README", page).is_err(), "a text about settings is none");
}

#[test]
fn what_tells_of_no_machine_is_refused_without_repeating_it() {
    let json = Machine::told("F", "{\"GOPROXY\": {\"https://u:secret@h\": 1}}").expect_err("no machine").to_string();
    assert!(json.starts_with("F: not the output of `go env -json`: line 1") && !json.contains("secret"), "{json}");
    let text = Machine::told("F", "\n# nothing\n<html>\n").expect_err("no machine").to_string();
    assert_eq!(text, "F: neither the output of `go env -json` nor lines of KEY=VALUE; yours: name a file that is one of these");
}

#[track_caller]
fn check_masked(text: &str, shown: &str) {
    assert_eq!(masked(text), shown);
}

#[test]
fn no_login_in_a_setting_is_shown() {
    check_masked("https://u:p@h.test/x,direct", "https://xxxxx@h.test/x,direct");
    check_masked("https://token@h.test|http://h:80/@direct/,off", "https://xxxxx@h.test|http://h:80/@direct/,off");
    check_masked("u:p@h.test/x", "xxxxx@h.test/x");
    check_masked("https://u:p,w@h.test", "https://xxxxx,xxxxx@h.test");
    check_masked("https://u:p/w@h.test", "https://xxxxx@h.test");
    check_masked("https://h.test/x?key=secret,direct", "https://h.test/x?…,direct");
    check_masked("http://[::1]:80/x https://u:p@[::1]/", "http://[::1]:80/x https://xxxxx@[::1]/");
    check_masked("public:git|hg,private:all", "public:git|hg,private:all");
    check_masked("*.corp.test,a.test/b?c", "*.corp.test,a.test/b?…");
    check_masked("sum.golang.org+033de0ae+Ac4z/+OuAn8", "sum.golang.org+033de0ae+Ac4z/+OuAn8");
}
