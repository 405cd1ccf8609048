//! Fifty clients that ask for what is not there: the host is asked once, not ten thousand times.

use std::thread;

use super::{
    private::{PRIVATE, PrivateHost},
    *,
};

const CLIENTS: usize = 50;
const QUESTIONS: usize = 200;

/// Absent in four ways: a tag, a whole hash, a pseudo-version, a branch.
fn absent(client: usize, number: usize) -> String {
    match number % 4 {
        0 => format!("v9.{client}.{number}"),
        1 => format!("{:040x}", client * 1000 + number),
        2 => format!("v0.0.0-20200102030405-{:012x}", client * 1000 + number),
        _ => format!("branch-{client}-{number}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_clients_that_ask_for_ten_thousand_absent_versions_cost_the_host_three_connections() {
    let host = PrivateHost::new().await;
    host.know_it();
    let modway = host.modway();
    let address = modway.address();
    let ask = |client: usize| {
        let address = address.clone();
        thread::spawn(move || {
            for number in 0..QUESTIONS {
                let path = format!("/{PRIVATE}/@v/{}.info", absent(client, number));
                let (status, body) = get(&address, &path).expect("a whole answer");
                assert_eq!(status, 404, "{path}: {}", String::from_utf8_lossy(&body));
            }
        })
    };
    let clients: Vec<_> = (0..CLIENTS).map(ask).collect();
    clients.into_iter().for_each(|client| client.join().expect("every answer is a 404"));
    assert!((1..=3).contains(&host.connections()), "{} connections to the host", host.connections());
}
