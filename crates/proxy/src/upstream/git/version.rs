//! Which git this is, and whether it is new enough.

use plan::Trouble;

use super::settings::Git;

/// The oldest git that may run, major and minor: the first that reads no configuration but ours (`GIT_CONFIG_GLOBAL`, 2.32 of June 2021). It also has everything
/// else that is relied on: `--end-of-options` (2.24), SHA-256 repositories (2.29), fetches without a `FETCH_HEAD` (2.29).
pub const FLOOR: (u32, u32) = (2, 32);

/// Asks git for its version.
///
/// # Errors
/// [`Trouble::Vcs`] if there is no git, or none that says which it is; [`Trouble::Refused`] if it is too old.
pub(super) async fn check(git: &Git) -> Result<(), Trouble> {
    let output = git.children.run(git.outside().flag("version")).await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let Some(version) = parsed(&said) else {
        return Err(Trouble::Vcs(format!("git says no version: {:?}", said.chars().take(60).collect::<String>())));
    };
    if version < FLOOR {
        let (major, minor) = FLOOR;
        return Err(Trouble::Refused(format!(
            "git {}.{} is too old for direct mode: it needs git {major}.{minor} or newer, which can be kept from reading this machine's configuration",
            version.0, version.1
        )));
    }
    Ok(())
}

/// Major and minor of `git version 2.39.5 (Apple Git-154)`; None if that is not what git says.
pub fn parsed(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.trim().strip_prefix("git version")?.trim_start().split('.');
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    Some((number(numbers.next()?)?, number(numbers.next()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_whatever_the_vendor_adds() {
        assert_eq!(parsed("git version 2.39.5\n"), Some((2, 39)));
        assert_eq!(parsed("git version 2.50.1 (Apple Git-155)\n"), Some((2, 50)));
        assert_eq!(parsed("git version 2.32.0.rc1.windows.1"), Some((2, 32)));
        assert_eq!(parsed("zsh: not found"), None);
        assert!((2, 30) < FLOOR);
    }
}
