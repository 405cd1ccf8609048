//! The cage: what a child may read, write and connect to, where the kernel has Landlock.

use std::{
    io,
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, NetPort, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetStatus, Scope, path_beneath_rules,
};

use super::Command;

/// Where tools and their libraries are. Of `/etc` only what the loader, the resolver and the tools need of the machine: our own
/// configuration and keys may well lie beside it. Not `/proc`: it shows environments.
const READS: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt",
    "/nix/store",
    "/gnu/store",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/alternatives",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/resolv.conf",
    "/etc/localtime",
    "/etc/python3",
    "/sys/devices/system/cpu",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
];

/// The parts of a tool, beside the folder of its program.
const BESIDE: &[&str] = &["lib", "lib64", "libexec", "share"];

/// What is opened for writing by everyone.
const WRITES: &[&str] = &["/dev/null"];

/// The rules for one child.
#[derive(Debug)]
pub(super) struct Cage {
    reads: Vec<PathBuf>,
    writes: Vec<PathBuf>,
    ports: Vec<u16>,
}

impl Cage {
    pub(super) fn of(command: &Command, program: &Path, path: &str, home: &Path) -> Self {
        let mut reads: Vec<PathBuf> = READS.iter().map(PathBuf::from).collect();
        // A tool outside of the usual places has its parts beside it: `/x/git/bin/git`, `/x/git/libexec`.
        reads.extend(std::env::split_paths(path).filter(|folder| folder.is_absolute() && folder.components().count() > 2));
        let real = program.canonicalize().unwrap_or_else(|_| program.to_owned());
        let beside = real.parent().and_then(Path::parent).filter(|place| place.components().count() > 1);
        reads.extend(beside.into_iter().flat_map(|place| BESIDE.iter().map(|part| place.join(part))));
        reads.push(home.to_owned());
        reads.extend(command.reads.iter().cloned());
        let writes = WRITES.iter().map(PathBuf::from).chain(command.writes.iter().cloned()).collect();
        Self { reads, writes, ports: command.connects.clone() }
    }

    /// Confines the calling thread, and everything it starts, for ever.
    ///
    /// A kernel without Landlock, or with an older one, confines as far as it can: the other defences do not rest on this.
    pub(super) fn enter(&self) -> io::Result<()> {
        self.confine().map(drop).map_err(io::Error::other)
    }

    fn confine(&self) -> Result<RulesetStatus, landlock::RulesetError> {
        let abi = ABI::V6;
        let (all, read) = (AccessFs::from_all(abi), AccessFs::from_read(abi));
        let ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(all)?
            .handle_access(AccessNet::from_all(abi))?
            .scope(Scope::from_all(abi))?
            .create()?
            .add_rules(path_beneath_rules(&self.reads, read))?
            .add_rules(path_beneath_rules(&self.writes, all))?
            .add_rules(
                self.ports.iter().map(|port| Ok::<_, landlock::RulesetError>(NetPort::new(*port, AccessNet::ConnectTcp))),
            )?;
        Ok(ruleset.restrict_self()?.ruleset)
    }
}

/// True if this kernel confines at all. For the operator, told once.
pub fn works() -> bool {
    // On a thread of its own, which ends with the question: the answer confines it.
    let cage = Cage { reads: Vec::new(), writes: Vec::new(), ports: Vec::new() };
    let asked = std::thread::spawn(move || cage.confine().is_ok_and(|status| status != RulesetStatus::NotEnforced));
    asked.join().unwrap_or(false)
}
