//! Who may do what: the one place that decides.
//!
//! [`RULES`] says what each route wants. [`guard`] asks for a token, and lets through whoever may; what is left to
//! the handlers is to ask the [`Caller`] about the task that they are about.

mod caller;
mod pace;

pub(super) use caller::Caller;
pub(crate) use pace::{Pace, Rate, Rates};

use super::Api;
use super::listen::Peer;
use super::problem::{FORBIDDEN, Problem, RATE_LIMITED, UNAUTHORIZED};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use dutiful::{Scope, TokenInfo};
use pace::{TooFast, Who};
use std::time::{Duration, Instant};

/// Whoever guesses waits for each guess.
const WRONG_TOKEN_PAUSE: Duration = Duration::from_millis(250);

/// What a route wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// Nothing: it tells nothing of tasks.
    Nobody,
    /// A token with this scope.
    Scope(Scope),
}

/// Every route. One that is missing here is for nobody but `admin`.
pub(crate) const RULES: &[(&str, &str, Wants)] = &[
    ("POST", "/tasks", Wants::Scope(Scope::Enqueue)),
    ("POST", "/tasks/batch", Wants::Scope(Scope::Enqueue)),
    ("POST", "/tasks/bulk/preview", Wants::Scope(Scope::Manage)),
    ("POST", "/tasks/bulk", Wants::Scope(Scope::Manage)),
    ("GET", "/operations", Wants::Scope(Scope::Read)),
    ("GET", "/operations/{id}", Wants::Scope(Scope::Read)),
    ("POST", "/operations/{id}/stop", Wants::Scope(Scope::Manage)),
    ("GET", "/tasks", Wants::Scope(Scope::Read)),
    ("GET", "/tasks/count", Wants::Scope(Scope::Read)),
    ("GET", "/tasks/{id}", Wants::Scope(Scope::Read)),
    ("GET", "/tasks/{id}/attempts", Wants::Scope(Scope::Read)),
    ("GET", "/tasks/{id}/explain", Wants::Scope(Scope::Read)),
    ("GET", "/tasks/{id}/items", Wants::Scope(Scope::Read)),
    ("GET", "/tasks/{id}/logs", Wants::Scope(Scope::ReadPayload)),
    ("PATCH", "/tasks/{id}", Wants::Scope(Scope::Manage)),
    ("DELETE", "/tasks/{id}", Wants::Scope(Scope::Manage)),
    ("POST", "/tasks/{id}/retry", Wants::Scope(Scope::Manage)),
    ("POST", "/tasks/{id}/cancel", Wants::Scope(Scope::Manage)),
    ("POST", "/tasks/{id}/run-now", Wants::Scope(Scope::Manage)),
    ("POST", "/tasks/{id}/duplicate", Wants::Scope(Scope::Manage)),
    ("GET", "/task-types", Wants::Scope(Scope::Read)),
    (
        "POST",
        "/task-types/{name}/pause",
        Wants::Scope(Scope::Manage),
    ),
    (
        "POST",
        "/task-types/{name}/resume",
        Wants::Scope(Scope::Manage),
    ),
    ("GET", "/events", Wants::Scope(Scope::Read)),
    ("GET", "/stats", Wants::Scope(Scope::Read)),
    ("GET", "/stats/timeseries", Wants::Scope(Scope::Read)),
    ("GET", "/workers", Wants::Scope(Scope::Read)),
    (
        "POST",
        "/workers/{worker}/drain",
        Wants::Scope(Scope::Manage),
    ),
    ("GET", "/periodic", Wants::Scope(Scope::Read)),
    ("GET", "/periodic/{name}", Wants::Scope(Scope::Read)),
    ("GET", "/periodic/{name}/next", Wants::Scope(Scope::Read)),
    ("PATCH", "/periodic/{name}", Wants::Scope(Scope::Manage)),
    ("POST", "/periodic/{name}/run", Wants::Scope(Scope::Manage)),
    (
        "POST",
        "/periodic/{name}/pause",
        Wants::Scope(Scope::Manage),
    ),
    (
        "POST",
        "/periodic/{name}/resume",
        Wants::Scope(Scope::Manage),
    ),
    (
        "POST",
        "/periodic/{name}/reset",
        Wants::Scope(Scope::Manage),
    ),
    ("GET", "/audit", Wants::Scope(Scope::Admin)),
    ("GET", "/healthz", Wants::Nobody),
    ("GET", "/readyz", Wants::Nobody),
    ("GET", "/openapi.json", Wants::Nobody),
    ("GET", "/docs", Wants::Nobody),
    ("GET", "/problems", Wants::Nobody),
    ("GET", "/problems/{code}", Wants::Nobody),
];

fn wanted(method: &Method, path: &str) -> Wants {
    // Whoever may read may ask how long the answer would be.
    let method = match *method {
        Method::HEAD => "GET",
        _ => method.as_str(),
    };
    let rule = RULES
        .iter()
        .find(|(verb, route, _)| *verb == method && path.ends_with(route) && is_whole(path, route));
    rule.map_or(Wants::Scope(Scope::Admin), |(_, _, wants)| *wants)
}

