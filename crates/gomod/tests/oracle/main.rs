//! Everything that Go says and gomod says too, asked of both: at least a million generated questions, no disagreement.
//!
//! The other side is Go's own code (`testkit::oracle`). One module per part of gomod; each test in it is one area with a share of the
//! questions, a way to make them that stays near the edges of what is valid, and the translation of gomod's answers.
//!
//! `MODWAY_ORACLE_CASES` scales the number of questions (default 1,400,000), `MODWAY_ORACLE_SEED` repeats a run.

mod compare;
mod random;

mod fetch;
mod imports;
mod mod_file;
mod names;
mod sumdb;
mod zips;

#[test]
fn the_shares_of_all_areas_make_a_million_questions() {
    let parts: u32 = compare::AREAS.iter().map(|(_, parts)| parts).sum();
    assert_eq!(parts, compare::PARTS, "every share is a part of the whole");
    const { assert!(compare::DEFAULT_CASES >= 1_000_000) }
}
