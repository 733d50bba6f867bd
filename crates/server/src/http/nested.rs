//! Addresses in answers, where the API is nested below a path of another application.

use super::problem::ProblemView;
use axum::Router;
use axum::extract::{OriginalUri, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;

/// Puts what the API is nested under before its own paths in `Location`, `Link` and the types of problems.
pub(super) fn layer(router: Router) -> Router {
    router.layer(middleware::from_fn(lead_back))
}

async fn lead_back(request: Request, next: Next) -> Response {
    let base = base(&request);
    let mut response = next.run(request).await;
    let Some(base) = base else {
        return response;
    };
    put_before(&mut response, header::LOCATION, "", &base);
    put_before(&mut response, header::LINK, "<", &base);
    match response.extensions_mut().remove::<ProblemView>() {
        Some(problem) => problem.below(&base).replace(response),
        None => response,
    }
}

/// What stands before the API's own path in the address that was asked for; `None` where nothing does.
fn base(request: &Request) -> Option<String> {
    let OriginalUri(asked) = request.extensions().get::<OriginalUri>()?;
    let base = asked.path().strip_suffix(request.uri().path())?;
    (!base.is_empty()).then(|| base.to_owned())
}

fn put_before(response: &mut Response, name: HeaderName, opening: &str, base: &str) {
    let Some(value) = response.headers_mut().get_mut(&name) else {
        return;
    };
    let rest = value
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix(opening));
    let rest = rest.filter(|rest| rest.starts_with('/'));
    if let Some(led) =
        rest.and_then(|rest| HeaderValue::from_str(&format!("{opening}{base}{rest}")).ok())
    {
        *value = led;
    }
}

#[cfg(test)]
mod tests {
    use crate::http::Api;
    use axum::Router;
    use axum::body::Body;
    use axum::http::{Request, Response};
    use dutiful::Client;
    use http_body_util::BodyExt;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;
    use serde_json::Value;

    async fn ask(app: &Router, method: &str, path: &str, body: &str) -> (Response<Body>, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let answer = TowerToHyperService::new(app.clone())
            .call(request)
            .await
            .unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let value = serde_json::from_slice(&bytes).unwrap();
        (Response::from_parts(parts, Body::empty()), value)
    }

    #[tokio::test]
    async fn addresses_lead_back_to_where_the_api_is_nested() {
        let client = Client::connect("sqlite::memory:").await.unwrap();
        client.migrate().await.unwrap();
        for base in ["", "/queue", "/a/b"] {
            let api = Api::new(client.clone()).router();
            let app = match base {
                "" => api,
                base => Router::new().nest(base, api),
            };
            for number in 0..2 {
                let body = format!(r#"{{"task_name": "A", "task_payload": "{base} {number}"}}"#);
                let (answer, submitted) = ask(&app, "POST", &format!("{base}/tasks"), &body).await;
                let location = answer.headers()["location"].to_str().unwrap().to_owned();
                assert_eq!(location, format!("{base}/tasks/{}", submitted["id"]));
                assert_eq!(ask(&app, "GET", &location, "").await.0.status(), 200);
            }
            let (answer, _) = ask(&app, "GET", &format!("{base}/tasks?limit=1"), "").await;
            let link = answer.headers()["link"].to_str().unwrap().to_owned();
            assert!(link.starts_with(&format!("<{base}/tasks?")), "{link}");
            let (answer, problem) = ask(&app, "GET", &format!("{base}/tasks/999"), "").await;
            assert_eq!(answer.status(), 404);
            assert_eq!(problem["type"], format!("{base}/problems/not_found"));
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
        }
    }
}
