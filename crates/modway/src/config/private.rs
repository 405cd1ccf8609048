//! Which routes are private: what the file says, else where their lists lead.

use gomod::{
    goenv::SumdbSetting,
    goproxy::{GoProxyList, GoUrl, Source},
};
use proxy::settings::{Route, Sums};

use super::{bench::Bench, file, machine::default_goproxy};

/// Says of each of `routes`, which are those that `written` are, whether its modules are private.
///
/// A route that does not say so itself is private unless its modules are told to somebody public anyway: it serves everything, or its list has
/// an upstream of the route that does, or the proxy that Go comes with. `direct` leads to the owner, so it tells nobody else.
pub(super) fn settle(written: &[file::Route], routes: &mut [Route]) {
    let Some((everything, others)) = routes.split_last_mut() else { return };
    everything.private = written.last().and_then(|route| route.private).unwrap_or(false);
    let public = public_places(everything);
    for (route, written) in others.iter_mut().zip(written) {
        route.private = written.private.unwrap_or_else(|| !leads_to(&route.upstreams, &public));
    }
}

/// Notes where that may not be what was meant.
pub(super) fn tell(written: &[file::Route], routes: &[Route], sums: &Sums, bench: &mut Bench<'_>) {
    let Some((everything, others)) = routes.split_last().filter(|_| routes.len() == written.len()) else { return };
    let public = public_places(everything);
    for (index, (route, written)) in others.iter().zip(written).enumerate() {
        let is_named = route.patterns.iter().all(|pattern| sums.waived.iter().any(|waived| waived == pattern));
        let is_public = leads_to(&route.upstreams, &public);
        match written.private {
            None if route.private && sums.database != SumdbSetting::Off && !is_named => {
                let what = format!(
                    "route `{}` is private, as none of its upstreams is public: no checksum database of others proves its modules",
                    route.name
                );
                bench.note(&format!("route.{index}"), what, "say private = true, or private = false if they are public modules");
            }
            Some(true) if is_public => {
                let what =
                    format!("route `{}` is private, and its list leads to a public place, which hears its names", route.name);
                bench.note(&format!("route.{index}.private"), what, "take the public upstream out of its list");
            }
            None | Some(_) => (),
        }
    }
}

/// The URLs that hear of public modules: those of the route that serves everything, unless that is private too, and Go's own.
fn public_places(everything: &Route) -> Vec<GoUrl> {
    let of_go = GoProxyList::parse(default_goproxy()).ok();
    let lists = [of_go.as_ref(), Some(&everything.upstreams).filter(|_| !everything.private)];
    lists.into_iter().flatten().flat_map(urls).cloned().collect()
}

fn leads_to(list: &GoProxyList, public: &[GoUrl]) -> bool {
    urls(list).any(|url| public.iter().any(|public| public.host() == url.host() && public.as_str() == url.as_str()))
}

fn urls(list: &GoProxyList) -> impl Iterator<Item = &GoUrl> {
    list.entries().iter().filter_map(|entry| match &entry.source {
        Source::Proxy(url) | Source::File(url) => Some(url),
        Source::Direct | Source::Off => None,
    })
}
