# What a newcomer needs: `make run`. What a change needs: `make test`.
#
# Everything here works on a fresh Debian or Ubuntu with Rust and git; scripts/tools installs the rest.

.PHONY: run test test-long tools lint deny unit conformance bench fuzz

# Builds the server and starts it on its embedded default; it prints the one line to set.
run:
	cargo build --release -p modway
	exec target/release/modway serve

# Every check of a change. The order puts first what fails fastest.
test:
	@scripts/test tools lint unit conformance

# What takes hours or the whole machine: every parser fuzzed, ten times the generated cases and worlds.
test-long:
	@MODWAY_LONG=1 MODWAY_ORACLE_CASES=20000000 scripts/test tools lint deny unit conformance fuzz

tools:
	@scripts/tools

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

# Licences, advisories and sources of all dependencies. Wants cargo-deny.
deny:
	cargo deny check

# The tests of the workspace, with the real go command, version-control tools and servers.
unit:
	@scripts/unit

# Go's own mod_* script tests through modway, and what Go says of its own repositories through modway's direct mode.
conformance:
	@end=0; scripts/conformance || end=1; scripts/conformance-direct || end=1; exit $$end

bench:
	@scripts/bench

# Every fuzz target for FUZZ_SECONDS (60) each. Wants the nightly toolchain and cargo-fuzz.
fuzz:
	@scripts/fuzz
