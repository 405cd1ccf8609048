use std::fmt;

/// The logins in a netrc file, as far as the go command reads it.
///
/// Shape: lines such as `machine proxy.example login user password secret`, on one line or several.
///
/// Source: `cmd/go/internal/auth/netrc.go` and `auth.go`, Go 1.27. `default` is passed over and ends the file if it stands last on
/// its line; macros are passed over.
#[derive(Clone, Debug, Default)]
pub struct Netrc {
    logins: Vec<Login>,
}

/// One login. Its password is not in its debug text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// The machine, `host`, `host:port` or even `host/path`.
    pub machine: String,
    /// The user name.
    pub login: String,
    /// The password.
    pub password: String,
}

impl Netrc {
    /// Reads a netrc file. Whatever cannot be read is passed over, as in Go.
    pub fn parse(text: &str) -> Self {
        let mut logins = Vec::new();
        let mut login = Login::default();
        let mut in_macro = false;
        for line in text.split('\n') {
            if in_macro {
                in_macro = !line.is_empty();
                continue;
            }
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (pairs, odd) = fields.as_chunks::<2>();
            for [key, value] in pairs {
                match *key {
                    "machine" => login = Login { machine: (*value).into(), ..Login::default() },
                    "login" => login.login = (*value).into(),
                    "password" => login.password = (*value).into(),
                    "macdef" => in_macro = true,
                    _ => {}
                }
                if login.is_complete() {
                    logins.push(std::mem::take(&mut login));
                }
            }
            if odd == ["default"] {
                break;
            }
        }
        Netrc { logins }
    }

    /// The login for a https URL: that of the longest machine that the URL lies below, the first of equal ones.
    ///
    /// Units and ranges: a port in the URL must be in the machine too; for other schemes Go never looks here.
    pub fn find(&self, url: &str) -> Option<&Login> {
        let place = bare(url.strip_prefix("https://")?);
        let above = std::iter::successors(Some(place), |place| place.rsplit_once('/').map(|(above, _)| above));
        above.into_iter().find_map(|place| self.logins.iter().find(|login| bare(&login.machine) == place))
    }
}

impl Login {
    fn is_complete(&self) -> bool {
        !self.machine.is_empty() && !self.login.is_empty() && !self.password.is_empty()
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Login({} at {})", self.login, self.machine)
    }
}

fn bare(place: &str) -> &str {
    let place = place.strip_prefix("https://").unwrap_or(place);
    place.strip_suffix('/').unwrap_or(place)
}
