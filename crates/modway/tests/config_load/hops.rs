use proxy::settings::{ForwardProxy, Hop, Login, Secret};

use super::world::World;

/// A world with the upstream `a` at https, and these keys.
fn upstream(keys: &str) -> World {
    World::with(&format!("[upstream.a]\nurl = \"https://a.example/go\"\n{keys}\n[[route]]\nmatch = \"*\"\nupstreams = \"a\"\n"))
}

#[track_caller]
fn hop(world: &World) -> Hop {
    world.good().proxy.hops.into_iter().find(|hop| hop.name == "a").expect("the upstream is there")
}

#[track_caller]
fn check_wrong(world: &World, mistake: &str) {
    let printed = world.bad().to_string();
    assert!(printed.contains(mistake), "{printed}");
}

#[test]
fn a_password_comes_from_a_file_or_the_environment() {
    let basic = Login::Basic("amy".to_owned(), Secret::new("s3cret".to_owned()));
    assert_eq!(hop(&upstream("user = \"amy\"\npassword_file = \"pw\"").file("/etc/pw", "s3cret\n")).login, basic);
    assert_eq!(hop(&upstream("user = \"amy\"\npassword_env = \"PW\"").var("PW", "s3cret")).login, basic);
    let bearer = Login::Bearer(Secret::new("t".to_owned()));
    assert_eq!(hop(&upstream("token_env = \"T\"").var("T", "t")).login, bearer);
    let netrc = "machine a.example login amy password s3cret";
    assert_eq!(hop(&upstream("netrc = true").var("NETRC", "/n").file("/n", netrc)).login, basic);
}

#[test]
fn a_login_is_said_once_and_whole() {
    check_wrong(&upstream("user = \"amy\""), "a user without a password");
    check_wrong(&upstream("password_env = \"PW\"").var("PW", "x"), "a password without a user");
    check_wrong(
        &upstream("user = \"amy\"\npassword_env = \"PW\"\ntoken_env = \"PW\"").var("PW", "x"),
        "says more than once who we are",
    );
    check_wrong(
        &upstream("user = \"amy\"\npassword_env = \"PW\"\npassword_file = \"/pw\"").var("PW", "x"),
        "both upstream.a.password_file and upstream.a.password_env are set",
    );
}

#[test]
fn a_secret_that_is_not_there_is_a_mistake() {
    check_wrong(&upstream("token_env = \"T\""), "the environment variable T is not set to one line of text");
    check_wrong(&upstream("token_file = \"/t\""), "cannot read /t: entity not found");
    check_wrong(&upstream("token_file = \"/t\"").file("/t", "\n"), "/t does not hold one line of text");
    check_wrong(&upstream("token_file = \"/t\"").file("/t", "a\nb\n"), "/t does not hold one line of text");
}

#[test]
fn credentials_go_over_https_or_to_this_very_machine() {
    let at = |url: &str| {
        let text = format!("[upstream.a]\nurl = \"{url}\"\ntoken_env = \"T\"\n[[route]]\nmatch = \"*\"\nupstreams = \"a\"\n");
        World::with(&text).var("T", "t")
    };
    check_wrong(&at("http://a.example"), "refusing to pass credentials to insecure URL: http://a.example");
    check_wrong(&at("http://127.0.0.1.example:80"), "refusing to pass credentials to insecure URL");
    for url in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://a.example"] {
        assert_eq!(hop(&at(url)).login, Login::Bearer(Secret::new("t".to_owned())), "{url}");
    }
}

#[test]
fn a_forward_proxy_is_of_the_environment_none_or_named() {
    let url = |text: &str| ForwardProxy::Url(Secret::new(text.to_owned()));
    assert!(matches!(hop(&upstream("")).forward_proxy, ForwardProxy::Env { .. }));
    assert_eq!(hop(&upstream("forward_proxy = \"direct\"")).forward_proxy, ForwardProxy::Direct);
    assert_eq!(hop(&upstream("forward_proxy = \"http://p:3128\"")).forward_proxy, url("http://p:3128"));
    assert_eq!(
        hop(&upstream("forward_proxy_file = \"/p\"").file("/p", "http://u:p@p:3128\n")).forward_proxy,
        url("http://u:p@p:3128")
    );
    check_wrong(&upstream("forward_proxy = \"http://u:p@p:3128\""), "a forward proxy's URL with credentials");
    check_wrong(&upstream("forward_proxy = \"socks5://p\""), "`socks5://p` is no forward proxy");
    check_wrong(&upstream("forward_proxy_file = \"/p\"").file("/p", "p:3128"), "the file holds no URL of a forward proxy");
}

#[test]
fn no_secret_is_ever_shown() {
    let world = upstream("user = \"amy\"\npassword_env = \"PW\"\nforward_proxy_file = \"/p\"")
        .var("PW", "s3cret")
        .file("/p", "http://u:s3cret@p:3128");
    let config = world.var("HTTPS_PROXY", "http://u:s3cret@q:1").good();
    assert!(config.show().contains("amy (secret)"), "{}", config.show());
    for shown in [config.show(), config.show_json().to_string(), format!("{:?}", config.proxy.hops)] {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
