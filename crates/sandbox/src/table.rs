//! The route table: one line per resource, matched by hand so that a trailing slash, an
//! unknown path and a wrong method all answer the way the platform does.

use std::collections::BTreeMap;

use http::Method;

use crate::call::Call;
use crate::frame::Market;
use crate::mercado_livre::World;
use crate::reply::Answer;

/// A resource's verb: short, synchronous, inside the world's lock.
pub type Handler<W = World> = fn(&mut W, &Call) -> Answer;

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Route<W: Market = World> {
    /// The HTTP method.
    pub method: Method,
    /// The path; `{name}` matches one segment.
    pub path: &'static str,
    /// What the caller must hold to come in.
    pub door: W::Door,
    /// Which rate budget the call is counted in.
    pub group: W::Group,
    /// What answers.
    pub run: Handler<W>,
}

impl<W: Market> Route<W> {
    /// A line of the table in the general rate group.
    #[must_use]
    pub fn new(method: Method, path: &'static str, door: W::Door, run: Handler<W>) -> Self {
        Self { method, path, door, group: W::Group::default(), run }
    }

    /// The line, counted in another rate budget.
    #[must_use]
    pub fn counted_in(self, group: W::Group) -> Self {
        Self { group, ..self }
    }

    /// The values of the `{…}` parts when `path` fits this line.
    fn matches(&self, path: &str) -> Option<BTreeMap<&'static str, String>> {
        let (mut wanted, mut given) = (self.path.split('/'), path.split('/'));
        let mut params = BTreeMap::new();
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some(params),
                (Some(want), Some(have)) => {
                    if let Some(name) = want.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                        params.insert(name, have.to_owned());
                    } else if want != have {
                        return None;
                    }
                }
                (Some(_), None) | (None, Some(_)) => return None,
            }
        }
    }
}

/// What the table says about a call.
#[derive(Debug)]
pub(crate) enum Found<'a, W: Market> {
    /// This line answers it.
    Line(&'a Route<W>, BTreeMap<&'static str, String>),
    /// The path exists, for other methods.
    OtherMethod,
    /// There is no such path.
    Nothing,
}

/// The line for a method and path; the one with the fewest `{…}` parts wins.
pub(crate) fn find<'a, W: Market>(routes: &'a [Route<W>], method: &Method, path: &str) -> Found<'a, W> {
    let fits: Vec<_> = routes.iter().filter_map(|route| Some((route, route.matches(path)?))).collect();
    let path_known = !fits.is_empty();
    let best =
        fits.into_iter().filter(|(route, _)| route.method == *method).min_by_key(|(_, params)| params.len());
    match best {
        Some((route, params)) => Found::Line(route, params),
        None if path_known => Found::OtherMethod,
        None => Found::Nothing,
    }
}

/// A GET line.
pub(crate) fn get<W: Market>(path: &'static str, door: W::Door, run: Handler<W>) -> Route<W> {
    Route::new(Method::GET, path, door, run)
}

/// A POST line.
pub(crate) fn post<W: Market>(path: &'static str, door: W::Door, run: Handler<W>) -> Route<W> {
    Route::new(Method::POST, path, door, run)
}

/// A PUT line.
pub(crate) fn put<W: Market>(path: &'static str, door: W::Door, run: Handler<W>) -> Route<W> {
    Route::new(Method::PUT, path, door, run)
}

/// A DELETE line.
pub(crate) fn delete<W: Market>(path: &'static str, door: W::Door, run: Handler<W>) -> Route<W> {
    Route::new(Method::DELETE, path, door, run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mercado_livre::gate::Door;
    use crate::reply::Reply;

    fn table() -> Vec<Route> {
        let nothing: Handler = |_, _| Ok(Reply::no_content());
        vec![get("/items/{id}", Door::Open, nothing), get("/items/bulk", Door::Open, nothing)]
    }

    #[test]
    fn a_literal_path_wins_over_a_pattern() {
        let table = table();
        assert!(
            matches!(find(&table, &Method::GET, "/items/bulk"), Found::Line(route, _) if route.path == "/items/bulk")
        );
        let Found::Line(_, params) = find(&table, &Method::GET, "/items/MLB1") else { panic!("no line") };
        assert_eq!(params["id"], "MLB1");
    }

    #[test]
    fn a_known_path_with_another_method_is_told_apart_from_an_unknown_one() {
        let table = table();
        assert!(matches!(find(&table, &Method::DELETE, "/items/MLB1"), Found::OtherMethod));
        assert!(matches!(find(&table, &Method::GET, "/nothing"), Found::Nothing));
    }
}
