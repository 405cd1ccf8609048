use std::{path::PathBuf, time::Duration};

use proxy::settings::{Access, Credential, Direct, Forge, Secret};

use super::world::World;

/// A world with this rule for one place.
fn rule(keys: &str) -> World {
    World::with(&format!("[[direct.access]]\nplace = \"git.example.com\"\n{keys}\n"))
}

#[track_caller]
fn access(world: &World) -> Access {
    let [access] = <[Access; 1]>::try_from(world.good().proxy.direct.access).expect("one rule");
    access
}

#[track_caller]
fn credential(world: &World, expected: &str) {
    assert_eq!(format!("{:?}", access(world).credential), expected);
}

#[track_caller]
fn wrong(world: &World, mistake: &str) {
    let printed = world.bad().to_string();
    assert!(printed.contains(mistake), "{printed}");
}

fn direct(world: &World) -> Direct {
    world.good().proxy.direct
}

#[test]
fn with_no_file_direct_mode_follows_the_users_go_settings() {
    let world = World::new().var("PATH", "/tools").var("GOPRIVATE", "git.corp.example/team,git.other.example/");
    let world =
        world.var("GOVCS", "*:git").var("GOINSECURE", "old.example").file("/home/u/.netrc", "machine x login y password z");
    let found = direct(&world);
    assert_eq!((found.private.as_str(), found.govcs.as_str()), ("git.corp.example/team,git.other.example/", "*:git"));
    assert_eq!((found.insecure.as_str(), found.path.as_str()), ("old.example", "/tools"));
    assert_eq!(found.folder, PathBuf::from("/home/u/.local/share/modway/vcs"));
    let places: Vec<_> = found.access.iter().map(|access| (access.place.as_str(), access.private_addresses)).collect();
    assert_eq!(places, [("git.corp.example/team", true), ("git.other.example", true), ("*", false)]);
    let netrc = found.access.iter().map(|access| &access.credential);
    assert!(netrc.into_iter().all(|login| matches!(login, Credential::Netrc(path) if path.ends_with(".netrc"))));
}

#[test]
fn a_pattern_of_goprivate_that_is_no_place_is_noted_and_the_server_starts() {
    let world = World::new().var("GOPRIVATE", "a.example, git.corp.example,b.example:99999");
    let config = world.good();
    let places: Vec<_> = config.proxy.direct.access.iter().map(|access| access.place.as_str()).collect();
    assert_eq!(places, ["a.example"]);
    let told: Vec<_> = config.notes.iter().map(|note| note.what.as_str()).filter(|what| what.contains("is no host")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("` git.corp.example` of GOPRIVATE") && told[1].contains("`b.example:99999`"), "{told:?}");
}

#[test]
fn goauth_says_who_we_are_where_nothing_else_does() {
    let logins = |world: &World| {
        direct(world).access.iter().map(|access| format!("{} {:?}", access.place, access.credential)).collect::<Vec<_>>()
    };
    assert_eq!(logins(&World::new()), [""; 0]);
    let world = World::new().file("/n", "").var("NETRC", "/n");
    assert_eq!(logins(&world), ["* Netrc(\"/n\")"]);
    assert_eq!(logins(&world.clone().var("GOAUTH", "off")), [""; 0]);
    assert_eq!(logins(&world.clone().var("GOAUTH", "corp-login --go; netrc")), ["* Helper([\"corp-login\", \"--go\"])"]);
    let git = world.clone().var("GOAUTH", "git /x");
    assert_eq!(logins(&git), [""; 0]);
    assert!(git.good().notes[0].what.starts_with("GOAUTH=git is not followed"));
    assert_eq!(logins(&rule("").file("/n", "").var("NETRC", "/n")), ["git.example.com None"], "the file says it all");
}

#[test]
fn what_is_said_of_every_host_is_nothing_that_only_one_may_have() {
    let everywhere = |keys: &str| World::with(&format!("[[direct.access]]\nplace = \"*\"\n{keys}\n"));
    assert_eq!(access(&everywhere("helper = [\"x\"]")).place, "*");
    wrong(&everywhere("user = \"amy\"\npassword_env = \"PW\"").var("PW", "x"), "a login that would be sent to every host");
    assert!(everywhere("private_addresses = true").good().notes[0].what.starts_with("private addresses for every host"));
    wrong(&everywhere("[[direct.access]]\nplace = \"h.example\""), "never reached: `*` above fits all of `h.example`");
}

