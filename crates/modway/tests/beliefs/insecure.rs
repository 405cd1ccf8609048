//! Beliefs about GOINSECURE.

use testkit::{
    repos::GitServer,
    tls::Leaf,
    world::{ForwardProxy, World},
};

use super::gopher::{GET, Gopher, module, serving};

/// A host of modules with a certificate that nobody knows, and the way to it.
async fn host() -> (GitServer, ForwardProxy) {
    let server = GitServer::start(true, None).await;
    let mut repository = server.make("m");
    repository.write("go.mod", "module example.test/m\n").commit(1_600_000_000);
    repository.tag("v1.0.0");
    server.page("example.test/m", "example.test/m git https://example.test/m");
    let front = ForwardProxy::start(server.address(), None).await;
    (server, front)
}

#[tokio::test(flavor = "multi_thread")]
async fn goinsecure_has_the_patterns_of_goprivate_and_means_module_paths() {
    let (_server, front) = host().await;
    let gopher = Gopher::new(&[("GOPROXY", "direct"), ("HTTPS_PROXY", &front.url())]);
    for pattern in ["example.test", "e?ample.test/[a-m]", "*.test", "example.test/m"] {
        gopher.go_with(&[("GOINSECURE", pattern)], GET).failed("server certificate verification failed");
    }
    for pattern in ["other.test", "example.test/n", "*.example.test", "https://example.test"] {
        gopher.go_with(&[("GOINSECURE", pattern)], GET).failed("x509: certificate signed by unknown authority");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn goinsecure_does_not_reach_git() {
    let (server, front) = host().await;
    let settings = [("GOPROXY", "direct"), ("HTTPS_PROXY", &*front.url()), ("GOINSECURE", "example.test")];
    let gopher = Gopher::new(&settings);
    gopher.go(GET).failed("server certificate verification failed");
    let trusted = gopher.write("ca.pem", server.ca_pem());
    gopher.go_with(&[("GIT_SSL_CAINFO", &trusted)], GET).fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn goinsecure_does_not_apply_to_proxies() {
    let world = World::with_tls(Leaf::self_signed(&["127.0.0.1"]).server(&["http/1.1"])).await;
    module().serve(&world);
    let settings = [("GOPROXY", &*world.url()), ("GOINSECURE", "*")];
    Gopher::new(&settings).go(GET).failed("x509: certificate signed by unknown authority");
    // Plain http needs no leave at all where the list says it.
    let plain = serving(&module()).await;
    Gopher::new(&[("GOPROXY", &plain.url())]).go(GET).fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_insecure_flag_is_gone() {
    Gopher::new(&[("GOFLAGS", "-insecure")]).go("get example.test/m").failed("-insecure flag is no longer supported");
}
