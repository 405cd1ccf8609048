//! The one function that decides.

use gomod::pattern::PatternIndex;

use crate::{
    freshness::{Age, Freshness},
    privacy::privacy,
    reason::Reason,
    request::{Ask, Caller, Request, SumdbAsk, Way},
};

/// What the operator set, as far as deciding needs it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// In order; the first whose pattern matches serves the path.
    pub routes: Vec<RouteRule>,
    /// GONOSUMDB, compiled: paths that are private whichever route serves them.
    pub waived: PatternIndex,
    /// The checksum databases that are proxied, by name.
    pub databases: Vec<String>,
    /// The names of the checksum database of our own; none if there is none.
    pub own: Vec<String>,
    /// Names of keys of ours that sign no more.
    pub retired: Vec<String>,
    /// How long changing answers live.
    pub freshness: Freshness,
}

/// Which paths a route serves.
#[derive(Clone, Debug)]
pub struct RouteRule {
    /// Its name.
    pub name: String,
    /// Its patterns, compiled: they are asked twice a request, and an organisation may list thousands of repositories.
    pub patterns: PatternIndex,
    /// True if its list has `direct`: only then may a client ask for version control by the prefix `/@direct/`. Without it the operator
    /// has said who owns these paths, and their names go to nobody else (promise 7).
    pub direct: bool,
    /// True if the paths that it serves are private: see [`mod@crate::privacy`].
    pub private: bool,
}

/// What is known of a request until now. Every fact starts unknown; the server learns the one that a step asks for.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Seconds since the epoch.
    pub now: i64,
    /// Who asks.
    pub caller: Caller,
    /// What the store has.
    pub stored: Option<Stored>,
    /// What asking upstream gave.
    pub fetched: Option<Fetched>,
}

/// What the store has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stored {
    /// Nothing.
    Nothing,
    /// Bytes that never change.
    Immutable,
    /// An answer that may change, confirmed at this time.
    Answer(i64),
    /// "Does not exist", confirmed at this time, in these words.
    Absent(i64, String),
    /// No kept answer, but one can be made from the versions that are kept.
    Derivable,
}

/// What asking upstream gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fetched {
    /// The answer, proven or waived.
    Found,
    /// It does not exist, says everyone who was asked.
    NotExist(String),
    /// Trouble, or a refusal of ours.
    Failed(Reason),
}

/// What of the operator's settings a request falls under.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rule {
    /// A route.
    Route {
        /// Its name.
        route: String,
        /// The pattern of it that matched.
        pattern: String,
    },
    /// A checksum database, by name: one that is served on, or our own.
    Database(String),
}

/// A decision: what to do next, and under which rule. Nothing applies where no route matches and the database is not known here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// The rule; the same one for every decision on one request.
    pub rule: Option<Rule>,
    /// What to do.
    pub step: Step,
}

/// What to do next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Look into the store, and decide again.
    Look,
    /// Ask along the list of this route (its index), and decide again. On the direct way version control alone is asked.
    Fetch(usize),
    /// Ask the checksum database, and decide again.
    FetchSumdb,
    /// Answer at once: this server proxies the database.
    Supported,
    /// Serve what is stored.
    ServeStored,
    /// Serve what is stored, and ask again meanwhile along this route.
    ServeAndRefresh(usize),
    /// Serve what is stored although it is old, for this reason.
    ServeStale(Reason),
    /// Serve what was fetched.
    ServeFetched,
    /// Refuse.
    Refuse(Reason),
}

impl Facts {
    /// Nothing known but the time and who asks.
    pub const fn at(now: i64, caller: Caller) -> Self {
        Self { now, caller, stored: None, fetched: None }
    }
}

/// What to do with `request` under `rules`, given what is known. Total; the same arguments always give the same step.
pub fn decide(request: &Request, rules: &Rules, facts: &Facts) -> Decision {
    match request {
        Request::Module(module, _, way) => {
            let Some((index, pattern)) = route(module.as_str(), rules) else {
                let reason = Reason::NoRoute(format!("no route of this server matches {}", module.as_str()));
                return Decision { rule: None, step: Step::Refuse(reason) };
            };
            let name = &rules.routes[index].name;
            let step = if *way == Way::Direct && !rules.routes[index].direct {
                let why = format!("route {name} does not lead to version control: its list has no `direct`");
                Step::Refuse(Reason::NoRoute(why))
            } else {
                on_the_way(Step::Fetch(index), Step::ServeAndRefresh(index), rules, facts)
            };
            Decision { rule: Some(Rule::Route { route: name.clone(), pattern }), step }
        }
        Request::Sumdb(name, ask, _) => {
            let is_known = [&rules.databases, &rules.own, &rules.retired].iter().any(|names| names.contains(name));
            let step = match refused(name, ask, rules, &facts.caller) {
                Some(reason) => Step::Refuse(reason),
                None if *ask == SumdbAsk::Supported => Step::Supported,
                None => on_the_way(Step::FetchSumdb, Step::FetchSumdb, rules, facts),
            };
            Decision { rule: is_known.then(|| Rule::Database(name.clone())), step }
        }
    }
}