#[test]
fn the_file_comes_before_the_machine() {
    let text = "[direct]\nfolder = \"vcs\"\nrefs_fresh = \"5s\"\ngoprivate = \"a.example\"\ngoinsecure = \"b.example\"\ngovcs = \"*:all\"\n\
                path = \"/bin:/opt/bin\"\ncontact = \"mailto:go@example.com\"\nchildren = 2\nconnections_per_origin = 1\n\
                requests_per_minute = 6\nrepository = \"1MiB\"\n[upstream.direct]\ntotal = \"7s\"\n";
    let found = direct(&World::with(text).var("GOPRIVATE", "c.example").var("GOINSECURE", "c.example").var("GOVCS", "c:git"));
    assert_eq!((found.private.as_str(), found.insecure.as_str(), found.govcs.as_str()), ("a.example", "b.example", "*:all"));
    assert_eq!((found.folder, found.path), (PathBuf::from("/etc/vcs"), "/bin:/opt/bin".to_owned()));
    assert_eq!((found.refs_fresh, found.patience.total), (Duration::from_secs(5), Duration::from_secs(7)));
    assert_eq!((found.children, found.connections_per_origin, found.requests_per_minute), (2, 1, 6));
    assert_eq!((found.repository_bytes, found.contact.as_str()), (1 << 20, "mailto:go@example.com"));
    assert_eq!(found.access.len(), 1, "the hosts of goprivate");
}

#[test]
fn everything_of_a_place_is_written_in_its_rule() {
    let text = "[[direct.access]]\nplace = \"GitLab.Example.com:8443/team/\"\nprivate_addresses = true\nforge = \"gitlab\"\n\
                server_name = \"inside.example.com\"\nschemes = [\"git\", \"svn\"]\nca_files = [\"modway/corp-ca.pem\"]\n\
                client_cert_file = \"modway/client.crt\"\nclient_key_file = \"modway/client.key\"\n";
    let config = World::with(text).pems().good();
    assert_eq!(config.notes.len(), 2, "two schemes without protection: {:?}", config.notes);
    let [found] = <[Access; 1]>::try_from(config.proxy.direct.access).expect("one rule");
    assert_eq!(found.place, "gitlab.example.com:8443/team");
    assert_eq!((found.private_addresses, found.forge), (true, Some(Forge::Gitlab)));
    assert_eq!((found.server_name.as_deref(), found.schemes), (Some("inside.example.com"), vec!["git".into(), "svn".into()]));
    assert_eq!(found.ca_files, [PathBuf::from("/etc/modway/corp-ca.pem")]);
    assert_eq!(found.client_certificate, Some(("/etc/modway/client.crt".into(), "/etc/modway/client.key".into())));
}

#[test]
fn every_kind_of_credential_can_be_said() {
    credential(&rule("user = \"amy\"\npassword_file = \"pw\"").file("/etc/pw", "s3cret\n"), "File(\"amy\", \"/etc/pw\")");
    credential(&rule("user = \"amy\"\npassword_env = \"PW\"").var("PW", "s3cret"), "Fixed(\"amy\", (secret))");
    let token = |forge: &str| rule(&format!("forge = \"{forge}\"\npassword_env = \"T\"")).var("T", "t");
    credential(&token("gitlab"), "Fixed(\"oauth2\", (secret))");
    credential(&token("github"), "Fixed(\"x-access-token\", (secret))");
    credential(&rule("netrc = true").var("NETRC", "/n").file("/n", ""), "Netrc(\"/n\")");
    credential(&rule("helper = [\"who\", \"am\", \"i\"]"), "Helper([\"who\", \"am\", \"i\"])");
    let ssh = "schemes = [\"ssh\"]\nssh_key_file = \"/k\"\nknown_hosts_file = \"/h\"";
    credential(&rule(ssh).file("/k", "k").file("/h", "h"), "Ssh(\"/k\", \"/h\")");
    let app = rule("github_app = 7\ngithub_app_key_file = \"modway/client.key\"").pems();
    credential(&app, "GithubApp(7, \"/etc/modway/client.key\", \"https://git.example.com/api/v3\")");
}

#[test]
fn a_password_from_a_file_is_not_kept_in_memory() {
    let world = rule("user = \"amy\"\npassword_env = \"PW\"").var("PW", "s3cret");
    let Credential::Fixed(_, secret) = access(&world).credential else { panic!("the environment cannot be read again") };
    assert_eq!(secret, Secret::new("s3cret".into()));
    let world = rule("user = \"amy\"\npassword_file = \"/pw\"").file("/pw", "s3cret");
    assert!(matches!(access(&world).credential, Credential::File(_, path) if path.as_os_str() == "/pw"));
}

