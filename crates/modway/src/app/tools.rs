//! What an operator should know of version control's tools, told once at the start: the server is up either way.

use std::sync::Arc;

use proxy::upstream::child::can_confine;
use tokio::task::JoinHandle;

use super::{diary::Diary, standing::Standing};

/// The task that looks. Ends when dropped.
pub(super) struct Tools(JoinHandle<()>);

impl Tools {
    pub(super) fn look(standing: Arc<Standing>, diary: Diary) -> Self {
        Self(tokio::spawn(async move {
            let proxy = standing.proxy();
            let Some(version_control) = proxy.version_control() else { return };
            if let Err(trouble) = version_control.check().await {
                diary.note("warn", &format!("direct mode refuses what only git could fetch: {trouble}"));
            }
            if !tokio::task::spawn_blocking(can_confine).await.unwrap_or(true) {
                diary.note("warn", "this kernel has no Landlock: version control's tools are bounded, but not caged");
            }
        }))
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        self.0.abort();
    }
}
