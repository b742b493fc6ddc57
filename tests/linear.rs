//! Are histories judged rightly? The judges are asked about histories of simulated
//! services, sound and damaged, and beside them somebody who simply tries every order.

#[path = "linear/histories.rs"]
mod histories;
#[path = "linear/hooks.rs"]
mod hooks;
#[path = "linear/logs.rs"]
mod logs;
#[path = "linear/long.rs"]
mod long;
#[path = "linear/monitors.rs"]
mod monitors;
#[path = "linear/objects.rs"]
mod objects;
#[path = "linear/oracle.rs"]
mod oracle;
#[path = "linear/prefixes.rs"]
mod prefixes;
#[path = "linear/search.rs"]
mod search;
#[path = "linear/size.rs"]
mod size;
#[path = "linear/sweep.rs"]
mod sweep;
#[path = "linear/trial.rs"]
mod trial;
#[path = "linear/walk.rs"]
mod walk;