/// Whether the route is all of the path but for what it was nested under.
fn is_whole(path: &str, route: &str) -> bool {
    let before = &path[..path.len() - route.len()];
    // Below a task stands nothing that is called like a route of its own.
    !before.contains("/tasks")
}

/// Lets a request through, with its [`Caller`], or answers in its place.
pub(super) async fn guard(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let wants = match &path {
        Some(path) => wanted(request.method(), path.as_str()),
        // What nothing answers tells nothing.
        None => Wants::Nobody,
    };
    let peer = request.extensions().get::<Peer>().copied();
    let pace = api.pace.as_deref().zip(peer);
    // Whoever looks after the process must see that it lives.
    let is_health = path.is_some_and(|path| {
        let path = path.as_str();
        path.ends_with("/healthz") || path.ends_with("/readyz")
    });
    let pace = pace.filter(|_| !is_health);
    match caller(&api, pace, request.headers(), wants).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem,
    }
}

async fn caller(
    api: &Api,
    pace: Option<(&Pace, Peer)>,
    headers: &HeaderMap,
    wants: Wants,
) -> Result<Caller, Response> {
    let scope = match wants {
        Wants::Scope(scope) if api.tokens => scope,
        _ => {
            if let Some((pace, peer)) = pace {
                let asked = pace.caller(Who::address(peer), Instant::now());
                asked.map_err(too_fast)?;
            }
            return Ok(match api.tokens {
                true => Caller::nobody(),
                false => Caller::anybody(),
            });
        }
    };
    let Some(secret) = bearer(headers) else {
        if let Some((pace, peer)) = pace {
            let asked = pace.caller(Who::address(peer), Instant::now());
            asked.map_err(too_fast)?;
        }
        return Err(unauthorized(
            "this wants a token: `Authorization: Bearer dutiful_…`",
        ));
    };
    let token = token(api, pace, secret).await?;
    if !token.allows(scope) {
        let detail = format!("the token `{}` lacks the scope `{scope}`", token.name);
        return Err(Problem::new(&FORBIDDEN, detail).into_response());
    }
    Ok(Caller::of(token))
}

/// The token of this secret. A secret that was good before is known, so that whoever guesses from the same address
/// keeps nobody out who need not guess.
async fn token(
    api: &Api,
    pace: Option<(&Pace, Peer)>,
    secret: &str,
) -> Result<TokenInfo, Response> {
    let who = Who::bearer(secret);
    if let Some((pace, peer)) = pace {
        let now = Instant::now();
        match pace.knows(who) {
            true => pace.caller(who, now),
            false => pace.may_try(Who::address(peer), now),
        }
        .map_err(too_fast)?;
    }
    let token = api.client.verify_token(secret).await;
    let token = token.map_err(|error| Problem::from(error).into_response())?;
    let Some(token) = token else {
        if let Some((pace, peer)) = pace {
            pace.forget(who);
            pace.failed(Who::address(peer), Instant::now());
        }
        tokio::time::sleep(WRONG_TOKEN_PAUSE).await;
        return Err(unauthorized(
            "the token is unknown, has expired or was revoked",
        ));
    };
    if let Some((pace, _)) = pace.filter(|(pace, _)| !pace.knows(who)) {
        pace.caller(who, Instant::now()).map_err(too_fast)?;
    }
    Ok(token)
}

fn too_fast(TooFast { wait }: TooFast) -> Response {
    let seconds = wait.as_secs() + 1;
    let detail = format!("too many requests; the next one is answered in {seconds} s");
    Problem::new(&RATE_LIMITED, detail)
        .retry_after(seconds)
        .into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn unauthorized(detail: &str) -> Response {
    let mut response = Problem::new(&UNAUTHORIZED, detail).into_response();
    let challenge = HeaderValue::from_static("Bearer realm=\"dutiful\"");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_description_has_a_rule() {
        let described = crate::http::openapi(&crate::Tasks::new());
        for (path, item) in described["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let method = method.to_uppercase();
                let rule = RULES
                    .iter()
                    .find(|(verb, route, _)| (*verb, *route) == (&method, path));
                assert!(rule.is_some(), "{method} {path}");
            }
        }
    }

    #[test]
    fn a_route_is_known_where_it_was_nested_and_nothing_else_is() {
        let wants = |method: Method, path: &str| wanted(&method, path);
        assert_eq!(wants(Method::GET, "/tasks/{id}"), Wants::Scope(Scope::Read));
        assert_eq!(
            wants(Method::HEAD, "/queue/tasks/{id}"),
            Wants::Scope(Scope::Read)
        );
        assert_eq!(
            wants(Method::DELETE, "/tasks/{id}"),
            Wants::Scope(Scope::Manage)
        );
        assert_eq!(
            wants(Method::PUT, "/tasks/{id}"),
            Wants::Scope(Scope::Admin)
        );
        assert_eq!(
            wants(Method::GET, "/tasks/{id}/healthz"),
            Wants::Scope(Scope::Admin)
        );
        assert_eq!(wants(Method::GET, "/new"), Wants::Scope(Scope::Admin));
    }
}
