//! `modway check`: every rule with what is against it and what is not, every form of report, baselines, mending, and hostile projects.

mod baseline;
mod formats;
mod go;
mod hostile;
mod mend;
mod pages;
mod rules;
mod world;
