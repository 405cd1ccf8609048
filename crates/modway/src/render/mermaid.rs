//! Diagrams as Mermaid, which forges and wikis draw by themselves: flow charts and sequences.
//!
//! Only what every release of Mermaid since 10 knows is used. Texts are escaped, so that no name ends a label, begins another line, or is HTML.
//!
//! Source: <https://mermaid.js.org/syntax/flowchart.html> and <https://mermaid.js.org/syntax/sequenceDiagram.html>, for entity codes such as `#35;`.

use std::fmt::Write as _;

/// A flow chart from top to bottom, in the making.
///
/// Specimen:
/// ```text
/// flowchart TD
///   n0["mirror"]
///   n1{"404?"}
///   n0 --> n1
///   n1 -->|"yes"| n0
///   classDef good fill:#e2fae7,stroke:#116329,color:#116329
///   class n0 good
/// ```
#[derive(Clone, Debug, Default)]
pub struct Flow {
    nodes: Vec<(Shape, String, Look)>,
    edges: Vec<(Node, Node, String, Edge)>,
}

/// A node of a chart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Node(usize);

/// The shape of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Something is done.
    Box,
    /// Something is asked.
    Diamond,
    /// Here it begins or ends.
    Round,
}

/// How a node looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// As the theme has it.
    Plain,
    /// Green.
    Good,
    /// Yellow.
    Look,
    /// Red.
    Bad,
}

/// The line of an edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edge {
    /// A whole line.
    Solid,
    /// A dotted one.
    Dotted,
}

impl Flow {
    /// Adds a node. Lines of its text are separated by `\n`.
    pub fn node(&mut self, shape: Shape, text: &str, look: Look) -> Node {
        self.nodes.push((shape, text.to_owned(), look));
        Node(self.nodes.len() - 1)
    }

    /// Adds an edge; without a text if that is empty.
    pub fn edge(&mut self, from: Node, to: Node, text: &str, edge: Edge) {
        self.edges.push((from, to, text.to_owned(), edge));
    }

    /// The whole diagram, with a newline at the end.
    pub fn finish(&self) -> String {
        let mut out = String::from("flowchart TD\n");
        for (at, (shape, text, _)) in self.nodes.iter().enumerate() {
            let (open, close) = match shape {
                Shape::Box => ("[\"", "\"]"),
                Shape::Diamond => ("{\"", "\"}"),
                Shape::Round => ("([\"", "\"])"),
            };
            line(&mut out, &format!("n{at}{open}{}{close}", escape(text)));
        }
        for (from, to, text, edge) in &self.edges {
            let arrow = match edge {
                Edge::Solid => "-->",
                Edge::Dotted => "-.->",
            };
            let label = if text.is_empty() { String::new() } else { format!("|\"{}\"|", escape(text)) };
            line(&mut out, &format!("n{} {arrow}{label} n{}", from.0, to.0));
        }
        self.looks(&mut out);
        out
    }

    fn looks(&self, out: &mut String) {
        // The colours of the pictures in light; with the letters' colour said, they are readable on dark pages too.
        let looks = [
            (Look::Good, "good", "fill:#e2fae7,stroke:#116329,color:#116329"),
            (Look::Look, "look", "fill:#fff5d1,stroke:#744600,color:#744600"),
            (Look::Bad, "bad", "fill:#ffebe9,stroke:#a40e26,color:#a40e26"),
        ];
        for (look, name, style) in looks {
            let nodes: Vec<String> =
                self.nodes.iter().enumerate().filter(|(_, node)| node.2 == look).map(|(at, _)| format!("n{at}")).collect();
            if !nodes.is_empty() {
                line(out, &format!("classDef {name} {style}"));
                line(out, &format!("class {} {name}", nodes.join(",")));
            }
        }
    }
}

/// A sequence diagram in the making.
///
/// Specimen:
/// ```text
/// sequenceDiagram
///   participant p0 as go
///   participant p1 as proxy.example.org
///   p0->>p1: GET /example.org/m/@v/list
///   p1-->>p0: 404 Not Found
///   Note over p0,p1: gives way
/// ```
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    participants: Vec<String>,
    lines: Vec<String>,
}

/// Somebody who takes part in a sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Participant(usize);

impl Sequence {
    /// Adds somebody, to the right of all before.
    pub fn participant(&mut self, name: &str) -> Participant {
        self.participants.push(name.to_owned());
        Participant(self.participants.len() - 1)
    }

    /// `from` asks `to`.
    pub fn ask(&mut self, from: Participant, to: Participant, text: &str) {
        self.lines.push(format!("p{}->>p{}: {}", from.0, to.0, said(text)));
    }

