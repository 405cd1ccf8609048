//! What stands in the way of an audit over a network, and whose move it is.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use plan::{Reason, Trouble};
use proxy::{
    Journey,
    upstream::{Failure, Files},
};

/// Files whose last trouble is remembered: a replay tells it in words only.
pub(super) struct Watched {
    files: Arc<dyn Files>,
    trouble: Mutex<Option<Trouble>>,
}

impl Watched {
    pub(super) fn new(files: Arc<dyn Files>) -> Self {
        Self { files, trouble: Mutex::default() }
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Files for Watched {
    fn name(&self) -> &str {
        self.files.name()
    }

    async fn get(&self, path: &str, limit_bytes: u64, journey: &Journey) -> Result<Bytes, Failure> {
        let end = self.files.get(path, limit_bytes, journey).await;
        if let Err(Failure::Trouble(trouble)) = &end {
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble.clone());
        }
        end
    }

    fn rests(&self) -> Option<u64> {
        self.files.rests()
    }
}

/// The text of an audit that could not go on, with whose move it is and what mends it.
pub(super) fn told(trouble: &Trouble, text: String, has_token: bool) -> String {
    let code = Reason::AuditorsOnly(String::new()).code();
    let (mover, fix) = match trouble {
        Trouble::Status(403, said) if said.contains(code) && has_token => (
            "whoever runs the database",
            "the token of --token-file is no auditor's there: ask for one of [[sumdb.private.auditor]]",
        ),
        Trouble::Status(403, said) if said.contains(code) => (
            "you",
            "records are for auditors: --token-file FILE with an auditor's token; a folder or NAME with --config reads the store itself",
        ),
        Trouble::Dns(_) | Trouble::Connect(_) | Trouble::ForwardProxy(_) => (
            "you, or whoever runs your network",
            "check name and network; a forward proxy is HTTPS_PROXY, or that of the upstream that `like` in [sumdb] names",
        ),
        Trouble::Tls(_) => {
            ("you", "name the authority of its certificate in ca_files of an upstream, and that in `like` of [sumdb]")
        }
        Trouble::Status(401 | 403 | 407, _) => {
            ("whoever runs the database", "ask for access; the login is that of the upstream that `like` in [sumdb] names")
        }
        Trouble::TooLarge(_) | Trouble::Redirect(_) | Trouble::Body(_) | Trouble::Refused(_) | Trouble::Status(..499, _) => {
            ("you", "check the URL: it must be that of a checksum database, as https://HOST/sumdb/NAME")
        }
        Trouble::Broken(_)
        | Trouble::Deadline(..)
        | Trouble::Status(..)
        | Trouble::Wait(..)
        | Trouble::Skipped(_)
        | Trouble::Vcs(_)
        | Trouble::NoVersion(_)
        | Trouble::Tree(_) => ("whoever runs the database", "it was tried again already; try later, the audit then begins anew"),
    };
    format!("{text}\nwhose move: {mover}\nfix: {fix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_is_told_to_who_can_mend_it() {
        let auditors = Reason::AuditorsOnly(String::new()).code();
        let cases = [
            (403, auditors, false, "whose move: you\nfix: records are for auditors"),
            (403, auditors, true, "whose move: whoever runs the database\nfix: the token of --token-file is no auditor's"),
            (403, "no", true, "whose move: whoever runs the database\nfix: ask for access"),
            (401, "", false, "whose move: whoever runs the database\nfix: ask for access"),
            (404, "", false, "whose move: you\nfix: check the URL"),
            (410, "", false, "whose move: you\nfix: check the URL"),
            (500, "", false, "whose move: whoever runs the database\nfix: it was tried again already"),
            (503, "", true, "whose move: whoever runs the database\nfix: it was tried again already"),
        ];
        for (status, said, has_token, want) in cases {
            let text = told(&Trouble::Status(status, said.into()), "it ended".into(), has_token);
            assert!(text.starts_with(&format!("it ended\n{want}")), "{status} {said:?} {has_token}: {text}");
        }
    }
}
