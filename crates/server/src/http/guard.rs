//! What stands around every request: how many are under way, how long one takes, panics, clients that go away, and the
//! headers that every answer has.

use super::problem::{INTERNAL, INVALID_QUERY, OVERLOADED, Problem, TIMEOUT, WRONG_HOST};
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

/// Requests under way at once; more are told to come again.
const REQUESTS_MAX: usize = 1_024;
/// For one request, besides the time that it asked to wait.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(90);
/// The address of a request, its parameters with it.
const URI_BYTES_MAX: usize = 8 * 1024;

/// All of them, around a router.
pub(super) fn layers(router: Router) -> Router {
    let places = Arc::new(Semaphore::new(REQUESTS_MAX));
    router
        .layer(middleware::from_fn(in_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(move |request, next| {
            under_way(Arc::clone(&places), request, next)
        }))
        .layer(middleware::from_fn(to_its_end))
        .layer(middleware::from_fn(headers))
}

/// Refuses requests that name another host than this machine by a loopback name: a page in a browser, whose own
/// name was made to lead here, would be one.
pub(super) fn loopback_names_only(router: Router) -> Router {
    router.layer(middleware::from_fn(named_loopback))
}

/// Tells browsers to come back by encrypted connections alone.
pub(super) fn encrypted_from_now_on(router: Router) -> Router {
    router.layer(middleware::map_response(async |mut response: Response| {
        let year = HeaderValue::from_static("max-age=31536000");
        let headers = response.headers_mut();
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
        response
    }))
}

async fn in_time(request: Request, next: Next) -> Response {
    if request.uri().to_string().len() > URI_BYTES_MAX {
        let detail = format!("the address is longer than {URI_BYTES_MAX} bytes");
        return Problem::new(&INVALID_QUERY, detail).into_response();
    }
    match tokio::time::timeout(REQUEST_TIME_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(&TIMEOUT, TIMEOUT.title).into_response(),
    }
}

async fn under_way(places: Arc<Semaphore>, request: Request, next: Next) -> Response {
    // Whoever looks after the process must see that it lives.
    if request.uri().path() == "/healthz" {
        return next.run(request).await;
    }
    match places.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => Problem::new(&OVERLOADED, OVERLOADED.title).into_response(),
    }
}

/// What changes something goes on when its client goes away, or it would be done and not be in the audit.
async fn to_its_end(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let done = tokio::spawn(next.run(request)).await;
    done.unwrap_or_else(|_| Problem::new(&INTERNAL, INTERNAL.title).into_response())
}

fn panicked(why: Box<dyn Any + Send>) -> Response {
    let why = why
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| why.downcast_ref::<&str>().copied());
    tracing::error!(why = why.unwrap_or("no text"), "a request panicked");
    Problem::new(&INTERNAL, INTERNAL.title).into_response()
}

async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    let no_referrer = HeaderValue::from_static("no-referrer");
    headers.insert(header::REFERRER_POLICY, no_referrer);
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    response
}

async fn named_loopback(request: Request, next: Next) -> Response {
    let named = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    // HTTP/1.0 need not say it, and browsers speak no HTTP/1.0.
    if named.is_none_or(is_loopback) {
        return next.run(request).await;
    }
    Problem::new(&WRONG_HOST, WRONG_HOST.title).into_response()
}

/// Whether the host, with or without a port, is a name of this machine alone.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::routing::{get, post};
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;
    use tokio::sync::Notify;

    #[tokio::test]
    async fn where_all_places_are_taken_the_health_check_alone_is_answered() {
        let places = Arc::new(Semaphore::new(0));
        let api = Router::new()
            .route("/healthz", get(async || "it lives"))
            .route("/periodic/{name}", get(async || "a look"))
            .layer(middleware::from_fn(move |request, next| {
                under_way(Arc::clone(&places), request, next)
            }));
        let app = Router::new().nest("/queue", api.clone()).merge(api);
        for (path, status) in [
            ("/healthz", 200),
            ("/queue/healthz", 200),
            ("/periodic/healthz", 503),
            ("/queue/periodic/healthz", 503),
        ] {
            let request = axum::http::Request::get(path).body(Body::empty()).unwrap();
            let answer = TowerToHyperService::new(app.clone()).call(request).await;
            assert_eq!(answer.unwrap().status(), status, "{path}");
        }
    }

    #[tokio::test]
    async fn what_a_client_that_has_gone_asked_for_is_done_whole() {
        let (begun, goes_on, done) = (
            Arc::new(Notify::new()),
            Arc::new(Notify::new()),
            Arc::new(Notify::new()),
        );
        let (tell, wait, end) = (begun.clone(), goes_on.clone(), done.clone());
        let act = async move || {
            tell.notify_one();
            wait.notified().await;
            end.notify_one();
        };
        let app = layers(Router::new().route("/tasks/1/cancel", post(act)));
        let request = axum::http::Request::post("/tasks/1/cancel");
        let request = request.body(Body::empty()).unwrap();
        let client = tokio::spawn(TowerToHyperService::new(app).call(request));
        begun.notified().await;
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        goes_on.notify_one();
        let ended = tokio::time::timeout(Duration::from_secs(60), done.notified()).await;
        assert!(ended.is_ok(), "it stopped half way");
    }

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in [
            "localhost",
            "LocalHost:8080",
            "127.0.0.1:80",
            "127.1.2.3",
            "[::1]:8080",
            "[::1]",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "example.com",
            "localhost.example.com:80",
            "10.0.0.1",
            "[::2]:80",
            "",
            "0.0.0.0",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
