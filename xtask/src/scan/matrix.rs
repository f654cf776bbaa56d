//! The routes, as the approved matrix has them (`docs/security/access.md`, which a test holds
//! against the router).

use std::path::Path;

use crate::failure::Failure;

/// Where they stand.
const FILE: &str = "docs/security/access.md";

/// A method and a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// `GET` or `POST`.
    pub(super) method: String,
    /// The route, with its parts in braces.
    pub(super) path: String,
}

/// All routes.
pub(super) fn routes(root: &Path) -> Result<Vec<Route>, Failure> {
    let text =
        std::fs::read_to_string(root.join(FILE)).map_err(|error| Failure::of(format!("{FILE}: {error}")))?;
    let routes = parse(&text);
    if routes.is_empty() { Err(Failure::of(format!("{FILE} names no routes"))) } else { Ok(routes) }
}

fn parse(text: &str) -> Vec<Route> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.filter_map(|row| row.split_once(' '))
        .filter(|(_, path)| path.starts_with('/'))
        .map(|(method, path)| Route { method: method.to_owned(), path: path.to_owned() })
        .collect()
}

/// The route that a path belongs to: the one with the most parts of its own.
pub(super) fn of<'a>(routes: &'a [Route], method: &str, path: &str) -> Option<&'a Route> {
    let parts: Vec<&str> = path.split('?').next().unwrap_or_default().split('/').collect();
    let is_open = |part: &str| part.starts_with('{');
    let fits = |route: &&Route| {
        let own: Vec<&str> = route.path.split('/').collect();
        route.method == method
            && own.len() == parts.len()
            && own.iter().zip(&parts).all(|(own, part)| own == part || is_open(own))
    };
    routes.iter().filter(fits).min_by_key(|route| route.path.matches('{').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "| permission | owner |\n| `see_orders` | ● |\n| route | nobody |\n| `GET /orders` |  |\n\
                        | `GET /orders/{id}` |  |\n| `GET /orders/views` |  |\n| `POST /orders/{id}` |  |";

    #[test]
    fn the_matrix_gives_its_routes() {
        let routes = parse(TEXT);
        assert_eq!(routes.len(), 4);
        assert_eq!(routes[1], Route { method: "GET".into(), path: "/orders/{id}".into() });
    }

    #[test]
    fn a_path_is_of_the_nearest_route() {
        let routes = parse(TEXT);
        let found = |method, path| of(&routes, method, path).map(|route| route.path.as_str());
        assert_eq!(found("GET", "/orders/ord_1?x=1"), Some("/orders/{id}"));
        assert_eq!(found("GET", "/orders/views"), Some("/orders/views"));
        assert_eq!(found("POST", "/orders"), None);
    }

    #[test]
    fn the_houses_own_matrix_is_read() {
        let routes = routes(&crate::workspace::root().unwrap()).unwrap();
        assert!(routes.len() > 100 && of(&routes, "GET", "/api/v1/skus").is_some());
    }
}
