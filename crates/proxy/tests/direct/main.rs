//! The rules from repositories to versions, over repositories that are made up: odd shapes and faults. Real ones are in `conformance`.

mod fake;

mod list;
mod places;
mod pseudo;
mod revisions;
mod trouble;
mod upstream;
mod zips;
