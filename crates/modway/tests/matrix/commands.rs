//! The commands as they are typed.

use serde_json::Value;

use crate::typed::{check, modway};

#[test]
fn the_matrix_speaks_both_languages_and_ends_as_promised() {
    let goproxy = [("GOPROXY", "https://user:secret@goproxy.example,direct"), ("GOENV", "off"), ("LANG", "zh_CN.UTF-8")];
    check(&["matrix"], &goproxy, 0, "► 第 2 行：你当前的设置（GOPROXY=https://");
    check(&["matrix", "--lang", "en"], &goproxy, 0, "► row 2: your present settings");
    check(&["matrix", "--format", "svg"], &goproxy, 0, "</svg>");
    check(&["matrix", "nodot"], &goproxy, 2, "nodot: malformed module path \"nodot\": missing dot in first path element");
    check(&["matrix", "git.corp.test:8443"], &goproxy, 2, "leave out https:// and the port; try git.corp.test\n");
    check(&["matrix", "https://git.corp.test/x"], &goproxy, 2, "leave out https:// and the port; try git.corp.test/x\n");
    check(&["matrix", "--proxy-says", "200"], &goproxy, 2, "invalid value '200'");
    check(&["matrix", "--observe"], &[("PATH", "/nonexistent")], 3, "no go in PATH");
    for format in ["text", "markdown", "json", "csv", "svg"] {
        let printed = modway(&["matrix", "--full", "--format", format], &goproxy).stdout;
        assert!(!String::from_utf8_lossy(&printed).contains("secret"), "{format}");
    }
}

#[test]
fn json_has_a_version_and_a_row_for_each_combination() {
    let printed = modway(&["matrix", "--json", "--lang", "en"], &[("GOPROXY", "off"), ("GOENV", "off")]).stdout;
    let matrix: Value = serde_json::from_slice(&printed).expect("JSON");
    let rows = matrix["rows"].as_array().expect("rows");
    assert_eq!((matrix["version"].clone(), rows.len(), matrix["present"]["row"].clone()), (1.into(), 16, 4.into()));
    assert_eq!(rows[3]["predicted"]["error"], "proxy-off");
    assert_eq!(rows[15]["fix"][0]["change"], "git-ca");
    assert_eq!(rows[15]["predicted_if_git_trusts_host"]["exit"], 0);
}