#[test]
fn who_we_are_is_said_once_and_whole() {
    wrong(&rule("netrc = true\nhelper = [\"x\"]"), "it says more than once who we are");
    wrong(&rule("user = \"amy\""), "a user without a password");
    wrong(&rule("password_env = \"PW\"").var("PW", "x"), "a password without a user");
    wrong(&rule("user = \"a:b\"\npassword_env = \"PW\"").var("PW", "x"), "a user name has no colon");
    wrong(&rule("user = \"amy\"\npassword_env = \"PW\"\npassword_file = \"/pw\""), "both direct.access.0.password_file and");
    wrong(&rule("user = \"amy\"\npassword_file = \"/pw\""), "cannot read /pw");
    wrong(&rule("helper = [\"\"]"), "an empty word");
    wrong(&rule("helper = [\"--config\"]"), "`--config` is no command");
    wrong(&rule("ssh_key_file = \"/k\"").file("/k", ""), "an ssh key without the keys of the host");
    wrong(&rule("known_hosts_file = \"/h\"").file("/h", ""), "the keys of a host without a key of ours");
    wrong(&rule("ssh_key_file = \"/k\"\nknown_hosts_file = \"/h\"").file("/k", "").file("/h", ""), "schemes lacks ssh");
    wrong(&rule("schemes = [\"ssh\"]"), "ssh without a key");
    wrong(&rule("github_app = 7"), "a GitHub App without its key");
    wrong(&rule("github_app_key_file = \"/k\""), "the key of a GitHub App without its id");
    wrong(&rule("github_app = 7\ngithub_app_key_file = \"/k\"").file("/k", "x"), "/k holds no private key in PEM");
    wrong(&rule("github_api = \"https://h\""), "an API for no GitHub App");
}

#[test]
fn a_login_goes_to_no_place_that_may_be_asked_in_the_clear() {
    let login = "schemes = [\"http\"]\nuser = \"amy\"\npassword_env = \"PW\"";
    wrong(&rule(login).var("PW", "x"), "refusing to pass credentials to insecure URL: http://git.example.com");
    let here = World::with(&format!("[[direct.access]]\nplace = \"127.0.0.1:80\"\n{login}")).var("PW", "x");
    assert_eq!(here.good().proxy.direct.access.len(), 1);
}

#[test]
fn a_place_is_a_host_and_the_beginning_of_a_path() {
    let place = |place: &str| World::with(&format!("[[direct.access]]\nplace = \"{place}\"\n"));
    for good in ["git.example.com", "git.example.com:8443", "git.example.com/team/sub", "127.0.0.1:1", "[::1]:1", "sr.ht/~amy"] {
        assert_eq!(access(&place(good)).place, good);
    }
    wrong(&place("https://git.example.com"), "a place has no scheme");
    wrong(&place("amy:pw@git.example.com"), "a place has no user and no password");
    wrong(&place("git example"), "is no host");
    wrong(&place("/team"), "is no host");
    wrong(&place("git.example.com/a/../b"), "is no host");
    wrong(&place("git.example.com:99999"), "is no host");
    wrong(&World::with("[[direct.access]]\n"), "a [[direct.access]] without place");
    let hidden = place("https://amy:pw@git.example.com").bad().to_string();
    assert!(!hidden.contains(":pw"), "{hidden}");
}

#[test]
fn the_first_place_that_fits_counts_so_the_longer_ones_come_first() {
    let two = |first: &str, second: &str| {
        World::with(&format!("[[direct.access]]\nplace = \"{first}\"\n[[direct.access]]\nplace = \"{second}\"\n"))
    };
    assert_eq!(two("h.example/team", "h.example").good().proxy.direct.access.len(), 2);
    assert_eq!(two("h.example", "h.example.com").good().proxy.direct.access.len(), 2);
    wrong(&two("h.example", "h.example/team"), "never reached: `h.example` above fits all of `h.example/team`");
    wrong(&two("h.example", "H.example"), "never reached");
    wrong(&two("h.example", "h.example:443"), "never reached: `h.example` above fits all of `h.example:443`");
    assert_eq!(two("h.example:8443", "h.example").good().proxy.direct.access.len(), 2);
    let over_ssh = "h.example:443\"\nschemes = [\"ssh\"]\nssh_key_file = \"/k\"\nknown_hosts_file = \"/h";
    assert_eq!(two("h.example", over_ssh).file("/k", "k").file("/h", "h").good().proxy.direct.access.len(), 2);
}

