//! Real git repositories, real servers, the real git: what direct mode makes of them.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod packs;
#[cfg(test)]
#[path = "../direct/settings.rs"]
mod settings;
#[cfg(test)]
mod shim;
#[cfg(test)]
mod thrift;
#[cfg(test)]
mod ways;
#[cfg(test)]
mod world;
