//! Hostile repositories, damaged folders, a git that misbehaves.