#[test]
fn what_is_no_scheme_no_forge_and_no_contact_is_a_mistake() {
    wrong(&rule("schemes = [\"https\"]"), "https may always be used");
    wrong(&rule("schemes = [\"file\"]"), "`file` is no scheme that can be allowed");
    wrong(&rule("forge = \"gitlabb\""), "did you mean `gitlab`?");
    wrong(&rule("server_name = \"a b\""), "`a b` is no name of a host");
    wrong(&rule("client_key_file = \"/k\""), "a key without a certificate");
    wrong(&rule("client_cert_file = \"/k\""), "a certificate without a key");
    wrong(&World::with("[direct]\ngovcs = \"git\""), "2:9: error: malformed entry in GOVCS (missing colon): \"git\"");
    wrong(&World::new().var("GOVCS", "a:"), "Go setting environment GOVCS: error: empty VCS list in GOVCS");
    wrong(&World::with("[direct]\ncontact = \"two words\""), "a contact is one word");
    wrong(&World::with("[direct]\npath = \"/bin:bin\""), "`bin` is no absolute path");
    wrong(&World::with("[direct]\nchildren = 0"), "write a whole number from 1 to 256");
    wrong(
        &World::with("[upstream.direct]\nuser = \"amy\"\npassword_env = \"PW\""),
        "[upstream.direct] is version control itself and has no `user`",
    );
}

#[test]
fn what_belongs_to_a_place_and_what_has_no_effect_is_said() {
    wrong(
        &World::with("[upstream.direct]\nca_files = [\"/ca\"]").file("/ca", ""),
        "2:12: error: [upstream.direct] is version control itself and has no `ca_files`",
    );
    let notes = World::with("[upstream.direct]\nstep_down = [\"5xx\"]\nbreaker = { failures = 1 }").good().notes;
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes.iter().all(|note| note.what.starts_with("without effect")), "{notes:?}");
}

#[test]
fn what_weakens_direct_mode_is_noted() {
    let whats = |world: &World| world.good().notes.into_iter().map(|note| note.what).collect::<Vec<_>>().join("; ");
    assert!(whats(&World::new().var("GOINSECURE", "old.example")).starts_with("GOINSECURE=old.example: whoever is on the way"));
    assert!(whats(&rule("schemes = [\"http\"]")).starts_with("http is allowed at git.example.com: whoever is on the way"));
    assert!(
        whats(&World::new().var("GOPRIVATE", "*.corp.example"))
            .starts_with("`*.corp.example` of GOPRIVATE names no host in full")
    );
}

#[test]
fn the_environment_sets_the_keys_of_a_rule() {
    let world = rule("user = \"amy\"\npassword_env = \"PW\"").var("PW", "x").var("MODWAY_DIRECT__ACCESS__0__USER", "bob");
    credential(&world, "Fixed(\"bob\", (secret))");
    let world = World::new().var("MODWAY_DIRECT__ACCESS__0__PLACE", "git.example.com").var("MODWAY_DIRECT__CHILDREN", "3");
    assert_eq!((access(&world).place.as_str(), direct(&world).children), ("git.example.com", 3));
}

#[test]
fn what_is_in_effect_is_shown_without_a_secret() {
    let shown = rule("user = \"amy\"\npassword_env = \"PW\"").var("PW", "s3cret").var("GOVCS", "*:git").good().show();
    for line in ["[direct]", "[[direct.access]] # 0", "# git.example.com = \"amy (secret)\"", "password_env = \"PW\""] {
        assert!(shown.contains(line), "{shown}");
    }
    assert!(shown.lines().any(|line| line.starts_with("govcs = \"*:git\"") && line.ends_with("# environment GOVCS")), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    let shown = World::new().var("GOPRIVATE", "git.corp.example").good().show();
    let place = shown.lines().find(|line| line.starts_with("place = \"git.corp.example\""));
    assert!(place.is_some_and(|line| line.ends_with("# environment GOPRIVATE")), "{shown}");
    assert!(!format!("{:?}", rule("user = \"amy\"\npassword_env = \"PW\"").var("PW", "s3cret").good()).contains("s3cret"));
}
