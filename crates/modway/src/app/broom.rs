//! Sweeps the store in the background: drops what a crash left behind, proves the rest, and says what it found.

use std::sync::Arc;

use store::sweep::Swept;
use tokio::{task::JoinHandle, time};

use super::{diary::Diary, standing::Standing};
use crate::limits;

/// The task that sweeps. Ends when dropped.
pub(super) struct Broom(JoinHandle<()>);

impl Broom {
    pub(super) fn start(standing: Arc<Standing>, diary: Diary) -> Self {
        Self(tokio::spawn(async move {
            let mut beat = time::interval_at(time::Instant::now() + limits::FIRST_SWEEP, limits::SWEEP_EVERY);
            beat.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
            loop {
                beat.tick().await;
                match standing.sweep().await {
                    Ok(swept) => diary.note(level(&swept), &told(&swept)),
                    Err(error) => diary.note("error", &format!("the sweep of the store stopped: {error}")),
                }
                match standing.forget().await {
                    Ok(None) => {}
                    Ok(Some(first)) => diary.note("info", &format!("the audit log has the text of its lines from {first} on")),
                    Err(error) => diary.note("error", &format!("the audit log could not forget old lines: {error}")),
                }
            }
        }))
    }
}

impl Drop for Broom {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Damage is somebody's to look at; everything else is life.
const fn level(swept: &Swept) -> &'static str {
    if swept.damaged > 0 { "error" } else { "info" }
}

fn told(swept: &Swept) -> String {
    let Swept { right, damaged, dropped, .. } = swept;
    let damage =
        if *damaged > 0 { "; the damaged ones are in the folder quarantine and are fetched again when asked for" } else { "" };
    format!("store swept: {right} blobs right, {damaged} damaged, {dropped} that no record named dropped{damage}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_an_error_that_says_where_to_look() {
        let well = Swept { right: 3, dropped: 1, ..Swept::default() };
        assert_eq!(
            (level(&well), &*told(&well)),
            ("info", "store swept: 3 blobs right, 0 damaged, 1 that no record named dropped")
        );
        let damaged = Swept { damaged: 2, ..Swept::default() };
        assert_eq!(level(&damaged), "error");
        assert!(told(&damaged).contains("quarantine"));
    }
}
