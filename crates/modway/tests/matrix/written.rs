use modway::{
    config::Environment,
    lang::Lang,
    machine::Machine,
    matrix::{Format, Imagined, Matrix, Present, Subject},
    render::terminal::Terminal,
};

use super::kept;

struct Nothing;

impl modway::config::Files for Nothing {
    fn read(&self, _: &std::path::Path) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

fn matrix(full: bool, vars: &[(&str, &str)]) -> Matrix {
    let subject = Subject::parse("git.corp.test").expect("a host");
    let machine = Machine::here(&Environment::of(vars), &Nothing, None);
    let present = (!vars.is_empty()).then(|| Present::of(&machine, &subject));
    Matrix::new(subject, Imagined::default(), full, present)
}

#[test]
fn every_format_is_kept() {
    let present = [("GOPROXY", "https://goproxy.example,direct"), ("GOPRIVATE", "git.corp.test")];
    let mut files = Vec::new();
    for (lang, name) in [(Lang::En, ""), (Lang::Zh, ".zh-CN")] {
        let write = |full, vars, format| matrix(full, vars).write(format, lang, Terminal::PLAIN);
        files.push((format!("crates/modway/tests/matrix/sixteen{name}.txt"), write(false, &present, Format::Text)));
        files.push((format!("crates/modway/tests/matrix/sixteen{name}.md"), write(false, &present, Format::Markdown)));
        files.push((format!("crates/modway/tests/matrix/sixteen{name}.csv"), write(false, &[], Format::Csv)));
        files.push((format!("docs/pictures/matrix{name}.svg"), write(false, &[], Format::Svg)));
        files.push((format!("docs/pictures/matrix-full{name}.svg"), write(true, &[], Format::Svg)));
        files.push((format!("crates/modway/tests/matrix/full{name}.txt"), write(true, &[], Format::Text)));
    }
    files.push((
        "crates/modway/tests/matrix/sixteen.json".into(),
        matrix(false, &present).write(Format::Json, Lang::En, Terminal::PLAIN),
    ));
    kept::check(&files);
}

/// The page at `path`, with what the tool makes in its place.
fn page(path: &str, made: &str) -> (String, String) {
    let page = kept::read(path);
    let (before, rest) = page.split_once("<!-- made by: ").expect("a mark where it begins");
    let (mark, rest) = rest.split_once(" -->").expect("the end of the mark");
    let (_, after) = rest.split_once("<!-- end -->").expect("a mark where it ends");
    (path.to_owned(), format!("{before}<!-- made by: {mark} -->\n\n{made}\n<!-- end -->{after}"))
}

#[test]
fn the_pages_show_what_the_tool_makes() {
    let made = |lang| matrix(false, &[]).write(Format::Markdown, lang, Terminal::PLAIN);
    kept::check(&[page("docs/matrix.md", &made(Lang::En)), page("docs/matrix.zh-CN.md", &made(Lang::Zh))]);
}