/// Why nothing is asked of the checksum database `name`, if so. Whatever tells records of ours is for auditors alone.
fn refused(name: &String, ask: &SumdbAsk, rules: &Rules, caller: &Caller) -> Option<Reason> {
    if rules.retired.contains(name) {
        // Not 404, with which a client would go and look for the database elsewhere.
        return Some(Reason::KeyRetired(format!("the key of {name} was retired: it signs no more")));
    }
    if rules.own.contains(name) {
        let is_let_in = !ask.tells_records() || matches!(caller, Caller::Auditor(_));
        return (!is_let_in).then(|| Reason::AuditorsOnly(format!("the records of {name} are for its auditors")));
    }
    if !rules.databases.contains(name) {
        return Some(Reason::NotServed(format!("this server does not proxy the checksum database {name}")));
    }
    match ask {
        SumdbAsk::Checkpoint | SumdbAsk::Tlog(_) => Some(Reason::NotServed(format!(
            "this server proxies {name} in the form of the go command only: latest, lookup/, tile/8/"
        ))),
        SumdbAsk::Lookup(module, _) => privacy(module.as_str(), rules)
            .map(|why| Reason::Private(format!("{} is private here ({why}): {name} is not asked about it", module.as_str()))),
        SumdbAsk::Supported | SumdbAsk::Latest | SumdbAsk::Tile(_) => None,
    }
}

/// The first route with a pattern that matches, and that pattern.
pub fn route(path: &str, rules: &Rules) -> Option<(usize, String)> {
    let hit = |(index, route): (usize, &RouteRule)| route.patterns.find(path).map(|pattern| (index, pattern.to_owned()));
    rules.routes.iter().enumerate().find_map(hit)
}

/// True if the answer to `ask` is the same for ever.
pub fn is_immutable(ask: &Ask) -> bool {
    match ask {
        Ask::Mod(_) | Ask::Zip(_) => true,
        Ask::Info(rev) => rev.as_version().is_some(),
        Ask::List | Ask::Latest => false,
    }
}

fn on_the_way(fetch: Step, refresh: Step, rules: &Rules, facts: &Facts) -> Step {
    let Some(stored) = &facts.stored else { return Step::Look };
    match (stored, &facts.fetched) {
        (_, Some(fetched)) => after_fetch(stored, fetched, rules, facts.now),
        (Stored::Immutable, None) => Step::ServeStored,
        (Stored::Nothing | Stored::Derivable, None) => fetch,
        (Stored::Absent(at, text), None) => match rules.freshness.age_of_absence(*at, facts.now) {
            Age::Fresh => Step::Refuse(Reason::NotExist(text.clone())),
            Age::Revalidate | Age::Stale | Age::Gone => fetch,
        },
        (Stored::Answer(at), None) => match rules.freshness.age(*at, facts.now) {
            Age::Fresh => Step::ServeStored,
            Age::Revalidate => refresh,
            Age::Stale | Age::Gone => fetch,
        },
    }
}

/// A clear "does not exist" is believed over an old answer; trouble, and `off`, are not.
fn after_fetch(stored: &Stored, fetched: &Fetched, rules: &Rules, now: i64) -> Step {
    let reason = match fetched {
        Fetched::Found => return Step::ServeFetched,
        Fetched::NotExist(text) => return Step::Refuse(Reason::NotExist(text.clone())),
        Fetched::Failed(reason) => reason.clone(),
    };
    let coped = matches!(reason, Reason::Upstream { .. } | Reason::Off | Reason::Unproven(_) | Reason::Busy(_));
    let usable = match stored {
        Stored::Answer(at) => reason == Reason::Off || rules.freshness.age(*at, now) < Age::Gone,
        Stored::Derivable | Stored::Immutable => true,
        Stored::Nothing | Stored::Absent(..) => false,
    };
    if coped && usable { Step::ServeStale(reason) } else { Step::Refuse(reason) }
}

#[cfg(test)]
mod tests;
