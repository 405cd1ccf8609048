//! What strangers write never becomes a flag, a child, a connection to the inside, a program of the machine's, or a leak: through `modway serve`.
//!
//! Every test looks from outside: at the words that stand-ins of the tools were started with, at listeners that nobody may come to, at files
//! that nobody may make, and at everything that is written or answered.

mod words;

mod roots;

mod addresses;

mod machine;

mod secrets;

mod modway;

mod shim;
mod strings;

mod network;
