//! `--dry` asks nobody.

use modway::{config::Disk, machine::Machine};

use crate::world::Town;

#[tokio::test]
async fn a_dry_run_opens_no_connection() {
    for private in ["", "git.example.test"] {
        let town = Town::new().await.proxied().go_trusts().git_trusts().set("GOPRIVATE", private);
        let machine = Machine::here(&town.environment(), &Disk, None);
        town.inquire(&machine, "v1.0.0", true).await;
        assert_eq!(
            (town.proxy.seen().len(), town.host.connections(), town.road.seen().len(), town.sumdb.seen().len()),
            (0, 0, 0, 0)
        );
        town.inquire(&machine, "v1.0.0", false).await;
        assert_ne!((town.proxy.seen().len(), town.host.connections()), (0, 0), "the same without --dry does ask");
    }
}