    /// `from` answers `to`.
    pub fn answer(&mut self, from: Participant, to: Participant, text: &str) {
        self.lines.push(format!("p{}-->>p{}: {}", from.0, to.0, said(text)));
    }

    /// `from` gets no answer of `to`: the line ends in a cross.
    pub fn fail(&mut self, from: Participant, to: Participant, text: &str) {
        self.lines.push(format!("p{}-xp{}: {}", from.0, to.0, said(text)));
    }

    /// A note from one to another, or over one of them.
    pub fn note(&mut self, from: Participant, to: Participant, text: &str) {
        let over = if from == to { format!("p{}", from.0) } else { format!("p{},p{}", from.0, to.0) };
        self.lines.push(format!("Note over {over}: {}", said(text)));
    }

    /// The whole diagram, with a newline at the end.
    pub fn finish(&self) -> String {
        let mut out = String::from("sequenceDiagram\n");
        for (at, name) in self.participants.iter().enumerate() {
            line(&mut out, &format!("participant p{at} as {}", said(name)));
        }
        for text in &self.lines {
            line(&mut out, text);
        }
        out
    }
}

fn line(out: &mut String, text: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(out, "  {text}");
}

/// Where a text stands unquoted, nothing would break the line.
fn said(text: &str) -> String {
    if text.trim().is_empty() { "…".to_owned() } else { escape(text) }
}

/// Text in a label: whatever Mermaid or HTML would read is an entity of Mermaid's, `\n` is a new line.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("<br/>"),
            '"' | '#' | ';' | '<' | '>' | '&' | '`' | '\\' | '{' | '}' | '[' | ']' | '|' | '%' | '$' | '*' | '_' | '~' => {
                out.push_str(&format!("#{};", u32::from(c)));
            }
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_its_nodes_then_its_edges_then_their_looks() {
        let mut flow = Flow::default();
        let ask = flow.node(Shape::Diamond, "mirror\n3 s", Look::Plain);
        let end = flow.node(Shape::Round, "fails", Look::Bad);
        flow.edge(ask, end, "403", Edge::Dotted);
        flow.edge(ask, ask, "", Edge::Solid);
        let text = "flowchart TD\n  n0{\"mirror<br/>3 s\"}\n  n1([\"fails\"])\n  n0 -.->|\"403\"| n1\n  n0 --> n0\n  classDef bad fill:#ffebe9,stroke:#a40e26,color:#a40e26\n  class n1 bad\n";
        assert_eq!(flow.finish(), text);
    }

    #[test]
    fn a_sequence_has_its_participants_then_its_lines() {
        let mut sequence = Sequence::default();
        let (go, proxy) = (sequence.participant("go"), sequence.participant("proxy.example.org:8443"));
        sequence.ask(go, proxy, "GET /example.org/m/@v/list");
        sequence.answer(proxy, go, "404");
        sequence.fail(go, proxy, "");
        sequence.note(go, proxy, "gives way");
        sequence.note(go, go, "waits");
        let text = "sequenceDiagram\n  participant p0 as go\n  participant p1 as proxy.example.org:8443\n  p0->>p1: GET /example.org/m/@v/list\n  p1-->>p0: 404\n  p0-xp1: …\n  Note over p0,p1: gives way\n  Note over p0: waits\n";
        assert_eq!(sequence.finish(), text);
    }

    #[track_caller]
    fn check(text: &str, escaped: &str) {
        assert_eq!(escape(text), escaped);
    }

    #[test]
    fn no_text_ends_its_label_or_is_markup() {
        check("\"] --> x", "#34;#93; --#62; x");
        check("<img src=x onerror=alert(1)>", "#60;img src=x onerror=alert(1)#62;");
        check("a;b%%c #quot; `x`", "a#59;b#37;#37;c #35;quot#59; #96;x#96;");
        check("a\nb\r\u{1b}", "a<br/>b\u{fffd}\u{fffd}");
        check("go_env **x**", "go#95;env #42;#42;x#42;#42;");
        check("校验和数据库", "校验和数据库");
    }

    #[test]
    fn no_character_ends_a_label() {
        for c in (0..=0xffff).filter_map(char::from_u32).filter(|c| *c != '\n') {
            let escaped = escape(&c.to_string());
            let bare = escaped.strip_prefix('#').and_then(|rest| rest.strip_suffix(';')).unwrap_or(&escaped);
            assert!(
                !bare.contains(['"', '#', ';', '<', '>', '|', '[', ']', '{', '}']) && !bare.contains(char::is_control),
                "{c:?}: {escaped}"
            );
        }
    }
}
