//! Running the command.

use plan::Trouble;

/// What the command writes when it is run with `url` as its last argument and reads `input`.
pub(super) async fn run(words: &[String], _url: Option<&str>, _input: &str) -> Result<String, Trouble> {
    Err(Trouble::Refused(format!("the helper {} cannot be run yet", words[0])))
}
