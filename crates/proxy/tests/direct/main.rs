//! The rules from repositories to versions, over repositories that are made up: odd shapes and faults. Real ones are in `conformance`.

mod fake;

mod drift;
mod list;
mod places;
mod pseudo;
mod revisions;
#[expect(dead_code, reason = "rules for places are for others who share it")]
mod settings;
mod trouble;
mod upstream;
mod zips;
